"""The closed aortic valve: three thin leaflets that hang from the commissures and press together.

A leaflet is fixed to the wall along a crown that starts at a commissure, dips to the annulus in the middle of
the sinus and climbs to the next commissure. From there its belly runs to the middle, and its upper rim lies
against its neighbours: seen from above, three spokes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.phantoms.root import Root

CROWN = 1.8  # shape of the line of attachment: 2 is a parabola, 1 a V


@dataclass(frozen=True, eq=False)
class Leaflets:
    """The three leaflets of a root as one shape.

    Args:
        root: The root they close.
        thickness: mm.
        dip: How far the free rim sags from the commissures to the middle, mm.
        rim: Height over which the leaflets touch in the middle, mm.
    """

    root: Root
    thickness: float
    dip: float
    rim: float

    def distance(self, points: Float[np.ndarray, "3 N"]) -> Float[np.ndarray, " N"]:
        radius, angle, height = self.root.polar(points)
        wall = self.root.wall(angle, np.clip(height, 0, self.root.junction_height))
        share = np.clip(radius / wall, 0, 1)
        sheet = np.minimum(self._belly(radius, angle, height, share), self._rims(radius, angle, height, share))
        kind = points.dtype.type
        sheet = np.maximum(sheet, height - kind(self.root.commissure_height))  # nothing above the commissures
        return np.maximum(sheet, radius - wall - kind(0.3))

    def _belly(self, radius: np.ndarray, angle: np.ndarray, height: np.ndarray, share: np.ndarray) -> np.ndarray:
        top = self.root.commissure_height
        low = top - self.dip - self.rim
        sinus, place = self.root.sinus_at(angle)
        out = np.abs(place)
        crown = top * out**CROWN
        belly = low + (crown - low) * share
        widths = np.diff([*self.root.commissures, self.root.commissures[0] + 2 * np.pi]).astype(radius.dtype)
        around = CROWN * top * out ** (CROWN - 1) * share * 2 / widths[sinus] / np.maximum(radius, 2)
        inward = (crown - low) / 13
        slope = np.sqrt(1 + around * around + inward * inward)
        return np.abs(height - belly) / slope - radius.dtype.type(self.thickness / 2)

    def _rims(self, radius: np.ndarray, angle: np.ndarray, height: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Where two leaflets touch: upright sheets from the middle to each commissure."""
        top = self.root.commissure_height
        free = top - self.dip * (1 - share)
        base = top - (self.dip + self.rim) * (1 - share)
        beside = np.full_like(radius, np.inf)
        for commissure in self.root.commissures:
            off = np.abs((angle - commissure + np.pi) % (2 * np.pi) - np.pi)
            np.minimum(beside, radius * np.sin(np.minimum(off, np.pi / 2)), out=beside)
        sheet = beside - radius.dtype.type(self.thickness / 2)
        return np.maximum(sheet, np.maximum(height - free, base - height))


def draw_leaflets(rng: np.random.Generator, root: Root) -> Leaflets:
    """Leaflets of one patient."""
    return Leaflets(root, float(rng.uniform(0.8, 1.15)), float(rng.uniform(2.5, 4.0)), float(rng.uniform(3.5, 5.0)))
