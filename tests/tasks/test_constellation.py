"""Landmarks that lie to the others as in no training case."""

import numpy as np
import pytest
from crooked import DIMS
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.geometry import ImageFrame
from pipeline.tasks.constellation import CASES, MARGIN, fit_constellation


def column(cases, count=5, dims=3, seed=0):
    """A column of landmarks 35 apart, each moved by about 2 from case to case, the whole anywhere."""
    rng = np.random.default_rng(seed)
    world = rng.normal(0, 100, (cases, 1, dims)) + rng.normal(0, 2, (cases, count, dims))
    world[..., -1] += 35 * np.arange(count)
    return world


def test_offset_and_spread_worked_out_by_hand():
    moved = np.tile([-3.0, 3.0], CASES // 2)  # the second landmark lies 10 behind the first, 3 less or more
    world = np.stack([np.zeros(CASES), 10 + moved, np.full(CASES, 40.0)], 1)[..., None]
    shape = fit_constellation(world, resolved=1.0)
    assert_array_equal(shape.others, [[2, 1, -1], [0, 2, -1], [0, 1, -1]])
    assert_allclose(shape.offset[0, :2, 0], [-40, -10])
    assert_allclose(shape.spread[0, :2], [0 + 1, 3 + 1])
    # In training the second lies 3 from where both others expect it: 3 / 4 spreads. Less than one counts as one.
    assert shape.limit == MARGIN


@pytest.mark.parametrize("dims", DIMS)
def test_a_landmark_taken_for_its_neighbour_is_told_and_the_others_are_not(dims):
    shape = fit_constellation(column(30, dims=dims), resolved=1.0)
    for k in range(5):
        world = column(1, dims=dims, seed=1)[0]
        world[k, -1] += 35 if k < 4 else -35
        assert_array_equal(np.flatnonzero(shape.implausible(world, np.ones(5, bool))), [k])


def test_a_wrong_landmark_that_was_not_found_does_not_judge():
    shape, world, found = fit_constellation(column(30), 1.0), column(1, seed=1)[0], np.ones(5, bool)
    world[[1, 3]] += 500
    found[[1, 3]] = False
    assert not shape.implausible(world, found).any()


def test_two_wrong_of_five_are_told():
    shape, world = fit_constellation(column(30), 1.0), column(1, seed=1)[0]
    world[0, 0] += 60
    world[4, 1] -= 50
    assert_array_equal(np.flatnonzero(shape.implausible(world, np.ones(5, bool))), [0, 4])


def test_no_training_case_is_implausible_wherever_it_lies():
    world = column(30)
    world[3, 2] = np.nan
    shape = fit_constellation(world, 1.0)
    for case in world:
        assert not shape.implausible(case + 1000, np.isfinite(case).all(1)).any()


@pytest.mark.parametrize(("cases", "count"), [(CASES - 1, 5), (30, 2), (30, 1)])
def test_few_cases_or_landmarks_judge_nobody(cases, count):
    shape = fit_constellation(column(cases, count), 1.0)
    world = column(1, count, seed=1)[0]
    world[0] += 300
    assert_allclose(shape.strangeness(world, np.ones(count, bool)), 0)
    assert not shape.implausible(world, np.ones(count, bool)).any()


def two_places(truth, wrong, belief_of_truth):
    """Landmark 2 is believed most at `wrong`; the others where they belong, and hardly at a far place."""
    far = truth + 500.0
    places, belief = np.stack([truth, far]), np.array([[0.9] * 5, [0.001] * 5])
    places[:, 2] = wrong, truth[2]
    belief[:, 2] = 0.9 - belief_of_truth, belief_of_truth
    return places, belief


@pytest.mark.parametrize("dims", DIMS)
def test_the_less_believed_of_two_places_is_taken_where_the_others_expect_it(dims):
    shape, truth = fit_constellation(column(30, dims=dims), 1.0), column(1, dims=dims, seed=1)[0]
    assert_array_equal(shape.choose(*two_places(truth, truth[3] + 1, 0.3)), [0, 0, 1, 0, 0])
    # Both places fit: belief decides. And a place that hardly anybody believes in is not taken for its fit alone.
    assert_array_equal(shape.choose(*two_places(truth, truth[2] + 1, 0.3)), np.zeros(5))
    assert_array_equal(shape.choose(*two_places(truth, truth[3] + 1, 0.001)), np.zeros(5))


def test_two_neighbours_taken_for_each_other_are_both_put_right():
    shape, truth = fit_constellation(column(30), 1.0), column(1, seed=1)[0]
    places, belief = np.stack([truth, truth]), np.tile([[0.5], [0.4]], 5)
    places[0, [1, 2]] = truth[[2, 1]]
    assert_array_equal(shape.choose(places, belief), [0, 1, 1, 0, 0])


def test_without_judges_the_most_believed_place_is_taken():
    shape, truth = fit_constellation(column(CASES - 1), 1.0), column(1, seed=1)[0]
    assert_array_equal(shape.choose(*two_places(truth, truth[3] + 1, 0.4)), np.zeros(5))


@pytest.mark.parametrize(
    ("found", "depth", "alone"),
    [
        ([2], 200, [2]),
        ([1, 2], 200, [1, 2]),
        ([1, 2, 3], 200, []),
        ([0, 1], 60, []),
        ([], 200, []),
        ([1], 90, [1]),  # the first and the third are shown, the third 10 mm from the end,
        ([1], 82, []),  # or 2 mm: from case to case its place varies by more
    ],
)
def test_who_has_too_few_to_be_judged_by_is_alone_where_the_scan_shows_the_places_of_the_others(found, depth, alone):
    cases = column(30)
    shape, world = fit_constellation(cases, 1.0), np.array([[50.0, 50, 10 + 35 * n] for n in range(5)])
    there = np.isin(np.arange(5), found)
    frame = ImageFrame((100, 100, depth), np.eye(4))  # 60 mm show the first two
    assert_array_equal(np.flatnonzero(shape.alone(world, there, frame)), alone)
