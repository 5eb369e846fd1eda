"""Which boxes of an image a finer level must look at: few boxes that hold many landmarks, not one a landmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Region:
    """A box of voxels and the landmarks (by number) looked for in it."""

    start: tuple[int, ...]
    shape: tuple[int, ...]
    landmarks: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], landmarks: tuple[int, ...] = ()) -> Region:
        """A whole image."""
        return cls((0,) * len(shape), shape, landmarks)

    @property
    def slices(self) -> tuple[slice, ...]:
        """Of an array whose first axis holds the channels."""
        return (slice(None), *(slice(a, a + n) for a, n in zip(self.start, self.shape, strict=True)))


def regions(prior: Float[np.ndarray, "K D"], shape: tuple[int, ...], half: float) -> list[Region]:
    """Boxes that reach `half` voxels around each prior, clipped to the image.

    Landmarks share a box as long as it has no more voxels than boxes of their own would have together;
    otherwise they are parted at the widest gap along some axis.

    Examples:
        >>> [r.landmarks for r in regions(np.array([[10.0], [12.0], [90.0]]), (100,), half=5)]
        [(0, 1), (2,)]
    """
    inside = np.clip(prior, 0, np.array(shape) - 1)
    return _split(inside, tuple(range(len(prior))), shape, half)


def _split(points: np.ndarray, members: tuple[int, ...], shape: tuple[int, ...], half: float) -> list[Region]:
    mine = points[list(members)]
    low, high = _box(mine.min(0), mine.max(0), shape, half)
    alone = sum(float(np.prod(np.subtract(*reversed(_box(p, p, shape, half))))) for p in mine)
    if len(members) == 1 or np.prod(high - low) <= alone:
        return [Region(tuple(map(int, low)), tuple(map(int, high - low)), members)]
    ordered = np.sort(mine, axis=0)
    gaps = np.diff(ordered, axis=0)
    place, axis = np.unravel_index(np.argmax(gaps), gaps.shape)
    border = (ordered[place, axis] + ordered[place + 1, axis]) / 2
    left = tuple(m for m in members if points[m, axis] <= border)
    right = tuple(m for m in members if points[m, axis] > border)
    return _split(points, left, shape, half) + _split(points, right, shape, half)


def _box(low: np.ndarray, high: np.ndarray, shape: tuple[int, ...], half: float) -> tuple[np.ndarray, np.ndarray]:
    first = np.clip(np.floor(low - half).astype(int), 0, None)
    return first, np.minimum(np.ceil(high + half).astype(int) + 1, shape)
