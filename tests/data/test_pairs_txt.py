"""LFW's list of pairs."""

import pytest

from pipeline.data.pairs_txt import read_pairs
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


@pytest.mark.parametrize(("bad", "message"), [("Ann one 2", "line 2: 'Ann one 2'"), ("Ann 1", "line 2: 'Ann 1'")])
def test_a_bad_line_is_named(tmp_path, bad, message):
    (tmp_path / "pairs.txt").write_text(LIST.replace("Ann 1 2", bad))
    with pytest.raises(DataError, match=message):
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


def test_another_file_is_refused(tmp_path):
    (tmp_path / "pairs.txt").write_text("image,age\n1,2\n")
    with pytest.raises(DataError, match="not a list of pairs"):
        read_pairs(tmp_path / "pairs.txt")
