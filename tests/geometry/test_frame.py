"""Where voxels lie in the world."""

import numpy as np
import pytest
from crooked import DIMS, all_voxels, crooked_frame, frames
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.errors import GeometryError
from pipeline.geometry import ImageFrame


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_world_to_voxel_undoes_voxel_to_world(dims, data):
    frame = data.draw(frames(dims))
    voxels = np.random.default_rng(dims).uniform(-50, 50, (7, dims))
    assert_allclose(frame.world_to_voxel(frame.voxel_to_world(voxels)), voxels, atol=1e-9)


def test_an_affine_takes_columns_for_axes_worked_out_by_hand():
    frame = ImageFrame((4, 3), np.array([[0, 2.0, 10], [1.5, 0, 20], [0, 0, 1]]))
    assert frame.voxel_to_world(np.array([[1, 2], [3, 0]])).tolist() == [[14, 21.5], [10, 24.5]]
    assert frame.world_to_voxel(np.array([[14, 21.5]])).tolist() == [[1, 2]]
    assert frame.spacing.tolist() == [1.5, 2.0]
    assert frame.direction.tolist() == [[0, 1], [1, 0]]


def test_a_left_handed_scan_of_unequal_steps_worked_out_by_hand():
    affine = [[0, 0, -2, 100], [0.5, 0, 0, -50], [0, 3, 0, 7], [0, 0, 0, 1]]
    frame = ImageFrame((9, 9, 9), np.array(affine))
    assert np.linalg.det(frame.direction) < 0
    assert frame.spacing.tolist() == [0.5, 3, 2]
    assert frame.voxel_to_world(np.array([[2, 1, 4]])).tolist() == [[92, -49, 10]]


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_spacing_is_the_world_length_of_one_voxel_step(dims, data):
    frame = data.draw(frames(dims))
    here, next_along = frame.voxel_to_world(np.zeros((dims, dims))), frame.voxel_to_world(np.eye(dims))
    assert_allclose(frame.spacing, np.linalg.norm(next_along - here, axis=1))


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_a_crop_leaves_every_voxel_where_it_is(dims, data):
    frame = data.draw(frames(dims))
    start = np.random.default_rng(dims).integers(-5, 5, dims)
    part = frame.crop(tuple(start.tolist()), (2,) * dims)
    inside = all_voxels(part.shape)
    assert_allclose(part.voxel_to_world(inside), frame.voxel_to_world(inside + start), atol=1e-9)
    assert_allclose(part.spacing, frame.spacing)


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data(), factor=st.floats(0.2, 7))
def test_another_voxel_size_keeps_the_first_edge_and_reaches_past_the_last_by_less_than_a_voxel(dims, data, factor):
    frame = data.draw(frames(dims))
    new = frame.at_spacing(tuple(frame.spacing * factor))
    assert_allclose(new.spacing, frame.spacing * factor)
    first = np.full((1, dims), -0.5)
    assert_allclose(new.voxel_to_world(first), frame.voxel_to_world(first), atol=1e-9)
    ends = new.world_to_voxel(frame.voxel_to_world(np.array(frame.shape)[None] - 0.5))[0]
    past = np.array(new.shape) - 0.5 - ends  # in new voxels
    assert (past > -1.1e-3).all()
    assert (past < 1).all()


def test_voxels_of_twice_the_size_lie_half_a_voxel_in_worked_out_by_hand():
    frame = ImageFrame((4,), np.array([[1.0, 10], [0, 1]]))
    half = frame.at_spacing(2.0)
    assert half.shape == (2,)
    assert half.voxel_to_world(np.array([[0], [1]])).tolist() == [[10.5], [12.5]]
    fine = frame.at_spacing(0.5)
    assert fine.shape == (8,)
    assert fine.voxel_to_world(np.array([[0], [7]])).tolist() == [[9.75], [13.25]]
    assert frame.at_spacing(3.0).shape == (2,)
    assert frame.at_spacing(40.0).shape == (1,)


def test_the_same_voxel_size_is_the_same_frame():
    frame = crooked_frame(np.random.default_rng(0), (3, 4, 5))
    assert frame.at_spacing(tuple(frame.spacing)).same_as(frame)


def test_a_box_of_voxels_holds_its_first_edge_and_not_its_last():
    frame = ImageFrame((2,), np.array([[2.0, 0], [0, 1]]))  # edges at -1 and 3
    assert frame.contains(np.array([[-1.001], [-1.0], [2.999], [3.0]])).tolist() == [False, True, True, False]


def test_a_point_that_is_nan_is_in_no_frame():
    assert not ImageFrame((2, 2), np.eye(3)).contains(np.array([[0, np.nan]])).any()


def test_the_depth_is_that_below_the_nearest_face():
    frame = ImageFrame((10, 4), np.array([[0, 3.0, 100], [0.5, 0, -7], [0, 0, 1]]))  # 5 along y, 12 along x
    world = frame.voxel_to_world(np.array([[-0.5, 1], [4.5, 1.5], [4.5, 3], [4.5, 5], [12.5, 1.5]]))
    assert_allclose(frame.depth(world), [0, 2.5, 1.5, -4.5, -1.5])


@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_a_point_has_a_depth_where_the_box_contains_it(dims, data):
    frame = data.draw(frames(dims))
    world = frame.voxel_to_world(np.random.default_rng(dims).uniform(-3, np.array(frame.shape) + 2, (20, dims)))
    assert_array_equal(frame.depth(world) > 0, frame.contains(world))


def test_frames_are_the_same_up_to_a_tolerance_and_only_with_equal_shape_and_unit():
    frame = ImageFrame((2, 3), np.eye(3))
    moved = np.eye(3)
    moved[0, 2] = 1e-3
    assert not frame.same_as(ImageFrame((2, 3), moved))
    assert frame.same_as(ImageFrame((2, 3), moved), tolerance=1e-2)
    assert not frame.same_as(ImageFrame((3, 2), np.eye(3)))
    assert not frame.same_as(ImageFrame((2, 3), np.eye(3), "px"))


def test_a_frame_keeps_its_own_copy_of_the_affine_and_nobody_can_write_to_it():
    affine = np.eye(3)
    frame = ImageFrame((2, 2), affine)
    affine[0, 0] = 5
    assert frame.affine[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        frame.affine[0, 0] = 5


SINGULAR = [[1.0, 2, 0], [1, 2, 0], [0, 0, 1]]
NO_STEP = [[1.0, 0, 0], [0, 0, 0], [0, 0, 1]]
HALF_KNOWN = [[1.0, 0, np.nan], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("affine", "complaint"),
    [(np.eye(4), "has shape"), (HALF_KNOWN, "not finite"), (SINGULAR, "singular"), (NO_STEP, "singular")],
)
def test_an_impossible_affine_is_refused(affine, complaint):
    with pytest.raises(GeometryError, match=complaint):
        ImageFrame((2, 2), np.array(affine))


def test_tiny_voxels_are_not_singular():
    assert ImageFrame((5, 5, 5), np.diag([1e-4, 1e-4, 1e-4, 1])).spacing.tolist() == [1e-4] * 3
