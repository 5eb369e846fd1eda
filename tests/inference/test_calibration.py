"""Threshold and radius, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from crooked import DIMS, upright_frame
from oracle import Oracle, addresses

from pipeline.data.intensity import Normalisation
from pipeline.data.store import LevelArray
from pipeline.inference.calibration import best_balance, calibrate, choose_threshold
from pipeline.inference.cascade import answers, locate
from pipeline.inference.model import Calibration, Model, ModelLevel
from pipeline.tasks.constellation import fit_constellation
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask


def test_the_threshold_keeps_98_percent_worked_out_by_hand():
    beliefs = np.linspace(0.01, 1.0, 100)  # 0.01, 0.02, ... 1.00: two of a hundred may go
    right = np.full(100, 0.5)
    assert choose_threshold(beliefs[::-1], right) == pytest.approx(0.03)
    assert (beliefs >= choose_threshold(beliefs, right)).sum() == 98


@pytest.mark.parametrize("n", [1, 2, 49])
def test_few_landmarks_lose_none_to_the_threshold(n):
    beliefs = np.linspace(0.2, 0.9, n)
    assert choose_threshold(beliefs, np.zeros(n)) == 0.2
    assert choose_threshold(np.array([]), np.array([])) == 0.5


@pytest.mark.parametrize("number", [20, 60])
def test_what_is_absent_is_not_given_where_all_that_is_there_is_refused(number):
    absent = np.full(number, np.nan)
    assert choose_threshold(np.full(number, 0.9), absent) > 0.9
    assert choose_threshold(np.full(number, 0.4), absent) == 0.5


def test_the_threshold_never_asks_for_more_than_half_of_right_answers():
    assert choose_threshold(np.full(60, 0.99), np.full(60, 1.0)) == 0.5


def test_answers_that_are_wrong_or_of_what_is_absent_raise_the_threshold_until_two_percent_are_left():
    beliefs = np.linspace(0.705, 0.996, 198)
    wrong = np.array([0.80, 0.85, 0.90, 0.95])  # 4 of 202: they may stay
    errors = np.array([*np.full(198, 1.0), 6.0, np.nan, 5.1, np.nan])
    assert choose_threshold(np.array([*beliefs, *wrong]), errors) == 0.5
    fifth = np.array([*beliefs, *wrong, 0.7051])  # 5 of 203 may not: the next above the fifth is asked for, 4 of 201
    assert choose_threshold(fifth, np.array([*errors, 40.0])) == beliefs[1]


def test_many_absent_landmarks_are_told_at_the_price_of_a_tenth_of_the_others():
    there, absent = np.linspace(0.6, 0.999, 9000), np.linspace(0.2, 0.65, 100)

    def threshold(number):
        beliefs = np.concatenate([there, absent[:number]])
        return choose_threshold(beliefs, np.concatenate([np.zeros(9000), np.full(number, np.nan)]))

    assert threshold(49) == 0.5
    assert (absent < threshold(100)).sum() == 92 and (there < threshold(100)).mean() < 0.1
    absent = absent + 0.25  # to tell as many would now cost two thirds
    assert (there < threshold(100)).sum() == 900


def test_a_model_that_is_wrong_where_it_is_surest_finds_nothing():
    assert choose_threshold(np.array([0.9, 1.0]), np.array([0.1, 9.0])) > 1.0


@pytest.mark.parametrize("dims", DIMS)
def test_validation_cases_teach_the_threshold_and_the_radius(dims):
    frame = upright_frame((48, 40, 32)[:dims])
    level = LevelArray(frame, addresses(frame.shape))
    points = np.array([np.full(dims, 8.0), np.array(frame.shape) - 9.0])
    world = frame.voxel_to_world(points)
    settings = ModelLevel(1.0, "fcn", {}, 9.0)
    model = Model(
        "m",
        dims,
        "mm",
        Normalisation("window", 0.0, 1.0),
        LandmarksTask(names=("a", "b")),
        (settings,),
        (Oracle(frame.shape, points, stride=4),),
        Calibration(),
    )
    cases = []
    for number in range(1, 21):
        said = world.copy()
        said[0, 0] += 0.1 * number  # the annotator is off, from 0.1 to 2.0
        if number <= 3:
            said[1] = np.nan  # not annotated in three cases
        cases.append(((level,), said, np.isfinite(said).all(1)))
    calibration = calibrate(model, cases).calibration
    assert calibration.cases == 20
    assert 0 < calibration.threshold <= locate(model, (level,)).belief.min()
    assert calibration.radius is not None and calibration.radius.answers == 37
    assert calibration.radius.error[0] > 0.9 > calibration.radius.error[1]
    assert calibrate(model, cases).calibration == calibration


def test_what_is_answered_outside_its_scan_does_not_lower_the_threshold():
    level = LevelArray(upright_frame((8, 8)), addresses((8, 8)))
    model = Model("m", 2, "mm", None, LandmarksTask(names=("a", "b")), (), (), Calibration())
    world, all_of = np.array([[3.0, 3.0], [-0.2, 3.0]]), np.ones(2)
    said = Found(world, 0.9 * all_of, all_of, np.full(2, 9), np.array([True, False]), all_of)
    cases = [((level,), world, np.ones(2, bool))] * 20
    assert calibrate(model, cases, [said] * 20).calibration.threshold == 0.5


def said_of(rng, dims, belief, **more):
    """Three landmarks of a case, and what is said of them."""
    world = 40 + rng.normal(0, 1, (3, dims)) + 12 * np.eye(3)[:, :dims]
    ones = np.ones(3)
    return world, Found(world + 0.5, belief * ones, ones, np.full(3, 9), ones > 0, ones, **more)


@pytest.mark.parametrize("refused", ["presence", "implausible"])
@pytest.mark.parametrize("dims", DIMS)
def test_what_is_never_answered_costs_neither_the_threshold_nor_the_radius(dims, refused):
    rng, level = np.random.default_rng(dims), LevelArray(upright_frame((99,) * dims), addresses((99,) * dims))
    shape = fit_constellation(np.stack([said_of(rng, dims, 1.0)[0] for _ in range(30)]), 1.0)
    task = LandmarksTask(names=("a", "b", "c"), constellation=shape)
    model = Model("m", dims, "mm", None, task, (), (), Calibration())
    cases, seen = [], []
    for number in range(40):
        wrong = number % 4 == 0  # and believed more than the others
        world, said = said_of(rng, dims, 0.8 if wrong else 0.7, presence=0.1 if wrong else 0.9)
        if wrong and refused == "presence":
            world = np.full_like(world, np.nan)
        elif wrong:
            said = replace(said, world=said.world + 30.0 * np.eye(3)[:, :1], presence=None)
        cases.append(((level,), world, np.ones(3, bool)))
        seen.append(said)
    made = calibrate(model, cases, seen)
    assert made.calibration.threshold == 0.5
    given = [[a.found for a in answers(made, said, level.frame).values()] for said in seen]
    assert given[1] == [True] * 3 and given[0] == ([False] * 3 if refused == "presence" else [False, True, True])
    assert made.calibration.radius.answers == sum(map(sum, given))
    assert max(made.calibration.radius.error) < 1.0


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
def test_the_threshold_of_boxes_does_not_depend_on_the_order_of_what_is_believed_alike(order):
    belief, right = np.array([0.9, 0.5, 0.5, 0.5, 0.5]), np.array([True, True, False, False, False])
    # F1 at 0.9, where one of two is found: 2/3; at 0.5 both are, and three wrong ones: 4/7
    assert best_balance(belief[order], right[order], 2) == 0.9
