"""Shapes as signed distances: negative inside, about the distance in mm near the surface.

Letters: D dimensions, N points, M knots. A shape answers for any points, so a scan of any frame is
sampled from it directly and nothing is ever resampled. Away from the surface a distance may be wrong by
a third; `render` leaves room for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

TINY = 1e-6


class Shape(Protocol):
    """Anything with a signed distance."""

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]: ...


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid, or a cylinder where a semi-axis is huge.

    Args:
        centre: D coordinates.
        semi_axes: D lengths, along the columns of `axes`.
        axes: (D, D) orthonormal columns; None for the axes of the space.
    """

    centre: Float[np.ndarray, " D"]
    semi_axes: Float[np.ndarray, " D"]
    axes: Float[np.ndarray, "D D"] | None = None

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        local = points - np.asarray(self.centre, points.dtype)[:, None]
        if self.axes is not None:
            local = self.axes.T.astype(points.dtype) @ local
        semi = np.asarray(self.semi_axes, points.dtype)[:, None]
        local = local / semi
        level = np.sqrt(np.einsum("dn,dn->n", local, local)) + TINY
        local /= semi
        slope = np.sqrt(np.einsum("dn,dn->n", local, local)) + TINY / semi.min()
        return (level - 1) * level / slope


FEW = 40_000  # point-piece pairs that are worked out in one go


class Pieces:
    """Round cones with round ends, each between two points; many of them are one shape.

    Args:
        starts, ends: (M, D) ends of each piece.
        radii: (M, 2) radius at either end.
        band: Distances up to this many mm are exact, larger ones may be too small: far pieces are left out.
    """

    def __init__(
        self,
        starts: Float[np.ndarray, "M D"],
        ends: Float[np.ndarray, "M D"],
        radii: Float[np.ndarray, "M 2"],
        band: float = 20.0,
    ) -> None:
        self.starts, self.steps = np.asarray(starts, np.float64), np.asarray(ends - starts, np.float64)
        self.radii, self.band = np.asarray(radii, np.float64), band
        self._square = np.maximum((self.steps**2).sum(axis=1), TINY)

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        if points.shape[1] * len(self.starts) <= FEW:
            return self._all(points).min(axis=0).astype(points.dtype)
        low, high = points.min(axis=1), points.max(axis=1)
        middle, reach = ((low + high) / 2)[:, None], float(np.linalg.norm(high - low)) / 2
        gaps = self._all(middle)[:, 0]
        near = gaps <= min(gaps.min() + 2 * reach, reach + max(self.band, reach / 2))
        best = np.full(points.shape[1], gaps[~near].min(initial=np.inf) - reach, points.dtype)
        for k in np.flatnonzero(near):
            np.minimum(best, self._one(points, int(k)), out=best)
        return best

    def _all(self, points: np.ndarray) -> np.ndarray:
        """(M, N) distances from every piece."""
        offset = points.T[None] - self.starts[:, None]
        along = np.clip(np.einsum("mnd,md->mn", offset, self.steps) / self._square[:, None], 0, 1)
        offset -= along[..., None] * self.steps[:, None]
        radius = self.radii[:, :1] + (self.radii[:, 1:] - self.radii[:, :1]) * along
        return np.sqrt(np.einsum("mnd,mnd->mn", offset, offset)) - radius

    def _one(self, points: np.ndarray, k: int) -> np.ndarray:
        kind = points.dtype.type
        offset = points - self.starts[k].astype(points.dtype)[:, None]
        step = self.steps[k].astype(points.dtype)
        along = step @ offset
        along /= kind(self._square[k])
        np.minimum(np.maximum(along, 0, out=along), 1, out=along)
        offset -= step[:, None] * along
        gap = np.sqrt(np.einsum("dn,dn->n", offset, offset))
        along *= kind(self.radii[k, 1] - self.radii[k, 0])
        gap -= along
        gap -= kind(self.radii[k, 0])
        return gap


class Tube(Pieces):
    """A tube around a polyline whose radius changes evenly between the knots; its ends are round.

    Args:
        knots: (M, D) positions along the middle.
        radii: M radii.
        band: See `Pieces`.
    """

    def __init__(self, knots: Float[np.ndarray, "M D"], radii: Float[np.ndarray, " M"], band: float = 20.0) -> None:
        self.knots, self.widths = np.asarray(knots, np.float64), np.asarray(radii, np.float64)
        super().__init__(self.knots[:-1], self.knots[1:], np.stack([self.widths[:-1], self.widths[1:]], axis=1), band)


def bundle(tubes: Sequence[Pieces], band: float) -> Pieces:
    """Many tubes as one shape."""
    starts = np.concatenate([t.starts for t in tubes])
    ends = starts + np.concatenate([t.steps for t in tubes])
    return Pieces(starts, ends, np.concatenate([t.radii for t in tubes]), band)


@dataclass(frozen=True, eq=False)
class HalfSpace:
    """Everything behind a plane; `normal` points out of it."""

    point: Float[np.ndarray, " D"]
    normal: Float[np.ndarray, " D"]

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        normal = (np.asarray(self.normal) / np.linalg.norm(self.normal)).astype(points.dtype)
        return normal @ points - points.dtype.type(normal @ np.asarray(self.point))


@dataclass(frozen=True, eq=False)
class Union:
    """Points in any of the shapes; `softness` mm rounds the seams off."""

    shapes: tuple[Shape, ...]
    softness: float = 0.0

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        best = self.shapes[0].distance(points)
        for shape in self.shapes[1:]:
            other = shape.distance(points)
            if self.softness:
                overlap = np.maximum(self.softness - np.abs(best - other), 0)
                best = np.minimum(best, other) - overlap * overlap / (4 * self.softness)
            else:
                best = np.minimum(best, other)
        return best


@dataclass(frozen=True, eq=False)
class Common:
    """Points in all of the shapes."""

    shapes: tuple[Shape, ...]

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        best = self.shapes[0].distance(points)
        for shape in self.shapes[1:]:
            best = np.maximum(best, shape.distance(points))
        return best


@dataclass(frozen=True, eq=False)
class Grown:
    """A shape with `by` mm more on every side."""

    shape: Shape
    by: float

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        return self.shape.distance(points) - points.dtype.type(self.by)


@dataclass(frozen=True, eq=False)
class Shell:
    """The skin of a shape, `thickness` mm, half of it on either side of the surface."""

    shape: Shape
    thickness: float

    def distance(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, " N"]:
        return np.abs(self.shape.distance(points)) - points.dtype.type(self.thickness / 2)
