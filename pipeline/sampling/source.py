"""What crops are taken from: a case at one level, whole or as if its scan ended near a landmark.

Letters: K landmarks, N boxes, V their corners, D dimensions, S voxels along the axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class Source:
    """One case at one level.

    Args:
        voxels: Normalised image, channels first, may be memory-mapped.
        points: Landmarks in voxels; NaN = absent or not annotated.
        known: Whether each landmark is annotated or known to be absent.
        labels: Class of each box; None where nothing is known of boxes.
        corners: Of one box after the other, voxels.
        values: What is asked of the case as a whole, encoded, by name; NaN where it is not known.
        given: What is known beside the image, by name: numbers, or the voxels (channels first) of another image; NaN
            where it is missing.
        spacing: Size of the voxels along the axes; None = all are alike.
    """

    voxels: Float[np.ndarray, " C *S"]
    points: Float[np.ndarray, "K D"]
    known: Bool[np.ndarray, " K"]
    labels: Int[np.ndarray, " N"] | None = None
    corners: Float[np.ndarray, "V D"] | None = None
    values: Mapping[str, Float[np.ndarray, " W"]] = field(default_factory=dict)
    given: Mapping[str, Float[np.ndarray, " ..."]] = field(default_factory=dict)
    spacing: Float[np.ndarray, " D"] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along the axes."""
        return self.voxels.shape[1:]

    @property
    def views(self) -> dict[str, np.ndarray]:
        """The other images of the case that are there."""
        return {name: part for name, part in self.given.items() if part.ndim > 1 and np.isfinite(part[:1, :1]).all()}

    @property
    def present(self) -> np.ndarray:
        """Numbers of the landmarks that have a position."""
        return np.flatnonzero(np.isfinite(self.points).all(1))

    def without_boxes(self) -> Source:
        """As if nothing were known of its boxes: what is left of one that was cut through is no box."""
        if self.labels is None or self.corners is None:
            return self
        return replace(self, labels=np.full_like(self.labels, -2), corners=np.full_like(self.corners, np.nan))

    @property
    def places(self) -> Float[np.ndarray, "P D"]:
        """Positions around which there is something to learn: of landmarks, and of corners of boxes."""
        each = self.points if self.corners is None else np.concatenate([self.points, self.corners])
        return each[np.isfinite(each).all(1)]


def voxels_before(plane: float, upper: bool, size: int) -> slice:
    """Those of `size` voxels along an axis (two at least) that lie below a plane, or above it (not `upper`).

    Examples:
        >>> voxels_before(2.7, True, 8), voxels_before(2.7, False, 8)
        (slice(0, 3, None), slice(3, 8, None))
    """
    edge = int(np.clip(np.round(plane + 0.5), 1, size - 1))  # the first above the plane
    return slice(0, edge) if upper else slice(edge, size)


def end_near_landmark(
    rng: np.random.Generator, source: Source, reach: Sequence[float], margin: float = 0.0
) -> tuple[Source, Float[np.ndarray, " D"]]:
    """The case as if its scan ended at a plane near one of its landmarks; landmarks far beyond it are absent.

    Those a little beyond keep their position: what is left of their surroundings tells where they would lie, and
    an answer outside the scan is not given. To call them absent would teach the network to doubt what lies just inside.

    Nothing else teaches what the border of a scan looks like from close by: most scans are placed with a margin,
    and the few that are not are the ones in which a landmark is missing.

    Args:
        rng: Chooses landmark, axis, side and distance.
        reach: Largest distance of the plane from the landmark, voxels along each axis.
        margin: Voxels beyond the plane within which a landmark keeps its position.

    Returns:
        The shortened case, and where its first voxel lies in the whole one. The case itself where it shows no landmark
        or has no axis of two voxels.
    """
    dims, axes = source.points.shape[1], np.flatnonzero(np.array(source.shape) > 1)
    if len(source.present) == 0 or len(axes) == 0:
        return source, np.zeros(dims)
    axis, upper = int(axes[rng.integers(len(axes))]), bool(rng.random() < 0.5)
    plane = source.points[rng.choice(source.present), axis] + reach[axis] * rng.uniform(-1, 1)
    kept = voxels_before(plane, upper, source.shape[axis])
    voxels = source.voxels[(slice(None),) * (axis + 1) + (kept,)]
    start = np.eye(dims)[axis] * kept.start
    points = source.points - start
    beyond = (points[:, axis] < -0.5 - margin) | (points[:, axis] > kept.stop - kept.start - 0.5 + margin)
    shortened = replace(source, voxels=voxels, points=np.where(beyond[:, None], np.nan, points))
    return shortened.without_boxes(), start
