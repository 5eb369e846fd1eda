"""Spaces: where the heart lies in the body, and the body in the scanner."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float


def turn(rng: np.random.Generator, degrees: float, dims: int = 3) -> Float[np.ndarray, "D D"]:
    """A random rotation; each of its angles has a standard deviation of `degrees`."""
    skew = np.triu(rng.normal(0, np.deg2rad(degrees), (dims, dims)), 1)
    skew = (skew - skew.T) / 2
    return np.linalg.solve(np.eye(dims) - skew, np.eye(dims) + skew)  # Cayley: orthonormal for any skew matrix


@dataclass(frozen=True, eq=False)
class Slabs:
    """Slabs of a scan taken in different heartbeats: what beats has moved between them.

    Args:
        normal: Unit vector across the slabs.
        borders: Levels along `normal` at which one slab ends and the next begins, increasing.
        shifts: (borders + 1, D) movement of what beats in each slab, within the plane of the slab.
    """

    normal: Float[np.ndarray, " D"]
    borders: Float[np.ndarray, " B"]
    shifts: Float[np.ndarray, "C D"]

    def shift_at(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, "D N"]:
        """The movement at each world point; the same before and after, since it stays in its plane."""
        slab = np.searchsorted(self.borders, self.normal.astype(points.dtype) @ points)
        return self.shifts.astype(points.dtype)[slab].T


@dataclass(frozen=True, eq=False)
class Space:
    """Coordinates in which shapes are written: world = origin + scale * axes @ local.

    Args:
        origin: World position of the local origin.
        axes: (D, D) rotation, columns are the local axes in the world.
        scale: World mm for one local mm.
        slabs: Movement between slabs on top of that; None for what lies still.
    """

    origin: Float[np.ndarray, " D"]
    axes: Float[np.ndarray, "D D"]
    scale: float = 1.0
    slabs: Slabs | None = field(default=None)

    def to_world(self, points: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
        """World positions of local points, where the scan shows them."""
        world = np.asarray(points, np.float64) @ self.axes.T * self.scale + self.origin
        return world + self.slabs.shift_at(world.T).T if self.slabs else world

    def to_local(self, points: Float[np.ndarray, "D N"]) -> Float[np.ndarray, "D N"]:
        """Local positions of world points, one a column, in the dtype of the points."""
        moved = points - self.slabs.shift_at(points) if self.slabs else points
        turned = (self.axes.T / self.scale).astype(points.dtype)
        return turned @ moved - (turned @ self.origin.astype(points.dtype))[:, None]

    def inside(self, outer: Space) -> Space:
        """This space, written in the coordinates of `outer`, as a space of the world."""
        origin = outer.to_world(self.origin[None])[0]
        return Space(origin, outer.axes @ self.axes, outer.scale * self.scale, self.slabs)
