"""Turn an oblique scan onto the axes of the world."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.data.shrink import SLACK, apply_weights, triangle_weights
from pipeline.data.threads import threads
from pipeline.geometry import ImageFrame

SPLINE = 12  # voxels: further away a value changes a cubic spline by less than a ten-millionth


def turned(voxels: np.ndarray, frame: ImageFrame, target: ImageFrame, outside: float) -> np.ndarray:
    """An oblique image on the voxels of a world-aligned frame.

    It is smoothed along its own axes by the target's triangle, kept at half the target's voxel size or its own,
    whichever is coarser, and turned from there by linear interpolation. Where its voxels are about as large as the
    target's there is nothing to smooth, and it is turned by cubic splines, which blur less.
    """
    fine = np.maximum(frame.spacing, target.spacing / 2)
    alike = fine.min() > 0.75 * target.spacing.min()
    edges = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in target.shape], indexing="ij"), -1).reshape(-1, frame.dims)
    whole = frame.at_spacing(tuple(fine))
    start, stop = _box(whole.world_to_voxel(target.voxel_to_world(edges)), whole.shape, SPLINE if alike else 1)
    small = whole.crop(tuple(start), tuple(stop - start))
    factor, width = fine / frame.spacing, (fine if alike else target.spacing) / frame.spacing
    axes = zip(frame.shape, (factor - 1) / 2 + factor * start, factor, small.shape, width, strict=True)
    voxels = apply_weights(voxels, [triangle_weights(*axis)[0] for axis in axes])
    return _placed(voxels, small, frame, target, 3 if alike else 1, outside)


def _box(points: np.ndarray, shape: tuple[int, ...], around: int) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and end of the part that holds the points, with what a spline sees around them."""
    low, high = np.floor(points.min(0)).astype(int) - around, np.ceil(points.max(0)).astype(int) + around + 1
    start = np.clip(low, 0, np.array(shape) - 1)
    return start, np.clip(high, start + 1, shape)


def _placed(
    voxels: np.ndarray, frame: ImageFrame, scan: ImageFrame, target: ImageFrame, order: int, outside: float
) -> np.ndarray:
    """The image at the voxels of another frame, by splines of that order; threads share the work. Up to half a voxel
    beyond the centres of the scan's last voxels these count on, as in upright scans."""
    from scipy.ndimage import affine_transform, spline_filter

    step = np.linalg.solve(frame.affine, target.affine)
    source = spline_filter(voxels, order, np.float32, "mirror") if order > 1 else voxels
    result = np.empty(target.shape, np.float32)

    def fill(part: range) -> None:
        first = step[:-1, -1] + step[:-1, 0] * part.start
        inner = result[part.start : part.stop]
        affine_transform(source, step[:-1, :-1], first, inner.shape, inner, order, mode="nearest", prefilter=False)
        _blank(inner, scan, target.crop((part.start, *[0] * (target.dims - 1)), inner.shape), outside)

    rows = range(target.shape[0])
    share = -(-len(rows) // threads())
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(fill, (rows[first : first + share] for first in rows[::share])))
    return result


def _blank(part: np.ndarray, scan: ImageFrame, frame: ImageFrame, outside: float) -> None:
    """Set the voxels of a part that lie beyond the scan, axis by axis of the scan."""
    step = np.linalg.solve(scan.affine, frame.affine)
    for axis, size in enumerate(scan.shape):
        along = [step[axis, a] * np.arange(n, dtype=np.float32) for a, n in enumerate(part.shape)]
        low, high = (step[axis, -1] + sum(float(f(a)) for a in along) for f in (np.min, np.max))
        if low >= -0.5 and high <= size - 0.5:
            continue
        at = sum(np.ix_(*along), np.float32(step[axis, -1]))
        part[(at < -0.5 - SLACK) | (at > size - 0.5 + SLACK)] = outside
