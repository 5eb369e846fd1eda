"""Stage import of values, people and boxes around landmarks; real folders need no settings but their columns."""

from itertools import product
from shutil import copy

import numpy as np
import PIL.Image
import pytest
from dicom_files import NORMAL, ORIGIN, write_slice
from real_data import real_data

from pipeline.data.collect_values import Columns
from pipeline.data.columns import Column
from pipeline.data.dataset import read_dataset
from pipeline.data.findings import FROM_IMPORT, read_findings
from pipeline.data.markups import write_markups
from pipeline.errors import ConfigError, DataError
from pipeline.stages.check import check
from pipeline.stages.import_data import import_folder

PHASE = Columns((), (Column("phase", "class"),))


@pytest.fixture
def scans(tmp_path):
    import nibabel

    folder = tmp_path / "scans"
    (folder / "images").mkdir(parents=True)
    for number in range(4):
        voxels = np.random.default_rng(number).integers(0, 99, (6, 5, 4)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), folder / f"images/c{number}.nii.gz")
        places = {"a": (-1.0, -2.0, 3.0), "b": (-4.0, -1.0, 2.0), "c": None if number == 3 else (-2.0, -3.0, 1.0)}
        write_markups(folder / f"landmarks/c{number}.mrk.json", places)
    return folder


def test_boxes_lie_around_their_landmarks_with_a_margin(scans, tmp_path):
    around = {"root": ("a", "b"), "all": ("a", "b", "c")}
    data = import_folder(scans, tmp_path / "d.json", "m", task="boxes", boxes_around=around, margin=1.5)
    assert read_dataset(tmp_path / "d.json") == data
    assert data.landmarks == () and data.classes == ("all", "root")
    root = next(b for b in data.case("c0").boxes if b.label == "root")
    assert (root.low, root.high) == ((-5.5, -3.5, 0.5), (0.5, 0.5, 4.5))
    assert [b.label for b in data.case("c3").boxes] == ["root"]  # where a landmark is absent there is no box around it


def test_boxes_around_landmarks_that_are_not_annotated_are_not_known(scans, tmp_path):
    write_markups(scans / "landmarks/c1.mrk.json", {"a": (-1.0, -2.0, 3.0)})
    write_markups(scans / "landmarks/c2.mrk.json", {"a": (-1.0, -2.0, 3.0), "c": None})
    around = {"root": ("a", "b"), "all": ("a", "b", "c")}
    data = import_folder(scans, tmp_path / "d.json", "m", task="boxes", boxes_around=around)
    assert [case.id for case in data.cases if case.boxes is None] == ["c1", "c2"]
    write_markups(scans / "landmarks/c3.mrk.json", {"a": None})  # enough to know that there is none
    data = import_folder(scans, tmp_path / "d.json", "m", task="boxes", boxes_around={"root": ("a", "b")})
    assert data.case("c3").boxes == () and read_dataset(tmp_path / "d.json").case("c3").boxes == ()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Male", "male", "male"), "'Male' (1x) and 'male' (2x)"),
        (("non smoker", "Non-Smoker", "smoker"), "'Non-Smoker' (1x) and 'non smoker' (1x)"),
        (("A-", "A", "A+"), None),
        (("-1", "1", "1_1"), None),
    ],
)
def test_words_and_classes_that_differ_in_capitals_alone_are_told_and_stay(scans, tmp_path, words, told):
    (scans / "t.csv").write_text("case,sex\n" + "".join(f"c{number},{word}\n" for number, word in enumerate(words)))
    columns = Columns(outputs=(Column("sex", "class"),))
    around = {word: ("a",) for word in words}
    for how in ({"task": "attributes", "columns": columns}, {"task": "boxes", "boxes_around": around}):
        data = import_folder(scans, tmp_path / "d.json", "m", **how)
        found = [f for f in read_findings(tmp_path / "import.json").items if f.rule == "spelling"]
        assert [f.severity for f in found] == ["warning"] * (told is not None)
        if how["task"] == "boxes":
            assert set(data.classes) == set(words)
        else:
            assert {c.values["sex"] for c in data.cases} == set(words) and (not told or told in found[0].message)


def test_several_boxes_around_landmarks_are_no_question_for_one_object(scans, tmp_path):
    around = {"root": ("a", "b"), "all": ("a", "b", "c")}
    with pytest.raises(DataError, match="3 cases show several things, the first c0: use task=boxes"):
        import_folder(scans, tmp_path / "d.json", "m", task="one_object", boxes_around=around)
    data = import_folder(scans, tmp_path / "d.json", "m", task="one_object", boxes_around={"root": ("a", "b")})
    assert [len(case.boxes) for case in data.cases] == [1] * 4


def test_a_box_around_a_landmark_that_there_is_not_is_refused(scans, tmp_path):
    with pytest.raises(ConfigError, match=r"boxes_around: no landmark 'z'; there are a, b, c"):
        import_folder(scans, tmp_path / "d.json", "m", task="boxes", boxes_around={"root": ("a", "z")})
    with pytest.raises(ConfigError, match=r"boxes_around\.root=\[\]: name the landmarks"):
        import_folder(scans, tmp_path / "d.json", "m", task="boxes", boxes_around={"root": ()})


def test_landmarks_and_values_come_together(scans, tmp_path):
    (scans / "table.csv").write_text("case,phase\nc0,early\nc1,late\nc2,early\nc3,\n")
    columns = Columns((), (Column("phase", "class"),))
    data = import_folder(scans, tmp_path / "d.json", "m", task="multi", columns=columns)
    assert data.landmarks == ("a", "b", "c") and [c.values.get("phase") for c in data.cases] == [
        "early",
        "late",
        "early",
        None,
    ]


def test_what_is_not_known_of_a_case_masks_that_part_alone(scans, tmp_path):
    """Of c1 no landmark is known, of c2 no value, of c4 nothing."""
    (scans / "landmarks/c1.mrk.json").unlink()
    copy(scans / "images/c0.nii.gz", scans / "images/c4.nii.gz")
    rows = ("c0.nii.gz,early", "c1.nii.gz,late", "c3.nii.gz,", "c4.nii.gz,", "c9.nii.gz,late")
    (scans / "table.csv").write_text("\n".join(("image,phase", *rows)))
    data = import_folder(scans, tmp_path / "d.json", "m", task="multi", columns=PHASE)
    assert read_dataset(tmp_path / "d.json") == data
    assert {c.id: (len(c.landmarks), c.values) for c in data.cases} == {
        "c0": (3, {"phase": "early"}),
        "c1": (0, {"phase": "late"}),
        "c2": (3, {}),
        "c3": (3, {}),
    }
    assert told(tmp_path) == {
        ("no-landmarks", "note", "c1"),
        ("no-landmarks", "note", "c4"),
        ("no-values", "note", "c2"),
        ("nothing-known", "warning", "c4"),
        ("no-scan", "warning", "c9.nii.gz"),
    }


@pytest.mark.parametrize(("unlisted", "bare"), [("left_out", {}), ("absent", {"a": None})])
def test_images_without_coordinates_are_not_annotated_unless_they_are_said_to_show_nothing(tmp_path, unlisted, bare):
    for number in range(5):
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8), np.uint8)
        PIL.Image.fromarray(pixels).save(tmp_path / f"c{number}.png")
    (tmp_path / "landmarks.csv").write_text("case,a_x,a_y\nc0,1,2\nc1,3,4\nc2,5,6\nc3,,\n")
    (tmp_path / "table.csv").write_text("case,phase\n" + "".join(f"c{number},early\n" for number in range(5)))
    out = tmp_path / "run" / "d.json"
    data = import_folder(tmp_path, out, "m", task="multi", columns=PHASE, unlisted=unlisted, missing="absent")
    assert [c.landmarks for c in data.cases] == [{"a": (1, 2)}, {"a": (3, 4)}, {"a": (5, 6)}, bare, bare]


def test_landmarks_of_no_scan_are_an_error_though_more_is_known_of_it(scans, tmp_path):
    for number in range(4):
        (scans / f"landmarks/c{number}.mrk.json").rename(scans / f"landmarks/x{number}.mrk.json")
    (scans / "table.csv").write_text("case,phase\nc0,early\nc1,late\nc2,early\nc3,late\n")
    with pytest.raises(DataError, match="none of 4 scans has a landmark"):
        import_folder(scans, tmp_path / "d.json", "m", task="multi", columns=PHASE)


def test_a_row_of_an_image_that_is_left_out_has_an_image(scans, tmp_path):
    (scans / "landmarks/c1.mrk.json").unlink()
    rows = [f"c{number}.nii.gz,early" for number in (0, 1, 2, 3, 9)]
    (scans / "table.csv").write_text("\n".join(("image,phase", *rows)))
    data = import_folder(scans, tmp_path / "d.json", "m", columns=Columns(PHASE.outputs))
    assert [c.id for c in data.cases] == ["c0", "c2", "c3"]
    assert told(tmp_path) == {("no-landmarks", "warning", "c1"), ("no-scan", "warning", "c9.nii.gz")}


def told(folder):
    return {(f.rule, f.severity, f.case) for f in read_findings(folder / FROM_IMPORT).items}


@pytest.mark.parametrize("task", ["embedding", "attributes"])
def test_one_of_several_series_is_taken_as_asked(tmp_path, task):
    source = tmp_path / "in"
    for number in (1, 2, 3):
        place = source / f"P{number}" / "CT"
        place.mkdir(parents=True)
        for index, uid in product(range(5), ("1.2.3", "1.2.4")):
            pixels = np.random.default_rng([number, index]).integers(0, 99, (5, 6)).astype(np.int16)
            tags = {"SeriesInstanceUID": uid}
            write_slice(place / f"{uid}-{index}.dcm", index, pixels, ORIGIN + index * NORMAL, **tags)
    (source / "t.csv").write_text("case,age\nP1_CT_1.2.4,3\nP2_CT_1.2.4,4\nP3_CT_1.2.4,5\n")
    columns = Columns((), (Column("age", "number"),)) if task == "attributes" else None
    data = import_folder(source, tmp_path / "d.json", "m", task=task, series=["1.2.4"], columns=columns)
    assert [(c.id, c.image) for c in data.cases] == [(f"P{n}_CT_1.2.4", f"P{n}/CT/1.2.4") for n in (1, 2, 3)]
    whose = ["P1", "P2", "P3"] if task == "embedding" else [c.id for c in data.cases]
    assert [c.subject for c in data.cases] == whose
    assert not [f for f in check(tmp_path / "d.json", tmp_path / "f.json", workers=0) if f.severity == "error"]


@pytest.mark.parametrize(
    ("name", "columns", "cases", "values"),
    [
        ("utkface_mini", Columns((), (Column("age", "number"), Column("gender", "class"))), 900, {"age", "gender"}),
        ("movie_posters", Columns((Column("title", "text"),), (Column("genres", "labels"),)), 780, {"title", "genres"}),
        (
            "houses",
            Columns(
                (Column("zipcode", "class"),),
                (Column("price_usd", "logarithm"),),
                views={"frontal": "{id}_frontal", "kitchen": "{id}_kitchen"},
            ),
            380,
            {"zipcode", "price_usd"},
        ),
    ],
)
def test_real_tables_meet_their_images(tmp_path, name, columns, cases, values):
    data = import_folder(real_data(name), tmp_path / "d.json", name, task="attributes", columns=columns)
    assert len(data.cases) >= cases and set(data.cases[0].values) == values
    if columns.views:
        assert all(set(c.pictures) == {"kitchen"} for c in data.cases)


def test_people_of_a_real_folder_are_apart(tmp_path):
    data = import_folder(real_data("faces_att"), tmp_path / "d.json", "att", task="embedding")
    people = [{c.subject for c in data.part(part)} for part in ("train", "validation", "test")]
    assert sum(map(len, people)) == len(set.union(*people)) >= 30
    assert len(data.cases) == 10 * len(set.union(*people))


def test_codes_take_the_place_of_names_of_all_images(tmp_path):
    folder = tmp_path / "visits"
    (folder / "images").mkdir(parents=True)
    for name in ("ann", "bob", "cid"):
        for view in ("front", "back"):
            pixels = np.random.default_rng(len(name)).integers(0, 255, (6, 6)).astype(np.uint8)
            PIL.Image.fromarray(pixels).save(folder / "images" / f"{name}_{view}.png")
    (folder / "t.csv").write_text("id,age\nann,3\nbob,4\ncid,5\n")
    columns = Columns((), (Column("age", "number"),), views={"front": "{id}_front", "back": "{id}_back"})
    out = tmp_path / "run" / "dataset.json"
    data = import_folder(folder, out, "m", task="attributes", columns=columns, pseudonyms=True)
    assert all(len(c.pictures) == 1 for c in data.cases)
    assert not any(name in out.read_text() for name in ("ann", "bob", "cid"))
    assert all((data.root / path).is_file() for c in data.cases for path in (c.image, *c.pictures.values()))
