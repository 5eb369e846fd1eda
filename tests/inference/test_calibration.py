"""Threshold and radius, worked out by hand."""

import numpy as np
import pytest
from crooked import DIMS, upright_frame
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracle import Oracle, addresses

from pipeline.data.intensity import Normalisation
from pipeline.data.store import LevelArray
from pipeline.inference.calibration import calibrate, choose_threshold, cut_levels, radius95, random_box
from pipeline.inference.cascade import locate
from pipeline.inference.model import Calibration, Model, ModelLevel
from pipeline.tasks.landmarks import Found, LandmarksTask


def threshold(present, absent):
    belief = np.array([*present, *absent])
    return choose_threshold(belief, np.array([True] * len(present) + [False] * len(absent), bool))


def test_the_threshold_lies_in_the_middle_of_the_gap():
    assert threshold([0.9, 0.7], [0.3, 0.1]) == pytest.approx(0.5)
    assert threshold([0.9], [0.0]) == pytest.approx(0.45)


def test_where_there_is_no_gap_the_best_mean_of_both_rates_decides():
    # 0.15: 4/4 + 2/3; 0.35: 3/4 + 2/3; 0.55: 3/4 + 3/3.
    assert threshold([0.9, 0.8, 0.7, 0.2], [0.4, 0.1, 0.05]) == pytest.approx(0.55)


def test_without_absent_landmarks_half_of_the_smallest_belief_is_enough():
    assert threshold([0.9, 0.6], []) == pytest.approx(0.3)
    assert threshold([1.0], []) == 0.5
    assert threshold([], []) == 0.5


def test_without_present_landmarks_everything_met_is_told_absent():
    assert threshold([], [0.2, 0.6]) == pytest.approx(0.8)


@given(
    present=st.lists(st.floats(0, 1), min_size=1, max_size=9), absent=st.lists(st.floats(0, 1), min_size=1, max_size=9)
)
def test_no_other_threshold_parts_them_better(present, absent):
    def score(cut):
        return np.mean(np.array(present) >= cut) + np.mean(np.array(absent) < cut)

    best = max(score(cut) for cut in np.linspace(0.0005, 0.9995, 1000))
    assert score(threshold(present, absent)) >= best - 1e-9


def test_the_radius_is_the_conformal_quantile_worked_out_by_hand():
    assert radius95(np.arange(1.0, 19)) is None  # 18 errors cannot promise 95%
    assert radius95(np.arange(1.0, 20)) == 19  # ceil(0.95 * 20) = 19th of 19
    assert radius95(np.arange(1.0, 21)) == 20  # ceil(0.95 * 21) = 20th of 20
    assert radius95(np.arange(1.0, 40)) == 38  # ceil(0.95 * 40) = 38th of 39
    assert radius95(np.random.default_rng(0).permutation(np.arange(1.0, 100))) == 95


def test_cases_without_the_landmark_do_not_count_for_its_radius():
    assert radius95(np.array([*range(1, 20), np.nan, np.nan], float)) == 19
    assert radius95(np.array([*range(1, 19), np.nan])) is None


@pytest.mark.parametrize("dims", DIMS)
def test_a_cut_keeps_every_voxel_at_its_world_position(dims):
    fine = upright_frame((24, 20, 18)[:dims], (0.5, 0.7, 0.9)[:dims], (-7.0, 3.0, 50.0)[:dims])
    levels = [LevelArray(f, addresses(f.shape)) for f in (fine.at_spacing(1.6), fine)]
    for seed in range(6):
        low, high = random_box(np.random.default_rng(seed), fine)
        for level, part in zip(levels, cut_levels(levels, low, high), strict=True):
            first = part.voxels.ravel()[0]
            place = np.array(np.unravel_index(int(first) - 1, level.frame.shape))
            assert_allclose(part.frame.voxel_to_world(np.zeros((1, dims))), level.frame.voxel_to_world(place[None]))
            assert part.frame.shape == part.voxels.shape
            edges = part.frame.voxel_to_world(np.stack([np.full(dims, -0.5), np.array(part.frame.shape) - 0.5]))
            voxel = level.frame.spacing[::-1]
            assert (np.abs(edges[0] - low) <= voxel).all()
            assert (np.abs(edges[1] - high) <= voxel).all()


def test_a_cut_worked_out_by_hand():
    level = LevelArray(upright_frame((10,)), addresses((10,)))
    (part,) = cut_levels([level], np.array([-0.5]), np.array([4.2]))
    assert part.voxels.tolist() == [1, 2, 3, 4, 5]
    (part,) = cut_levels([level], np.array([3.7]), np.array([9.5]))
    assert part.voxels.tolist() == [5, 6, 7, 8, 9, 10]
    (near,) = cut_levels([level], np.array([3.3]), np.array([9.5]))  # the nearest edge is at 3.5
    assert near.voxels.tolist() == [5, 6, 7, 8, 9, 10]
    assert part.frame.voxel_to_world(np.array([[0]])).tolist() == [[4.0]]


@pytest.mark.parametrize("dims", DIMS)
def test_a_random_cut_leaves_three_to_seven_tenths_along_one_axis(dims):
    frame = upright_frame((10, 20, 30)[:dims], 0.5)
    extent = (np.array(frame.shape) * 0.5)[::-1]
    for seed in range(20):
        low, high = random_box(np.random.default_rng(seed), frame)
        share = np.sort((high - low) / extent)
        assert 0.3 <= share[0] <= 0.7
        assert_allclose(share[1:], 1)


@pytest.mark.parametrize("dims", DIMS)
def test_validation_cases_teach_the_threshold_and_the_radii(dims):
    frame = upright_frame((48, 40, 32)[:dims])
    level = LevelArray(frame, addresses(frame.shape))
    points = np.array([np.full(dims, 8.0), np.array(frame.shape) - 9.0])
    world = frame.voxel_to_world(points)
    settings = ModelLevel(1.0, "fcn", {}, 9.0)
    model = Model(
        "m",
        ("a", "b"),
        dims,
        "mm",
        Normalisation("window", 0.0, 1.0),
        LandmarksTask(),
        (settings,),
        (Oracle(frame.shape, points, stride=4),),
        Calibration(),
    )
    cases = []
    for number in range(1, 21):
        said = world.copy()
        said[0, 0] += 0.1 * number  # the annotator is off, from 0.1 to 2.0
        if number <= 3:
            said[1] = np.nan  # not annotated in three cases: 17 are too few
        cases.append(((level,), said, np.array([True, number > 3])))
    calibration = calibrate(model, cases, seed=0).calibration
    assert calibration.cases == 20
    assert 0 < calibration.threshold <= locate(model, (level,)).belief.min()
    assert calibration.radius95["a"] == pytest.approx(2.0, abs=1e-3)
    assert calibration.radius95["b"] is None
    assert calibrate(model, cases, seed=0).calibration == calibration


def test_what_a_cut_takes_away_counts_as_absent_worked_out_by_hand(monkeypatch):
    frame = upright_frame((40, 40))
    level = LevelArray(frame, addresses(frame.shape))
    world = np.array([[6.0, 6.0], [33.0, 33.0], [20.0, 20.0]])

    def believes(_, levels):
        inside = levels[0].frame.contains(world)
        belief = np.where(inside, 0.9, 0.2)
        belief[2] = 0.6  # nothing is known of it, so nothing is learned from it
        return Found(world, belief, np.zeros(3), np.ones(3, int), np.ones(3, bool))

    monkeypatch.setattr("pipeline.inference.calibration.locate", believes)
    model = Model(
        "m",
        ("a", "b", "c"),
        2,
        "mm",
        Normalisation("window", 0.0, 1.0),
        LandmarksTask(),
        (ModelLevel(1.0, "fcn", {}, 9.0),),
        (Oracle(frame.shape, world, stride=4),),
        Calibration(),
    )
    said = world.copy()
    said[2] = np.nan
    cases = [((level,), said, np.array([True, True, False]))] * 4
    assert calibrate(model, cases, seed=0).calibration.threshold == pytest.approx(0.55)
