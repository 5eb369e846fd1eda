"""A user's folder becomes a data set; what does not fit is said and left out, and the rest goes on."""

import json
import os
import shutil
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pytest

from pipeline.cli.data_settings import DataSettings
from pipeline.cli.schema import docstring_arguments
from pipeline.data.collect import TooFewError, collect, require_enough
from pipeline.data.dataset import read_dataset, write_dataset
from pipeline.data.findings import Finding, Findings, read_findings, summarize, write_findings
from pipeline.data.grouping import named_in_tables
from pipeline.data.landmark_names import typos
from pipeline.data.markups import write_markups
from pipeline.data.pts import write_pts
from pipeline.data.scan_files import asked_scans, find_scans
from pipeline.data.split import split_by_subject
from pipeline.errors import DataError

NAMES = ("right_ostium", "left_ostium")


def scan(path, shape=(6, 5, 4), affine=None, fill=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = (np.arange(np.prod(shape)).reshape(shape) + fill).astype(np.int16)
    affine = np.array([[2.0, 0, 0, 10], [0, 2, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]]) if affine is None else affine
    image = nibabel.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def table(folder, rows, name="landmarks.csv", header="case,landmark,x_mm,y_mm,z_mm"):
    (folder / name).write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture
def folder(tmp_path):
    """Five cases c0..c4 with two landmarks each, in RAS like the affines, frame not stated."""
    for number in range(5):
        scan(tmp_path / f"images/c{number}.nii.gz", fill=number)
    table(tmp_path, [f"c{c},{n},{12 + c},{24 + i},32" for c in range(5) for i, n in enumerate(NAMES)])
    return tmp_path


@pytest.fixture
def slicer(tmp_path):
    """The same with one Slicer file a case, LPS."""
    for number in range(5):
        scan(tmp_path / f"images/c{number}.nii.gz", fill=number)
        write_markups(tmp_path / f"landmarks/c{number}.mrk.json", {n: (-12.0 - number, -24.0, 32.0) for n in NAMES})
    return tmp_path


def rules(findings, severity="error"):
    return [(f.rule, f.case) for f in findings if f.severity == severity]


@pytest.mark.parametrize("name", ["c1.mrk.json", "c1.fcsv", "c1.mps", "c1.pts", "c1.points.json"])
def test_a_pipe_that_is_called_like_a_landmark_file_costs_its_case_and_is_not_waited_for(slicer, name):
    (slicer / "landmarks/c1.mrk.json").unlink()
    os.mkfifo(slicer / "landmarks" / name)
    dataset, findings = collect(slicer, "mine")
    assert rules(findings) == [("bad-annotation", "c1")] and len(dataset.cases) == 4
    assert f"{name}: is no file, but a pipe, a socket or a device. Save it as a file." in findings[0].message


@pytest.mark.parametrize("name", ["landmarks.csv", "landmarks.json", "landmarks.xml", "keypoints.json"])
def test_a_table_of_landmarks_that_is_there_and_cannot_be_read_is_an_error(folder, slicer, name):
    (folder / "landmarks.csv").unlink()
    os.mkfifo(folder / name)
    with pytest.raises(DataError, match=rf"landmarks in several places: {name}, landmarks/c0"):
        collect(folder, "mine")
    shutil.rmtree(folder / "landmarks")
    with pytest.raises(DataError, match=f"{name}: is no file, but a pipe"):
        collect(folder, "mine")
    (folder / name).unlink()
    (folder / name).symlink_to("nowhere")
    with pytest.raises(DataError, match=rf"{name}: .*[Nn]o such file"):
        collect(folder, "mine")


def test_a_table_in_the_frame_that_its_scans_show(folder):
    dataset, findings = collect(folder, "mine")
    assert dataset.landmarks == NAMES and [c.id for c in dataset.cases] == ["c0", "c1", "c2", "c3", "c4"]
    assert dataset.cases[1].landmarks["right_ostium"] == (-13, -24, 32)
    assert dataset.cases[1].image == "images/c1.nii.gz" and dataset.image_path(dataset.cases[1]).is_file()
    assert dataset.cases[1].subject == "c1"
    assert [f.rule for f in findings] == ["frame"]
    assert findings[0].message.endswith("all points lie inside the scan in 0 as LPS and 5 as RAS: read as RAS.")


def test_a_stated_frame_is_not_guessed(folder):
    dataset, findings = collect(folder, "mine", frame="LPS")
    assert dataset.cases[1].landmarks["right_ostium"] == (13, 24, 32) and not findings


def scans_at(folder, origin):
    affine = np.array([[2.0, 0, 0, origin], [0, 2, 0, origin], [0, 0, 2, -4], [0, 0, 0, 1]])
    for number in range(3):
        scan(folder / f"images/c{number}.nii.gz", affine=affine)


def test_a_frame_that_stays_open_is_asked_for(tmp_path):
    scans_at(tmp_path, -5.0)  # both fit
    table(tmp_path, [f"c{c},a,1,1,1" for c in range(3)])
    with pytest.raises(DataError, match="frame=LPS or frame=RAS"):
        collect(tmp_path, "mine")


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (
            (("0.502", "0.504", "-0.002"), ("0.506", "0.503", "0.001")),
            " All points of 3 cases .* are in metres, not mm.",
        ),
        ((("0.1", "0.1", "90"), ("0.1", "0.2", "91")), ""),
    ],
)
def test_no_frame_is_asked_for_where_neither_puts_a_point_inside(tmp_path, points, said):
    scans_at(tmp_path, 500.0)
    table(tmp_path, [f"c{c},{name},{','.join(p)}" for c in range(3) for name, p in zip("ab", points, strict=True)])
    with pytest.raises(DataError, match=rf"neither is the trouble\.{said} Correct the table") as told:
        collect(tmp_path, "mine")
    assert "Say frame=" not in str(told.value)


@pytest.mark.parametrize("name", ["{}", "00{}", "c{}.0"])
def test_a_table_whose_names_met_no_scan_is_not_asked_for_its_frame(folder, name):
    table(folder, [f"{name.format(c)},a,12,24,32" for c in range(5)])
    met = rf"speaks of '{name.format(0)}', .*, and of no scan there is; scans are called 'c0', .*makes 1 or 1\.0 of 001"
    with pytest.raises(DataError, match=met) as told:
        collect(folder, "mine")
    assert "RAS" not in str(told.value)


def test_one_slicer_file_a_case(slicer):
    dataset, findings = collect(slicer, "mine")
    assert dataset.cases[2].landmarks == {n: (-14.0, -24.0, 32.0) for n in NAMES} and not findings


def test_files_beside_the_scans_and_with_longer_names(slicer):
    (slicer / "landmarks/c0.mrk.json").rename(slicer / "images/c0.mrk.json")
    (slicer / "landmarks/c1.mrk.json").rename(slicer / "landmarks/c1_reader A.mrk.json")
    rows = "".join(f"1,-12,-24,32,0,0,0,1,1,1,0,{name},,\n" for name in NAMES)
    (slicer / "landmarks/c2.mrk.json").unlink()
    (slicer / "landmarks/c2.fcsv").write_text("# CoordinateSystem = LPS\n" + rows)
    dataset, findings = collect(slicer, "mine")
    assert len(dataset.cases) == 5 and not findings


@pytest.mark.parametrize("observers", [[""], ["_observer-A", "_observer-B"]])
def test_files_beside_scans_of_one_name_in_several_folders_are_theirs(tmp_path, observers):
    for number in range(4):
        path = tmp_path / f"P{number}" / f"{'CT' if number else 'first'}.png"
        path.parent.mkdir()
        PIL.Image.fromarray(np.random.default_rng(number).integers(0, 255, (40, 40), np.uint8)).save(path)
        for observer in observers:
            write_pts(path.with_name(f"{path.stem}{observer}.pts"), {"1": (float(number), 5.0)})
    dataset, findings = collect(tmp_path, "mine")
    assert {c.id: c.landmarks["1"][0] for c in dataset.cases} == {"P1_CT": 1, "P2_CT": 2, "P3_CT": 3, "first": 0}
    assert {f.rule for f in findings} == {"annotation-note"}  # these points have numbers for names
    assert {len(c.observers) for c in dataset.cases} == {len(observers) if observers != [""] else 0}


def test_old_answers_elsewhere_in_the_folder_are_not_taken_for_truth(slicer):
    write_markups(slicer / "runs/mine/test/c0.mrk.json", {"right_ostium": (0.0, 0.0, 0.0)})
    assert collect(slicer, "mine")[0].cases[0].landmarks["right_ostium"] == (-12.0, -24.0, 32.0)


def test_two_files_that_could_both_be_meant_quarantine_the_case(slicer):
    (slicer / "landmarks/c1.mrk.json").rename(slicer / "landmarks/c1_A.mrk.json")
    write_markups(slicer / "landmarks/c1_B.mrk.json", {"right_ostium": (1.0, 2.0, 3.0)})
    dataset, findings = collect(slicer, "mine")
    assert rules(findings) == [("ambiguous-annotation", "c1")] and len(dataset.cases) == 4


def test_an_id_that_starts_another_id_keeps_its_own_file(slicer):
    scan(slicer / "images/c1_late.nii.gz")
    write_markups(slicer / "landmarks/c1_late.mrk.json", {"right_ostium": (-12.0, -22.0, 32.0)})
    dataset, findings = collect(slicer, "mine")
    assert dataset.case("c1_late").landmarks == {"right_ostium": (-12.0, -22.0, 32.0)} and not findings


def test_a_landmark_that_a_case_lacks_is_not_annotated_or_absent_as_the_user_says(folder):
    table(folder, ["c0,right_ostium,12,24,32", *(f"c{c},{n},12,24,32" for c in range(1, 5) for n in NAMES)])
    assert collect(folder, "mine")[0].cases[0].landmarks.keys() == {"right_ostium"}
    assert collect(folder, "mine", missing="absent")[0].cases[0].landmarks["left_ostium"] is None
    with pytest.raises(DataError, match="missing = 'maybe'"):
        collect(folder, "mine", missing="maybe")


def test_scans_without_landmarks_and_landmarks_without_scan_are_told(folder):
    scan(folder / "images/extra.nii.gz")
    with open(folder / "landmarks.csv", "a") as file:
        file.write("ghost,right_ostium,12,24,32\n")
    dataset, findings = collect(folder, "mine")
    assert rules(findings, "warning") == [("no-scan", "ghost"), ("no-landmarks", "extra")]
    assert len(dataset.cases) == 5


def test_landmarks_of_a_scan_of_a_kind_that_is_not_read_are_told_by_that(folder):
    (folder / "images/c1.nii.gz").rename(folder / "images/c1.mgz")
    dataset, findings = collect(folder, "mine")
    assert rules(findings, "warning") == [("unread-scan", "c1")] and len(dataset.cases) == 4
    assert "c1.mgz: unknown kind of file" in findings[0].message and ".nii.gz" in findings[0].advice


@pytest.mark.parametrize("ending", [".gif", ".JFIF", ".heic", ".jp2", ".pnm"])
def test_pictures_of_a_kind_that_is_not_read_are_told_where_pictures_are_taken(tmp_path, ending):
    for name in ("a.png", f"odd{ending}"):
        (tmp_path / name).touch()
    scans, findings = find_scans(tmp_path)
    assert list(scans) == ["a"] and rules(findings, "warning") == [("unread-scan", "odd")]
    assert "unknown kind of file" in findings[0].message and ".png" in findings[0].advice
    assert set(asked_scans([tmp_path], tmp_path / "out")) == {"a", "odd"}


def test_pictures_of_a_kind_that_is_not_read_are_nothing_beside_scans_or_a_picture_of_their_name(folder):
    (folder / "images/preview.gif").touch()
    assert not rules(find_scans(folder)[1], "warning")
    assert "preview" not in asked_scans([folder], folder / "out")
    (folder / "pictures").mkdir()
    for name in ("a.png", "a.gif"):
        (folder / "pictures" / name).touch()
    assert set(asked_scans([folder / "pictures"], folder / "out")) == {"a"}


@pytest.mark.parametrize("twin", ["images/c1.nii", "images/sub/c1.nii.gz"])
def test_two_scans_of_one_id_are_both_left_out(folder, twin):
    scan(folder / twin)
    dataset, findings = collect(folder, "mine")
    assert rules(findings) == [("duplicate-case", "c1")] and len(dataset.cases) == 4
    assert twin in next(f.message for f in findings if f.case == "c1")
    assert not rules(findings, "warning")


def patients(folder, landmarks):
    """Scans of one name, a folder each, and their landmarks at `landmarks` of it."""
    for number in range(4):
        scan(folder / f"P{number}/ct.nii.gz", fill=number)
        write_markups(folder / landmarks.format(f"P{number}"), {"a": (-12.0 - number, -24.0, 32.0)})


@pytest.mark.parametrize(
    ("landmarks", "told"),
    [
        ("{}/ct.mrk.json", []),
        ("{}/ct_observer-A.mrk.json", []),
        ("landmarks/{}/ct.mrk.json", []),
        ("landmarks/{}_ct.mrk.json", []),
        ("{}/F.mrk.json", ["name-not-exact"] * 4),  # as Slicer saves it beside each
    ],
)
def test_scans_of_one_name_in_a_folder_each_are_called_by_their_folder(tmp_path, landmarks, told):
    patients(tmp_path, landmarks)
    dataset, findings = collect(tmp_path, "mine")
    assert {c.id: c.landmarks["a"][0] for c in dataset.cases} == {f"P{n}_ct": -12.0 - n for n in range(4)}
    assert [(f.rule, f.severity) for f in findings] == [(rule, "note") for rule in ["ids-by-folder", *told]]
    (tmp_path / "all").mkdir()
    for number in range(4):
        (tmp_path / f"P{number}").rename(tmp_path / "all" / f"P{number}")
    assert [f.severity for f in find_scans(tmp_path)[1]] == ["note"]  # a folder that all lie in is nobody's
    (tmp_path / "all").rename(tmp_path / "train")
    assert [f.severity for f in find_scans(tmp_path)[1]] == ["note"]


@pytest.mark.parametrize("above", ["", "patients/"])
def test_a_second_scan_in_a_persons_folder_is_warned_of_whatever_it_is_called(tmp_path, above):
    patients(tmp_path / above, "{}/ct.mrk.json")
    scan(tmp_path / above / "P2/later.nii.gz")  # the only one of its name, which is its id
    (told,) = find_scans(tmp_path)[1]
    assert told.severity == "warning" and f"are 'later', '{above.replace('/', '_')}P2_ct'." in told.message


def test_images_and_landmarks_in_two_trees_meet_by_their_folders(tmp_path):
    patients(tmp_path / "images", "../landmarks/{}/ct.mrk.json")
    dataset, _ = collect(tmp_path, "mine")
    assert {c.id: c.landmarks["a"][0] for c in dataset.cases} == {f"P{n}_ct": -12.0 - n for n in range(4)}


@pytest.mark.parametrize("above", ["", "images/", "images/site/"])
def test_a_table_may_name_a_case_by_the_folder_in_which_no_other_scan_lies(tmp_path, above):
    for number in range(4):
        scan(tmp_path / above / f"Jos\u00e9{number}/ct.nii.gz", fill=number)
    table(tmp_path, ["# frame = LPS"] + [f"Jose\u0301{n},a,{-12 - n},-24,32" for n in range(4)])
    dataset, _ = collect(tmp_path, "mine")
    way = above.removeprefix("images/").replace("/", "_")
    assert {c.id: c.landmarks["a"][0] for c in dataset.cases} == {f"{way}Jos\u00e9{n}_ct": -12.0 - n for n in range(4)}


def test_a_folder_of_two_scans_names_neither_and_a_file_is_no_folder(tmp_path):
    for name in ("P0/ct", "P1/ct", "P2/ct", "P3/ct", "P3/mr", "P4/mr", "P5/ct", "other/P5"):
        scan(tmp_path / f"{name}.nii.gz")
    table(tmp_path, ["# frame = LPS"] + [f"P{n},a,-12,-24,32" for n in range(6)])
    dataset, findings = collect(tmp_path, "mine")
    assert [c.id for c in dataset.cases] == ["P0_ct", "P1_ct", "P2_ct", "P4_mr", "P5"]
    (told,) = [f for f in findings if f.rule == "no-scan"]
    assert told.case == "P3" and "no scan of this id; 'P3_ct', 'P3_mr' begin so" in told.message


def test_a_scan_of_a_name_of_its_own_lies_in_its_folder_too(tmp_path):
    for name in ("P0/base/img", "P1/base/img", "P2/base/img", "P3/base/img", "P3/followup/img2"):
        scan(tmp_path / f"{name}.nii.gz")
    table(tmp_path, ["# frame = LPS"] + [f"P{n},a,-12,-24,32" for n in range(4)])
    dataset, findings = collect(tmp_path, "mine")
    assert [c.id for c in dataset.cases] == ["P0_base_img", "P1_base_img", "P2_base_img"]
    assert [f.case for f in findings if f.rule == "no-scan"] == ["P3"]


def parted(folder, scans):
    """Scans in folders of images a part each, and their landmarks in `landmarks/` beside those."""
    for number, way in enumerate(scans):
        part, name = way.split("/")
        scan(folder / part / f"images/{name}.nii.gz", fill=number)
        write_markups(folder / part / f"landmarks/{name}.mrk.json", {"a": (-12.0 - number, -24.0, 32.0)})


@pytest.mark.parametrize("scans", [["train/a", "train/b", "test/c"], ["train/a", "train/b", "test/a"]])
def test_each_folder_of_images_may_have_landmarks_beside_it(tmp_path, scans):
    parted(tmp_path, scans)
    dataset, findings = collect(tmp_path, "mine")
    at = {c.image.replace("/images/", "/").removesuffix(".nii.gz"): c.landmarks["a"][0] for c in dataset.cases}
    assert at == {way: -12.0 - number for number, way in enumerate(scans)} and not rules(findings)


def test_landmarks_beside_a_folder_of_images_are_of_no_scan_elsewhere(tmp_path):
    parted(tmp_path, ["train/a", "train/b", "train/c", "test/d", "test/e"])
    write_markups(tmp_path / "train/landmarks/d.mrk.json", {"a": (-99.0, -24.0, 32.0)})
    (tmp_path / "test/landmarks/e.mrk.json").rename(tmp_path / "train/landmarks/e.mrk.json")
    dataset, findings = collect(tmp_path, "mine")
    assert {c.id: c.landmarks["a"][0] for c in dataset.cases} == {"a": -12.0, "b": -13.0, "c": -14.0, "d": -15.0}
    assert sorted(rules(findings, "warning")) == [("no-landmarks", "e"), ("no-scan", "train_d"), ("no-scan", "train_e")]


def test_a_file_here_and_one_beside_the_folder_of_images_could_each_be_meant(tmp_path):
    parted(tmp_path, ["train/a", "train/b", "train/c", "train/d"])
    write_markups(tmp_path / "landmarks/a.mrk.json", {"a": (-12.0, -24.0, 32.0)})
    assert rules(collect(tmp_path, "mine")[1]) == [("ambiguous-annotation", "a")]


def test_scans_of_one_name_of_which_one_lies_above_are_the_reason_and_not_their_landmarks(tmp_path):
    patients(tmp_path, "{}/F.mrk.json")
    scan(tmp_path / "ct.nii.gz")
    with pytest.raises(DataError, match=r"'ct': P0.ct\.nii\.gz and .* and 2 more have the same id") as told:
        collect(tmp_path, "mine")
    assert "no landmarks" not in str(told.value)


def test_two_scans_of_one_name_in_one_folder_are_an_error_of_it_alone(tmp_path):
    patients(tmp_path, "{}/ct.mrk.json")
    scan(tmp_path / "P0/ct.nii")
    dataset, findings = collect(tmp_path, "mine")
    assert rules(findings) == [("duplicate-case", "P0_ct")] and len(dataset.cases) == 3


def test_two_files_that_only_their_folder_tells_apart_are_of_no_scan(tmp_path):
    patients(tmp_path, "{}/F.mrk.json")
    for number in range(4):
        write_markups(tmp_path / f"P{number}/G.mrk.json", {"a": (-12.0, -24.0, 32.0)})
    with pytest.raises(DataError, match=r"ambiguous-annotation(.|\n)*F\.mrk\.json', .*G\.mrk\.json' could each"):
        collect(tmp_path, "mine")


@pytest.mark.parametrize(("count", "message"), [(1, "': landmarks, but no scan"), (30, "and 20 more could each")])
def test_landmark_files_of_no_scan_are_named_but_not_all_of_many(slicer, count, message):
    files = [slicer / f"landmarks/P{number:02d}/F.mrk.json" for number in range(count)]
    for file in files:
        write_markups(file, {"right_ostium": (-12.0, -24.0, 32.0)})
    (found,) = [f.message for f in collect(slicer, "mine")[1] if f.case == "F"]
    assert str(files[0]) in found and message in found and found.count("F.mrk.json") == min(count, 10)


def test_bad_rows_quarantine_their_case_and_name_file_row_and_column(folder):
    text = (folder / "landmarks.csv").read_text().replace("c2,right_ostium,14,24,32", "c2,right_ostium,14,NaN,32")
    (folder / "landmarks.csv").write_text(text)
    dataset, findings = collect(folder, "mine")
    error = next(f for f in findings if f.severity == "error")
    assert (error.case, error.rule) == ("c2", "bad-annotation") and "row 6, column y_mm" in error.message
    assert [c.id for c in dataset.cases] == ["c0", "c1", "c3", "c4"]


def test_a_damaged_slicer_file_quarantines_its_case(slicer):
    (slicer / "landmarks/c3.mrk.json").write_text("{")
    dataset, findings = collect(slicer, "mine")
    assert rules(findings) == [("bad-annotation", "c3")] and len(dataset.cases) == 4


def test_a_misspelt_name_quarantines_its_case_and_names_the_right_one(folder):
    text = (folder / "landmarks.csv").read_text().replace("c4,right_ostium", "c4,right_ostum")
    (folder / "landmarks.csv").write_text(text)
    dataset, findings = collect(folder, "mine")
    error = next(f for f in findings if f.severity == "error")
    assert (error.case, error.rule) == ("c4", "landmark-name")
    assert "'right_ostum' (1 cases); did you mean 'right_ostium' (4 cases)" in error.message
    assert dataset.landmarks == NAMES


@pytest.mark.parametrize(
    ("rare", "common", "typo"),
    [
        ("right_ostum", "right_ostium", True),
        ("Right ostium", "right_ostium", True),
        ("rigth_ostium", "right_ostium", True),
        ("left_ostium", "right_ostium", False),
        ("L6_centroid", "L5_centroid", False),
        ("ostium_r", "ostium_l", False),
        ("RCA", "LCA", False),
        ("apex", "base", False),
    ],
)
def test_what_counts_as_a_typo(rare, common, typo):
    cases = {f"c{n}": [common] for n in range(10)} | {"odd": [rare]}
    assert bool(typos(cases)) is typo


def test_names_that_stand_together_in_a_case_are_two_landmarks():
    cases = {f"c{n}": ["right_ostium"] for n in range(10)} | {
        "both": ["right_ostium", "right_ostum"],
        "odd": ["right_ostum"],
    }
    assert typos(cases) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("Aorta", "aorta"), ("left ostium", "left_ostium"), ("T-12", "t12"), ("cr\u00e9te", "Cre\u0301te")],
)
def test_two_spellings_of_one_name_in_half_of_the_cases_each_are_told(one, other):
    found = typos({f"c{n}": [one if n < 3 else other, "apex"] for n in range(6)})
    assert {f.severity for f in found} == {"error"} and len({f.case for f in found}) == 3
    assert typos({f"c{n}": [one, other] if n == 0 else [(one, other)[n % 2]] for n in range(6)}) == []


def test_numbers_with_a_separator_are_not_those_without():
    assert typos({f"c{n}": ["p1_1" if n % 2 else "p11"] for n in range(6)}) == []


@pytest.mark.parametrize("kind", ["files", "table"])
def test_names_that_look_the_same_are_one_landmark(tmp_path, kind):
    spelt = ["cr\u00e9te", "cre\u0301te"]  # composed and taken apart, as macOS writes it
    for number in range(4):
        scan(tmp_path / f"images/c{number}.nii.gz", fill=number)
        if kind == "files":
            write_markups(tmp_path / f"landmarks/c{number}.mrk.json", {spelt[number % 2]: (-12.0, -24.0, 32.0)})
    if kind == "table":
        content = {f"c{n}": {f" {spelt[n % 2]}": [-12, -24, 32]} for n in range(4)}
        (tmp_path / "landmarks.json").write_text(json.dumps({"frame": "LPS"} | content))
    dataset, findings = collect(tmp_path, "mine")
    assert dataset.landmarks == ("cr\u00e9te",) and len(dataset.cases) == 4 and not findings


@pytest.mark.parametrize(
    ("names", "word"), [(["cr\u00e9te", "cre\u0301te"], "occurs twice"), (["", "a"], "without a name")]
)
def test_a_name_twice_in_two_spellings_or_none_leaves_the_case_out(tmp_path, names, word):
    for number in range(4):
        scan(tmp_path / f"images/c{number}.nii.gz", fill=number)
    content = {f"c{n}": {name: [-12, -24, 32] for name in (names if n == 1 else ["a"])} for n in range(4)}
    (tmp_path / "landmarks.json").write_text(json.dumps({"frame": "LPS"} | content))
    dataset, findings = collect(tmp_path, "mine")
    assert rules(findings) == [("bad-annotation", "c1")] and len(dataset.cases) == 3
    assert word in findings[0].message


@pytest.mark.parametrize("kind", ["files", "table"])
def test_scans_whose_names_are_taken_apart_meet_their_landmarks(tmp_path, kind):
    ids = [f"cre\u0301te{n}" for n in range(3)]
    for number, case in enumerate(ids):
        scan(tmp_path / f"images/{case}.nii.gz", fill=number)
        if kind == "files":
            write_markups(tmp_path / f"landmarks/cr\u00e9te{number}.mrk.json", {"a": (-12.0, -24.0, 32.0)})
    if kind == "table":
        table(tmp_path, [f"cr\u00e9te{n}{'.nii.gz' * (n == 1)},a,12,24,32" for n in range(3)])
    dataset, findings = collect(tmp_path, "mine", frame="RAS" if kind == "table" else None)
    assert [c.id for c in dataset.cases] == ids and not findings


def test_a_file_that_is_not_called_as_its_scan_is_told(slicer):
    (slicer / "landmarks/c0.mrk.json").rename(slicer / "landmarks/c0_followup.mrk.json")
    dataset, findings = collect(slicer, "mine")
    (finding,) = findings
    assert (finding.severity, finding.case, len(dataset.cases)) == ("warning", "c0", 5)
    assert "c0_followup.mrk.json was taken for c0.nii.gz" in finding.message
    for number in range(1, 4):
        (slicer / f"landmarks/c{number}.mrk.json").rename(slicer / f"landmarks/c{number}_followup.mrk.json")
    assert [f.severity for f in collect(slicer, "mine")[1]] == ["note"] * 4  # so these files are called


def test_a_word_that_begins_like_observer_is_none(slicer):
    (slicer / "landmarks/c0.mrk.json").rename(slicer / "landmarks/c0_obs1.mrk.json")
    write_markups(slicer / "landmarks/c0_obstruction.mrk.json", {n: (0.0, 0.0, 0.0) for n in NAMES})
    dataset, findings = collect(slicer, "mine")
    case = dataset.case("c0")
    assert [(f.rule, f.case) for f in findings] == [("file-not-read", "c0")]
    assert "c0_obstruction.mrk.json was not read" in findings[0].message
    assert case.landmarks["left_ostium"] == (-12.0, -24.0, 32.0) and not case.observers


def test_the_users_frame_is_for_the_files_that_state_none(slicer):
    (slicer / "landmarks/c2.mrk.json").unlink()
    rows = "".join(f"1,14,24,32,0,0,0,1,1,1,0,{name},,\n" for name in NAMES)
    (slicer / "landmarks/c2.fcsv").write_text(rows)
    dataset, findings = collect(slicer, "mine", frame="RAS")
    assert [c.landmarks["left_ostium"] for c in dataset.cases] == [(-12.0 - n, -24.0, 32.0) for n in range(5)]
    assert [(f.severity, f.case) for f in findings] == [("note", c) for c in ("c0", "c1", "c3", "c4")]
    assert "frame=RAS is for files that state none" in findings[0].message


def test_a_table_that_states_another_frame_than_the_user_is_refused(folder):
    text = (folder / "landmarks.csv").read_text()
    (folder / "landmarks.csv").write_text("# frame = LPS\n" + text)
    with pytest.raises(DataError, match="Leave frame= out"):
        collect(folder, "mine", frame="RAS")


def test_the_image_folder_with_most_scans_is_taken_and_labels_never(folder):
    scan(folder / "images_1mm/c0.nii.gz")
    scan(folder / "labels/c0.nii.gz")
    dataset, findings = collect(folder, "mine", frame="RAS")
    assert {c.image.split("/")[0] for c in dataset.cases} == {"images"}
    assert "images (5), images_1mm (1)" in next(f for f in findings if f.rule == "image-folder").message
    with pytest.raises(DataError, match="images=images_9mm: no such folder"):
        collect(folder, "mine", images="images_9mm")
    with pytest.raises(DataError, match=r"images=images/.* no such folder. It has: images, images_1mm"):
        collect(folder, "mine", images="images/*.nii.gz")
    assert "*." not in docstring_arguments(DataSettings)["images"]  # and the help promises no pattern
    with pytest.raises(DataError, match="1 usable cases"):
        collect(folder, "mine", frame="RAS", images="images_1mm")


def test_linked_folders_are_looked_into_and_none_twice(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("archive")
    (folder / "images").rename(elsewhere / "images")
    (folder / "images").mkdir()
    (folder / "images" / "site_a").symlink_to(elsewhere / "images", target_is_directory=True)
    (folder / "images" / "site_b").symlink_to(folder / "images" / "site_a", target_is_directory=True)
    dataset, findings = collect(folder, "mine")
    assert [c.image for c in dataset.cases] == [f"images/site_a/c{n}.nii.gz" for n in range(5)]
    assert not rules(findings) and dataset.image_path(dataset.cases[0]).is_file()
    write_dataset(dataset, folder / "dataset.json")
    assert read_dataset(folder / "dataset.json") == dataset


def test_scans_and_files_in_one_folder(tmp_path):
    for number in range(3):
        scan(tmp_path / f"c{number}.nii.gz")
        write_markups(tmp_path / f"c{number}.mrk.json", {"a": (-12.0, -24.0, 32.0)})
    assert len(collect(tmp_path, "mine")[0].cases) == 3


@pytest.mark.parametrize("shape", [(30,), (9, 5)])
def test_images_with_fewer_axes_take_the_first_coordinates(tmp_path, shape):
    for number in range(3):
        scan(tmp_path / f"c{number}.nii.gz", shape, np.eye(4))
        write_markups(tmp_path / f"c{number}.mrk.json", {"a": (-2.0, -3.0)[: len(shape)]})
    assert collect(tmp_path, "mine")[0].cases[0].landmarks["a"] == (-2.0, -3.0)[: len(shape)]


def test_too_few_coordinates_for_the_scan_quarantine_the_case(folder):
    content = {f"c{c}": {"a": [12, 24, 32] if c else [12, 24]} for c in range(5)}
    (folder / "landmarks.csv").unlink()
    (folder / "landmarks.json").write_text(json.dumps({"frame": "RAS"} | content))
    dataset, findings = collect(folder, "mine")
    assert rules(findings) == [("bad-annotation", "c0")] and len(dataset.cases) == 4


def test_subjects_and_parts_come_from_their_tables(folder):
    table(folder, ["c0,anna", "c1,anna"], "subjects.csv", "case,subject")
    table(folder, [f"c{c},{'val' if c == 4 else 'train'}" for c in range(5)], "split.csv", "case,split")
    dataset, _ = collect(folder, "mine")
    assert [c.subject for c in dataset.cases] == ["anna", "anna", "c2", "c3", "c4"]
    assert [c.id for c in dataset.part("validation")] == ["c4"]
    table(folder, ["c0,maybe"], "split.csv", "case,split")
    with pytest.raises(DataError, match=r"split\.csv: case 'c0': split 'maybe'"):
        collect(folder, "mine")
    table(folder, ["c0,x"], "split.csv", "case,teil")
    with pytest.raises(DataError, match="needed are case,split"):
        collect(folder, "mine")


def test_tables_of_subjects_and_parts_are_read_in_any_capitals(folder):
    table(folder, ["c0,anna", "c1,anna"], "Subjects.CSV", "case,subject")
    table(folder, [f"c{c},{'val' if c == 4 else 'train'}" for c in range(5)], "Split.csv", "case,split")
    dataset, _ = collect(folder, "mine")
    assert [c.subject for c in dataset.cases][:2] == ["anna", "anna"]
    assert [c.id for c in dataset.part("validation")] == ["c4"]
    assert named_in_tables(folder) == {f"c{c}" for c in range(5)}
    table(folder, ["c0,train"], "split.csv", "case,split")
    with pytest.raises(DataError, match=r"'Split\.csv', 'split\.csv' are both there\. Keep one of them"):
        collect(folder, "mine")


@pytest.mark.parametrize("name", ["subjects.csv", "split.csv", "Split.CSV"])
@pytest.mark.parametrize(
    ("how", "told"), [("link", "a link that leads nowhere"), ("folder", "a folder"), ("pipe", "no file, but a pipe")]
)
def test_a_table_of_subjects_or_parts_that_cannot_be_read_is_not_passed_over(folder, name, how, told):
    if how == "link":
        (folder / name).symlink_to("nowhere")
    else:
        (folder / name).mkdir() if how == "folder" else os.mkfifo(folder / name)
    with pytest.raises(DataError, match=f"{name}: is {told}"):
        collect(folder, "mine")


def test_subjects_and_parts_may_name_the_files(folder):
    table(folder, ["images/c0.nii.gz,anna", "c1.nii.gz,anna"], "subjects.csv", "case,subject")
    table(folder, ["c4.nii.gz,test"], "split.csv", "case,split")
    dataset, _ = collect(folder, "mine")
    assert [c.subject for c in dataset.cases] == ["anna", "anna", "c2", "c3", "c4"]
    assert [c.id for c in dataset.part("test")] == ["c4"]


def test_a_subject_in_two_spellings_is_one_and_lies_in_one_part(folder):
    composed, apart = "Jos\u00e9", "Jose\u0301"
    rows = [f"c0,{composed}", f"c1,{apart}", f"c1,{composed}", f"c2,{apart}"]
    table(folder, rows, "subjects.csv", "case,subject")
    cases = collect(folder, "mine")[0].cases
    assert [c.subject for c in cases] == [composed, composed, composed, "c3", "c4"]
    table(folder, [f"c{c},{apart}{c // 2}" for c in range(5)], "subjects.csv", "case,subject")
    cases = collect(folder, "mine")[0].cases  # not composed: the split of a begun run hashes names as they were
    assert [c.subject for c in cases][::2] == [apart + n for n in "012"]


def test_rows_of_no_scan_and_scans_without_a_row_are_told(folder):
    table(folder, ["c0,anna", "C1,anna"], "subjects.csv", "case,subject")
    told = {f.rule: f.message for f in collect(folder, "mine")[1] if f.severity == "warning"}
    assert told["no-scan"] == "subjects.csv speaks of 'C1': no such scan."
    assert told["no-subject"] == "subjects.csv has no row for 'c1', 'c2', 'c3', 'c4'."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["c0,train", "c0.nii.gz,test"], r"row 3: split of 'c0' is 'test', and 'train' in a row before"),
        (["d0,train", "d1,test"], r"speaks of 'd0', 'd1', and of no scan there is; scans are called c0"),
        (["c0,train,x"], r"row 2: 3 cells under 2 headings"),
    ],
)
def test_a_table_of_parts_that_cannot_be_meant_is_refused(folder, rows, message):
    table(folder, rows, "split.csv", "case,split")
    with pytest.raises(DataError, match=message):
        collect(folder, "mine")
    (folder / "split.csv").write_bytes("case,split\nc0,tést\n".encode("latin-1"))
    with pytest.raises(DataError, match="cannot be read as a table"):
        collect(folder, "mine")


@pytest.mark.parametrize(("name", "column"), [("split.csv", "split"), ("subjects.csv", "subject")])
@pytest.mark.parametrize("content", ["", "case,{}\n", "case,{}\nc0,\n,train\n"])
def test_a_table_of_parts_or_subjects_without_a_row_is_refused(folder, name, column, content):
    (folder / name).write_text(content.format(column))
    with pytest.raises(DataError, match=rf"{name}: no row has a case and its {column}"):
        collect(folder, "mine")


def test_two_scans_whose_names_differ_in_how_an_accent_is_written_are_left_out_with_both(slicer):
    """The landmarks of one were taken for the other's, and a message named one file twice."""
    for name in ("e\u0301", "\xe9"):
        scan(slicer / f"images/{name}.nii.gz")
    write_markups(slicer / "landmarks/\xe9.mrk.json", {n: (-12.0, -24.0, 32.0) for n in NAMES})
    dataset, findings = collect(slicer, "mine")
    assert [c.id for c in dataset.cases] == [f"c{n}" for n in range(5)]
    assert rules(findings) == [("duplicate-case", "e\u0301"), ("duplicate-case", "\xe9")]
    assert r"accents are written: 'e\u0301.nii.gz' and '\xe9.nii.gz'" in findings[0].message
    assert not rules(findings, "warning")


def test_two_folders_whose_names_differ_in_how_an_accent_is_written_are_both_spelled_out(tmp_path):
    patients(tmp_path, "{}/ct.mrk.json")
    for name in ("P\N{LATIN SMALL LETTER E WITH ACUTE}", "Pe\N{COMBINING ACUTE ACCENT}"):
        scan(tmp_path / name / "ct.nii.gz")
    told = [f.message for f in find_scans(tmp_path)[1] if f.rule == "duplicate-case"]
    assert len(told) == 2 and all(r"written: 'Pe\u0301/ct.nii.gz' and 'P\xe9/ct.nii.gz'." in text for text in told)


def test_two_landmark_files_whose_names_differ_in_how_an_accent_is_written_are_told_apart(slicer):
    scan(slicer / "images/\xe9.nii.gz")
    for name in ("e\u0301", "\xe9"):
        write_markups(slicer / f"landmarks/{name}.mrk.json", {n: (-12.0, -24.0, 32.0) for n in NAMES})
    findings = collect(slicer, "mine")[1]
    assert rules(findings) == [("ambiguous-annotation", "\xe9")] and findings[0].advice == "Rename or remove one."
    assert r"accents are written: 'e\u0301.mrk.json' and '\xe9.mrk.json'" in findings[0].message


def test_points_under_two_names_of_a_scan_are_an_error_of_it(folder):
    with (folder / "landmarks.csv").open("a") as file:
        file.write("c0.nii.gz,third,12,24,32\n")
    dataset, findings = collect(folder, "mine")
    assert rules(findings) == [("bad-annotation", "c0")] and len(dataset.cases) == 4


def test_a_row_that_a_comma_has_shifted_is_an_error_of_its_case(folder):
    rows = (folder / "landmarks.csv").read_text().splitlines()
    (folder / "landmarks.csv").write_text("\n".join([rows[0], "c0,right_ostium,12,5,24,32", *rows[2:]]))
    _, findings = collect(folder, "mine")
    told = next(f.message for f in findings if f.severity == "error")
    assert "row 2: 6 cells under 5 headings, '32' under none; write numbers with a point, and put text with a" in told


def test_folders_that_hold_nothing_usable_are_refused(folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(DataError, match="no scans in it"):
        collect(empty, "mine")
    with pytest.raises(DataError, match="no such folder"):
        collect(empty / "gone", "mine")
    (folder / "landmarks.json").write_text("{}")
    with pytest.raises(DataError, match="several places"):
        collect(folder, "mine")
    (folder / "landmarks.json").unlink()
    (folder / "landmarks.csv").unlink()
    looked = r"no landmarks in it.* datalist\.json.* CASE\.mrk\.json.* CASE\.pts, CASE\.points\.json beside"
    with pytest.raises(DataError, match=looked):
        collect(folder, "mine")


def test_one_case_cannot_be_split(tmp_path):
    scan(tmp_path / "only.nii.gz")
    write_markups(tmp_path / "only.mrk.json", {"a": (-12.0, -24.0, 32.0)})
    with pytest.raises(DataError, match="1 usable cases of 1 subjects; at least 3"):
        collect(tmp_path, "mine")


def test_one_case_whose_part_is_given_needs_no_split(tmp_path):
    scan(tmp_path / "only.nii.gz")
    write_markups(tmp_path / "only.mrk.json", {"a": (-12.0, -24.0, 32.0)})
    table(tmp_path, ["only,test"], "split.csv", "case,split")
    dataset, _ = collect(tmp_path, "mine")
    assert [case.split for case in split_by_subject(dataset).cases] == ["test"]


def test_too_few_cases_name_those_left_out(slicer):
    for number in (1, 2, 3):
        (slicer / f"landmarks/c{number}.mrk.json").write_text("{")
    for number in range(12):
        scan(slicer / f"images/d{number:02}.nii.gz")
    with pytest.raises(DataError, match="Left out:") as told:
        collect(slicer, "mine")
    first, *others = str(told.value).splitlines()[1:]  # each with its own reason
    assert first.startswith("  bad-annotation, c1: ") and "c1.mrk.json: not readable" in first
    assert ["c2.mrk.json: " in others[0], "c3.mrk.json: " in others[1]] == [True, True]
    assert others[2:] == [f"  no-landmarks, d{n:02}: d{n:02}.nii.gz has no landmarks: left out." for n in range(12)]


def test_of_too_few_cases_that_are_left_out_for_ever_other_reasons_twenty_are_said():
    findings = [Finding("a", "error", f"c{n:02}", f"{'very ' * n}bad") for n in range(25)]
    findings.append(Finding("b", "warning", "d", "other"))
    with pytest.raises(TooFewError) as told:
        require_enough(Path("mine"), (), findings)
    first, *reasons = str(told.value).splitlines()
    assert first.endswith("Left out:") and reasons[:19] == [f"  a, {f.case}: {f.message}" for f in findings[:19]]
    rest = "a, c19, c20, c21, c22 and 2 more: " + findings[19].message
    assert reasons[19:] == [f"  {rest} (and 5 other remarks)", "  and 1 more"]


def test_findings_are_written_read_and_summed_up(tmp_path):
    items = (
        Finding("b-rule", "note", None, "hello"),
        *(Finding("a-rule", "error", f"c{n}", f"bad {n}", "mend") for n in range(6)),
    )
    write_findings(Findings(items, {"c9": {"shape": [1]}}), tmp_path / "findings.json")
    back = read_findings(tmp_path / "findings.json")
    assert back.items == items and back.facts == {"c9": {"shape": [1]}}
    assert back.quarantined == ("c0", "c1", "c2", "c3", "c4", "c5")
    assert json.loads((tmp_path / "findings.json").read_text())["quarantined"] == list(back.quarantined)
    assert summarize(items) == [
        ("error", "a-rule", "c0, c1, c2, c3 and 2 more", "bad 0 (the first of 6 remarks)", "mend"),
        ("note", "b-rule", "all", "hello", ""),
    ]


def test_a_table_of_findings_has_a_row_for_all_that_say_the_same_and_counts_a_case_once():
    items = (
        Finding("reader-note", "note", "a", "unit not stated: read as mm"),
        Finding("reader-note", "note", "b", "unit not stated: read as mm"),
        Finding("reader-note", "note", "b", "unit metre converted to mm"),
        Finding("outside", "error", "a", "landmark 'apex' lies 3.5 mm outside (2 of 6 are).", "Swap the columns."),
        Finding("outside", "error", "b", "landmark 'base' lies 12.0 mm outside.", "Swap the columns."),
        Finding("outside", "error", "b", "landmark 'tip' lies 1.0 mm outside.", "Swap the columns."),
        Finding("outside", "error", "c", "landmark 'tip' lies 1.0 mm outside.", "Correct the point."),
        Finding("bad", "warning", "anna", "/scans/anna.mrk.json: point 3 'x': no label", ""),
        Finding("bad", "warning", "bea 2", "/scans/bea 2.mrk.json: point 5 'y': no label", ""),
    )
    assert summarize(items) == [
        ("error", "outside", "a, b", f"{items[3].message} (the first of 3 remarks)", "Swap the columns."),
        ("error", "outside", "c", items[6].message, "Correct the point."),
        ("warning", "bad", "anna, bea 2", f"{items[7].message} (the first of 2 remarks)", ""),
        ("note", "reader-note", "a, b", items[0].message, ""),
        ("note", "reader-note", "b", items[2].message, ""),
    ]


def test_a_rule_that_says_ever_other_things_does_not_fill_the_table():
    items = [Finding("r", "note", f"c{n}", f"the {'very ' * n}end", "") for n in range(9)]
    rows = summarize(items)
    assert len(rows) == 5 and [row[2] for row in rows[:2]] == ["c0", "c1"]
    assert rows[-1][2:4] == ("c4, c5, c6, c7 and 1 more", f"{items[4].message} (and 4 other remarks)")


def test_what_is_said_of_each_case_by_its_name_is_one_row():
    items = [Finding("r", "note", f"c {n}", f"c {n}: c {n}.png is no c {n}{n}") for n in range(50)]
    assert summarize(items)[0][3] == "c 0: c 0.png is no c 00 (the first of 50 remarks)"


ODD = {"rule": "r", "severity": "note", "case": None, "message": "m"}


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"version": 2},
        {"version": 1, "findings": [{"x": 1}]},
        {"version": 1, "findings": [ODD | {"severity": "fatal"}]},
        {"version": 1, "findings": [ODD | {"case": ["c1"]}]},
        {"version": 1, "findings": [ODD | {"message": None}]},
        {"version": 1, "findings": [], "facts": []},
        {"version": 1, "findings": [], "facts": {"c1": 3}},
    ],
)
def test_a_file_of_another_kind_is_not_findings(tmp_path, content):
    (tmp_path / "f.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"f\.json"):
        read_findings(tmp_path / "f.json")
