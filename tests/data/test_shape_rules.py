"""Exchanged names and points on the wrong spot stand out against the other cases; ordinary variation does not."""

import tracemalloc

import numpy as np
import pytest

from pipeline.data import shape_rules
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


def many(tmp_path, count, cases, mirrored):
    rng = np.random.default_rng(1)
    base, names = rng.uniform(0, 200, (count, 3)), [f"p{k}" for k in range(count)]
    worlds = [(base + rng.normal(0, 1, base.shape)) * ([-1, 1, 1] if c == mirrored else 1) for c in range(cases)]
    made = [Case(f"c{c}", f"c{c}", "x.nii", dict(zip(names, map(tuple, w), strict=True))) for c, w in enumerate(worlds)]
    return Dataset("d", tmp_path, tuple(names), tuple(made))


def test_many_landmarks_are_held_and_exchanged_a_few_at_a_time(tmp_path, monkeypatch):
    """A mirrored case is strange all over; trying every pair on the whole case took minutes."""
    rows = []
    judge = shape_rules._far_off
    monkeypatch.setattr(shape_rules, "_far_off", lambda w, u: rows.append(w[..., 0, 0].size) or judge(w, u))
    dataset = many(tmp_path, count := 100, cases := 60, mirrored=3)
    tracemalloc.start()
    (finding,) = check_shape(dataset)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (finding.case, finding.rule) == ("c3", "odd-shape")
    assert sum(rows) <= cases * count + 2 * shape_rules.MOST * count
    assert peak < cases * count**2 * 3 * 8 / 2  # all offsets of all cases are twice that


def strangeness_by_definition(world):
    """For every landmark the median over the others of the distance to the median offset, in usual deviations."""
    offset = world[:, :, None] - world[:, None]
    off = np.linalg.norm(offset - np.median(offset, 0), axis=-1)
    floor = shape_rules.LEAST * np.linalg.norm(np.median(offset, 0), axis=-1).mean()
    usual = np.maximum(np.median(off, 0), floor)
    others = ~np.eye(world.shape[1], dtype=bool)
    return np.array([[np.median((o / usual)[k][others[k]]) for k in range(len(usual))] for o in off])


@pytest.mark.parametrize(("dims", "cases"), [(1, 11), (2, 12), (3, 20)])
@pytest.mark.parametrize("count", [3, 4, 7])
def test_strangeness_is_what_its_definition_says(dims, cases, count):
    world = np.random.default_rng(count).uniform(0, 100, (cases, count, dims))
    found = shape_rules._strangeness(world, *shape_rules._usual(world))
    np.testing.assert_allclose(found, strangeness_by_definition(world), rtol=1e-12)


def test_the_same_exchanges_are_found_as_by_exchanging_every_pair():
    rng, met = np.random.default_rng(2), 0
    for number in range(20):
        world = rng.uniform(0, 100, (6, 3)) + rng.normal(0, 1, (15, 6, 3))
        one, other = rng.permutation(6)[:2]
        world[3, [one, other]] = world[3, [other, one]] + [[0], [60 * (number % 2)]]
        model = shape_rules._usual(world)
        strange = shape_rules._strangeness(world, *model)[3]
        worst = [int(k) for k in np.argsort(-strange)]
        found = shape_rules._exchanged(world[3], strange, worst, model)
        met += found is not None
        assert found == exchanged_by_trying(world[3], strange, worst, model)
    assert 0 < met < 20


def exchanged_by_trying(points, strange, worst, model):
    for k in worst:
        for other in range(len(points)):
            changed = points.copy()
            changed[[k, other]] = points[[other, k]]
            after = shape_rules._strangeness(changed[None], *model)[0]
            if other != k and max(after[k], after[other]) < shape_rules.SETTLED * max(strange[k], strange[other]):
                return k, other
    return None
