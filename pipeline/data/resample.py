"""Resampling onto the frames of the levels: smooth first, then shrink; half voxels respected.

A level's frame is canonical and world-aligned, so the network sees anatomy from one side only, however the file
stored it. Along each axis a triangle as wide as the larger of the two voxel sizes weighs the input voxels: linear
interpolation where the level is finer, an average where it is coarser, so nothing aliases.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.data.shrink import SLACK, apply_weights, triangle_weights
from pipeline.data.turn import turned
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import is_world_aligned, reorient, world_aligned

SAME_SPACING = 0.005  # relative difference up to which two voxel sizes are one,
MOST_DRIFT = 0.5  # where the last voxel lies no further than this from where it belongs


def level_frame(frame: ImageFrame, spacing: float | None) -> ImageFrame:
    """The frame of a level over the whole scan.

    Its voxel centres lie at whole multiples of `spacing` in the world, so a copy of the scan on turned or shifted
    axes shows the network the same voxels. Along an axis that has this voxel size already the scan's own centres
    are kept: there is nothing to interpolate. A scan too thin to hold a multiple has one voxel, in its middle.

    Args:
        frame: Of the scan, any orientation.
        spacing: Voxel size of the level, the same along all axes; None = the scan's own.
    """
    upright = world_aligned(frame)
    if spacing is None:
        return upright
    off = np.abs(upright.spacing / spacing - 1)
    own = (off < SAME_SPACING) & (off * upright.shape < MOST_DRIFT)
    if not is_world_aligned(frame):
        own[:] = False
    low = upright.voxel_to_world(np.full((1, frame.dims), -0.5))[0, ::-1]  # canonical axes run against the world's
    high = upright.voxel_to_world(np.array(upright.shape)[None] - 0.5)[0, ::-1]
    first = np.where(own, low / spacing + 0.5, np.ceil(low / spacing - SLACK))
    count = np.where(own, upright.shape, np.ceil(high / spacing - SLACK) - first)
    first = np.where(count < 1, (low + high) / 2 / spacing, first)
    affine = np.eye(frame.dims + 1)
    affine[:-1, :-1] = spacing * np.eye(frame.dims)[::-1]
    affine[:-1, -1] = (first * spacing)[::-1]
    return ImageFrame(tuple(max(1, int(n)) for n in count), affine, frame.unit)


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
        return turned(voxels, frame, target, outside)
    first = frame.world_to_voxel(target.affine[:-1, -1][None])[0]
    factor = target.spacing / frame.spacing
    weights = [
        triangle_weights(n, f0, f, m) for n, f0, f, m in zip(frame.shape, first, factor, target.shape, strict=True)
    ]
    result = apply_weights(voxels, [w for w, _ in weights])
    for axis, (_, covered) in enumerate(weights):
        if not covered.all():
            shape = [-1 if a == axis else 1 for a in range(result.ndim)]
            result = np.where(covered.reshape(shape), result, np.float32(outside))
    return result
