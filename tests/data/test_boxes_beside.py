"""Boxes of a file a picture: whose each file is, and what is told of files that contradict each other."""

import PIL.Image
import pytest

from pipeline.data.boxes_voc import write_voc
from pipeline.data.boxes_yolo import write_classes, write_yolo
from pipeline.data.collect_boxes import collect_boxes, with_boxes_of_folder
from pipeline.data.dataset import Box, Case, Dataset
from pipeline.errors import DataError

SIZE = (40, 30)
CAT = [Box("cat", (2.5, 3.25), (12.5, 9.75))]


def pictures(folder, names="abcd"):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        PIL.Image.new("L", SIZE).save(folder / f"{name}.png")


def boxed(folder, names="abcd", suffix=".xml"):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if suffix.lower() == ".xml":
            write_voc(folder / f"{name}{suffix}", f"{name}.png", SIZE, CAT)
        else:
            write_yolo(folder / f"{name}{suffix}", SIZE, CAT, ["cat", "dog"])
            write_classes(folder / "classes.txt", ["cat", "dog"])


def told(findings):
    return [(f.rule, f.case) for f in findings]


@pytest.mark.parametrize("suffix", [".XML", ".Xml", ".TXT"])
def test_a_file_of_boxes_may_have_its_suffix_in_capitals(tmp_path, suffix):
    pictures(tmp_path / "images")
    boxed(tmp_path / "labels", "abc", suffix.lower())
    boxed(tmp_path / "labels", "d", suffix)
    data, findings = collect_boxes(tmp_path, "set", unlisted="absent")
    assert not findings and [box.label for box in data.case("d").boxes] == ["cat"]


@pytest.mark.parametrize("suffix", [".xml", ".txt"])
def test_a_link_to_boxes_that_are_not_there_is_an_error_of_its_picture(tmp_path, suffix):
    pictures(tmp_path / "images")
    boxed(tmp_path / "labels", "abc", suffix)
    (tmp_path / f"labels/d{suffix}").symlink_to(tmp_path / "gone")
    data, findings = collect_boxes(tmp_path, "set", unlisted="absent")
    assert [c.id for c in data.cases] == ["a", "b", "c"] and told(findings) == [("bad-annotation", "d")]
    assert f"labels/d{suffix}: " in findings[0].message
    boxed(tmp_path / "boxes", "d", suffix)  # what is there is taken
    assert not collect_boxes(tmp_path, "set")[1]


@pytest.mark.parametrize("place", [".", "labels"])
def test_names_of_classes_that_contradict_each_other_are_refused_with_both_files(tmp_path, place):
    pictures(tmp_path / "images")
    boxed(tmp_path / "labels", suffix=".txt")
    (tmp_path / "labels/classes.txt").replace(tmp_path / place / "classes.txt")
    (tmp_path / "data.yaml").write_text("names: [dog, cat]\n")
    both = r"classes\.txt: class 0 is 'cat', in .*data\.yaml it is 'dog'\. Correct one, or take it away\."
    with pytest.raises(DataError, match=both):
        collect_boxes(tmp_path, "set")


@pytest.mark.parametrize("text", ["names: {0: cat, 1: dog}", "names: [cat, dog, owl]", "nc: 2", "names: {1: cat}"])
def test_names_of_classes_that_do_not_contradict_each_other_are_taken(tmp_path, text):
    pictures(tmp_path / "images")
    boxed(tmp_path / "labels", suffix=".txt")
    (tmp_path / "data.yaml").write_text(text)
    data, findings = collect_boxes(tmp_path, "set")
    assert data.classes == ("cat",) and not findings


@pytest.mark.parametrize(("voc", "yolo"), [("Annotations", "labels"), ("images", "labels"), ("images", "images")])
def test_boxes_of_a_picture_in_two_formats_are_an_error_of_it(tmp_path, voc, yolo):
    pictures(tmp_path / "images", "abcde")
    boxed(tmp_path / voc, "abcd")
    boxed(tmp_path / yolo, "de", ".txt")
    data, findings = collect_boxes(tmp_path, "set")
    assert [c.id for c in data.cases] == ["a", "b", "c", "e"] and told(findings) == [("bad-annotation", "d")]
    both = f"{tmp_path / voc / 'd.xml'}, {tmp_path / yolo / 'd.txt'}"
    assert findings[0].message == f"boxes in several places: {both}. Keep one of them."


def test_boxes_twice_in_one_format_and_texts_that_are_no_boxes_are_passed_over(tmp_path):
    pictures(tmp_path / "images", ["a", "b", "classes"])
    for folder in ("Annotations", "images"):
        boxed(tmp_path / folder, ["a", "b", "classes"])
    (tmp_path / "images/a.txt").write_text("seen by 2\n3 10 20 30 40\n1 of these: a cat\n")
    (tmp_path / "images/b.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "images/classes.txt").write_text("cat\n")
    data, findings = collect_boxes(tmp_path, "set")
    assert [len(c.boxes) for c in data.cases] == [1, 1, 1] and not findings


@pytest.mark.parametrize("suffix", [".xml", ".TXT"])
def test_files_of_boxes_without_a_picture_are_told_and_others_are_not(tmp_path, suffix):
    pictures(tmp_path / "images/train")
    boxed(tmp_path / "labels/train", "abcdx", suffix)
    boxed(tmp_path / "labels/val", "a", suffix)
    boxed(tmp_path / "images/train", "y", suffix)
    (tmp_path / "images/train/z.heic").write_bytes(b"")  # told as a picture that is not read
    boxed(tmp_path / "labels/train", "z", suffix)
    others = {"README.txt": "seen by 2\n", "train.txt": "images/train/a.png\n", "set.xml": "<dataset/>"}
    for name, text in others.items():
        (tmp_path / "labels" / name).write_text(text)
        (tmp_path / "images/train" / name).write_text(text)
    data, findings = collect_boxes(tmp_path, "set")
    astray = [("no-scan", "images/train/y"), ("no-scan", "train/x"), ("no-scan", "val/a")]
    assert len(data.cases) == 4 and told(findings) == [("unread-scan", "z"), *astray]
    assert {f.severity for f in findings} == {"warning"}


def test_files_of_boxes_beside_landmarks_are_told_if_no_picture_is_there_though_it_was_left_out(tmp_path):
    pictures(tmp_path / "train/images", "abc")
    boxed(tmp_path / "train/labels", "abcx", ".txt")
    cases = tuple(Case(name, name, f"train/images/{name}.png", {"eye": (1.0, 1.0)}) for name in "ab")  # c was left out
    findings = []
    with_boxes_of_folder(Dataset("set", tmp_path, ("eye",), cases, "px"), findings)
    assert told(findings) == [("no-scan", "train/labels/x")]
