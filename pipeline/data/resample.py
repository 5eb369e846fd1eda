"""Resampling onto the frames of the levels: smooth first, then shrink; half voxels respected.

A level's frame is canonical and world-aligned, so the network sees anatomy from one side only, however the file
stored it. Along each axis a triangle as wide as the larger of the two voxel sizes weighs the input voxels: linear
interpolation where the level is finer, an average where it is coarser, so nothing aliases.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.data.threads import threads
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import is_world_aligned, reorient, world_aligned

SAME_SPACING = 0.005  # relative difference up to which two voxel sizes are one: drifts by half a voxel in 100
SLACK = 1e-3  # voxels: files keep a frame in float32, so copies of one scan lie this close, not closer
SPLINE = 12  # voxels: further away a value changes a cubic spline by less than a ten-millionth
SLAB_VOXELS = 2_000_000  # input voxels turned to float32 at once: a few MB, which stay in the cache


def level_frame(frame: ImageFrame, spacing: float | None) -> ImageFrame:
    """The frame of a level over the whole scan.

    Its voxel centres lie at whole multiples of `spacing` in the world, so a copy of the scan on turned or shifted
    axes shows the network the same voxels. Along an axis that has this voxel size already the scan's own centres
    are kept: there is nothing to interpolate.

    Args:
        frame: Of the scan, any orientation.
        spacing: Voxel size of the level, the same along all axes; None = the scan's own.
    """
    upright = world_aligned(frame)
    if spacing is None:
        return upright
    own = np.abs(upright.spacing / spacing - 1) < SAME_SPACING
    if not is_world_aligned(frame):
        own[:] = False
    low = upright.voxel_to_world(np.full((1, frame.dims), -0.5))[0, ::-1]  # canonical axes run against the world's
    high = upright.voxel_to_world(np.array(upright.shape)[None] - 0.5)[0, ::-1]
    first = np.where(own, low / spacing + 0.5, np.ceil(low / spacing - SLACK))
    count = np.where(own, upright.shape, np.maximum(1, np.ceil(high / spacing - SLACK) - first))
    affine = np.eye(frame.dims + 1)
    affine[:-1, :-1] = spacing * np.eye(frame.dims)[::-1]
    affine[:-1, -1] = (first * spacing)[::-1]
    return ImageFrame(tuple(int(n) for n in count), affine, frame.unit)


def lattice_number(frame: ImageFrame) -> np.ndarray:
    """Which multiple of the voxel size the first voxel of a level is, along each array axis.

    Patches that start at a multiple of their stride in this count lie at the same place in every copy of a scan.
    A scan's own voxels may lie between the multiples. Half between is common (an even number of voxels about 0), and
    float32 would decide it one way or the other; so the line is drawn elsewhere.
    """
    return np.floor(frame.affine[:-1, -1][::-1] / frame.spacing + 0.63).astype(int)


def resample(
    voxels: Shaped[np.ndarray, "*S"], frame: ImageFrame, target: ImageFrame, outside: float
) -> Float[np.ndarray, "*T"]:
    """The image on another frame, float32.

    Args:
        voxels: Image of `frame.shape`, any real dtype.
        target: World-aligned, canonical; a part of a level's frame gives the same values as the whole.
        outside: Value beyond the scan.
    """
    voxels, frame = reorient(voxels, frame)
    if not is_world_aligned(frame):
        voxels, frame = _turned(voxels, frame, target, outside)
    first = frame.world_to_voxel(target.affine[:-1, -1][None])[0]
    factor = target.spacing / frame.spacing
    weights = [_weights(n, f0, f, m) for n, f0, f, m in zip(frame.shape, first, factor, target.shape, strict=True)]
    result = _apply(voxels, [w for w, _ in weights])
    for axis, (_, covered) in enumerate(weights):
        if not covered.all():
            shape = [-1 if a == axis else 1 for a in range(result.ndim)]
            result = np.where(covered.reshape(shape), result, np.float32(outside))
    return result


def _weights(size: int, first: float, factor: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, size) matrix of triangle weights, and which outputs have their centre inside the input."""
    half = max(1.0, factor)
    centres = first + factor * np.arange(count)
    low = np.ceil(centres - half).astype(int)
    taps = low[:, None] + np.arange(int(np.floor(2 * half)) + 1)
    weight = np.clip(1 - np.abs(taps - centres[:, None]) / half, 0, None)
    taps = np.clip(taps, 0, size - 1)  # beyond the edge the last voxel counts on
    weight /= weight.sum(1, keepdims=True)
    matrix = np.zeros((count, size), np.float32)
    np.add.at(matrix, (np.arange(count)[:, None], taps), weight.astype(np.float32))
    return matrix, (centres >= -0.5 - SLACK) & (centres <= size - 0.5 + SLACK)


def _apply(voxels: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
    """Apply one matrix along each axis, the last first: it runs along memory, and what is left is smaller. The first
    axis comes in slabs, so that only a slab is ever float32 as a whole.

    The matrices are mostly zeros, and multiplied as if they were not: that is faster than to gather their few.
    """
    needed = [np.flatnonzero(m.any(0)) for m in matrices]
    box = tuple(slice(n[0], n[-1] + 1) for n in needed)
    voxels = voxels[box]
    matrices = [np.ascontiguousarray(m[:, b]) for m, b in zip(matrices, box, strict=True)]
    rest = int(np.prod(voxels.shape[1:]))
    step = max(1, SLAB_VOXELS // max(1, rest))
    slabs = []
    for start in range(0, len(voxels), step):
        slab = np.ascontiguousarray(voxels[start : start + step], dtype=np.float32)
        for axis in range(voxels.ndim - 1, 0, -1):
            slab = _along(slab, matrices[axis], axis)
        slabs.append(slab)
    return _along(np.concatenate(slabs), matrices[0], 0)


def _along(array: np.ndarray, matrix: np.ndarray, axis: int) -> np.ndarray:
    count, size = matrix.shape
    if count == size and np.array_equal(matrix, np.eye(size, dtype=np.float32)):
        return array
    shape = (*array.shape[:axis], count, *array.shape[axis + 1 :])
    if axis == array.ndim - 1:
        return (array.reshape(-1, size) @ matrix.T).reshape(shape)
    return np.matmul(matrix, array.reshape(int(np.prod(array.shape[:axis])), size, -1)).reshape(shape)


def _turned(voxels: np.ndarray, frame: ImageFrame, target: ImageFrame, outside: float) -> tuple[np.ndarray, ImageFrame]:
    """An oblique image on a world-aligned frame, at half the target's voxel size or its own, whichever is coarser.

    It is shrunk along its own axes first, so nothing aliases, and turned by linear interpolation. Where its voxels are
    about as large as the target's, it is turned onto the target itself, by cubic splines: linear interpolation
    there, and a second one onto the target, would blur what the network looks for.
    """
    fine = np.maximum(frame.spacing, target.spacing / 2)
    edges = np.stack(np.meshgrid(*[(-1.5, n + 0.5) for n in target.shape], indexing="ij"), -1).reshape(-1, frame.dims)
    corners = target.voxel_to_world(edges)
    whole = frame.at_spacing(tuple(fine))
    start, stop = _box(whole.world_to_voxel(corners), whole.shape)
    small = whole.crop(tuple(start), tuple(stop - start))
    weights = [
        _weights(n, (f - 1) / 2 + f * a, f, m)[0]
        for n, f, a, m in zip(frame.shape, fine / frame.spacing, start, small.shape, strict=True)
    ]
    voxels = _apply(voxels, weights)
    if fine.min() > 0.75 * target.spacing.min():
        return _placed(voxels, small, target, 3, outside), target
    upright = world_aligned(whole)
    box = upright.world_to_voxel(corners)
    start = np.floor(box.min(0)).astype(int)
    upright = upright.crop(tuple(start), tuple(np.ceil(box.max(0)).astype(int) - start + 1))
    return _placed(voxels, small, upright, 1, outside), upright


def _box(points: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and end of the part that holds the points, with what a cubic spline sees around them."""
    low, high = np.floor(points.min(0)).astype(int) - SPLINE, np.ceil(points.max(0)).astype(int) + SPLINE + 1
    start = np.clip(low, 0, np.array(shape) - 1)
    return start, np.clip(high, start + 1, shape)


def _placed(voxels: np.ndarray, frame: ImageFrame, target: ImageFrame, order: int, outside: float) -> np.ndarray:
    """The image at the voxels of another frame, by splines of that order; threads share the work."""
    from scipy.ndimage import affine_transform, spline_filter

    step = np.linalg.solve(frame.affine, target.affine)
    source = spline_filter(voxels, order, np.float32, "constant") if order > 1 else voxels
    result = np.empty(target.shape, np.float32)

    def fill(part: range) -> None:
        first = step[:-1, -1] + step[:-1, 0] * part.start
        inner = result[part.start : part.stop]
        affine_transform(
            source, step[:-1, :-1], first, inner.shape, inner, order, mode="constant", cval=outside, prefilter=False
        )

    rows = range(target.shape[0])
    share = -(-len(rows) // threads())
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(fill, (rows[first : first + share] for first in rows[::share])))
    return result
