"""Labelled boxes in world coordinates, in any dimension.

Letters: N and M boxes, D dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Bool, Float

from pipeline.errors import GeometryError
from pipeline.geometry.frame import ImageFrame


@dataclass(frozen=True, eq=False)
class BoxSet:
    """Boxes of one image, their edges along the world's axes.

    Args:
        labels: Class of each box.
        low: (N, D) smallest coordinates, LPS mm or px.
        high: (N, D) largest.

    Raises:
        GeometryError: The arrays do not have one row a label, are not finite, or a box ends before it begins.
    """

    labels: tuple[str, ...]
    low: Float[np.ndarray, " ..."]
    high: Float[np.ndarray, " ..."]

    def __post_init__(self) -> None:
        low, high = np.array(self.low, np.float64), np.array(self.high, np.float64)
        if low.shape != high.shape or len(low.shape) != len(("N", "D")) or len(low) != len(self.labels):
            raise GeometryError(f"{len(self.labels)} labels, but boxes from {low.shape} to {high.shape}")
        if not (np.isfinite(low) & np.isfinite(high) & (low <= high)).all():
            raise GeometryError("a box ends before it begins, or is not finite")
        for name, array in (("low", low), ("high", high)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def corners(self) -> Float[np.ndarray, "N V D"]:
        """All 2^D corners of each box."""
        ends = np.stack([self.low, self.high])
        dims = range(self.low.shape[1])
        picks = product((0, 1), repeat=len(dims))
        return np.stack([np.stack([ends[p[a], :, a] for a in dims], -1) for p in picks], 1)


def edges_of(frame: ImageFrame) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, " D"]]:
    """Smallest and largest world coordinates of an image, half a voxel beyond the centres of its outermost voxels."""
    corners = frame.voxel_to_world(np.array(list(product(*((-0.5, n - 0.5) for n in frame.shape)))))
    return corners.min(0), corners.max(0)


def cut_at_edges(
    low: Float[np.ndarray, "N D"], high: Float[np.ndarray, "N D"], frame: ImageFrame
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "N D"], Bool[np.ndarray, " N"]]:
    """Boxes cut at the edges of an image, and which of them have an area there.

    Args:
        frame: World-aligned.

    Examples:
        >>> frame = ImageFrame((4,), np.eye(2))
        >>> low, high, kept = cut_at_edges(np.array([[-3.0], [5.0]]), np.array([[2.0], [6.0]]), frame)
        >>> low[kept].tolist(), high[kept].tolist()
        ([[-0.5]], [[2.0]])
    """
    low, high = (np.clip(ends, *edges_of(frame)) for ends in (low, high))
    return low, high, np.all(high > low, axis=1)


def volumes(low: Float[np.ndarray, "N D"], high: Float[np.ndarray, "N D"]) -> Float[np.ndarray, " N"]:
    """Area, or volume, of each box."""
    return np.clip(high - low, 0, None).prod(1)


def iou(
    low: Float[np.ndarray, "N D"],
    high: Float[np.ndarray, "N D"],
    other_low: Float[np.ndarray, "M D"],
    other_high: Float[np.ndarray, "M D"],
) -> Float[np.ndarray, "N M"]:
    """Intersection over union of every box with every other; 0 where both are empty.

    Examples:
        >>> one, two = (np.array([[0.0, 0]]), np.array([[2.0, 2]])), (np.array([[1.0, 0]]), np.array([[3.0, 2]]))
        >>> iou(*one, *two).round(4).tolist()
        [[0.3333]]
    """
    both_low = np.maximum(low[:, None], other_low)
    both_high = np.minimum(high[:, None], other_high)
    both = np.clip(both_high - both_low, 0, None).prod(-1)
    either = volumes(low, high)[:, None] + volumes(other_low, other_high) - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)
