"""LFW's list of pairs."""

import pytest

from pipeline.data.dataset import Case, Dataset
from pipeline.data.pairs_txt import Pair, listed_ids, read_pairs
from pipeline.errors import DataError

LIST = "2 1\nAnn 1 2\nAnn 1 Bob 3\nCid 2 4\nBob 1 Cid 1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])  # Windows writes a mark first
def test_folds_hold_pairs_of_one_person_and_of_two(tmp_path, encoding):
    (tmp_path / "pairs.txt").write_text(LIST, encoding=encoding)
    pairs = read_pairs(tmp_path / "pairs.txt")
    assert [(p.one, p.other, p.fold, p.same) for p in pairs] == [
        (("Ann", 1), ("Ann", 2), 0, True),
        (("Ann", 1), ("Bob", 3), 0, False),
        (("Cid", 2), ("Cid", 4), 1, True),
        (("Bob", 1), ("Cid", 1), 1, False),
    ]


@pytest.mark.parametrize(
    ("bad", "message"),
    [("Ann one 2", "line 2: 'Ann one 2'"), ("Ann 1 1_2", "line 2: 'Ann 1 1_2'"), ("Ann 1", "line 2: 'Ann 1'")],
)
def test_a_bad_line_is_named(tmp_path, bad, message):
    (tmp_path / "pairs.txt").write_text(LIST.replace("Ann 1 2", bad))
    with pytest.raises(DataError, match=message):
        read_pairs(tmp_path / "pairs.txt")


def test_empty_lines_between_folds_count_where_a_line_is_named(tmp_path):
    (tmp_path / "pairs.txt").write_text("\n" + LIST.replace("Cid 2 4", "\n \nCid 2"))
    with pytest.raises(DataError, match=r"line 7: 'Cid 2'"):
        read_pairs(tmp_path / "pairs.txt")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("3 1", "3 folds of 1 pairs of one person and 1 of two, 6 in all; 4 follow"),
        ("2 300", "1200 in all; 4 follow"),
        ("2 0", "0 in all; 4 follow"),
        ("1 2", "1 fold: a threshold that is chosen on the pairs it is measured on says nothing"),
        ("2", "1 fold: a threshold"),
    ],
)
def test_a_list_that_does_not_hold_what_its_first_line_says_is_refused(tmp_path, head, message):
    (tmp_path / "pairs.txt").write_text(LIST.replace("2 1", head, 1))
    with pytest.raises(DataError, match=message):
        read_pairs(tmp_path / "pairs.txt")


@pytest.mark.parametrize(
    ("head", "told"), [("image,age", "'image,age'"), ("1_0 1", "'1_0 1'"), ("", "''"), ("1 2 3", "'1 2")]
)
def test_another_file_is_refused(tmp_path, head, told):
    (tmp_path / "pairs.txt").write_text(f"{head}\n")
    with pytest.raises(DataError, match=f"not a list of pairs: its first line is {told}.*; it says: FOLDS PAIRS"):
        read_pairs(tmp_path / "pairs.txt")


def test_a_list_in_other_letters_is_told_in_one_line_and_what_to_do(tmp_path):
    (tmp_path / "pairs.txt").write_text(LIST, encoding="utf-16")
    with pytest.raises(
        DataError, match=r"pairs\.txt: cannot be read as text: it is not in UTF-8, but in UTF-16\. Save"
    ) as met:
        read_pairs(tmp_path / "pairs.txt")
    assert "Ann" not in str(met.value) and "\\x" not in str(met.value)


@pytest.mark.parametrize(
    "bad",
    [
        "Ann 1 1",  # nothing lies between an image and itself
        "Ann 1 Ann 2",  # which of the two was meant?
        "Ann 1 Ann 1",
    ],
)
def test_a_pair_is_of_two_images_and_says_of_how_many_people(tmp_path, bad):
    (tmp_path / "pairs.txt").write_text(LIST.replace("Ann 1 2", bad))
    said = f"line 2: '{bad}'; write NAME I J, two images of one person, or NAME I OTHER J, of two people."
    with pytest.raises(DataError, match=said):
        read_pairs(tmp_path / "pairs.txt")


def test_every_fold_has_as_many_pairs_of_one_person_as_of_two(tmp_path):
    (tmp_path / "pairs.txt").write_text("2 1\nAnn 1 Bob 3\nAnn 1 2\nCid 2 4\nBob 1 3\n")
    with pytest.raises(DataError, match="fold 2 has 2 pairs of one person and 0 of two; the first line says 1 of each"):
        read_pairs(tmp_path / "pairs.txt")


PAIRS = (Pair(("Ann", 1), ("Dr.Bo", 2), 0),)


def listed(folder, *images, pairs=PAIRS):
    cases = tuple(Case(image, image, image, {}, "test") for image in images)
    data = Dataset("faces", folder, (), cases, "px")
    return listed_ids(pairs, data, {*images}, folder / "pairs.txt", folder / "dataset.json")


@pytest.mark.parametrize("image", ["{}.png", "{}.nii.gz", "{}.mha", "{}"])  # the last are folders of slices
def test_a_list_calls_images_by_their_names_without_suffix(tmp_path, image):
    one, other = (image.format(name) for name in ("Ann_0001", "Dr.Bo_0002"))
    assert listed(tmp_path, one, other) == {("Ann", 1): one, ("Dr.Bo", 2): other}


def test_people_are_met_however_the_accents_of_their_names_are_written(tmp_path):
    composed, apart = "Jos\u00e9", "Jose\u0301"
    (tmp_path / "pairs.txt").write_text(LIST.replace("Ann", composed).replace("Bob", apart), encoding="utf-8")
    with pytest.raises(DataError, match=r"line 3: .*; write NAME I J"):  # of two people who are one
        read_pairs(tmp_path / "pairs.txt")
    (tmp_path / "pairs.txt").write_text(LIST.replace("Ann", composed), encoding="utf-8")
    images = [f"{name}.png" for name in (f"{apart}_0001", f"{apart}_0002", "Bob_0001", "Bob_0003")]
    images += [f"Cid_000{number}.png" for number in (1, 2, 4)]
    found = listed(tmp_path, *images, pairs=read_pairs(tmp_path / "pairs.txt"))
    assert found[composed, 1] == images[0] and sorted(found.values()) == sorted(images)


def test_a_list_that_could_mean_two_images_is_refused(tmp_path):
    images = ("Dr.Bo_0002.png", "a/Ann_0001.png", "b/Ann_0001.png")
    with pytest.raises(DataError, match=r"pairs.txt: 'Ann_0001' may be a/Ann_0001.png or b/Ann_0001.png of .*dataset"):
        listed(tmp_path, *images)
    assert listed(tmp_path, "Dr.Bo_0002.png", "a/Ann_0001.png", "a/Cid_0001.png", "b/Cid_0001.png")  # of no pair
