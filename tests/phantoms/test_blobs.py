"""Blobs: the same phantom at D = 1, 2 and 3."""

import numpy as np
import pytest

from pipeline.phantoms.blobs import KINDS, simulate_blobs
from tests.crooked import DIMS

SHAPES = {1: (120,), 2: (72, 48), 3: (60, 40, 32)}


@pytest.mark.parametrize("dims", DIMS)
def test_a_blob_is_seen_where_its_landmark_lies(dims):
    for seed in range(6):
        phantom = simulate_blobs(seed, SHAPES[dims], absent=0.0, noise=5.0)
        for name, place in phantom.landmarks.items():
            if place is not None:
                voxel = np.round(phantom.frame.world_to_voxel(np.array([place]))[0]).astype(int)
                value = phantom.voxels[tuple(np.clip(voxel, 0, np.array(phantom.frame.shape) - 1))]
                assert (value > 150) == (name in ("large_bright", "small_bright")), (seed, name)


@pytest.mark.parametrize("dims", DIMS)
def test_the_seed_decides_and_landmarks_lie_inside(dims):
    one, again, other = (simulate_blobs(seed, SHAPES[dims]) for seed in (4, 4, 5))
    assert one.voxels.tobytes() == again.voxels.tobytes() != other.voxels.tobytes()
    assert tuple(one.landmarks) == tuple(KINDS) and one.frame.dims == dims
    assert all(one.frame.contains(np.array([p]))[0] for p in one.landmarks.values() if p is not None)


@pytest.mark.parametrize("dims", DIMS)
def test_some_landmarks_are_absent_and_then_not_drawn(dims):
    phantoms = [simulate_blobs(seed, SHAPES[dims], absent=0.5) for seed in range(12)]
    absent = sum(len(p.description["absent"]) for p in phantoms)
    assert 10 < absent < 40
    empty = simulate_blobs(0, SHAPES[dims], absent=1.0, noise=1.0)
    assert set(empty.landmarks.values()) == {None} and empty.voxels.max() < 200 and empty.voxels.min() > -100


def test_frames_come_in_any_order_and_direction():
    frames = [simulate_blobs(seed, SHAPES[3]).frame for seed in range(12)]
    assert len({f.shape for f in frames}) > 2 and len({tuple(np.sign(np.diag(f.affine)[:3])) for f in frames}) > 2
