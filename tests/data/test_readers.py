"""Which files are scans, what a case is called, and the one door to every reader."""

from pathlib import Path

import pytest

from pipeline.data.readers import case_name, find_images, read_frame, read_image
from pipeline.errors import DataError


@pytest.mark.parametrize(
    ("file", "name"),
    [("a.nii.gz", "a"), ("a.b.NII", "a.b"), ("x/ID 7.nrrd", "ID 7"), ("é.mha", "é"), ("series", "series")],
)
def test_a_case_is_called_like_its_file_without_the_suffix(file, name):
    assert case_name(Path(file)) == name


def test_scans_are_found_sorted_without_label_maps_and_hidden_files(tmp_path):
    for name in (
        "b.nii.gz",
        "a.nrrd",
        ".c.nii",
        "notes.txt",
        "labels/a.nii.gz",
        "sub/d.mha",
        ".git/e.nii",
        "dicom/1.dcm",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [p.relative_to(tmp_path).as_posix() for p in find_images(tmp_path)]
    assert found == ["a.nrrd", "b.nii.gz", "dicom", "sub/d.mha"]


@pytest.mark.parametrize("read", [read_image, read_frame])
def test_a_missing_or_unknown_file_is_named(tmp_path, read):
    with pytest.raises(DataError, match=r"gone\.nii: no such file"):
        read(tmp_path / "gone.nii")
    (tmp_path / "scan.xyz").touch()
    with pytest.raises(DataError, match=r"scan\.xyz: unknown kind"):
        read(tmp_path / "scan.xyz")
