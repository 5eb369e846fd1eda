"""The split: whole subjects, the same ones every time, no part empty."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.dataset import Case, Dataset
from pipeline.data.split import split_by_subject
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
