"""Boxes in the formats of other programs: what is written is read again, and half a pixel is not lost."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import PIL.Image
import pytest

from pipeline.data.box_rules import check_boxes, usable_boxes
from pipeline.data.boxes_coco import read_coco, write_coco
from pipeline.data.boxes_csv import read_boxes_csv, write_boxes_csv
from pipeline.data.boxes_table import BoxesTable
from pipeline.data.boxes_voc import read_voc, write_voc
from pipeline.data.boxes_yolo import CLASSES, read_classes, read_yolo, write_classes, write_yolo
from pipeline.data.collect_boxes import collect_boxes, with_boxes_of_folder
from pipeline.data.dataset import Box, Case, Dataset, read_dataset, write_dataset
from pipeline.data.image import Image
from pipeline.data.split_folders import with_parts
from pipeline.data.write_boxes import write_box_sets
from pipeline.data.write_picture import boxed_picture
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

SIZE = (40, 30)
BOXES = [Box("cat", (2.5, 3.25), (12.5, 9.75)), Box("dog", (-0.5, -0.5), (39.5, 29.5))]
WHOLE_PICTURE = BOXES[1]


def same(read, written=BOXES):
    assert [b.label for b in read] == [b.label for b in written]
    ends = [(*b.low, *b.high) for b in read], [(*b.low, *b.high) for b in written]
    assert np.allclose(*ends, atol=1e-5)


def test_voc_comes_back_and_its_numbers_are_edges(tmp_path):
    write_voc(tmp_path / "a.xml", "a.png", SIZE, BOXES)
    table = BoxesTable()
    read_voc(tmp_path / "a.xml", "a", table)
    same(table.cases["a"])
    text = (tmp_path / "a.xml").read_text()
    assert "<xmin>0.000000</xmin>" in text and "<xmax>40.000000</xmax>" in text  # the whole picture


@pytest.mark.parametrize("pixels", ["0", "", "wide", pytest.param("1" * 5000, id="long")])
def test_a_size_of_voc_that_is_none_is_not_stated(tmp_path, pixels):
    write_voc(tmp_path / "a.xml", "a.png", (pixels, pixels), BOXES)
    table = BoxesTable()
    read_voc(tmp_path / "a.xml", "a", table)
    same(table.cases["a"])
    assert "a" not in table.sizes


def test_coco_comes_back(tmp_path):
    write_coco(tmp_path / "a.json", {"a.png": (SIZE, BOXES), "b.png": (SIZE, [])})
    table = read_coco(tmp_path / "a.json")
    same(table.cases["a.png"])
    assert table.cases["b.png"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        *({"bbox": bbox} for bbox in ([], None, [1, 1, 5], [1, 1, 5, "wide"])),
        *({"category_id": category} for category in (9, None)),
        *({"iscrowd": said} for said in ("0", "1", 2, [1])),
    ],
)
def test_one_bad_annotation_of_coco_does_not_refuse_the_others(tmp_path, wrong):
    pictures(tmp_path, [f"{n}.png" for n in "abcd"])
    write_coco(tmp_path / "boxes.json", {f"{n}.png": (SIZE, BOXES) for n in "abcd"})
    content = json.loads((tmp_path / "boxes.json").read_text())
    content["annotations"][0] |= wrong
    content["annotations"] += [content["annotations"][3] | {"image_id": 17}] * 2
    content["annotations"] += [{"id": 20, "category_id": 1, "bbox": [1, 1, 5, 5]}]
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    data, findings = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["b", "c", "d"] and [len(c.boxes) for c in data.cases] == [2, 2, 2]
    nowhere = [("no-scan", "image_id 17"), ("no-scan", "image_id None")]
    assert [(f.rule, f.case) for f in findings] == [("bad-annotation", "a"), *nowhere]
    assert "boxes.json: annotation 1" in findings[0].message


def test_crowds_of_coco_are_left_out(tmp_path):
    crowds = dict(enumerate([0, None, 1, True]))
    path = changed(tmp_path / "a.json", lambda c: [c["annotations"][n].update(iscrowd=v) for n, v in crowds.items()])
    assert [len(boxes) for boxes in read_coco(path).cases.values()] == [2, 0, 2, 2]


def test_a_coco_file_whose_boxes_are_all_of_no_picture_is_refused(tmp_path):
    """Else all its pictures would show nothing."""
    write_coco(tmp_path / "a.json", {"a.png": (SIZE, BOXES)})
    (tmp_path / "a.json").write_text((tmp_path / "a.json").read_text().replace('"image_id": 1', '"image_id": 7'))
    with pytest.raises(DataError, match=r"a\.json: no box is of a picture in it: compare image_id"):
        read_coco(tmp_path / "a.json")


@pytest.mark.parametrize(("said", "held"), [("1", 1), (1, "1"), ("01", 1)])
def test_an_image_id_of_another_type_than_its_picture_is_a_problem_of_that(tmp_path, said, held):
    """Else the picture shows nothing, and is learned so."""
    pictures(tmp_path, [f"{n}.png" for n in "abcd"])
    content = json.loads(changed(tmp_path / "boxes.json", lambda c: None).read_text())
    content["images"][0]["id"] = held
    content["annotations"][0]["image_id"] = content["annotations"][1]["image_id"] = said
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    data, findings = collect_boxes(tmp_path, "set", unlisted="absent")
    assert [c.id for c in data.cases] == ["b", "c", "d"]
    assert [(f.rule, f.severity, f.case) for f in findings] == [("bad-annotation", "error", "a")]
    assert f"annotation 1: image_id = {said!r}, and the id of a.png is {held!r}" in findings[0].message


def changed(path, change):
    """A COCO file of four pictures, with `change` made to its content."""
    write_coco(path, {f"{n}.png": (SIZE, BOXES) for n in "abcd"})
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("at", ["boxes.json", "annotations/instances_train.json"])
def test_an_id_of_two_pictures_of_coco_is_a_problem_of_both(tmp_path, at):
    """As where lists were joined; else the boxes of one lie on the other."""
    pictures(tmp_path / "train", [f"{n}.png" for n in "abcde"])
    (tmp_path / at).parent.mkdir(exist_ok=True)
    changed(tmp_path / at, lambda c: c["images"].extend([{"id": 1, "file_name": "e.png"}, c["images"][1]]))
    data, findings = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["b", "c", "d"]
    assert [(f.rule, f.case) for f in findings] == [("bad-annotation", "a"), ("bad-annotation", "e")]
    assert f"{at}: id 1 is of several images: a.png, e.png." in findings[0].message


def test_an_id_of_two_categories_of_coco_is_refused(tmp_path):
    path = changed(tmp_path / "a.json", lambda c: c["categories"].append(c["categories"][0]))
    same(read_coco(path).cases["a.png"])
    path = changed(tmp_path / "a.json", lambda c: c["categories"].append({"id": 1, "name": "cow"}))
    with pytest.raises(DataError, match=r"a\.json: id 1 is of several categories: 'cat' and 'cow'\."):
        read_coco(path)


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("images", {"id": 2}, r"images\[2\]: no file_name\. Add it"),
        ("images", {"file_name": "c.png"}, r"images\[2\]: no id\. Add it"),
        ("images", None, r"images\[2\]: None is not an entry"),
        ("annotations", "text", r"annotations\[2\]: 'text' is not an entry"),
        ("annotations", {"image_id": [1]}, r"annotations\[2\]: image_id = \[1\]; a number is needed"),
        ("categories", {"name": "cat"}, r"categories\[2\]: no id\. Add it"),
        ("categories", {"id": 3, "name": None}, r"categories\[2\]: no name\. Add it"),
    ],
)
def test_an_entry_of_coco_that_is_none_is_refused_by_its_place(tmp_path, name, entry, message):
    path = changed(tmp_path / "a.json", lambda c: c[name].insert(2, entry))
    with pytest.raises(DataError, match=rf"a\.json: {message}"):
        read_coco(path)


@pytest.mark.parametrize("name", ["images", "annotations", "categories"])
def test_a_coco_file_without_one_of_its_lists_is_refused(tmp_path, name):
    path = changed(tmp_path / "a.json", lambda c: c.update({name: {"1": {}}}))
    with pytest.raises(DataError, match=f"no list `{name}` in it"):
        read_coco(path)


def test_yolo_comes_back_and_the_whole_picture_is_a_half_a_half_one_one(tmp_path):
    write_yolo(tmp_path / "a.txt", SIZE, BOXES, ["cat", "dog"])
    assert "1 0.50000000 0.50000000 1.00000000 1.00000000" in (tmp_path / "a.txt").read_text()
    table = BoxesTable()
    read_yolo(tmp_path / "a.txt", "a", SIZE, ["cat", "dog"], table)
    same(table.cases["a"])


def test_a_table_comes_back_and_says_what_shows_nothing(tmp_path):
    write_boxes_csv(tmp_path / "a.csv", {"a.png": BOXES, "b.png": []})
    table = read_boxes_csv(tmp_path / "a.csv")
    same(table.cases["a.png"])
    assert table.cases["b.png"] == []


def test_decimal_commas_between_semicolons_are_read_and_no_box_is_absent(tmp_path):
    text = "sep=;\nimage;class;xmin;ymin;xmax;ymax\na.png;cat;3,0;3,75;13,0;10,25\nb.png;cat;absent;1;2;3\n"
    (tmp_path / "a.csv").write_text(text)
    table = read_boxes_csv(tmp_path / "a.csv")
    same(table.cases["a.png"], BOXES[:1])
    assert table.problems["b.png"][0].endswith("'absent' is not a finite number. Correct it, or remove the box.")


def test_an_underscore_makes_text_of_a_number(tmp_path):
    (tmp_path / "a.csv").write_text("image,class,xmin,ymin,xmax,ymax\na.png,cat,1_0,4,13,10\n")
    table = read_boxes_csv(tmp_path / "a.csv")
    (problem,) = table.problems["a.png"]
    assert table.cases["a.png"] == [] and "a.csv: row 2" in problem and "'1_0' is not a finite number" in problem


def test_classes_that_look_the_same_are_one_class_however_their_accents_are_written(tmp_path):
    one, other = "n\u00e9vus", "ne\u0301vus"
    write_boxes_csv(tmp_path / "boxes.csv", {"a.png": [replace(BOXES[0], label=name) for name in (one, other)]})
    assert [box.label for box in read_boxes_csv(tmp_path / "boxes.csv").cases["a.png"]] == [one, one]


@pytest.mark.parametrize(
    "line", ["0 .5 .5 1", "7 .5 .5 1 1", "x .5 .5 1 1", "² .5 .5 1 1", "0 .5 nan 1 1", "0 .5 .5 1_0 1"]
)
def test_a_line_of_yolo_that_is_wrong_is_a_problem_of_its_picture(tmp_path, line):
    (tmp_path / "a.txt").write_text(line + "\n", encoding="utf-8")
    table = BoxesTable()
    read_yolo(tmp_path / "a.txt", "a", SIZE, ["cat", "dog"], table)
    assert table.cases["a"] == [] and "a.txt: line 1" in table.problems["a"][0]


def test_boxes_of_yolo_in_other_letters_are_to_be_saved_again(tmp_path):
    (tmp_path / "a.txt").write_text("0 .5 .5 1 1\n", encoding="utf-16")
    with pytest.raises(DataError, match=r"a\.txt: cannot be read as text: it is not in UTF-8, but in UTF-16\. Save it"):
        read_yolo(tmp_path / "a.txt", "a", SIZE, ["cat"], BoxesTable())


@pytest.mark.parametrize("parted", ["\n", "\r", "\x0b", "\x85", "\u2028"])
def test_a_class_of_several_lines_is_one_line_of_the_classes_of_yolo(tmp_path, parted):
    write_classes(tmp_path / CLASSES, ["cat", f"guide{parted}dog", "owl"])
    assert read_classes(tmp_path / CLASSES) == ["cat", "guide dog", "owl"]


def test_an_empty_line_among_the_classes_of_yolo_names_none_and_moves_none(tmp_path):
    (tmp_path / CLASSES).write_text("cat\n\ndog\n\n\n")
    (tmp_path / "a.txt").write_text("2 .5 .5 1 1\n1 .5 .5 1 1\n")
    table, classes = BoxesTable(), read_classes(tmp_path / CLASSES)
    read_yolo(tmp_path / "a.txt", "a", SIZE, classes, table)
    assert [box.label for box in table.cases["a"]] == ["dog"]
    assert "a.txt: line 2: class '1' has an empty line" in table.problems["a"][0]


@pytest.mark.parametrize(("boxes", "names"), [("images", "images"), ("images", "."), ("labels", "labels")])
def test_the_names_of_classes_lie_beside_the_boxes_or_above(tmp_path, boxes, names):
    pictures(tmp_path, [f"images/{n}.png" for n in "abc"])
    for name in "abc":
        write_yolo(tmp_path / boxes / f"{name}.txt", SIZE, BOXES, ["cat", "dog"])
    (tmp_path / names / CLASSES).write_text("cat\ndog\n")
    assert collect_boxes(tmp_path, "set")[0].classes == ("cat", "dog")


def test_each_folder_may_have_names_of_its_own_and_none_may_be_empty(tmp_path):
    pictures(tmp_path, ["images/x/a.png", "images/x/b.png", "images/y/c.png"])
    for path in sorted(tmp_path.rglob("*.png")):
        write_yolo(path.with_suffix(".txt"), SIZE, BOXES[:1], ["cat"])
    for place, word in ((".", "thing"), ("images/x", "cat")):
        (tmp_path / place / CLASSES).write_text(f"{word}\n")
    told = {c.id: c.boxes[0].label for c in collect_boxes(tmp_path, "set")[0].cases}
    assert told == {"a": "cat", "b": "cat", "c": "thing"}
    (tmp_path / CLASSES).write_bytes(b"")
    with pytest.raises(DataError, match=r"classes\.txt: no name in it"):
        collect_boxes(tmp_path, "set")


@pytest.mark.parametrize("header", ["image,xmin,ymin,xmax,ymax", "image,class,xmin,ymin,xmax", ""])
def test_a_table_that_lacks_a_column_is_refused(tmp_path, header):
    (tmp_path / "a.csv").write_text(header + "\na.png,1,2,3,4\n")
    with pytest.raises(DataError, match=r"a\.csv: columns are"):
        read_boxes_csv(tmp_path / "a.csv")


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.random.default_rng(len(path.name)).integers(0, 255, SIZE[::-1], np.uint8)).save(path)


@pytest.mark.parametrize("kind", ["voc", "coco", "yolo", "csv"])
def test_a_folder_of_pictures_and_boxes_is_a_data_set(tmp_path, kind):
    for case in "abc":
        picture(tmp_path / "images" / f"{case}.png")
        if kind == "voc":
            write_voc(tmp_path / "Annotations" / f"{case}.xml", f"{case}.png", SIZE, BOXES)
        if kind == "yolo":
            write_yolo(tmp_path / "labels" / f"{case}.txt", SIZE, BOXES, ["cat", "dog"])
            (tmp_path / CLASSES).write_text("cat\ndog\n")
    if kind == "coco":
        write_coco(tmp_path / "boxes.json", {f"{c}.png": (SIZE, BOXES) for c in "abc"})
    if kind == "csv":
        write_boxes_csv(tmp_path / "boxes.csv", {f"images/{c}.png": BOXES for c in "abc"})
    data, findings = collect_boxes(tmp_path, "set")
    assert (data.classes, data.unit, len(data.cases), findings) == (("cat", "dog"), "px", 3, [])
    same(data.case("b").boxes)
    write_dataset(data, tmp_path / "dataset.json")
    assert read_dataset(tmp_path / "dataset.json").cases == data.cases


@pytest.mark.parametrize("kind", ["coco", "csv"])
def test_answers_to_pictures_of_one_name_in_several_folders_come_back(tmp_path, kind):
    names = {"x_1": "x/1.png", "y_1": "y/1.png", "z": "y/z.png"}
    paths = {case: tmp_path / "images" / name for case, name in names.items()}
    for path in paths.values():
        picture(path)
    told = {"x_1": BOXES, "y_1": BOXES[:1], "z": []}
    write_box_sets(tmp_path, told, paths, [kind], ["cat", "dog"])
    data, findings = collect_boxes(tmp_path, "set")
    assert findings == [] and [c.id for c in data.cases] == list(told)
    for case in data.cases:
        same(case.boxes, told[case.id])
    assert "z.png" in next(tmp_path.glob("boxes.*")).read_text()


@pytest.mark.parametrize("kind", ["voc", "yolo"])
def test_a_file_of_boxes_may_be_called_by_the_id_of_its_picture(tmp_path, kind):
    """As answers are, which are put into a folder for boxes."""
    told = {"x_1": BOXES, "y_1": BOXES[:1], "z": BOXES}
    pictures(tmp_path, ["x/1.png", "y/1.png", "y/z.png"])
    place = tmp_path / ("Annotations" if kind == "voc" else "labels")
    place.mkdir()
    for case, boxes in told.items():
        if kind == "voc":
            write_voc(place / f"{case}.xml", f"{case}.png", SIZE, boxes)
        else:
            write_yolo(place / f"{case}.txt", SIZE, boxes, ["cat", "dog"])
            (place / CLASSES).write_text("cat\ndog\n")
    data, findings = collect_boxes(tmp_path, "set")
    assert findings == [] and [c.id for c in data.cases] == list(told)
    for case in data.cases:
        same(case.boxes, told[case.id])


def test_pictures_without_boxes_are_left_out_or_show_nothing(tmp_path):
    for case in "abcd":
        picture(tmp_path / f"{case}.png")
    write_boxes_csv(tmp_path / "boxes.csv", {f"{c}.png": BOXES for c in "abc"} | {"e.png": BOXES})
    data, findings = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["a", "b", "c"]
    assert {f.rule for f in findings} == {"no-boxes", "no-scan"}
    assert collect_boxes(tmp_path, "set", unlisted="absent")[0].case("d").boxes == ()


@pytest.mark.parametrize("kind", ["csv", "coco"])
def test_boxes_beside_landmarks_whose_picture_is_not_there_are_told(tmp_path, kind):
    pictures(tmp_path, [f"{n}.png" for n in "abc"])
    told = {f"{name}.png": BOXES for name in ("a", "b", "c", "misspelt")}
    if kind == "csv":
        write_boxes_csv(tmp_path / "boxes.csv", told)
    else:
        write_coco(tmp_path / "boxes.json", {name: (SIZE, boxes) for name, boxes in told.items()})
    cases = tuple(Case(name, name, f"{name}.png", {"eye": (1.0, 1.0)}) for name in "ab")  # c was left out
    findings = []
    data = with_boxes_of_folder(Dataset("set", tmp_path, ("eye",), cases, "px"), findings)
    same(data.case("b").boxes)
    assert [(f.rule, f.severity, f.case) for f in findings] == [("no-scan", "warning", "misspelt.png")]


def test_boxes_in_two_places_are_refused(tmp_path):
    for case in "abc":
        picture(tmp_path / f"{case}.png")
        write_voc(tmp_path / f"{case}.xml", f"{case}.png", SIZE, BOXES)
    write_boxes_csv(tmp_path / "boxes.csv", {"a.png": BOXES})
    with pytest.raises(DataError, match="boxes in several places"):
        collect_boxes(tmp_path, "set")


@pytest.mark.parametrize("kind", ["voc", "yolo", "picture"])
def test_a_file_that_cannot_be_read_costs_its_case_alone(tmp_path, kind):
    pictures(tmp_path, [f"images/{n}.png" for n in "abcd"])
    for name in "abcd":
        if kind == "voc":
            write_voc(tmp_path / f"Annotations/{name}.xml", f"{name}.png", SIZE, BOXES)
        else:
            write_yolo(tmp_path / f"labels/{name}.txt", SIZE, BOXES, ["cat", "dog"])
    broken = {"voc": "Annotations/b.xml", "yolo": "labels/b.txt", "picture": "images/b.png"}[kind]
    (tmp_path / broken).write_bytes(b"\xff\xfe\x00" if kind == "yolo" else b"")
    data, [finding] = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["a", "c", "d"]
    assert (finding.rule, finding.severity, finding.case) == ("bad-annotation", "error", "b")
    assert broken in finding.message


@pytest.mark.parametrize("kind", ["csv", "voc"])
@pytest.mark.parametrize("shape", [(4, 5, 6), (8, 9)])
def test_boxes_of_pictures_are_refused_for_scans(tmp_path, kind, shape):
    for name in "abc":
        voxels = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
        nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), tmp_path / f"{name}.nii")
        if kind == "voc":
            write_voc(tmp_path / f"{name}.xml", f"{name}.png", (9, 8), BOXES)
    if kind == "csv":
        write_boxes_csv(tmp_path / "boxes.csv", {name: BOXES for name in "abc"})
    with pytest.raises(DataError, match=r"boxes are in pixels of pictures, a\.nii is a scan\. .*data\.boxes_around="):
        collect_boxes(tmp_path, "set")


FRAME = ImageFrame(SIZE, np.eye(3), "px")
ODD = {
    "empty-box": Box("cat", (3.0, 4.0), (3.0, 9.0)),
    "box-outside": Box("cat", (50.0, 4.0), (60.0, 9.0)),
    "box-beyond": Box("cat", (30.0, 4.0), (60.0, 9.0)),
}


@pytest.mark.parametrize("rule", ODD)
def test_a_box_that_cannot_be_meant_so_is_a_finding(tmp_path, rule):
    case = Case("a", "a", "a.png", {}, None, {}, (*BOXES, ODD[rule]))
    [finding] = check_boxes(Dataset("d", tmp_path, (), (case,), "px"), {"a": FRAME})
    assert (finding.rule, finding.severity) == (rule, "warning") and "1 of 3 boxes" in finding.message


def test_a_box_of_more_axes_than_its_picture_is_an_error_of_its_case(tmp_path):
    case = Case("a", "a", "a.png", {}, None, {}, (*BOXES, Box("cat", (1.0, 1.0, 1.0), (3.0, 3.0, 3.0))))
    [finding] = check_boxes(Dataset("d", tmp_path, (), (case,), "px"), {"a": FRAME})
    assert (finding.rule, finding.severity, finding.case) == ("box-coordinates", "error", "a")
    assert finding.message == "a box of 'cat' from [1.0, 1.0, 1.0]; 2 numbers are needed."


def test_only_what_the_picture_shows_of_boxes_is_used():
    assert usable_boxes(list(ODD.values()), FRAME) == (Box("cat", (30.0, 4.0), (39.5, 9.0)),)
    same(usable_boxes(BOXES, FRAME))
    assert usable_boxes((), FRAME) == ()


def pictures(place, names):
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(np.zeros(SIZE[::-1], np.uint8)).save(place / name)


def test_boxes_of_another_size_are_an_error_of_their_picture(tmp_path):
    pictures(tmp_path, [f"images/{n}.png" for n in "abcde"])
    for name, size in (("a", SIZE), ("b", SIZE), ("c", (0, 0)), ("d", SIZE[::-1]), ("e", (80, 60))):
        write_voc(tmp_path / f"Annotations/{name}.xml", f"{name}.png", size, BOXES)
    data, findings = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["a", "b", "c"]
    told = {f.case: f.message for f in findings}
    assert told["d"] == "d.png has 40 x 30 pixels; it was annotated at 30 x 40. Annotate this one." and "e" in told
    for path in (tmp_path / "Annotations").iterdir():
        path.unlink()
    sizes = {"a.png": SIZE, "b.png": SIZE, "c.png": SIZE, "e.png": (80, 60)}
    write_coco(tmp_path / "boxes.json", {name: (size, BOXES) for name, size in sizes.items()})
    assert [c.id for c in collect_boxes(tmp_path, "set")[0].cases] == ["a", "b", "c"]


TREES = [
    ("images/{}", "labels/{}"),
    ("{}/images", "{}/labels"),
    ("{}", "labels/{}"),
]
NAMES = ["names: [cat, dog]\nnc: 2\n", "path: .\nnames:\n  0: cat\n  1: dog\n"]


@pytest.mark.parametrize(("shown", "boxed"), TREES)
@pytest.mark.parametrize("names", NAMES)
def test_boxes_of_yolo_lie_in_folders_as_their_pictures_do(tmp_path, shown, boxed, names):
    told = {"train": BOXES, "val": BOXES[:1]}
    pictures(tmp_path, [f"{shown.format(part)}/{n}.png" for part in told for n in "12"])
    for part, boxes in told.items():
        for name in "12":
            path = tmp_path / boxed.format(part) / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_yolo(path, SIZE, boxes, ["cat", "dog"])
    (tmp_path / "data.yaml").write_text(names)
    data, _ = collect_boxes(tmp_path, "set")
    assert len(data.cases) == 4
    for case in data.cases:
        same(case.boxes, told["train" if "train" in case.image else "val"])
    parts = [case.split for case in with_parts(data, []).cases]
    assert sorted(parts) == ["test", "test", "train", "train"]


@pytest.mark.parametrize("text", ["names: cat", "names: {0: cat, 2: dog}", "names: [cat", "names: {cat: 0}"])
def test_names_of_classes_that_leave_a_number_out_are_refused(tmp_path, text):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data\.yaml: names of classes: a list"):
        read_classes(tmp_path / "data.yaml")
    (tmp_path / "data.yaml").write_text("train: images\n")
    assert read_classes(tmp_path / "data.yaml") == []
    (tmp_path / "data.yaml").write_text("names: [no, yes, 3]\n")
    assert read_classes(tmp_path / "data.yaml") == ["no", "yes", "3"]


@pytest.mark.parametrize(
    ("shown", "listed"),
    [
        ("{}2017", "annotations/instances_{}2017.json"),
        ("images/{}", "annotations/instances_{}.json"),
        ("{}", "{}/_annotations.coco.json"),
    ],
)
def test_lists_of_coco_a_part_each_are_of_the_pictures_of_their_folder(tmp_path, shown, listed):
    told = {"train": BOXES, "val": BOXES[:1]}
    pictures(tmp_path, [f"{shown.format(part)}/{n}.png" for part in told for n in "12"])
    for part, boxes in told.items():
        (tmp_path / listed.format(part)).parent.mkdir(exist_ok=True)
        write_coco(tmp_path / listed.format(part), {f"{n}.png": (SIZE, boxes) for n in "12"})
    data, findings = collect_boxes(tmp_path, "set")
    assert len(data.cases) == 4 and not findings
    for case in data.cases:
        same(case.boxes, told["train" if "train" in case.image else "val"])
    cases = tuple(replace(case, boxes=None) for case in data.cases)
    assert with_boxes_of_folder(replace(data, cases=cases), []).cases == data.cases


def test_lists_of_coco_that_do_not_say_whose_they_are_are_refused(tmp_path):
    pictures(tmp_path, [f"images/{n}.png" for n in "1234"])
    (tmp_path / "annotations").mkdir()
    write_coco(tmp_path / "annotations/instances_default.json", {f"{n}.png": (SIZE, BOXES) for n in "1234"})
    assert len(collect_boxes(tmp_path, "set")[0].cases) == 4  # one list is of all
    write_coco(tmp_path / "annotations/instances_val.json", {"1.png": (SIZE, BOXES)})
    with pytest.raises(DataError, match=r"default\.json: one of several lists, .* in default/ or images/default/\."):
        collect_boxes(tmp_path, "set")
    for part in ("default", "val"):
        write_coco(tmp_path / f"annotations/instances_{part}.json", {f"images/{n}.png": (SIZE, BOXES) for n in "1234"})
        (tmp_path / part).mkdir()
    with pytest.raises(DataError, match=r"val\.json: lists it, and so does another list"):
        collect_boxes(tmp_path, "set")


def sized(folder, rows, size):
    """A table of boxes that has two columns more, in rows without a size of their own."""
    rows = [row if row.count(",") > 5 else f"{row},{size}" for row in rows]
    (folder / "boxes.csv").write_text("\n".join(["image,class,xmin,ymin,xmax,ymax,width,height", *rows]))
    return collect_boxes(folder, "set")


def test_a_table_of_boxes_may_say_how_large_its_pictures_were(tmp_path):
    pictures(tmp_path, [f"{n}.png" for n in "abcde"])
    rows = ["a.png,cat,1,1,40,30", "b.png,,,,,", "c.png,cat,1,1,9,9,,"]
    rows += ["d.png,cat,1,1,9,9,30,40", "e.png,,,,,,80.0,60.0"]
    data, findings = sized(tmp_path, rows, "40,30")
    assert [c.id for c in data.cases] == ["a", "b", "c"]
    assert [f.message for f in findings] == [
        "d.png has 40 x 30 pixels; it was annotated at 30 x 40. Annotate this one.",
        "e.png has 40 x 30 pixels; it was annotated at 80 x 60. Annotate this one.",
    ]


@pytest.mark.parametrize("odd", ["8,8", "80,60.5", "80,", "40,30", "wide,60"])
def test_columns_of_a_table_that_cannot_be_the_size_of_its_pictures_are_not_looked_at(tmp_path, odd):
    """Such as the edges of each box, beyond which this one lies."""
    pictures(tmp_path, [f"{n}.png" for n in "abc"])
    rows = ["a.png,cat,1,1,9,9", f"a.png,dog,12,12,20,20,{odd}", "b.png,cat,1,1,9,9", "c.png,,,,,"]
    assert sized(tmp_path, rows, "8,8" if odd == "8,8" else "80,60")[1] == []


def test_boxes_of_one_file_are_not_given_to_two_pictures(tmp_path):
    pictures(tmp_path, ["images/x/a.png", "images/y/a.png", *(f"images/{n}.png" for n in "bcd")])
    for name in "abcd":
        write_voc(tmp_path / f"Annotations/{name}.xml", f"{name}.png", SIZE, BOXES)
    data, findings = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["b", "c", "d"]
    assert {f.case for f in findings if "could be of" in f.message} == {"x_a", "y_a"}


def test_boxes_under_two_names_of_a_picture_are_all_its_own(tmp_path):
    pictures(tmp_path, [f"{n}.png" for n in "abc"])
    rows = ["a,cat,1,1,9,9", "a.png,dog,15,15,22,22", "b,cat,1,1,9,9", "c,cat,1,1,9,9"]
    (tmp_path / "boxes.csv").write_text("\n".join(["image,class,xmin,ymin,xmax,ymax", *rows]))
    data, _ = collect_boxes(tmp_path, "set")
    assert [box.label for box in data.case("a").boxes] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("row", "message"), [("a,cat,0,0,1,.5", "shares of the picture"), ("a,cat,1,5,1,5,9,5,9,5", "headings")]
)
def test_a_table_in_shares_or_with_decimal_commas_is_refused(tmp_path, row, message):
    (tmp_path / "boxes.csv").write_text(f"image,class,xmin,ymin,xmax,ymax\n{row}\n")
    try:
        told = str(read_boxes_csv(tmp_path / "boxes.csv").problems)
    except DataError as error:
        told = str(error)
    assert message in told


def test_a_box_that_is_drawn_twice_counts_once():
    case = Case("a", "a", "a.png", {}, None, {}, (BOXES[0], BOXES[0]))
    assert usable_boxes(case.boxes, FRAME) == (BOXES[0],)
    assert [f.rule for f in check_boxes(Dataset("set", None, (), (case,), "px"), {"a": FRAME})] == ["box-twice"]


@pytest.mark.parametrize("size", [(24, 18), (1600, 1200)])
def test_a_picture_shows_what_lies_in_its_boxes_and_says_what_each_is(size, monkeypatch):
    from PIL.ImageDraw import ImageDraw

    written, write = [], ImageDraw.text

    def heard(draw, at, text, **how):
        written.append((text, at[0] + draw.textlength(text)))
        write(draw, at, text, **how)

    monkeypatch.setattr(ImageDraw, "text", heard)
    image = Image(ImageFrame(size, np.eye(3), "px"), np.full(size, 77, np.uint8))
    box = Box("cell", (size[0] - 6.5, 3.0), (size[0] - 0.5, 12.0))  # at the right edge
    shown = boxed_picture(image, [box], ["0.93"], ["cell"], [box], 900)
    assert 480 <= shown.width <= 900
    assert [text for text, _ in written] == ["cell", "cell  0.93"] and all(right <= shown.width for _, right in written)
    if size[0] < 480:
        assert (np.asarray(shown)[110:200, -100:-40] == 77).all()
