"""Columns of a table: read, encoded, answered; every bad cell is said."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from crooked import upright_frame
from tiny_scans import write_scan

from pipeline.data.collect_values import by_view, collect_images, with_values
from pipeline.data.columns import Column, as_cell, parse
from pipeline.data.dataset import Case, Dataset, read_dataset, write_dataset
from pipeline.data.encoders import LONGEST, Encoder, encoder_of
from pipeline.data.errors_csv import values_errors_csv
from pipeline.data.fit_encoders import fit_asked, fit_encoder, fit_encoders
from pipeline.data.inputs import Inputs, inputs_of
from pipeline.data.scan_ids import ids_by_file
from pipeline.data.value_predictions import (
    ValueAnswer,
    ValuePredictions,
    read_value_predictions,
    write_value_predictions,
)
from pipeline.data.values_csv import find_table, read_values, write_values_csv
from pipeline.errors import DataError
from pipeline.inference.beside import Beside, beside_dataset, beside_scans
from pipeline.tasks.names import clash

AGE, PRICE = Column("age", "number"), Column("price", "logarithm")
SEX, TAGS, TITLE = Column("sex", "class"), Column("tags", "labels"), Column("title", "text")


def folder(tmp_path, table="image,age,sex\na.png,3,f\nb.png,4,m\nc.png,5,f\n", names=("a", "b", "c")):
    from PIL import Image

    (tmp_path / "images").mkdir()
    for number, name in enumerate(names):
        Image.fromarray(np.full((4, 4), 40 * number, np.uint8)).save(tmp_path / "images" / f"{name}.png")
    (tmp_path / "labels.csv").write_text(table)
    return tmp_path


@pytest.mark.parametrize("cell", ["", " ", "NA", "nan", "?"])
def test_an_empty_cell_is_missing_and_no_fault(cell):
    assert parse(AGE, cell) is None and parse(TAGS, cell) is None


@pytest.mark.parametrize("labels", [(), ("NA",), ("nan",), ("?",), ("NA", "b"), ("b",)])
def test_labels_come_back_from_a_cell_whatever_they_are_called(labels):
    assert parse(TAGS, as_cell(labels)) == labels


@pytest.mark.parametrize(("column", "cell"), [(AGE, "old"), (AGE, "inf"), (AGE, "1_0"), (PRICE, "0"), (PRICE, "-3")])
def test_a_cell_that_cannot_be_a_value_is_said(column, cell):
    with pytest.raises(DataError, match=f"column '{column.name}'.*{cell}"):
        parse(column, cell)


def test_the_table_is_the_one_with_all_columns(tmp_path):
    (tmp_path / "one.csv").write_text("image,age\n")
    (tmp_path / "two.csv").write_text("image,age,sex\n")
    assert find_table(tmp_path, [AGE, SEX]).name == "two.csv"
    with pytest.raises(DataError, match=r"one.csv, two.csv all have age; choose with data.table="):
        find_table(tmp_path, [AGE])
    assert find_table(tmp_path, [AGE], "one.csv").name == "one.csv"
    with pytest.raises(DataError, match=r"price: one.csv lacks price; it has image, age"):
        find_table(tmp_path, [PRICE])


@pytest.mark.parametrize("asked", ["Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"])
@pytest.mark.parametrize("heading", ["Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"])
def test_a_heading_is_the_column_that_looks_the_same(tmp_path, asked, heading):
    path, column = tmp_path / "t.csv", Column(asked, "number")
    path.write_text(f"image,{heading},{heading} mm\na.png,3,9\n", encoding="utf-8")
    assert find_table(tmp_path, [column]) == path and read_values(path, [column]).rows == {"a.png": {asked: 3.0}}
    encoder = fit_encoder(column, [1.0, 5.0])
    known = beside_scans({"a": tmp_path / "a.png"}, Inputs((encoder,)), path)[1]
    assert known["a"].values == {asked: 3.0}
    written = Dataset("d", tmp_path, (), (Case("a", "a", "a.png", {}, values={heading: 3.0}),), "px", inputs=(column,))
    write_dataset(written, tmp_path / "dataset.json")
    assert read_dataset(tmp_path / "dataset.json").cases[0].values == {asked: 3.0}
    write_dataset(replace(written, inputs=(Column(heading, "number"),)), tmp_path / "dataset.json")
    assert beside_dataset(tmp_path / "dataset.json", None, (), (encoder,))[1] == {"a": Beside({asked: 3.0})}
    path.write_text("image,Gr\u00f6\u00dfe,Gro\u0308\u00dfe\na.png,3,4\n", encoding="utf-8")
    with pytest.raises(DataError, match="stands there twice"):
        read_values(path, [column])
    assert "is named twice" in str(clash([column], [Column("Gr\u00f6\u00dfe", "number")], {}, "attributes"))


def test_tables_that_cannot_be_read_are_passed_over_and_named_where_none_fits(tmp_path):
    (tmp_path / "labels.csv").write_text("image,age\n")
    (tmp_path / "._labels.csv").write_bytes(b"\x00\x05\x16\x07\x00\xb0,age")  # as macOS writes them
    (tmp_path / "notes.csv").write_bytes("größe,age\n".encode("latin-1"))
    assert find_table(tmp_path, [AGE]).name == "labels.csv"
    with pytest.raises(DataError, match=r"labels\.csv lacks price(?s:.*)notes\.csv: cannot be read as a table") as told:
        find_table(tmp_path, [PRICE])
    assert "._labels" not in str(told.value)
    with pytest.raises(DataError, match=r"notes\.csv: cannot be read as a table"):
        find_table(tmp_path, [AGE], "notes.csv")
    with pytest.raises(DataError, match=r"label\.csv: no such file, though data\.table names it\. .*'labels\.csv'"):
        find_table(tmp_path, [AGE], "label.csv")


def test_rows_meet_their_images_and_every_mismatch_is_said(tmp_path):
    table = "image,age,sex\na.png,3,f\nb.png,old,m\nd.png,5,f\ne.png,6,f\n"
    data, findings = collect_images(folder(tmp_path, table, ("a", "b", "c", "e", "f", "g")), "faces")
    (tmp_path / "labels.csv").write_text(table + "f.png,,f\ng.png,7,\n")
    data = with_values(data, findings, (SEX,), (AGE,))
    assert {c.id: c.values for c in data.cases} == {
        "a": {"sex": "f", "age": 3.0},
        "e": {"sex": "f", "age": 6.0},
        "f": {"sex": "f"},
        "g": {"age": 7.0},
    }
    assert {(f.rule, f.severity, f.case) for f in findings} == {
        ("bad-value", "error", "b"),
        ("no-values", "warning", "c"),
        ("no-scan", "warning", "d.png"),
    }
    assert "labels.csv: row 3: column 'age': 'old' is no number" in next(f.message for f in findings if f.case == "b")


def test_a_second_row_of_a_case_is_an_error_of_it(tmp_path):
    (tmp_path / "t.csv").write_text("image,age\na.png,3\na.png,4\n")
    assert "a second row of 'a.png'" in read_values(tmp_path / "t.csv", [AGE]).problems["a.png"][0]


def test_rows_under_two_names_of_an_image_are_an_error_of_it(tmp_path):
    data, findings = collect_images(folder(tmp_path, names="abcd"), "v")
    (tmp_path / "labels.csv").write_text("image,age\na.png,3\na,4\nb,5\nc,6\nd,7\n")
    assert [c.id for c in with_values(data, findings, (), (AGE,)).cases] == ["b", "c", "d"]
    assert findings[0].message == "there are two rows of it, 'a.png' and 'a'."


@pytest.mark.parametrize("head", ["id", "name", "file"])
def test_a_number_in_front_that_names_other_images_does_not_say_whose_a_row_is(tmp_path, head):
    data, findings = collect_images(folder(tmp_path, names="123"), "v")
    (tmp_path / "labels.csv").write_text(f"{head},image,age\n1,3.png,30\n2,2.png,20\n3,1.png,10\n")
    told = with_values(data, findings, (), (AGE,)).cases
    assert {c.id: c.values["age"] for c in told} == {"1": 10.0, "2": 20.0, "3": 30.0}


@pytest.mark.parametrize("number", ["id", "case", "name"])
@pytest.mark.parametrize("file", ["image", "File", "filename"])
@pytest.mark.parametrize("in_front", [False, True])
def test_a_file_says_whose_a_row_is_where_a_number_beside_it_names_as_many(tmp_path, number, file, in_front):
    data, findings = collect_images(folder(tmp_path, names="123"), "v")
    rows = [(number, file, "age"), ("1", "3.png", "30"), ("2", "2.png", "20"), ("3", "1.png", "10")]
    ordered = [row if in_front else (row[1], row[0], row[2]) for row in rows]
    (tmp_path / "labels.csv").write_text("".join(",".join(row) + "\n" for row in ordered))
    told = with_values(data, findings, (), (AGE,)).cases
    assert {c.id: c.values["age"] for c in told} == {"1": 10.0, "2": 20.0, "3": 30.0}


@pytest.mark.parametrize("place", ["/home/ann/faces/", "C:\\faces\\"])
def test_files_of_another_machine_beside_numbers_of_other_images_are_refused(tmp_path, place):
    data, findings = collect_images(folder(tmp_path, names="123"), "v")
    rows = ["image,id,age", f"{place}3.png,1,30", f"{place}2.png,2,20", f"{place}1.png,3,10"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"row 2: id '1' is image 1, image '.*3.png' looks like 3\. Correct"):
        with_values(data, findings, (), (AGE,))


@pytest.mark.parametrize("heading", ["file", "image"])
def test_numbers_of_another_kind_are_no_files(tmp_path, heading):
    data, findings = collect_images(folder(tmp_path, names="123"), "v")
    (tmp_path / "labels.csv").write_text(f"case,{heading},age\n1,2,10\n2,2,20\n3,7,30\n")  # how many images, say
    told = with_values(data, findings, (), (AGE,)).cases
    assert {c.id: c.values["age"] for c in told} == {"1": 10.0, "2": 20.0, "3": 30.0}


@pytest.mark.parametrize("named", ["one/f.png", "one/f", "images/one/f.png", "one_f"])
def test_pictures_in_folders_are_named_by_the_way_from_the_folder_of_images_too(tmp_path, named):
    scans = {
        "one_f": tmp_path / "images/one/f.png",
        "two_f": tmp_path / "images/two/f.png",
        "g": tmp_path / "images/g.png",
    }
    (tmp_path / "t.csv").write_text(f"image,age\n{named},30\ng.png,40\n")
    assert list(read_values(tmp_path / "t.csv", [AGE], ids_by_file(scans, tmp_path)).rows) == ["one_f", "g"]


def test_a_way_that_two_scans_have_from_two_folders_names_neither(tmp_path):
    scans = {"a": tmp_path / "images/one/f.png", "b": tmp_path / "one/f.png"}
    assert "one/f.png" not in ids_by_file(scans, tmp_path) and ids_by_file(scans, tmp_path)["images/one/f.png"] == "a"


def test_folders_in_the_source_are_named_by_the_column_that_names_them(tmp_path):
    scans = {name: tmp_path / name for name in ("P1", "P2", "P3")}
    (tmp_path / "t.csv").write_text("name,id,age\nP1,101,30\nP2,102,40\nP3,103,50\n")
    assert list(read_values(tmp_path / "t.csv", [AGE], ids_by_file(scans, tmp_path)).rows) == ["P1", "P2", "P3"]


def test_of_several_columns_the_one_that_names_most_images_says_whose_a_row_is(tmp_path):
    data, findings = collect_images(folder(tmp_path), "v")
    (tmp_path / "labels.csv").write_text("image,name,File,age\nface,ann,a.png,3\nface,a,b.png,4\nface,cid,c.png,5\n")
    told = with_values(data, findings, (), (AGE,)).cases
    assert {c.id: c.values["age"] for c in told} == {"a": 3.0, "b": 4.0, "c": 5.0} and not findings


@pytest.mark.parametrize(("line", "problem"), [("a.png,1,203", "3 cells under 2 headings"), ("a.png,3,", None)])
def test_a_row_that_a_comma_has_shifted_is_an_error_of_its_case(tmp_path, line, problem):
    (tmp_path / "t.csv").write_text(f"image,age\n{line}\n")
    told = read_values(tmp_path / "t.csv", [AGE]).problems
    assert problem in told["a.png"][0] if problem else not told


@pytest.mark.parametrize(("delimiter", "called"), [(";", "semicolon"), ("\t", "tab"), ("|", "'|'")])
def test_a_row_with_a_cell_too_many_is_told_by_what_parts_the_cells_of_its_table(tmp_path, delimiter, called):
    """A comma in quotes would not help there."""
    lines = [f"sep={delimiter}", "image,age", "a.png,1,,left", "b.png,2"]
    (tmp_path / "t.csv").write_text("\n".join(lines).replace(",", delimiter))
    told = read_values(tmp_path / "t.csv", [AGE]).problems["a.png"][0]
    assert f"4 cells under 2 headings, 'left' under none; put text with a {called} in quotes, or remove" in told


def test_tables_with_semicolons_are_read_and_a_heading_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("image;age\n\na.png;3\n")
    assert read_values(tmp_path / "t.csv", [AGE]).rows == {"a.png": {"age": 3.0}}
    (tmp_path / "t.csv").write_text("sep=;\nimage;age;sex\n1,5;3,25;1,5\n")
    assert read_values(tmp_path / "t.csv", [AGE, SEX]).rows == {"1,5": {"age": 3.25, "sex": "1,5"}}
    (tmp_path / "t.csv").write_text("image;age\na.png;1,023\nb.png;3.5\n")  # of thousands, perhaps
    assert "'1,023' is no number. Leave it empty where" in read_values(tmp_path / "t.csv", [AGE]).problems["a.png"][0]
    (tmp_path / "t.csv").write_text('image,age\na.png,"1,023"\nb.png,7\n')
    assert "Write a point: a comma is read as one only" in read_values(tmp_path / "t.csv", [AGE]).problems["a.png"][0]
    (tmp_path / "t.csv").write_text('image,age\na.png,"1,023"\nb.png,"3,5"\n')
    assert read_values(tmp_path / "t.csv", [AGE]).rows == {"a.png": {"age": 1.023}, "b.png": {"age": 3.5}}
    (tmp_path / "t.csv").write_text("image,note,age,note\na.png,x,3,y\n")
    assert read_values(tmp_path / "t.csv", [AGE]).rows == {"a.png": {"age": 3.0}}  # nobody asks for the notes
    (tmp_path / "t.csv").write_text("image,age,age\na.png,3,4\n")
    with pytest.raises(DataError, match="the heading 'age' stands there twice"):
        read_values(tmp_path / "t.csv", [AGE])


@pytest.mark.parametrize("behind", ["", 'c.png,"5"\n'])
def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path, behind):
    (tmp_path / "t.csv").write_text(f'image,age\na.png,3\n"b.png,4\n{behind}')
    with pytest.raises(DataError, match=r"t\.csv: row 3: not readable as CSV"):
        read_values(tmp_path / "t.csv", [AGE])


def test_none_is_a_word_and_no_number():
    assert parse(SEX, "none") == "none" and parse(TAGS, "none|a") == ("none", "a")
    assert [
        parse(column, word) for column, word in ((AGE, "none"), (SEX, ""), (SEX, "NA"), (SEX, "n/a"), (TAGS, " "))
    ] == [None] * 5


def test_words_that_look_the_same_are_one_word_however_their_accents_are_written():
    one, other = "s\u00e9v\u00e8re", "se\u0301ve\u0300re "
    assert parse(SEX, other) == parse(SEX, one) == one
    assert parse(TAGS, f"{other}|{one}x") == (one, f"{one}x")


@pytest.mark.parametrize("column", [SEX, TAGS])
def test_a_model_of_words_with_accents_apart_knows_those_of_a_table_of_now(column):
    early = Encoder(column, words=("se\u0301ve\u0300re", "sure"))
    encoder = encoder_of(json.loads(json.dumps(asdict(early))))
    value = parse(column, "s\u00e9v\u00e8re")
    assert encoder.value(encoder.encode(value)) == value == encoder.answer(np.array([0.9, 0.1])).value


def test_a_case_may_have_several_images_and_only_the_first_is_needed(tmp_path):
    paths = {name: tmp_path / f"{name}.png" for name in ("1_front", "1_back", "2_front", "3_back", "cover")}
    main, others = by_view(paths, {"front": "{id}_front", "back": "{id}_back"})
    assert sorted(main) == ["1", "2"]
    assert others["1"] == {"back": paths["1_back"]} and others["2"] == {}
    with pytest.raises(DataError, match=r"write \{id\} once"):
        by_view(paths, {"front": "front"})
    with pytest.raises(DataError, match="no image is called so"):
        by_view(paths, {"side": "{id}_side"})


@pytest.mark.parametrize("views", [{"front": "{id}", "side": "{id}_side"}, {"side": "{id}_side", "front": "{id}"}])
def test_an_image_is_of_the_view_whose_name_says_most(tmp_path, views):
    paths = {name: tmp_path / f"{name}.png" for name in ("a", "a_side", "b")}
    main, others = by_view(paths, views)
    first, other = views
    assert main == ({"a": paths["a"], "b": paths["b"]} if first == "front" else {"a": paths["a_side"]})
    assert others["a"] == {other: paths["a_side" if other == "side" else "a"]} and "a_side" not in others


def test_views_of_two_folders_are_not_mixed(tmp_path):
    names = ("A/1_front", "B/1_front", "A/1_back", "B/2_front")
    paths = {name.replace("/", "_"): tmp_path / f"{name}.png" for name in names}
    views = {"front": "{id}_front", "back": "{id}_back"}
    with pytest.raises(DataError, match=r"B/1_front\.png: 'front' of case '1', and so is .*A/1_front\.png"):
        by_view(paths, views)
    del paths["B_1_front"]
    assert by_view(paths, views)[1]["1"] == {"back": paths["A_1_back"]}


def test_views_of_a_case_meet_however_the_accents_of_their_names_are_written(tmp_path):
    composed, apart = "\u00e9", "e\u0301"
    paths = {name: tmp_path / f"{name}.png" for name in (f"{composed}_frontal", f"{apart}_ku\u0308che", "2_frontal")}
    main, others = by_view(paths, {"front": "{id}_frontal", "kitchen": "{id}_k\u00fcche"})
    assert sorted(main) == ["2", composed] and others[composed] == {"kitchen": paths[f"{apart}_ku\u0308che"]}
    assert by_view(paths, {"kitchen": "{id}_k\u00fcche", "front": "{id}_frontal"})[0].keys() == {apart}
    paths[f"{apart}_frontal"] = tmp_path / f"{apart}_frontal.png"
    with pytest.raises(DataError, match=r"'e\\u0301_frontal\.png'\. Give images of two cases two names"):
        by_view(paths, {"front": "{id}_frontal"})


def test_images_that_are_of_no_case_are_told(tmp_path):
    names = ("1_front", "2_front", "3_front", "1_back", "4_back", "5_fornt")
    data, findings = collect_images(folder(tmp_path, names=names), "v", None, {"x": "{id}_front", "y": "{id}_back"})
    assert [c.id for c in data.cases] == ["1", "2", "3"]
    assert [(f.rule, f.severity, f.case) for f in findings] == [
        ("no-first-view", "warning", "4_back"), ("no-view", "note", "5_fornt")
    ]  # fmt: skip
    assert "4_back.png is of a case that has no image called like the first" in findings[0].message


def test_the_manifest_keeps_values_columns_and_images(tmp_path):
    data, findings = collect_images(
        folder(tmp_path, names=("a_x", "b_x", "c_x", "a_y")), "v", None, {"x": "{id}_x", "y": "{id}_y"}
    )
    (tmp_path / "labels.csv").write_text("id,age,sex,tags\na,3,f,p|q\nb,4,m,\nc,5,f,q\n")
    data = with_values(data, findings, (SEX, TAGS), (AGE,))
    write_dataset(data, tmp_path / "dataset.json")
    read = read_dataset(tmp_path / "dataset.json")
    assert (read.cases, read.inputs, read.outputs, read.views) == (data.cases, data.inputs, data.outputs, data.views)
    assert [c.id for c in read.with_pictures().cases] == ["a", "b", "c", "a/y"]


def test_folders_say_whose_an_image_is_unless_a_table_does(tmp_path):
    from PIL import Image

    for person in ("ann", "bob", "cid"):
        (tmp_path / person).mkdir()
        for number in (1, 2):
            Image.fromarray(np.full((4, 4), 9 * number, np.uint8)).save(tmp_path / person / f"{number}.png")
    data, _ = collect_images(tmp_path, "faces", by_folder=True)
    assert {c.id: c.subject for c in data.cases} == {f"{p}_{n}": p for p in ("ann", "bob", "cid") for n in (1, 2)}
    (tmp_path / "subjects.csv").write_text("case,subject\nann_1,bob\n")
    assert (
        next(c for c in collect_images(tmp_path, "faces", by_folder=True)[0].cases if c.id == "ann_1").subject == "bob"
    )


def test_folders_of_one_name_do_not_say_whose_an_image_is(tmp_path):
    from PIL import Image

    places = [tmp_path / who / when for who in ("ann", "bob") for when in ("s1", "s2")]
    for number, place in enumerate(places):
        place.mkdir(parents=True)
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(place / f"{number}.png")
    with pytest.raises(DataError, match="have the same name: is that one subject, or two"):
        collect_images(tmp_path, "faces", by_folder=True)
    (tmp_path / "subjects.csv").write_text("case,subject\n0,ann\n1,ann\n2,bob\n3,cid\n")
    data, _ = collect_images(tmp_path, "faces", by_folder=True)
    assert [c.subject for c in data.cases] == ["ann", "ann", "bob", "cid"]


def test_folders_whose_names_look_the_same_are_one_subject_or_are_asked_about(tmp_path):
    from PIL import Image

    composed, apart = "Jos\u00e9", "Jose\u0301"
    for number, person in enumerate((composed, apart, "bob", "cid")):
        (tmp_path / person).mkdir()
        Image.fromarray(np.full((4, 4), 9 * number, np.uint8)).save(tmp_path / person / f"{number}.png")
    with pytest.raises(DataError, match=r"Jose\\u0301.*: is that one subject, or two"):
        collect_images(tmp_path, "faces", by_folder=True)
    (tmp_path / "subjects.csv").write_text(f"case,subject\n1,{composed}\n0,{apart}\n", encoding="utf-8")
    cases = collect_images(tmp_path, "faces", by_folder=True)[0].cases
    assert len({c.subject for c in cases}) == 3


def test_images_beside_folders_show_others_than_the_folders(tmp_path):
    from PIL import Image

    for number, name in enumerate(("ann/1.png", "ann/2.png", "bob/1.png", "x.png", "y.png")):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(tmp_path / "images" / name)
    data, _ = collect_images(tmp_path, "faces", by_folder=True)
    assert {c.id: c.subject for c in data.cases} == {
        "ann_1": "ann", "2": "ann", "bob_1": "bob", "x": "x", "y": "y"
    }  # fmt: skip


@pytest.mark.parametrize("by_folder", [False, True])
def test_scans_of_one_name_in_a_folder_each_are_called_by_it(tmp_path, by_folder):
    voxels = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    for place in "abc":
        write_scan(tmp_path / place / "ct.nii", voxels, upright_frame(voxels.shape))
    data, _ = collect_images(tmp_path, "scans", by_folder=by_folder)
    assert {c.id: c.subject for c in data.cases} == {f"{p}_ct": p if by_folder else f"{p}_ct" for p in "abc"}
    write_scan(tmp_path / "ct.nii", voxels, upright_frame(voxels.shape))
    with pytest.raises(DataError, match=r"0 usable cases.*\n  duplicate-case, ct: a.ct\.nii and .* have the same id"):
        collect_images(tmp_path, "scans", by_folder=by_folder)


def test_one_folder_of_images_shows_as_many_subjects(tmp_path):
    data, _ = collect_images(folder(tmp_path), "faces", by_folder=True)
    assert [c.subject for c in data.cases] == [c.id for c in data.cases]


def test_numbers_are_told_in_their_own_unit():
    encoder = fit_encoder(PRICE, [10.0, 1000.0])
    assert encoder.encode(100.0).tolist() == pytest.approx([0.0], abs=1e-6)
    for value in (10.0, 250.0):
        assert encoder.value(encoder.encode(value)) == pytest.approx(value, rel=1e-5)
    answer = encoder.answer(np.array([0.0]), margin=1.0)
    assert (answer.low, answer.value, answer.high) == (pytest.approx(10.0), pytest.approx(100.0), pytest.approx(1000.0))


def test_words_are_numbered_and_strangers_are_missing():
    sex, tags = fit_encoder(SEX, ["m", "f", "m"]), fit_encoder(TAGS, [("a", "c"), ("b",)])
    assert sex.words == ("f", "m") and sex.encode("m").tolist() == [1.0] and np.isnan(sex.encode("x")).all()
    assert tags.encode(("c", "zzz")).tolist() == [0.0, 0.0, 1.0] and np.isnan(tags.encode(None)).all()
    assert np.isnan(tags.encode(("zzz", "q"))).all() and tags.encode(()).tolist() == [0.0] * 3  # none is an answer
    assert tags.value(tags.encode(("a", "c"))) == ("a", "c")
    assert sex.answer(np.array([0.3, 0.7])).value == "m"
    assert tags.answer(np.array([0.9, 0.2, 0.6])).value == ("a", "c")


def test_texts_are_numbers_of_words_seen_twice_and_end_with_noughts():
    encoder = fit_encoder(TITLE, ["The War", "the peace", "War!"])
    assert encoder.words == ("the", "war")
    assert encoder.encode("War of the worlds").tolist() == [3.0, 1.0, 2.0, 1.0] + [0.0] * (LONGEST - 4)
    assert len(encoder.encode("the " * 99)) == LONGEST


def test_a_column_without_a_value_cannot_be_learned():
    with pytest.raises(DataError, match="no training case has a value"):
        fit_encoder(AGE, [])
    with pytest.raises(DataError, match="column 'tags': no training case has a label"):
        fit_encoder(TAGS, [(), ()])


@pytest.mark.parametrize("column", [AGE, PRICE])
@pytest.mark.parametrize("values", [[0.1] * 7, [0.1 * 3, 0.3] * 5, [1.0, 1 + 2e-16], [1e9 / 3] * 30])
def test_a_given_column_that_is_always_the_same_makes_no_number_large(column, values):
    encoder = fit_encoder(column, values)
    assert encoder.sd == 1.0 and abs(encoder.encode(values[0])[0]) < 1e-6


@pytest.mark.parametrize(
    ("column", "values", "typed", "read"),
    [
        (AGE, [20.0, 40.0, 60.0], 75.0, 75.0),
        (AGE, [20.0, 40.0, 60.0], 5e4, 80.0),
        (AGE, [20.0, 40.0, 60.0], -1e300, 0.0),
        (PRICE, [10.0, 1000.0], 1e300, 1e4),
        (PRICE, [10.0, 1000.0], 1e-300, 1.0),
        (AGE, [0.3, 3 * 0.1], 100.0, 0.3),
        (PRICE, [7.0] * 3, 100.0, 7.0),
    ],
)
def test_a_given_number_is_held_to_what_training_had_widened_by_half_of_itself(column, values, typed, read):
    fitted = fit_encoders([column], [{column.name: value} for value in values])[0]
    encoder = encoder_of(json.loads(json.dumps(asdict(fitted))))
    assert encoder == fitted and encoder.read_as(typed) == pytest.approx(read, abs=1e-9)
    assert encoder.value(encoder.encode(typed)) == pytest.approx(read, rel=1e-5, abs=1e-5)
    assert all(encoder.read_as(value) == value for value in values)
    if len({*map("{:g}".format, values)}) == 1:
        assert encoder.encode(typed).tolist() == [0.0]


def test_what_is_asked_for_is_held_to_nothing():
    (encoder,) = fit_asked([AGE], [{"age": 20.0}, {"age": 60.0}])
    assert encoder.encode(5e4).tolist() == [(5e4 - 40) / 20]


def test_an_encoder_of_an_early_model_holds_nothing_and_refuses_what_no_network_can_read():
    early = asdict(Encoder(AGE, 40.0, 20.0))
    del early["seen"]
    encoder = encoder_of(early)
    assert encoder.encode(5e4).tolist() == [(5e4 - 40) / 20] and encoder.read_as(5e4) == 5e4
    with pytest.raises(DataError, match=r"column 'age': 1e\+300 is too far from what training had"):
        encoder.encode(1e300)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [(AGE, [0.3, 0.1 * 3], "0.3"), (SEX, ["f"] * 3, "f"), (TAGS, [("a", "b"), ("b", "a")], "a|b")],
)
def test_an_asked_column_that_is_always_the_same_is_refused_by_name(column, values, said):
    rows = [{column.name: value} for value in values]
    with pytest.raises(DataError, match=f"outputs: column '{column.name}': it is {re.escape(said)} of every training"):
        fit_asked([column], [*rows, {}])
    assert fit_asked([AGE, SEX], [{"age": 1.0, "sex": "f"}, {"age": 2.0, "sex": "m"}])[0].sd == 0.5


def test_inputs_survive_json_and_say_what_is_missing():
    inputs = Inputs((Encoder(AGE, 4.0, 2.0), fit_encoder(SEX, ["f", "m"])), {"x": "{id}_x", "y": "{id}_y"}, "film")
    assert inputs_of(inputs.content()) == inputs
    given = inputs.given({"age": 6.0}, {}, (1, 1, 1))
    assert given["age"].tolist() == [1.0] and np.isnan(given["sex"]).all()
    assert "x" not in given and given["y"].shape == (1, 1, 1) and np.isnan(given["y"]).all()


def test_answers_survive_their_file_and_the_table_is_one_that_is_read(tmp_path):
    sex, tags = fit_encoder(SEX, ["f", "m"]), fit_encoder(TAGS, [("a", "b")])
    said = {
        "age": Encoder(AGE, 4.0, 2.0).answer(np.array([1.0]), 0.5),
        "sex": sex.answer(np.array([0.25, 0.75])),
        "tags": tags.answer(np.array([0.75, 0.25])),
    }
    predictions = ValuePredictions("m", {"c": said}, (AGE, SEX, TAGS), failures={"d": "why"})
    write_value_predictions(predictions, tmp_path / "p.json")
    assert read_value_predictions(tmp_path / "p.json") == predictions
    write_values_csv(tmp_path / "v.csv", predictions.cases, predictions.columns)
    assert read_values(tmp_path / "v.csv", [AGE, SEX, TAGS]).rows == {"c": {"age": 6.0, "sex": "m", "tags": ("a",)}}


def test_no_label_is_told_from_nobody_knows_in_tables(tmp_path):
    answers = {"a.png": {"tags": ValueAnswer(())}, "b.png": {"tags": ValueAnswer(("p",))}}
    write_values_csv(tmp_path / "values.csv", answers, (TAGS,))
    assert read_values(tmp_path / "values.csv", [TAGS]).rows == {"a.png": {"tags": ()}, "b.png": {"tags": ("p",)}}
    cases = [Case(c, c, f"{c}.png", {}, "test", values=v) for c, v in (("a", {"tags": ()}), ("b", {}))]
    table = values_errors_csv(cases, (TAGS,), {c: {"tags": ValueAnswer(())} for c in "ab"})
    assert table.splitlines()[1:] == ["a,a,tags,|,|,,,", "b,b,tags,,|,,,"]


def test_a_number_of_eight_digits_is_written_whole(tmp_path):
    write_values_csv(tmp_path / "v.csv", {"c": {"age": ValueAnswer(20240315.0)}}, (AGE,))
    assert (tmp_path / "v.csv").read_text() == "image,age\nc,20240315\n"
