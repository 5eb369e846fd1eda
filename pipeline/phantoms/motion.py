"""The heart beats while it is scanned: arteries smeared along their way, slabs that do not meet."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pipeline.geometry import ImageFrame
from pipeline.phantoms.pose import Slabs

BLURRED, STEPPED = 0.25, 0.2  # shares of the cases
CLEAR = 3.0  # mm between a border and the nearest landmark: the step may not run through the point itself


def draw_ghosts(rng: np.random.Generator) -> dict[str, tuple[tuple[float, ...], ...]]:
    """Offsets (heart mm, mean zero) at which each coronary tree is seen; the right one moves most. Empty: no blur."""
    if rng.random() >= BLURRED:
        return {}
    ghosts = {}
    for tree, most in (("right", 1.6), ("left", 0.8)):
        way = rng.normal(0, 1, 3)
        way *= rng.uniform(0.4, 1.0) * most / np.linalg.norm(way)
        ghosts[tree] = tuple(tuple(float(c) for c in way * t) for t in (-1.0, 0.0, 1.0))
    return ghosts


def draw_slabs(
    rng: np.random.Generator, frame: ImageFrame, slice_axis: int, landmarks: Float[np.ndarray, "N 3"]
) -> Slabs | None:
    """Slabs of 30 to 40 mm, each moved by up to 2.5 mm in its plane; None in most cases."""
    if rng.random() >= STEPPED:
        return None
    normal = frame.direction[:, slice_axis]
    corners = frame.voxel_to_world(np.array([[0] * frame.dims, [n - 1 for n in frame.shape]])) @ normal
    if corners[1] < corners[0]:
        normal, corners = -normal, -corners
    wanted = np.arange(corners[0] + rng.uniform(10, 30), corners[1], rng.uniform(30, 40))
    levels = landmarks @ normal
    borders = np.array([b for b in wanted if np.abs(levels - b).min() > CLEAR])
    shifts = rng.normal(0, 1.0, (len(borders) + 1, 3))
    shifts -= np.outer(shifts @ normal, normal)
    shifts[0] = 0
    length = np.maximum(np.linalg.norm(shifts, axis=1, keepdims=True), 1e-9)
    return Slabs(normal, borders, shifts * np.minimum(1, 2.5 / length)) if len(borders) else None
