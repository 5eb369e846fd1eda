"""Levels: the same anatomy at the same world position, whatever the scan's frame; nothing aliases."""

import numpy as np
import pytest
from crooked import DIMS, all_voxels, blob, centroid, crooked_frame, upright_frame
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.data import shrink as module
from pipeline.data.resample import lattice_number, level_frame, resample
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import is_world_aligned, nearest_axes

LINE = ImageFrame((4,), np.array([[1.0, 10], [0, 1]]))
RAMP = np.array([0.0, 1, 2, 3])


def on_level(voxels, frame, spacing, outside=0.0):
    target = level_frame(frame, spacing)
    return resample(voxels, frame, target, outside), target


def test_a_ramp_at_half_the_resolution_worked_out_by_hand():
    level, frame = on_level(RAMP, LINE, 2.0)
    # The scan spans 9.5..13.5, so centres at 10 and 12; weights 1/4, 1/2, 1/4; beyond the edge the last voxel counts.
    assert level.tolist() == [(0 + 2 * 0 + 1) / 4, (1 + 2 * 2 + 3) / 4]
    assert frame.voxel_to_world(np.array([[0], [1]])).tolist() == [[10.0], [12.0]]
    assert level.dtype == np.float32


def test_a_ramp_at_twice_the_resolution_is_interpolated_worked_out_by_hand():
    level, frame = on_level(RAMP, LINE, 0.5)
    assert level.tolist() == [0, 0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert frame.voxel_to_world(np.array([[0]])).tolist() == [[9.5]]


def test_the_scans_own_voxels_are_not_touched():
    for spacing in (None, 1.0):
        level, frame = on_level(RAMP, LINE, spacing)
        assert_array_equal(level, RAMP)
        assert frame.same_as(LINE)


def test_beyond_the_scan_is_the_outside_value_worked_out_by_hand():
    wider = LINE.crop((-2,), (8,))
    assert resample(RAMP, LINE, wider, -7).tolist() == [-7, -7, 0, 1, 2, 3, -7, -7]
    halves = LINE.at_spacing(2.0).crop((-1,), (4,))  # centres -1.5, 0.5, 2.5, 4.5
    assert resample(RAMP, LINE, halves, -7).tolist() == [-7, 0.625, 2.375, -7]


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("spacing", [0.7, 1.5, 3.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_blob_stays_at_its_world_position(dims, spacing, seed):
    rng = np.random.default_rng([dims, seed])
    steps = rng.uniform(0.6, 1.4, dims)
    frame = crooked_frame(rng, np.ceil(44 / steps).astype(int), steps)
    middle = (np.array(frame.shape) - 1) / 2
    world = frame.voxel_to_world((middle + rng.uniform(-1, 1, dims))[None])[0]
    level, target = on_level(blob(frame, world, sigma=4.0), frame, spacing)
    assert is_world_aligned(target)
    off = np.linalg.norm(centroid(level, target) - world) / spacing
    assert off < 0.02


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("spacing", [None, 0.5, 2.0])
def test_a_constant_stays_constant_inside_and_outside_is_outside(dims, spacing):
    frame = crooked_frame(np.random.default_rng(dims), (20,) * dims, np.array([1.0, 1.6, 0.8])[:dims])
    level, target = on_level(np.full(frame.shape, 5.0), frame, spacing, outside=-3.0)
    own = frame.world_to_voxel(target.voxel_to_world(all_voxels(target.shape))).reshape(*target.shape, dims)
    reach = 1.5 * target.spacing.max() / frame.spacing.min() + 2
    deep = ((own > reach) & (own < np.array(frame.shape) - 1 - reach)).all(-1)
    beyond = ((own < -1.1 - reach) | (own > np.array(frame.shape) + reach)).any(-1)
    assert deep.any()
    assert_allclose(level[deep], 5.0, rtol=1e-6)
    assert_allclose(level[beyond], -3.0, rtol=1e-6)
    assert level.min() >= -3.00001
    assert level.max() <= 5.00001


def test_an_upright_constant_is_constant_up_to_its_very_edge():
    frame = upright_frame((7, 9), (0.9, 1.3))
    level, _ = on_level(np.full(frame.shape, 5, np.int16), frame, 1.7, outside=-3.0)
    assert_allclose(level, 5, rtol=1e-6)


@pytest.mark.parametrize("degrees", [0.0, 0.01, 0.03, 10.0])
@pytest.mark.parametrize(
    ("steps", "spacing"), [((1.0, 1.0, 5.0), 1.0), ((1.5, 1.5, 10.0), 2.0), ((0.9, 0.9, 0.9), 1.0)]
)
def test_a_turned_constant_is_constant_where_the_scan_is_and_nowhere_else(degrees, steps, spacing):
    """Thick slices: half of one is millimetres."""
    sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) * steps
    frame = ImageFrame((22, 20, 8), affine)
    level, target = on_level(np.full(frame.shape, 5, np.int16), frame, spacing, outside=-3.0)
    inside = frame.contains(target.voxel_to_world(all_voxels(target.shape))).reshape(target.shape)
    assert_allclose(level[inside], 5, rtol=1e-6)
    assert_allclose(level[~inside], -3)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("crooked", [False, True])
@pytest.mark.parametrize("step", [0.45, 0.6, 0.8, 0.85, 0.95, 1.3])
def test_a_ramp_is_the_same_ramp_whatever_the_voxel_sizes(dims, crooked, step):
    rng = np.random.default_rng(3)
    steps = np.array([step, 0.7, 1.1])[:dims]
    frame = crooked_frame(rng, (40,) * dims, steps) if crooked else upright_frame((40,) * dims, steps)
    slope = rng.uniform(1, 2, dims)
    ramp = (frame.voxel_to_world(all_voxels(frame.shape)) @ slope).reshape(frame.shape)
    level, target = on_level(ramp, frame, 1.0, outside=np.nan)
    places = target.voxel_to_world(all_voxels(target.shape))
    own = frame.world_to_voxel(places)
    deep = ((own > 8) & (own < 31)).all(1)  # edges, beyond which the last voxel counts on, are out of a spline's sight
    assert deep.sum() >= 5
    assert_allclose(level.ravel()[deep], (places @ slope)[deep], atol=1e-3)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("crooked", [False, True])
@pytest.mark.parametrize("spacing", [None, 0.6, 1.9])
def test_a_part_of_a_level_is_the_same_part_of_the_whole(dims, crooked, spacing):
    rng = np.random.default_rng(7)
    shape, steps = (19, 16, 12)[:dims], np.array([0.8, 1.0, 2.6])[:dims]
    frame = crooked_frame(rng, shape, steps) if crooked else upright_frame(shape, steps, 5.0)
    voxels = rng.standard_normal(shape)
    whole, target = on_level(voxels, frame, spacing)
    for _ in range(4):
        start = np.array([rng.integers(-2, n - 1) for n in target.shape])
        size = rng.integers(3, 8, dims)
        part = resample(voxels, frame, target.crop(tuple(start.tolist()), tuple(size.tolist())), 0.0)
        low, high = np.clip(start, 0, None), np.minimum(start + size, target.shape)
        inner = part[tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))]
        expected = whole[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        assert_allclose(inner, expected, atol=2e-5)


@pytest.mark.parametrize("dims", DIMS)
def test_a_checkerboard_shrunk_six_times_is_its_mean(dims):
    shape = (48,) * dims
    board = 100.0 * (all_voxels(shape).sum(1) % 2).reshape(shape)
    level, _ = on_level(board, upright_frame(shape, 0.5), 3.0)
    assert_allclose(level[(slice(1, -1),) * dims], 50, atol=1e-3)


@pytest.mark.parametrize("dims", DIMS)
def test_a_checkerboard_does_not_alias_from_a_crooked_frame_either(dims):
    shape = (60, 60, 60)[:dims]
    board = 100.0 * (all_voxels(shape).sum(1) % 2).reshape(shape)
    frame = crooked_frame(np.random.default_rng(2), shape, 0.5)
    level, target = on_level(board, frame, 3.0, outside=50.0)
    own = frame.world_to_voxel(target.voxel_to_world(all_voxels(target.shape))).reshape(*target.shape, dims)
    deep = ((own > 12) & (own < 47)).all(-1)
    assert deep.any()
    assert_allclose(level[deep], 50, atol=0.5)


@pytest.mark.parametrize("dtype", ["int16", ">i2", "uint8", "uint16", "float64", "<f4"])
def test_every_type_of_number_gives_the_same_level(dtype):
    frame = upright_frame((6, 7), (0.9, 1.3))
    voxels = np.random.default_rng(0).integers(0, 250, frame.shape)
    expected, _ = on_level(voxels.astype(np.float32), frame, 1.7)
    assert_array_equal(on_level(voxels.astype(dtype), frame, 1.7)[0], expected)


def test_slabs_do_not_show(monkeypatch):
    frame = upright_frame((31, 9, 8), (0.7, 1.0, 1.0))
    voxels = np.random.default_rng(0).standard_normal(frame.shape)
    expected, _ = on_level(voxels, frame, 1.6)
    monkeypatch.setattr(module, "SLAB_VOXELS", 100)
    assert_allclose(on_level(voxels, frame, 1.6)[0], expected, atol=1e-6)  # sums in another order, no more


@pytest.mark.parametrize("dims", DIMS)
def test_a_level_is_canonical_covers_the_scan_and_has_the_spacing_asked_for(dims):
    frame = crooked_frame(np.random.default_rng(4), (9, 11, 7)[:dims])
    target = level_frame(frame, 1.3)
    assert nearest_axes(target) == (tuple(reversed(range(dims))), (1,) * dims)
    assert_allclose(target.spacing, 1.3)
    assert target.contains(frame.voxel_to_world(all_voxels(frame.shape))).all()


@pytest.mark.parametrize("dims", DIMS)
def test_copies_on_turned_and_shifted_axes_share_the_lattice_of_a_level(dims):
    rng = np.random.default_rng(dims)
    for frame in (crooked_frame(rng, (20,) * dims, 0.7), upright_frame((21,) * dims, 0.9, 3.3)):
        target = level_frame(frame, 1.5)
        number = target.voxel_to_world(np.zeros((1, dims)))[0] / 1.5
        assert_allclose(number, np.round(number), atol=1e-9)
        assert_array_equal(lattice_number(target), np.round(number)[::-1])


def test_turning_a_scan_onto_its_own_voxel_size_hardly_blurs():
    frame = crooked_frame(np.random.default_rng(4), (40, 40, 40), 1.0)
    world = frame.voxel_to_world(np.full((1, 3), 19.5))[0]
    level, target = on_level(blob(frame, world, sigma=1.5), frame, 1.0)
    expected = blob(target, world, sigma=1.5)
    assert np.abs(level - expected).max() < 0.03 * expected.max()  # two linear interpolations lose a fifth of the peak


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize(("low", "place"), [(0.2, 1.4), (1.2, 3.0)])
def test_a_scan_thinner_than_a_voxel_of_its_level_is_seen(dims, low, place):
    """2.4 mm of it: between 0 and 3 mm, where its middle counts, and about 3 mm."""
    wide = (1.0,) * (dims - 1)
    frame = upright_frame((4, *(20,) * (dims - 1)), (0.6, *wide), (*wide, low + 0.3))
    level, target = on_level(np.full(frame.shape, 5.0), frame, 3.0, outside=-3.0)
    assert len(level) == 1 and np.isclose(target.affine[-2, -1], place)
    assert_allclose(level, 5, rtol=1e-6)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("size", [0.9766, 0.98, 0.9848])
def test_a_level_of_a_rounded_voxel_size_begins_and_ends_with_its_scan(dims, size):
    frame = upright_frame((512,) * dims, size)
    target = level_frame(frame, 0.98)
    for edge in (0.0, 1.0):
        scan, level = (f.voxel_to_world(edge * np.array(f.shape)[None] - 0.5) for f in (frame, target))
        assert np.abs(scan - level).max() < 0.5
    assert target.same_as(frame) == (size == 0.98)
