"""Which files are scans, what a case is called, and the one door to every reader."""

import errno
import os
import shutil
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from pipeline.data.find_images import find_images, skipping
from pipeline.data.own_output import WORN
from pipeline.data.pseudonyms import coded_scans
from pipeline.data.readers import case_name, files_of, place_of, read_frame, read_image
from pipeline.data.scan_facts import inspect_scan
from pipeline.data.scan_files import asked_scans, find_scans
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


def test_what_the_program_wrote_is_not_found(tmp_path):
    names = (
        "a.png",
        "b.png",
        "run/prepared/x.npy",
        "run/config.yaml",
        "run/test/a.png",
        "out/a.png",
        "old/boxes/a.png",
    )
    ours = ("old/predictions.json", "old/run_report.json", "aligned/aligned.csv", "aligned/images/a.nii.gz")
    ours += ("old/private/key", "old/private/case-1.nii.gz")
    others = ("prepared/c.png", "detected/predictions.json", "detected/d.png", "lost+found/e.png", "own/private/f.png")
    for name in (*names, *ours, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_images(tmp_path, tmp_path / "sub" / ".." / "out")
    assert [p.relative_to(tmp_path).as_posix() for p in found] == [
        "a.png",
        "b.png",
        "detected/d.png",
        "own/private/f.png",
        "prepared/c.png",
    ]
    assert [p.name for p in find_images(tmp_path / "aligned")] == ["a.nii.gz"]
    assert [p.name for p in find_images(tmp_path / "run")] == ["a.png"]
    assert [p.name for p in find_images(tmp_path / "old")] == ["a.png"]  # named by the user
    (tmp_path / "old/scan.nii.gz").touch()
    assert [p.name for p in find_images(tmp_path, tmp_path / "old")] == ["scan.nii.gz"]  # answered beside it


@pytest.mark.parametrize("profile", [0, 3_000, 100_000])  # bytes that a colour profile has before the mark
def test_a_picture_with_something_laid_on_it_is_found_only_in_a_folder_that_is_named(tmp_path, profile):
    mark = PngInfo()
    mark.add_text(*WORN)
    colours = np.random.default_rng(0).bytes(profile)
    (tmp_path / "worn").mkdir()
    for name, info in (("a.png", None), ("worn/a.png", mark), ("worn/b.png", None)):
        PIL.Image.new("RGB", (9, 9)).save(tmp_path / name, pnginfo=info, icc_profile=colours)
    assert find_images(tmp_path) == [tmp_path / "a.png", tmp_path / "worn" / "b.png"]
    assert [p.name for p in find_images(tmp_path / "worn")] == ["a.png", "b.png"]


@pytest.mark.parametrize("given", [".", ".."])
def test_a_folder_called_by_no_name_has_the_name_of_the_folder(tmp_path, monkeypatch, given):
    (tmp_path / "CT" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "CT" / ("sub" if given == ".." else ""))
    assert case_name(Path(given)) == "CT"


LABELS = [
    "labelsVa",
    "labelsTrain",
    "labelsTest",
    "LabelsValidation",
    "maskTraining",
    "labels",
    "labelsTr",
    "LABEL",
    "masks_v2",
    "mask-3",
    "segmentation",
    "Segmentation_study_01",
    "labelmaps",
]


@pytest.mark.parametrize(
    ("name", "seen"), [(n, False) for n in LABELS] + [(n, True) for n in ("Maskell", "Labelle", "Labelström")]
)
def test_only_whole_words_pass_over_a_folder_and_that_is_told(tmp_path, capsys, name, seen):
    for folder in ("Meyer", name):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.nii").touch()
    scans, findings = find_scans(tmp_path)
    assert set(scans) == ({"Meyer", name} if seen else {"Meyer"})
    assert [f.rule for f in findings] == ([] if seen else ["passed-over"])
    assert asked_scans([tmp_path], tmp_path / "out") == scans
    told = f"{tmp_path / name}': not looked into"
    assert (told in "".join(f.message for f in findings), told in capsys.readouterr().err) == (not seen, not seen)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("1.txt", "train/2.txt", "classes.txt", "train.cache", ".DS_Store", "._3.png"), False),
        (("1.xml", "2.json"), False),
        (("1.txt", "train/2.png"), True),
        (("1.mgz",), True),
        (("1.dcm",), True),
    ],
)
def test_a_folder_called_after_labels_that_holds_no_image_is_not_told(tmp_path, capsys, names, told):
    """Boxes of YOLO are read from it: who renames it loses them."""
    for path in (tmp_path / "a.png", *(tmp_path / "labels" / name for name in names)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [f.rule for f in find_scans(tmp_path)[1]] == ["passed-over"] * told
    asked_scans([tmp_path], tmp_path / "out")
    assert ("not looked into" in capsys.readouterr().err) is told


def test_scans_of_one_name_are_asked_about_by_their_folder(tmp_path):
    for name in ("P0/ct.nii", "P1/ct.nii", "imagesTr/c_0000.nii", "imagesTr/c_0001.nii"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for folder, ids in (("P0", {"ct"}), ("imagesTr", None), (".", None)):
        if ids is None:  # two channels of nnU-Net are one case, of which two files cannot be told apart
            with pytest.raises(DataError, match=r"another scan is called '(imagesTr_)?c' too"):
                asked_scans([tmp_path / folder], tmp_path / "out")
        else:
            assert set(asked_scans([tmp_path / folder], tmp_path / "out")) == ids
    (tmp_path / "imagesTr/c_0001.nii").unlink()
    assert set(asked_scans([tmp_path], tmp_path / "out")) == {"P0_ct", "P1_ct", "c"}


def test_where_label_maps_alone_are_found_that_is_said(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.nii").touch()
    with pytest.raises(DataError, match=r"no scans in it.*labels': not looked into"):
        find_scans(tmp_path)


IMAGE, SURFACE = (
    f"# vtk DataFile Version 3.0\nheart\nBINARY\nDATASET {kind}\n" for kind in ("STRUCTURED_POINTS", "POLYDATA")
)
MHD = "NDims = 1\nElementDataFile = {}\n"


@pytest.fixture
def mixed(tmp_path):
    """Scans that are read and scans that are not, in several folders."""
    contents = {"v.vtk": IMAGE, "liver.vtk": SURFACE, "m.mhd": MHD.format("voxels.img"), "voxels.img": "m"}
    kinds = ("a.nii", "b.nhdr", "b.raw", "c.hdr", "c.IMG", "d.mgz", "e.nii.bz2", "s1/ct.mnc", "s2/ct.mnc", ".f.mgh")
    again = ("a.img", "a.hdr", "s1/a.mgz", "dicom/1.dcm", "dicom/2.img", "labels/g.gipl")
    for name in (*kinds, *again, *contents):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(contents.get(name, ""))
    return tmp_path


UNREAD = {"b": "b.nhdr", "c": "c.hdr", "d": "d.mgz", "e": "e.nii.bz2", "v": "v.vtk"}
UNREAD["s1_a.mgz"] = "s1/a.mgz"  # where its name alone is that of a scan that is read
UNREAD |= {f"s{n}_ct.mnc": f"s{n}/ct.mnc" for n in (1, 2)}


def test_scans_of_kinds_that_are_not_read_are_asked_about_and_fail_as_each_does_alone(mixed):
    """But not the data of a header, what belongs to a scan that is read or is it again, and what is no scan."""
    found = asked_scans([mixed], mixed / "out")
    assert {case: path.relative_to(mixed).as_posix() for case, path in found.items()} == UNREAD | {
        "a": "a.nii",
        "m": "m.mhd",
        "dicom": "dicom",
    }
    for case, name in UNREAD.items():
        with pytest.raises(DataError, match=f"{name}: unknown kind of file; scans end in"):
            read_image(found[case])
    assert asked_scans([mixed / "d.mgz"], mixed / "out") == {"d": mixed / "d.mgz"}


def test_scans_of_kinds_that_are_not_read_are_findings_of_an_import(mixed):
    scans, findings = find_scans(mixed)
    assert set(scans) == {"a", "m", "dicom"}
    told = {f.case: f.message for f in findings if f.rule == "unread-scan"}
    assert told.keys() == UNREAD.keys()
    assert all(f"{mixed / name}: unknown kind of file" in told[case] for case, name in UNREAD.items())


def test_where_no_scan_is_read_those_of_other_kinds_are_named(tmp_path):
    (tmp_path / "a.mgz").touch()
    with pytest.raises(DataError, match=r"no scans in it.* Not read: '.*a\.mgz'\."):
        find_scans(tmp_path)


@pytest.mark.parametrize("unit", ["px", "mm", None])
def test_images_of_the_kind_that_is_asked_for_are_found_and_others_told(tmp_path, unit):
    for name in ("a.png", "scan.nii.gz"):
        (tmp_path / name).touch()
    skipped = []
    taken, passed = ("a.png", "scan.nii.gz") if unit == "px" else ("scan.nii.gz", "a.png")
    assert find_images(tmp_path, skipped=skipped, unit=unit) == [tmp_path / taken]
    assert skipped == [tmp_path / passed]
    told = "scans and arrays beside pictures" if unit == "px" else "pictures beside scans"
    assert skipping(skipped) == f"{told} are passed over (1); give those that are meant a folder of their own."


@pytest.mark.parametrize("unit", ["px", "mm", None])
@pytest.mark.parametrize("name", ["a.png", "a.nii", "a.npy"])
def test_where_no_image_is_of_the_kind_that_is_asked_for_the_others_are_found(tmp_path, name, unit):
    (tmp_path / name).touch()  # whoever reads it says what is wrong with it
    skipped = []
    assert find_images(tmp_path, skipped=skipped, unit=unit) == [tmp_path / name] and not skipped


def test_an_array_that_does_not_say_where_it_lies_hides_no_picture(tmp_path, capsys):
    for name in ("a.png", "features.npy"):
        (tmp_path / name).touch()
    assert find_images(tmp_path) == [tmp_path / "a.png"]
    scans, findings = find_scans(tmp_path)
    assert scans == asked_scans([tmp_path], tmp_path / "out") == {"a": tmp_path / "a.png"}
    told = "scans and arrays beside pictures are passed over (1)"
    assert (
        [f.rule for f in findings] == ["passed-over"]
        and told in findings[0].message
        and told in capsys.readouterr().err
    )
    (tmp_path / "features.json").touch()
    assert find_images(tmp_path) == [tmp_path / "features.npy"]
    assert asked_scans([tmp_path], tmp_path / "out", unit="px") == scans


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.nii").touch()
    assert find_images(tmp_path) == [tmp_path / "a.nii"]


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.mha", "a.mhd", "a.nrrd", "a.npy", "a.png", "sub/a.png"])
def test_a_pipe_that_is_called_like_a_scan_is_refused_and_not_waited_for(tmp_path, name):
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / name)
    (path,) = asked_scans([tmp_path], tmp_path / "out").values()
    assert files_of(path) == [tmp_path / name]
    for read in (read_image, read_frame):
        with pytest.raises(DataError, match=r"a\.\w+.*: is no file, but a pipe"):
            read(path)
    facts = inspect_scan(str(path))
    assert facts["rule"] == "unreadable" and "a pipe" in facts["message"]


@pytest.mark.parametrize("form", ["excel", "broken"])
def test_a_table_of_codes_that_another_program_saved_is_read_or_refused(tmp_path, form):
    coded_scans({"Doe": tmp_path / "Doe.nii"}, tmp_path / "private")
    path = tmp_path / "private" / "codes.csv"
    text = path.read_text().replace(",", ";" if form == "excel" else "|")
    path.write_text(text, encoding="utf-8-sig")
    if form == "broken":
        with pytest.raises(DataError, match=r"codes\.csv: no column 'name'"):
            coded_scans({"Roe": tmp_path / "Roe.nii"}, tmp_path / "private")
    else:
        coded_scans({"Roe": tmp_path / "Roe.nii"}, tmp_path / "private")
        assert [line.split(",")[1] for line in path.read_text().split()] == ["name", "Doe", "Roe"]


def test_a_file_of_an_unknown_kind_gets_a_code_without_a_part_of_its_name(tmp_path):
    (tmp_path / "Doe.Jane").touch()
    ((code, link),) = coded_scans({"Doe.Jane": tmp_path / "Doe.Jane"}, tmp_path / "private").items()
    assert link.name == code
    with pytest.raises(DataError, match=f"{code}: unknown kind"):
        read_image(link)


def test_a_dicom_folder_is_linked_slice_by_slice_and_stays_the_same_scan(tmp_path):
    source, private = tmp_path / "Doe", tmp_path / "private"
    source.mkdir()
    for name in ("Doe_2.dcm", "Doe_1", "1.2.840", "Doe.Jane", "Doe.CSV", ".Doe", "DICOMDIR"):
        (source / name).touch()
    coded_scans({"Doe": source}, private)
    link = next(p for p in private.iterdir() if p.is_dir())
    shutil.rmtree(link)
    link.symlink_to(source, target_is_directory=True)  # as earlier versions did
    ((_, again),) = coded_scans({"Doe": source}, private).items()
    assert again == link and not link.is_symlink() and place_of(link) == place_of(source)
    assert sorted(p.name for p in link.iterdir()) == ["00001", "00002.csv", "00003.other", "00004", "00005.dcm"]
    assert [p.resolve().name for p in files_of(link)] == [p.name for p in files_of(source)]
    (source / "1.2.840").unlink()
    coded_scans({"Doe": source}, private)
    assert [p.resolve().name for p in sorted(link.iterdir())] == ["Doe.CSV", "Doe.Jane", "Doe_1", "Doe_2.dcm"]


@pytest.mark.parametrize("read", [read_image, read_frame])
def test_a_missing_or_unknown_file_is_named(tmp_path, read):
    with pytest.raises(DataError, match=r"gone\.nii: no such file"):
        read(tmp_path / "gone.nii")
    (tmp_path / "scan.xyz").touch()
    with pytest.raises(DataError, match=r"scan\.xyz: unknown kind"):
        read(tmp_path / "scan.xyz")


@pytest.mark.parametrize(("size", "origin"), [(1e5, 0.0), (1e-7, 0.0), (1.0, 1e6)])
def test_voxels_that_no_scanner_makes_or_puts_there_are_refused(tmp_path, size, origin):
    """A changed digit of a header that is otherwise whole."""
    affine = np.diag([size, 1.0, 1.0, 1.0])
    affine[0, 3] = origin
    voxels = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    image = nibabel.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / "a.nii")
    for read in (read_image, read_frame):
        with pytest.raises(DataError, match=r"a\.nii: voxels of .* from the origin"):
            read(tmp_path / "a.nii")


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """A folder that may not be read, also by root, beside a scan."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (tmp_path / "a.nii").touch()
    for name in ("scandir", "listdir"):
        may = getattr(os, name)

        def refuse(path=".", may=may):
            if str(path).endswith("closed"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return may(path)

        monkeypatch.setattr(os, name, refuse)
    return folder


def test_a_folder_that_may_not_be_read_is_no_empty_one(closed):
    with pytest.raises(DataError, match=f"{closed}: cannot be read: Permission denied"):
        find_images(closed.parent)
    with pytest.raises(DataError, match=f"{closed}: cannot be read: Permission denied"):
        find_scans(closed)


def test_a_folder_without_scans_is_not_looked_into(closed):
    closed.rename(closed.with_name(".closed"))
    assert [path.name for path in find_images(closed.parent)] == ["a.nii"]
    assert find_images(closed.parent / "gone") == []
