"""Which boxes a finer level looks at."""

import numpy as np
import pytest
from crooked import DIMS
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.regions import regions


def box_around(point, shape, half):
    inside = np.clip(point, 0, np.array(shape) - 1)
    return np.maximum(inside - half, 0), np.minimum(inside + half + 1, shape)


@pytest.mark.parametrize("dims", DIMS)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 12), half=st.floats(1, 30))
def test_every_landmark_has_its_box_and_sharing_never_costs_more_voxels(dims, seed, count, half):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(5, 200, dims))
    prior = rng.uniform(-20, np.array(shape) + 20, (count, dims))
    found = regions(prior, shape, half)
    assert sorted(k for r in found for k in r.landmarks) == list(range(count))
    together = alone = 0
    for region in found:
        start, stop = np.array(region.start), np.array(region.start) + region.shape
        assert (start >= 0).all()
        assert (stop <= shape).all()
        assert (stop > start).all()
        together += int(np.prod(region.shape))
        for k in region.landmarks:
            low, high = box_around(prior[k], shape, half)
            assert (start <= low).all()
            assert (stop >= np.floor(high)).all()
            alone += np.prod(np.ceil(high) - np.floor(low) + 1)
    assert together <= alone


def test_near_landmarks_share_a_box_and_far_ones_do_not_worked_out_by_hand():
    found = regions(np.array([[10.0], [90.0], [12.0]]), (100,), half=5)
    assert [(r.start, r.shape, r.landmarks) for r in found] == [((5,), (13,), (0, 2)), ((85,), (11,), (1,))]
    assert found[1].slices == (slice(None), slice(85, 96))


def test_landmarks_at_one_place_share_one_box():
    assert len(regions(np.full((6, 3), 7.3), (50, 50, 50), half=4)) == 1


def test_a_prior_outside_the_image_looks_at_the_nearest_part():
    (region,) = regions(np.array([[-40.0, 300.0]]), (50, 60), half=5)
    assert (region.start, region.shape) == ((0, 54), (6, 6))
