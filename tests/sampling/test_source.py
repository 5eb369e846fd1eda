"""A case as if its scan ended near a landmark."""

import numpy as np
import pytest
from crooked import DIMS
from numpy.testing import assert_array_equal

from pipeline.sampling.source import Source, end_near_landmark

MARGIN = 4.0


def number_of(position):
    """The voxel value that says where a voxel lay in the whole scan."""
    return position @ np.array([100.0, 1.0])


def whole():
    voxels = number_of(np.stack(np.meshgrid(np.arange(40), np.arange(60), indexing="ij"), -1))
    return Source(voxels[None], np.array([[12.0, 30.0], [20.4, 8.6], [np.nan, np.nan]]), np.array([True, True, False]))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_stays_where_it_was(seed):
    part, start = end_near_landmark(np.random.default_rng(seed), whole(), (6, 6))
    assert part.voxels[0, 0, 0] == number_of(start)
    assert part.voxels.size < whole().voxels.size
    kept = part.present
    assert_array_equal(part.points[kept] + start, whole().points[kept])
    assert part.known.tolist() == [True, True, False]


@pytest.mark.parametrize("seed", range(20))
def test_a_landmark_is_absent_exactly_when_it_lies_far_beyond(seed):
    part, start = end_near_landmark(np.random.default_rng(seed), whole(), (9, 9), MARGIN)
    at = whole().points[:2] - start
    beyond = np.maximum(-0.5 - at, at - np.array(part.shape) + 0.5).max(1)
    assert_array_equal(np.isfinite(part.points[:2]).all(1), beyond <= MARGIN)


def test_landmarks_end_inside_a_little_beyond_and_far_beyond():
    """The test above meets all three."""
    beyond = []
    for seed in range(60):
        part, start = end_near_landmark(np.random.default_rng(seed), whole(), (9, 9), MARGIN)
        at = whole().points[:2] - start
        beyond += np.maximum(-0.5 - at, at - np.array(part.shape) + 0.5).max(1).tolist()
    assert min(beyond) < 0 < MARGIN < max(beyond) and any(0 < b < MARGIN for b in beyond)


def test_the_plane_lies_within_reach_of_a_landmark_on_any_axis_and_side():
    seen = set()
    for seed in range(60):
        part, start = end_near_landmark(np.random.default_rng(seed), whole(), (3, 3))
        axis = int(np.flatnonzero(np.array(part.shape) < (40, 60))[0])
        plane = start[axis] - 0.5 if start[axis] else part.shape[axis] - 0.5
        assert np.nanmin(np.abs(whole().points[:, axis] - plane)) <= 3.5
        seen.add((axis, bool(start[axis])))
    assert len(seen) == 4


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dims", DIMS)
def test_an_axis_of_one_voxel_is_never_cut(dims, seed):
    shape = (20, 1, 20)[:dims]
    source = Source(np.ones((1, *shape)), np.full((1, dims), 0.3), np.array([True]))
    part, _ = end_near_landmark(np.random.default_rng(seed), source, (3,) * dims)
    assert 0 < part.voxels.size < source.voxels.size
    flat = Source(np.ones((1, *(1,) * dims)), np.zeros((1, dims)), np.array([True]))
    assert end_near_landmark(np.random.default_rng(seed), flat, (3,) * dims)[0] is flat


def test_without_any_position_nothing_is_cut():
    source = Source(np.ones((1, 5, 5)), np.full((1, 2), np.nan), np.array([True]))
    part, start = end_near_landmark(np.random.default_rng(0), source, (3, 3))
    assert part is source
    assert not start.any()
