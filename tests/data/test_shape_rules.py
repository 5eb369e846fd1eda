"""Exchanged names and points on the wrong spot stand out against the other cases; ordinary variation does not."""

import numpy as np
import pytest

from pipeline.data.dataset import Case, Dataset
from pipeline.data.shape_rules import check_shape

BASE = {
    "left": (0.0, 0, 0), "right": (60, 0, 0), "upper": (30, 10, 40), "lower": (30, 12, -40), "lower2": (30, 12, -75)
}  # fmt: skip


def dataset(tmp_path, change=None, cases=20, noise=2.0, dims=3):
    """Every case somewhere else and of another size; `change(number, points)` makes the mistake."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(cases):
        place, size = rng.uniform(-200, 200, dims), rng.uniform(0.9, 1.1)
        points = {n: size * np.array(p[:dims]) + place + rng.normal(0, noise, dims) for n, p in BASE.items()}
        points = change(number, points) if change else points
        landmarks = {n: None if p is None else tuple(p) for n, p in points.items()}
        made.append(Case(f"c{number}", f"c{number}", "x.nii", landmarks))
    return Dataset("d", tmp_path, tuple(BASE), tuple(made))


def exchange(case, one, other):
    return lambda n, p: p | {one: p[other], other: p[one]} if n == case else p


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_ordinary_variation_is_no_finding(tmp_path, dims):
    assert check_shape(dataset(tmp_path, dims=dims)) == []


@pytest.mark.parametrize("pair", [("left", "right"), ("lower", "lower2"), ("upper", "lower")])
def test_exchanged_names_are_named(tmp_path, pair):
    (finding,) = check_shape(dataset(tmp_path, exchange(7, *pair)))
    assert (finding.case, finding.rule, finding.severity) == ("c7", "exchanged-names", "warning")
    assert all(f"'{name}'" in finding.message for name in pair)


def test_a_point_on_the_wrong_spot_is_named(tmp_path):
    (finding,) = check_shape(dataset(tmp_path, lambda n, p: p | {"upper": p["upper"] + 40} if n == 3 else p))
    assert (finding.case, finding.rule) == ("c3", "odd-shape") and finding.message.index("'upper'") > 0


def test_a_fifth_of_the_cases_may_be_wrong_and_all_are_found(tmp_path):
    wrong = [exchange(n, "left", "right") for n in (1, 5, 9, 13)]

    def change(number, points):
        for one in wrong:
            points = one(number, points)
        return points

    assert {f.case for f in check_shape(dataset(tmp_path, change))} == {"c1", "c5", "c9", "c13"}


def test_missing_and_absent_landmarks_and_small_sets_say_nothing(tmp_path):
    assert check_shape(dataset(tmp_path, lambda n, p: p | {"left": None} if n % 2 else p)) == []
    assert check_shape(dataset(tmp_path, exchange(1, "left", "right"), cases=9)) == []
    assert check_shape(Dataset("d", tmp_path, tuple(BASE), ())) == []
