"""Axis letters and the canonical frame: the one file that knows which way an axis points.

Canonical: array axes run along the world axes in reverse order, all forward. For a scan that is
(S, P, L): axis 0 to superior, 1 to posterior, 2 to left; for a photograph (row, column). It is the
order in which files keep their voxels, so most scans reach it without a copy.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.errors import GeometryError
from pipeline.geometry.frame import ImageFrame

LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))  # toward minus, toward plus of world x, y, z in LPS


def axis_letters(frame: ImageFrame) -> str:
    """Letters of the direction in which each array axis runs, e.g. "LPS"; the nearest one for oblique axes."""
    axes, signs = nearest_axes(frame)
    return "".join(LETTERS[a][int(s > 0)] for a, s in zip(axes, signs, strict=True))


def nearest_axes(frame: ImageFrame) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """For each array axis, the world axis it is nearest to (each used once) and its sign.

    Chooses the assignment of the largest total cosine, so no two array axes share a world axis.
    """
    cosine = frame.direction.T
    rows = np.arange(frame.dims)
    # A handful of orders: to try them all takes no library, and scipy.optimize takes 35 MB.
    world = max(permutations(range(frame.dims)), key=lambda order: float(np.abs(cosine[rows, order]).sum()))
    signs = np.sign(cosine[rows, world]).astype(int)
    return world, tuple(int(s) for s in signs)


def own_axes(frame: ImageFrame) -> Float[np.ndarray, "D D"]:
    """Unit world steps of the array axes, as columns: each stands where the world axis does that it is nearest to, and
    points its way."""
    world, signs = nearest_axes(frame)
    along = np.zeros_like(frame.direction)
    along[:, list(world)] = frame.direction * signs
    return along


def reorient(voxels: Shaped[np.ndarray, "*S"], frame: ImageFrame) -> tuple[Shaped[np.ndarray, "*T"], ImageFrame]:
    """Permute and flip to the canonical order; a view, no voxel is resampled.

    Returns:
        The voxels and their frame. Every voxel keeps its world position.

    Raises:
        GeometryError: `voxels` has another shape than the frame.
    """
    if voxels.shape != frame.shape:
        raise GeometryError(f"voxels have shape {voxels.shape}, their frame {frame.shape}")
    world, signs = nearest_axes(frame)
    order = [world.index(a) for a in reversed(range(frame.dims))]
    flips = [signs[a] < 0 for a in order]
    shape = [frame.shape[a] for a in order]
    step = np.zeros_like(frame.affine)
    step[-1, -1] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        step[old, new] = -1 if flip else 1
        step[old, -1] = shape[new] - 1 if flip else 0
    view = voxels.transpose(order)[tuple(slice(None, None, -1 if f else 1) for f in flips)]
    return view, ImageFrame(tuple(shape), frame.affine @ step, frame.unit)


def is_world_aligned(frame: ImageFrame, tolerance: float = 1e-4) -> bool:
    """Whether every array axis runs along a world axis (sine of the angle at most `tolerance`)."""
    cosine = np.abs(frame.direction)
    return bool((np.sort(cosine, axis=0)[:-1] <= tolerance).all())


def world_aligned(frame: ImageFrame) -> ImageFrame:
    """The smallest canonical, world-aligned frame around `frame`, with the spacing of its nearest axes."""
    world, _ = nearest_axes(frame)
    order = [world.index(a) for a in reversed(range(frame.dims))]
    spacing = frame.spacing[order]
    edges = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in frame.shape], indexing="ij"), -1).reshape(-1, frame.dims)
    corners = frame.voxel_to_world(edges)[:, ::-1]
    low, high = corners.min(0), corners.max(0)
    shape = tuple(int(n) for n in np.maximum(1, np.ceil((high - low) / spacing - 1e-3)))
    affine = np.eye(frame.dims + 1)
    affine[:-1, :-1] = np.diag(spacing)[::-1]
    affine[:-1, -1] = (low + spacing / 2)[::-1]
    return ImageFrame(shape, affine, frame.unit)
