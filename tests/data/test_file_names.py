"""Ids of any length and with any character become names of files; paths never leave their folder."""

import json

import pytest

from pipeline.data.dataset import read_dataset
from pipeline.data.file_names import file_stem, require_inside
from pipeline.errors import DataError

AWKWARD = ["x" * 250, "ü" * 127, "../../etc/passwd", "a/b", "a\\b", ".hidden", "", "tab\there"]


@pytest.mark.parametrize("case", AWKWARD)
def test_every_id_gives_a_file_that_can_be_written(tmp_path, case):
    path = tmp_path / f"{file_stem(case)}.mrk.json"
    path.write_text("x")
    assert path.resolve().parent == tmp_path.resolve() and not path.name.startswith("..")


def test_different_ids_give_different_files():
    ids = [*AWKWARD, "x" * 251, "a_b", "a?b", "passwd"]
    assert len({file_stem(case) for case in ids}) == len(ids)


@pytest.mark.parametrize("case", [*AWKWARD, "patient 7", "x" * 185])
def test_the_stem_of_a_stem_is_itself(case):
    assert file_stem(file_stem(case)) == file_stem(case)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.nii", "a/../../b.nii", "C:\\a.nii", "a\\..\\..\\b", ""])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, path):
    with pytest.raises(DataError, match="leaves the data set's folder"):
        require_inside(path, "here")
    case = {"id": "c1", "subject": "c1", "image": path, "landmarks": {}}
    content = {"version": 1, "frame": "LPS", "name": "n", "unit": "mm", "landmarks": [], "cases": [case]}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"dataset\.json: case c1: image: path"):
        read_dataset(tmp_path / "dataset.json")


@pytest.mark.parametrize("path", ["a.nii.gz", "images/a..b.nii", "naïve paşa 中 space/1.nii"])
def test_a_path_below_the_folder_is_taken(path):
    require_inside(path, "here")
