"""Which box of the patient a scan shows: field of view, voxel size, cuts, oblique and flipped axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.geometry import ImageFrame
from pipeline.phantoms.phantom import PhantomSize
from pipeline.phantoms.pose import turn

CUT = 0.1  # share of the cases in which the box ends among the landmarks
MARGIN = 5.0  # mm between every landmark and the edge in all other cases
CENTRE = np.array([16.0, 4, -15])  # of a usual field of view, from the root


@dataclass(frozen=True, eq=False)
class Scan:
    """The frame of a scan, which of its array axes runs across the slices, and what was drawn."""

    frame: ImageFrame
    slice_axis: int
    notes: dict[str, Any]


def draw_scan(
    rng: np.random.Generator, size: PhantomSize, root: Float[np.ndarray, " 3"], landmarks: Float[np.ndarray, "N 3"]
) -> Scan:
    """Place a box of voxels around the heart.

    Args:
        rng: Random numbers of this part.
        size: What the caller wants of field of view and voxel size.
        root: World position of the aortic root.
        landmarks: World positions that the box must hold, unless this case is cut.
    """
    oblique = rng.random() < 0.2
    axes = turn(rng, 12) if oblique else np.eye(3)
    spacing, extent = _sizes(rng, size)
    middle = root + CENTRE * np.clip((extent[0] - 100) / 100, 0, 1) + rng.normal(0, 4, 3)
    places = landmarks @ axes
    bounds = np.stack([middle @ axes - extent / 2, middle @ axes + extent / 2])
    cut = None
    if rng.random() < CUT:
        bounds, cut = _cut(rng, bounds, places)
    else:
        bounds = _hold(bounds, places)
    shape = np.maximum(8, np.round((bounds[1] - bounds[0]) / spacing).astype(int))
    order, flips = _axis_order(rng)
    frame = _frame(axes, spacing, bounds, shape, order, flips)
    notes = {"oblique": bool(oblique), "axis_order": list(order), "flipped": [bool(f) for f in flips], "cut": cut}
    return Scan(frame, order.index(2), notes)


def _sizes(rng: np.random.Generator, size: PhantomSize) -> tuple[np.ndarray, np.ndarray]:
    plane, across = rng.uniform(0.35, 0.5), rng.uniform(0.4, 0.9)
    if size.spacing_mm is not None:
        plane, across = size.spacing_mm * rng.uniform(0.85, 1.15), size.spacing_mm * rng.uniform(0.9, 1.6)
    drawn = rng.uniform(150, 200)
    fov = drawn if size.fov_mm is None else size.fov_mm
    return np.array([plane, plane, across]), fov * np.array([1, 1, rng.uniform(0.6, 0.75)])


def _hold(bounds: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Move the box until every landmark has its margin; a box that is too small grows."""
    low, high = places.min(axis=0) - MARGIN, places.max(axis=0) + MARGIN
    shift = np.minimum(low - bounds[0], 0) + np.maximum(high - bounds[1], 0)
    moved = bounds + shift
    return np.stack([np.minimum(moved[0], low), np.maximum(moved[1], high)])


def _cut(rng: np.random.Generator, bounds: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, str]:
    """End the box in the widest gap between some landmarks and the rest, or before all of them."""
    names = ("right", "left", "front", "back", "below", "above")
    side = int(rng.choice(6, p=[0.1, 0.1, 0.1, 0.1, 0.3, 0.3]))
    axis, upper = divmod(side, 2)
    along = np.sort(places[:, axis] if upper else -places[:, axis])
    count = len(along)
    lost = int(rng.choice([1, 2, 3, count]))
    near = range(max(1, lost - 1), min(count, lost + 2))
    gaps = {k: along[count - k] - along[count - k - 1] for k in near}
    lost = max(gaps, key=lambda k: gaps[k]) if lost < count and gaps else count
    edge = along[0] - 4 if lost == count else (along[count - lost] + along[count - lost - 1]) / 2
    kept = _hold(bounds, places)
    wide = 0.55 * (bounds[1] - bounds[0])[axis]
    if upper:
        kept[1, axis], kept[0, axis] = edge, min(kept[0, axis], edge - wide)
    else:
        kept[0, axis], kept[1, axis] = -edge, max(kept[1, axis], -edge + wide)
    return kept, names[side]


def _axis_order(rng: np.random.Generator) -> tuple[tuple[int, ...], np.ndarray]:
    """Most files run left, posterior, superior; every third one otherwise."""
    if rng.random() < 0.67:
        return (0, 1, 2), np.array([False, False, False])
    order = tuple(int(a) for a in (rng.permutation(3) if rng.random() < 0.5 else np.arange(3)))
    return order, rng.random(3) < 0.5


def _frame(
    axes: np.ndarray,
    spacing: np.ndarray,
    bounds: np.ndarray,
    shape: np.ndarray,
    order: tuple[int, ...],
    flips: np.ndarray,
) -> ImageFrame:
    affine = np.eye(4)
    first = bounds[0] + spacing / 2
    last = first + (shape - 1) * spacing
    affine[:3, :3] = np.stack(
        [axes[:, a] * spacing[a] * (-1 if f else 1) for a, f in zip(order, flips, strict=True)], 1
    )
    corner = np.array([last[a] if flips[order.index(a)] else first[a] for a in range(3)])
    affine[:3, 3] = axes @ corner
    return ImageFrame(tuple(int(shape[a]) for a in order), affine)
