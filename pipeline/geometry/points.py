"""Named points in world coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.errors import GeometryError


@dataclass(frozen=True, eq=False)
class PointSet:
    """Landmarks of one case.

    Args:
        names: N distinct names.
        world: (N, D) positions in LPS mm (or px); a row of NaN is a point without a position.

    Raises:
        GeometryError: Names repeat, or the array does not have one row a name.
    """

    names: tuple[str, ...]
    world: Float[np.ndarray, "N D"]

    def __post_init__(self) -> None:
        world = np.array(self.world, dtype=np.float64)
        if world.ndim < 2 or len(world) != len(self.names):
            raise GeometryError(f"{len(self.names)} names but positions of shape {world.shape}")
        if len(set(self.names)) != len(self.names):
            raise GeometryError(f"names repeat: {sorted(n for n in self.names if self.names.count(n) > 1)}")
        world.flags.writeable = False
        object.__setattr__(self, "world", world)
        object.__setattr__(self, "names", tuple(self.names))

    @property
    def has_position(self) -> np.ndarray:
        return np.isfinite(self.world).all(axis=1)

    def as_dict(self) -> dict[str, list[float]]:
        """Positions by name, of the points that have one."""
        return {n: p.tolist() for n, p, ok in zip(self.names, self.world, self.has_position, strict=True) if ok}

    @classmethod
    def from_dict(cls, names: tuple[str, ...], positions: Mapping[str, object], dims: int) -> PointSet:
        """Rows in the order of `names`; NaN where `positions` has none or None."""
        rows = [positions.get(n) for n in names]
        return cls(names, np.array([np.full(dims, np.nan) if r is None else r for r in rows], float).reshape(-1, dims))
