"""A crop's voxels and landmarks move together."""

import numpy as np
import pytest
from crooked import DIMS, all_voxels
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.sampling.augment import AugmentSettings, random_matrix
from pipeline.sampling.crops import Cut, whole_voxel_centre

STRONG = AugmentSettings(rotation=40.0, scale=0.3, share=1.0)


def random_cut(rng, dims, size=30):
    return Cut(rng.uniform(10, 25, dims), (size,) * dims, random_matrix(rng, dims, STRONG))


def image_of(point, shape, sigma=2.5):
    distance = np.linalg.norm(all_voxels(shape) - point, axis=1)
    return np.exp(-0.5 * (distance / sigma) ** 2).reshape(shape)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("seed", range(5))
def test_a_blob_lies_where_its_landmark_does(dims, seed):
    rng = np.random.default_rng([dims, seed])
    cut = random_cut(rng, dims, size=44)
    point = cut.centre + rng.uniform(-4, 4, dims)
    crop = cut.voxels(image_of(point, (36,) * dims))
    lies = crop.ravel() @ all_voxels(cut.shape) / crop.sum()
    assert_allclose(lies, cut.points(point[None])[0], atol=0.05)
    assert crop.dtype == np.float32


@pytest.mark.parametrize("dims", DIMS)
@given(seed=st.integers(0, 2**32 - 1))
def test_points_back_undoes_points(dims, seed):
    rng = np.random.default_rng(seed)
    cut, points = random_cut(rng, dims), rng.uniform(-50, 50, (4, dims))
    assert_allclose(cut.points_back(cut.points(points)), points, atol=1e-9)


@pytest.mark.parametrize("dims", DIMS)
def test_a_landmark_without_a_position_stays_without_and_does_not_touch_the_others(dims):
    cut = random_cut(np.random.default_rng(0), dims)
    points = np.array([[3.0] * dims, [np.nan] * dims, [7.0] * dims])
    moved = cut.points(points)
    assert np.isnan(moved[1]).all()
    assert_allclose(moved[[0, 2]], cut.points(points[[0, 2]]))


def test_an_upright_cut_worked_out_by_hand():
    cut = Cut(np.array([3.5]), (4,), np.eye(1))
    assert cut.points(np.array([[3.5], [2.0]])).tolist() == [[1.5], [0.0]]
    assert cut.voxels(np.arange(10.0)).tolist() == [2, 3, 4, 5]


def test_a_quarter_turn_worked_out_by_hand():
    turn = np.array([[0.0, -1], [1, 0]])  # crop axis 0 runs along source axis 1, crop axis 1 against source axis 0
    cut = Cut(np.array([1.0, 1]), (3, 3), turn)
    source = np.arange(9.0).reshape(3, 3)
    assert_allclose(cut.voxels(source), [[6, 3, 0], [7, 4, 1], [8, 5, 2]], atol=1e-5)
    assert_allclose(cut.points(np.array([[2.0, 0]])), [[0, 0]], atol=1e-12)


def test_twice_the_size_worked_out_by_hand():
    cut = Cut(np.array([3.0]), (3,), np.array([[0.5]]))  # half a source voxel a crop voxel: magnified
    assert cut.voxels(np.arange(10.0)).tolist() == [2.5, 3, 3.5]
    assert cut.points(np.array([[3.5]])).tolist() == [[2.0]]


@pytest.mark.parametrize("dims", DIMS)
def test_copying_and_interpolating_agree_where_both_can(dims):
    rng = np.random.default_rng(dims)
    source = rng.standard_normal((12, 11, 13)[:dims])
    shape = (6, 5, 7)[:dims]
    centre = whole_voxel_centre(np.array([5.2, 5.9, 6.1])[:dims], shape)
    copied = Cut(centre, shape, np.eye(dims)).voxels(source)
    interpolated = Cut(centre, shape, np.eye(dims) * (1 + 1e-12)).voxels(source)
    assert_allclose(interpolated, copied, atol=1e-5)  # places are float32


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("matrix", [1.0, 1.1])
def test_beyond_the_source_is_the_outside_value(dims, matrix):
    source = np.ones((5,) * dims)
    for middle in (-100.5, 2.5, 100.5):
        crop = Cut(np.full(dims, middle), (20,) * dims, np.eye(dims) * matrix).voxels(source, outside=-2.0)
        assert (crop == -2).any()
        assert (crop == 1).any() == (middle == 2.5)


def test_a_memory_mapped_half_precision_source_is_cut_alike(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((9, 8)).astype(np.float16))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    for matrix in (np.eye(2), np.eye(2) * 1.1):
        cut = Cut(np.array([4.0, 4]), (5, 5), matrix)
        assert_array_equal(cut.voxels(mapped), cut.voxels(np.asarray(mapped, np.float32)))


@given(centre=st.floats(-50, 50), size=st.integers(1, 9))
def test_the_nearest_whole_voxel_centre_is_at_most_half_a_voxel_away(centre, size):
    moved = whole_voxel_centre(np.array([centre]), (size,))
    assert abs(moved[0] - centre) <= 0.5
    assert (moved[0] - (size - 1) / 2).is_integer()
