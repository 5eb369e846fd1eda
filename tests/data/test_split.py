"""The split: whole subjects, the same ones every time, no part empty."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.dataset import Case, Dataset
from pipeline.data.split import split_by_subject
from pipeline.data.split_folders import with_parts
from pipeline.errors import DataError


def dataset(count, scans=2, split=None):
    cases = tuple(Case(f"s{i}_{k}", f"s{i}", "x", {}, split) for i in range(count) for k in range(scans))
    return Dataset("d", Path("."), (), cases)


@given(count=st.integers(3, 60), seed=st.integers(0, 99))
def test_no_part_is_empty_and_no_subject_is_in_two(count, seed):
    done = split_by_subject(dataset(count), seed=seed)
    subjects = {p: {c.subject for c in done.part(p)} for p in ("train", "validation", "test")}
    assert all(subjects.values()) and sum(map(len, subjects.values())) == count


def test_the_order_of_the_cases_does_not_matter_but_the_seed_does():
    whole = dataset(20)
    parts = {c.id: c.split for c in split_by_subject(whole).cases}
    turned = split_by_subject(whole.with_cases(whole.cases[::-1]))
    assert parts == {c.id: c.split for c in turned.cases}
    assert parts != {c.id: c.split for c in split_by_subject(whole, seed=1).cases}


def test_twenty_subjects_are_split_14_3_3():
    done = split_by_subject(dataset(20, scans=1))
    assert [len(done.part(p)) for p in ("train", "validation", "test")] == [14, 3, 3]


def test_one_more_subject_moves_few_others():
    before = {c.id: c.split for c in split_by_subject(dataset(40, 1)).cases}
    after = {c.id: c.split for c in split_by_subject(dataset(41, 1)).cases}
    assert sum(before[c] != after[c] for c in before) <= 2


def test_a_part_that_nobody_wants_stays_empty():
    done = split_by_subject(dataset(10), (0.8, 0.2, 0.0))
    assert not done.part("test") and len({c.subject for c in done.part("validation")}) == 2


def test_given_parts_are_kept_and_must_be_complete():
    given_parts = dataset(3, split="validation")
    assert split_by_subject(given_parts) is given_parts
    with pytest.raises(DataError, match="case 's9' has no part"):
        split_by_subject(given_parts.with_cases((*given_parts.cases, Case("s9", "s9", "x", {}))))


@pytest.mark.parametrize("fractions", [(0.5, 0.2, 0.2), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5)])
def test_fractions_must_be_shares_of_one(fractions):
    with pytest.raises(DataError, match="fractions"):
        split_by_subject(dataset(9), fractions)


def test_two_subjects_are_too_few():
    with pytest.raises(DataError, match="2 subjects; at least 3"):
        split_by_subject(dataset(2))


def of_images(root, *images, split=None):
    cases = tuple(Case(f"c{n}", f"s{n}", image, {}, split if n == 0 else None) for n, image in enumerate(images))
    return Dataset("d", root, (), cases)


@pytest.mark.parametrize(
    ("folders", "parts"),
    [
        (("train", "val", "test"), ["train", "validation", "test"]),
        (("Training/images", "VALID/images", "Testing/images"), ["train", "validation", "test"]),
        (("images/train", "images/validation", "images/train/ann"), ["train", "test", "train"]),
        (("train2017", "train2017", "val2017"), ["train", "train", "test"]),  # what is measured where none is for test
        (("train", "train", "test"), ["train", "train", "test"]),
    ],
)
def test_folders_called_after_the_parts_are_followed_and_that_is_said(tmp_path, folders, parts):
    findings = []
    done = with_parts(of_images(tmp_path, *(f"{folder}/x.png" for folder in folders)), findings)
    assert [c.split for c in done.cases] == parts
    [note] = findings
    count = ", ".join(f"{n} {part}" for part in ("train", "validation", "test") if (n := parts.count(part)))
    assert (note.rule, note.severity) == ("split-followed", "note") and f": {count}." in note.message
    assert ("is measured, as test" in note.message) is not any("test" in folder.lower() for folder in folders)


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (("train", "val", "other"), ["split-unclear"]),
        (("train", "val", "train/test"), ["split-unclear"]),
        (("train", "train", "other"), []),  # one part alone is a name
        (("trainees", "valve", "test_3"), []),
    ],
)
def test_folders_that_do_not_say_each_part_are_not_followed_and_that_is_said(tmp_path, folders, told):
    findings, data = [], of_images(tmp_path, *(f"{folder}/x.png" for folder in folders))
    assert with_parts(data, findings) is data and [f.rule for f in findings] == told
    assert all(f.severity == "warning" and "'c2'" in f.message for f in findings)


@pytest.mark.parametrize(
    ("folders", "why"),
    [(("val", "test", "val"), "none is for training"), (("train", "train", "test"), "'s0' is in two")],
)
def test_folders_that_make_no_split_are_not_followed_and_the_reason_is_said(tmp_path, folders, why):
    data = of_images(tmp_path, *(f"{folder}/x.png" for folder in folders))
    if "train" in folders:
        data = data.with_cases(tuple(replace(case, subject="s0") for case in data.cases))
    assert with_parts(data, findings := []) is data
    assert [f.rule for f in findings] == ["split-unclear"] and why in findings[0].message


def test_parts_that_a_table_says_are_not_those_of_folders(tmp_path):
    data = of_images(tmp_path, "train/x.png", "test/x.png", split="test")
    assert with_parts(data, findings := []) is data and findings == []


@pytest.mark.parametrize(
    ("images", "parts"),
    [
        (("imagesTr/P1/a.nii.gz", "imagesTr/P2/b.nii.gz", "imagesTs/P9/z.nii.gz"), ["train", "train", "test"]),
        (("imagesTr/P1/1.2.3", "imagesTr/P1/1.2.4", "imagesTs/P9"), ["train", "train", "test"]),  # series, a folder
        (("imagesTr/P1/CT", "imagesTr/b.nii.gz", "set/imagesTs/P9/CT"), ["train", "train", "test"]),
        (("imagesTr/train/a.nii.gz", "imagesTr/val/b.nii.gz", "imagesTs/z.nii.gz"), ["train", "validation", "test"]),
    ],
)
def test_what_lies_anywhere_in_nnunets_folders_has_their_part(tmp_path, images, parts):
    done = with_parts(of_images(tmp_path, *images), findings := [])
    assert [c.split for c in done.cases] == parts
    assert [(f.rule, "measured" in f.message) for f in findings] == [("split-followed", False)]


@pytest.mark.parametrize("third", ["imagesTs/train/c.nii.gz", "others/c.nii.gz"])
def test_what_nnunets_folders_do_not_part_is_told(tmp_path, third):
    data = of_images(tmp_path, "imagesTr/P1/a.nii.gz", "imagesTs/P2/b.nii.gz", third)
    assert with_parts(data, findings := []) is data
    assert [f.rule for f in findings] == ["split-unclear"] and "'c2'" in findings[0].message


def list_of_voc(root, name, ids):
    (root / "ImageSets/Main").mkdir(parents=True, exist_ok=True)
    (root / f"ImageSets/Main/{name}.txt").write_text(ids)


@pytest.mark.parametrize("listed", ["c2", "c2 c0", ""])
def test_lists_of_voc_are_followed_where_they_say_each_part(tmp_path, listed):
    for name, ids in (("train", "c0\nc1\n"), ("val", listed), ("cat_train", "c0 -1\n"), ("trainval", "c0\nc1\nc2\n")):
        list_of_voc(tmp_path, name, ids)
    findings, data = [], of_images(tmp_path, *(f"JPEGImages/{n}.jpg" for n in range(3)))
    parts = [c.split for c in with_parts(data, findings).cases]
    assert parts == (["train", "train", "test"] if listed == "c2" else [None] * 3)
    told = {"c2": ["split-followed"], "c2 c0": ["split-unclear"], "": ["split-unclear"]}[listed]
    assert [f.rule for f in findings] == told


def test_what_the_list_of_training_and_validation_alone_names_is_for_training(tmp_path):
    for name, ids in (("val", "c2"), ("trainval", "c0\nc1\nc2\n"), ("test", "c3\n")):
        list_of_voc(tmp_path, name, ids)
    data = with_parts(of_images(tmp_path, *(f"JPEGImages/{n}.jpg" for n in range(4))), findings := [])
    assert [c.split for c in data.cases] == ["train", "train", "validation", "test"]
    assert [f.rule for f in findings] == ["split-followed"]


@pytest.mark.parametrize(
    ("name", "ids", "why"),
    [
        ("trainval", "c0 c1 c2", "all are for training"),
        ("trainval", "c0 c1", "'c2' is in none of them"),
        ("test", "c0 c1 c2", "none is for training"),
        ("val", "c0 c1 c2", "none is for training"),
    ],
)
def test_lists_of_one_part_are_told(tmp_path, name, ids, why):
    list_of_voc(tmp_path, name, ids)
    data = of_images(tmp_path, *(f"JPEGImages/{n}.jpg" for n in range(3)))
    assert with_parts(data, findings := []) is data
    assert [f.rule for f in findings] == ["split-unclear"] and why in findings[0].message
