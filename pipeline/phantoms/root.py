"""The aortic root: three unequal sinuses between annulus and sinotubular junction.

Local coordinates of the root: origin in the middle of the annulus, third axis towards the ascending aorta;
an angle of 0 points to the patient's left, 90 degrees to posterior. Counted by rising angle the sinuses are
left, non-coronary, right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

SINUSES = ("left", "noncoronary", "right")
COMMISSURES = ("left_commissure", "noncoronary_commissure", "right_commissure")
"""The commissure that each sinus starts at: left meets right, non-coronary meets left, right meets non-coronary."""


@dataclass(frozen=True, eq=False)
class Root:
    """Lumen of the root, heart mm.

    Args:
        axes: (3, 3) columns: two across the root, one along it.
        commissures: Angles (radians, rising) of the left, non-coronary and right commissure.
        bulges: How far each sinus reaches beyond the straight wall, in the order of SINUSES.
        annulus, junction: Radii at the annulus and at the sinotubular junction.
        commissure_height, junction_height: Levels above the annulus.
    """

    axes: Float[np.ndarray, "3 3"]
    commissures: tuple[float, ...]
    bulges: tuple[float, ...]
    annulus: float
    junction: float
    commissure_height: float
    junction_height: float

    def polar(self, points: Float[np.ndarray, "3 N"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Radius, angle and height of heart points."""
        x, y, height = self.axes.T.astype(points.dtype) @ points
        return np.hypot(x, y), np.arctan2(y, x), height

    def sinus_at(self, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which sinus an angle lies in, and where between its commissures: -1 to 1."""
        starts = np.array([*self.commissures, self.commissures[0] + 2 * np.pi]).astype(angle.dtype)
        offsets, widths = starts[:3] - starts[0], np.diff(starts)
        turned = (angle - starts[0]) % angle.dtype.type(2 * np.pi)
        sinus = (turned > offsets[1]).astype(np.intp) + (turned > offsets[2])
        return sinus, 2 * (turned - offsets[sinus]) / widths[sinus] - 1

    def wall(self, angle: np.ndarray, height: np.ndarray) -> np.ndarray:
        """Radius of the lumen: the straight wall plus the bulge of the sinus."""
        share = np.clip(height / self.junction_height, 0, 1)
        straight = self.annulus + (self.junction - self.annulus) * share * share * (3 - 2 * share)
        upright = np.clip((height + 2) / (self.junction_height + 2), 0, 1)
        swell = np.sin(np.pi * upright**0.9) ** 2 * 0.5 + np.sin(np.pi * upright**0.9) * 0.5
        sinus, place = self.sinus_at(angle)
        lobe = 1 - np.abs(place) ** 2.2
        return straight + np.asarray(self.bulges, angle.dtype)[sinus] * swell * lobe

    def distance(self, points: Float[np.ndarray, "3 N"]) -> Float[np.ndarray, " N"]:
        """Signed distance from the lumen between the outflow tract and just above the junction."""
        radius, angle, height = self.polar(points)
        beside = (radius - self.wall(angle, height)) / points.dtype.type(1.1)
        return np.maximum(beside, np.maximum(-height - 4, height - self.junction_height - 1))

    def at(self, angle: float, height: float, beyond: float = 0.0) -> Float[np.ndarray, " 3"]:
        """The heart point on the wall at an angle and height, or `beyond` mm outside of it."""
        radius = float(self.wall(np.array([angle]), np.array([height]))[0]) + beyond
        return self.axes @ np.array([radius * np.cos(angle), radius * np.sin(angle), height])

    def outward(self, angle: float, rise: float) -> Float[np.ndarray, " 3"]:
        """Unit direction away from the axis of the root, `rise` radians upwards."""
        return self.axes @ np.array([np.cos(angle) * np.cos(rise), np.sin(angle) * np.cos(rise), np.sin(rise)])

    def middle(self, sinus: str) -> float:
        """Angle of the middle of a sinus."""
        k = SINUSES.index(sinus)
        ends = [*self.commissures, self.commissures[0] + 2 * np.pi]
        return (ends[k] + ends[k + 1]) / 2


def draw_root(rng: np.random.Generator) -> Root:
    """A root of one patient; means after CT measurements of normal adults (annulus 23, sinuses 32, junction 28 mm)."""
    axis = np.array([-0.33, -0.14, 0.93]) + rng.normal(0, 0.05, 3)
    axis /= np.linalg.norm(axis)
    left = np.array([1.0, 0, 0]) - axis * axis[0]
    left /= np.linalg.norm(left)
    rotation = np.deg2rad(rng.uniform(-20, 20))
    commissures = np.deg2rad(np.array([-42.0, 80.0, 200.0]) + rng.normal(0, 5, 3)) + rotation
    annulus = rng.uniform(10.6, 12.4)
    junction = annulus + rng.uniform(0.6, 2.2)
    height = rng.uniform(19.5, 23.5)
    bulges = np.array([4.2, 5.3, 4.8]) + rng.uniform(-0.7, 1.0, 3)
    return Root(
        axes=np.stack([left, np.cross(axis, left), axis], axis=1),
        commissures=tuple(float(a) for a in commissures),
        bulges=tuple(float(b) for b in bulges),
        annulus=float(annulus),
        junction=float(junction),
        commissure_height=float(height - rng.uniform(1.5, 3.0)),
        junction_height=float(height),
    )
