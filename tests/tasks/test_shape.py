"""Answers are drawn towards how the landmarks of the training cases lie together."""

import json
from dataclasses import replace

import numpy as np
import pytest
from crooked import DIMS
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.tasks.shape import FEWEST, fit_shape, shape_of, with_error

COUNT = 12


def turn(rng, dims):
    matrix = np.linalg.qr(rng.normal(size=(dims, dims)))[0]
    matrix[:, 0] *= np.linalg.det(matrix)  # a rotation, no mirror
    return matrix


def cases(dims, count, seed=0, twist=1.0):
    """Twelve landmarks that differ along two directions, in any pose."""
    rng = np.random.default_rng(seed)
    plan = np.random.default_rng(7)
    mean, modes = plan.normal(0, 20, (COUNT, dims)), plan.normal(size=(2, COUNT, dims))
    shapes = mean + twist * np.einsum("cm,mkd->ckd", rng.normal(size=(count, 2)), modes)
    shapes += rng.normal(0, 0.1, shapes.shape)
    return np.stack([shape @ turn(rng, dims).T + rng.normal(0, 30, dims) for shape in shapes])


def fitted(dims, error=1.0, share=1.0):
    shape = fit_shape(cases(dims, 60))
    return replace(shape, error=np.full(COUNT, error**2), share=share)


def drawn(shape, world, sure=None, most=10.0):
    count = len(world)
    return shape.drawn(world, np.ones(count, bool) if sure is None else sure, np.full(count, most))


@pytest.mark.parametrize("dims", DIMS)
def test_what_a_network_errs_at_each_landmark_is_mended_by_the_others(dims):
    shape, rng = fitted(dims), np.random.default_rng(5)
    truth = cases(dims, 40, seed=1)
    noisy = truth + rng.normal(0, 1.0, truth.shape)
    before = np.linalg.norm(noisy - truth, axis=2).mean()
    after = np.mean([np.linalg.norm(drawn(shape, n) - t, axis=1).mean() for n, t in zip(noisy, truth, strict=True)])
    assert after < (0.6 if dims > 1 else 0.75) * before  # pose and two modes are all that is left to err in


@pytest.mark.parametrize("dims", DIMS)
def test_answers_move_along_when_the_scan_is_turned_and_moved(dims):
    shape, rng = fitted(dims), np.random.default_rng(6)
    world = cases(dims, 1, seed=2)[0] + rng.normal(0, 1.0, (COUNT, dims))
    matrix, step = turn(rng, dims), rng.normal(0, 50, dims)
    assert_allclose(drawn(shape, world @ matrix.T + step), drawn(shape, world) @ matrix.T + step, atol=1e-6)


@pytest.mark.parametrize("dims", DIMS)
def test_only_sure_answers_count_and_move(dims):
    shape = fitted(dims)
    world, sure = cases(dims, 1, seed=3)[0] + 0.5, np.arange(COUNT) > 1
    moved = drawn(shape, world, sure)
    assert_array_equal(moved[:2], world[:2])
    elsewhere = world.copy()
    elsewhere[:2] += 100
    assert_allclose(drawn(shape, elsewhere, sure)[2:], moved[2:])
    few = np.arange(COUNT) < dims
    assert_array_equal(drawn(shape, world, few), world)


@pytest.mark.parametrize("dims", [2, 3])
def test_an_odd_answer_stays_and_moves_no_other(dims):
    shape = fitted(dims, error=0.3)
    world = cases(dims, 1, seed=4)[0]
    odd = world.copy()
    odd[3] += 15.0
    moved = drawn(shape, odd)
    assert np.linalg.norm(moved[3] - odd[3]) < 1.0  # not hidden by a likely place
    others = np.arange(COUNT) != 3
    assert np.linalg.norm((moved - world)[others], axis=1).max() < 1.0


def test_nothing_moves_by_more_than_is_allowed_nor_without_a_share():
    shape, world = fitted(3), cases(3, 1, seed=5)[0]
    noisy = world + np.random.default_rng(0).normal(0, 2.0, world.shape)
    assert np.linalg.norm(drawn(shape, noisy, most=0.25) - noisy, axis=1).max() <= 0.25 + 1e-9
    assert_array_equal(drawn(replace(shape, share=0.0), noisy), noisy)
    half, whole = drawn(replace(shape, share=0.5), noisy), drawn(shape, noisy)
    assert_allclose(half - noisy, (whole - noisy) / 2)


def test_a_network_that_is_exact_is_left_alone():
    world = cases(3, 1, seed=6)[0] + 0.3
    assert_allclose(drawn(fitted(3, error=1e-4), world), world, atol=1e-3)


def test_too_few_cases_or_landmarks_have_no_shape():
    assert fit_shape(cases(3, FEWEST - 1)) is None
    assert fit_shape(cases(3, 40)[:, :3]) is None
    gaps = cases(3, 40)
    gaps[: 40 - FEWEST + 1, 0] = np.nan
    assert fit_shape(gaps) is None and fit_shape(gaps[: 40 - FEWEST + 1]) is None
    assert fit_shape(np.zeros((40, 6, 3))) is None


def test_how_exact_a_network_is_comes_from_medians_worked_out_by_hand():
    shape = fit_shape(cases(1, 40))
    off = np.full((5, COUNT, 1), 2.0)
    off[:, 0] = 4.0
    off[0, 1] = np.nan
    errors = with_error(shape, off).error * (7 / 9) ** 3  # the median of chi squared with one degree, nearly
    assert_allclose(errors[:3], [(5 * 16 + 4 * 4) / 9, 4.0, 4.0])
    nothing = with_error(shape, np.full((5, COUNT, 1), np.nan))
    assert_array_equal(nothing.error, shape.error)


def test_a_shape_survives_json():
    shape = fitted(3, share=0.75)
    again = shape_of(json.loads(json.dumps(shape.content())))
    world = cases(3, 1, seed=8)[0]
    assert_array_equal(drawn(again, world), drawn(shape, world))
