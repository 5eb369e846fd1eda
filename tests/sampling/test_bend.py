"""A bend moves image and points together, and folds nowhere."""

import numpy as np
import pytest
from crooked import DIMS, all_voxels
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pipeline.sampling.bend import CONTROLS, Bend, random_bend
from pipeline.sampling.crops import Cut

LARGEST = 0.15  # what the door allows


@pytest.mark.parametrize("dims", DIMS)
@given(seed=st.integers(0, 2**32 - 1))
def test_undo_finds_the_place_that_was_bent(dims, seed):
    rng = np.random.default_rng(seed)
    bend, places = random_bend(rng, (30, 22, 26)[:dims], LARGEST), rng.uniform(-5, 35, (5, dims))
    assert_allclose(bend.undo(places + bend.of_points(places)), places, atol=1e-3)


@pytest.mark.parametrize("dims", DIMS)
def test_points_and_voxels_are_shifted_alike(dims):
    shape = (9, 8, 7)[:dims]
    bend = random_bend(np.random.default_rng(dims), shape, LARGEST)
    assert_allclose(bend.of_grid().reshape(dims, -1).T, bend.of_points(all_voxels(shape).astype(float)), atol=1e-5)


@pytest.mark.parametrize("dims", DIMS)
def test_nothing_folds(dims):
    for seed in range(20):
        where = random_bend(np.random.default_rng(seed), (24,) * dims, LARGEST).of_grid()
        for axis in range(dims):
            assert (1 + np.diff(where[axis], axis=axis) > 0).all()


@pytest.mark.parametrize("dims", DIMS)
def test_equal_control_points_are_a_shift_of_all(dims):
    bend = Bend(np.full((dims, *[CONTROLS] * dims), 1.5), (11,) * dims)
    assert_allclose(bend.of_grid(), 1.5, atol=1e-6)
    assert_allclose(bend.undo(np.full((1, dims), 4.0)), 2.5)


def test_the_middle_of_a_spline_cell_worked_out_by_hand():
    bend = Bend(np.array([[0.0, 6, 12, 0, 0, 0]]), (7,))  # cells of two voxels; voxel 1 is the middle of the first
    assert_allclose(bend.of_points(np.array([[1.0]])), [[(23 * 6 + 23 * 12) / 48]])
    assert_allclose(bend.of_points(np.array([[0.0]])), [[(4 * 6 + 12) / 6]])


def test_a_landmark_without_a_position_stays_without():
    bend = random_bend(np.random.default_rng(0), (20, 20), LARGEST)
    assert np.isnan(bend.undo(np.array([[np.nan, np.nan], [3, 4]]))).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("seed", range(3))
def test_a_blob_lies_where_its_landmark_does(dims, seed):
    rng = np.random.default_rng([dims, seed])
    shape = (44,) * dims
    cut = Cut(rng.uniform(15, 20, dims), shape, np.eye(dims) * 0.9, random_bend(rng, shape, 0.1))
    point = cut.centre + rng.uniform(-4, 4, dims)
    image = np.exp(-0.5 * (np.linalg.norm(all_voxels((36,) * dims) - point, axis=1) / 2.0) ** 2)
    crop = cut.voxels(image.reshape((36,) * dims))
    lies = crop.ravel() @ all_voxels(shape) / crop.sum()
    assert_allclose(lies, cut.points(point[None])[0], atol=0.15)
    assert_allclose(cut.points_back(cut.points(point[None])), point[None], atol=1e-6)
    assert crop.dtype == np.float32
