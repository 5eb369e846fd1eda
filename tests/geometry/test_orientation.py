"""Which way the axes point, and turning every storage order into one."""

import numpy as np
import pytest
from crooked import DIMS, all_voxels, crooked_frame, frames, storages, stored, upright_frame
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.errors import GeometryError
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import (
    axis_letters,
    is_world_aligned,
    nearest_axes,
    own_axes,
    reorient,
    world_aligned,
)


def test_axis_letters_worked_out_by_hand():
    def letters(matrix):
        affine = np.eye(4)
        affine[:3, :3] = matrix
        return axis_letters(ImageFrame((2, 2, 2), affine))

    assert letters(np.eye(3)) == "LPS"
    assert letters(np.diag([-1, -1, 1])) == "RAS"
    assert letters([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) == "SPL"
    assert letters([[0, -1, 0.3], [0, 0.3, 1], [-1, 0, 0]]) == "IRP"


def test_no_two_array_axes_take_the_same_world_axis():
    turn = np.array([[0.8, 0.7, 0], [0.6, -0.71, 0], [0, 0, 1]])  # both of the first two lean towards x
    affine = np.eye(4)
    affine[:3, :3] = turn
    assert nearest_axes(ImageFrame((2, 2, 2), affine)) == ((0, 1, 2), (1, -1, 1))


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_own_axes_are_those_of_the_array_each_pointing_the_way_of_a_world_axis(dims, data):
    frame = data.draw(frames(dims))
    along = own_axes(frame)
    assert (np.diag(along) > 0).all()
    same = np.isclose(np.abs(along.T @ frame.direction), 1)
    assert same.any(0).all() and same.any(1).all()


def test_own_axes_worked_out_by_hand():
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, -0.8, 0.6], [0, 0.6, 0.8], [1, 0, 0]]) * [2, 3, 4]  # S, then R and P, P and L
    assert_allclose(own_axes(ImageFrame((2, 2, 2), affine)), [[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]])


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_reorienting_keeps_the_world_position_of_every_voxel_and_ends_canonical(dims, data):
    frame = data.draw(frames(dims, largest=5))
    numbers = np.arange(int(np.prod(frame.shape))).reshape(frame.shape)
    view, turned = reorient(numbers, frame)
    before = frame.voxel_to_world(all_voxels(frame.shape))
    after = turned.voxel_to_world(all_voxels(turned.shape))
    assert_allclose(after, before[view.ravel()], atol=1e-9)
    assert nearest_axes(turned) == (tuple(reversed(range(dims))), (1,) * dims)


@pytest.mark.parametrize("dims", DIMS)
def test_all_ways_to_store_an_image_become_the_same_image(dims):
    rng = np.random.default_rng(3)
    frame = crooked_frame(rng, (3, 4, 5)[:dims])
    voxels = rng.standard_normal(frame.shape)
    expected, canonical = reorient(voxels, frame)
    ways = storages(dims)
    assert len(ways) == (2, 8, 48)[dims - 1]
    for order, flips in ways:
        copy, turned = reorient(*stored(voxels, frame, order, flips))
        assert_array_equal(copy, expected)
        assert turned.same_as(canonical, 1e-9)


def test_a_canonical_image_is_not_copied():
    frame = upright_frame((2, 3, 4), (1, 2, 3))
    voxels = np.zeros(frame.shape)
    view, turned = reorient(voxels, frame)
    assert np.shares_memory(view, voxels)
    assert turned.same_as(frame)


def test_the_canonical_order_of_a_scan_is_superior_posterior_left_worked_out_by_hand():
    ras = ImageFrame((2, 3, 4), np.diag([-1.0, -2, 3, 1]))  # RAS+ axes in an LPS world
    voxels = np.arange(24).reshape(2, 3, 4)
    view, frame = reorient(voxels, ras)
    assert axis_letters(frame) == "SPL"
    assert frame.spacing.tolist() == [3, 2, 1]
    assert view[0, 0, 0] == voxels[1, 2, 0]  # the most right, anterior, inferior corner
    assert frame.voxel_to_world(np.zeros((1, 3))).tolist() == [[-1, -4, 0]]


def test_voxels_that_do_not_fit_their_frame_are_refused():
    with pytest.raises(GeometryError, match=r"voxels have shape \(2, 3\), their frame \(3, 2\)"):
        reorient(np.zeros((2, 3)), ImageFrame((3, 2), np.eye(3)))


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_the_upright_frame_holds_every_corner_and_wastes_less_than_a_voxel(dims, data):
    frame = data.draw(frames(dims))
    upright = world_aligned(frame)
    assert is_world_aligned(upright)
    assert nearest_axes(upright) == (tuple(reversed(range(dims))), (1,) * dims)
    corners = frame.voxel_to_world(all_voxels((2,) * dims) * np.array(frame.shape) - 0.5)
    voxel = upright.world_to_voxel(corners)
    assert_allclose(voxel.min(0), -0.5, atol=1e-9)  # the first edge touches
    past = np.array(upright.shape) - 0.5 - voxel.max(0)
    assert (past > -1.1e-3).all()
    assert (past < 1).all()
    assert sorted(upright.spacing) == pytest.approx(sorted(frame.spacing))


@pytest.mark.parametrize("dims", DIMS)
def test_the_upright_frame_does_not_depend_on_the_storage_order(dims):
    frame = crooked_frame(np.random.default_rng(5), (3, 4, 5)[:dims])
    expected = world_aligned(frame)
    for order, flips in storages(dims):
        assert world_aligned(stored(np.zeros(frame.shape), frame, order, flips)[1]).same_as(expected, 1e-9)


def test_an_upright_frame_around_a_diamond_worked_out_by_hand():
    half = np.sqrt(0.5)
    frame = ImageFrame((2, 2), np.array([[half, -half, 0], [half, half, 0], [0, 0, 1]]))
    # The square [-0.5, 1.5)^2 turned by 45 degrees: x from -sqrt(2) to sqrt(2), y from -sqrt(0.5) to 3 sqrt(0.5).
    upright = world_aligned(frame)
    assert upright.shape == (3, 3)
    assert_allclose(upright.voxel_to_world(np.array([[0, 0]])), [[-np.sqrt(2) + 0.5, -half + 0.5]])


def test_an_upright_frame_of_an_upright_frame_is_itself():
    frame = upright_frame((4, 5, 6), (1.5, 0.7, 0.3), (-4, 5, 6))
    assert world_aligned(frame).same_as(frame)


@pytest.mark.parametrize(("degrees", "aligned"), [(0.0, True), (0.003, True), (0.02, False), (90.0, True)])
def test_an_axis_counts_as_upright_up_to_a_tenth_of_a_milliradian(degrees, aligned):
    a = np.radians(degrees)
    affine = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    assert is_world_aligned(ImageFrame((9, 9), affine)) == aligned


def test_the_rounding_of_a_file_adds_no_voxel_to_the_upright_frame():
    affine = np.diag([0.7, 0.7, 0.7, 1.0])
    affine[0, 1] = affine[2, 0] = 1e-7  # what single-precision quaternions leave behind
    assert world_aligned(ImageFrame((500, 512, 300), affine)).shape == (300, 512, 500)
