"""Boxes and how far they overlap, in any dimension."""

import numpy as np
import pytest
from crooked import DIMS
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import GeometryError
from pipeline.geometry.boxes import BoxSet, iou, volumes


def random_boxes(seed, count, dims):
    rng = np.random.default_rng(seed)
    low = rng.uniform(-10, 10, (count, dims))
    return low, low + rng.uniform(0.5, 8, (count, dims))


@pytest.mark.parametrize("dims", DIMS)
@given(seed=st.integers(0, 10**6))
def test_overlap_is_symmetric_between_0_and_1_and_1_with_itself(dims, seed):
    one, other = random_boxes(seed, 4, dims), random_boxes(seed + 1, 3, dims)
    both = iou(*one, *other)
    assert both.shape == (4, 3) and (both >= 0).all() and (both < 1).all()
    assert np.allclose(both, iou(*other, *one).T)
    assert np.allclose(np.diag(iou(*one, *one)), 1)


@pytest.mark.parametrize(("dims", "expected"), [(1, 1 / 3), (2, 1 / 7), (3, 1 / 15)])
def test_boxes_moved_by_half_along_every_axis_worked_out_by_hand(dims, expected):
    ones = np.ones((1, dims))
    assert iou(0 * ones, 2 * ones, 1 * ones, 3 * ones)[0, 0] == pytest.approx(expected)


def test_empty_boxes_overlap_nothing():
    point = np.array([[1.0, 1.0]])
    assert iou(point, point, point, point)[0, 0] == 0
    assert iou(point, point, point - 1, point + 1)[0, 0] == 0


@pytest.mark.parametrize("dims", DIMS)
def test_corners_are_all_the_ends_of_a_box(dims):
    low, high = random_boxes(0, 3, dims)
    corners = BoxSet(("a",) * 3, low, high).corners
    assert corners.shape == (3, 2**dims, dims)
    assert np.allclose(corners.min(1), low) and np.allclose(corners.max(1), high)
    assert all(len({tuple(c) for c in box}) == 2**dims for box in corners)
    assert np.allclose(volumes(low, high), np.prod(high - low, axis=1))


@pytest.mark.parametrize(
    ("low", "high"), [([[0, 0]], [[1, -1]]), ([[0, np.nan]], [[1, 1]]), ([[0, 0]], [[1, 1], [2, 2]]), ([0, 0], [1, 1])]
)
def test_what_is_no_box_is_refused(low, high):
    with pytest.raises(GeometryError):
        BoxSet(("a",), np.array(low, float), np.array(high, float))
