"""How bright blood and muscle are: when the scan was taken after the injection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Mottle:
    """A level with slow random waves on it: blood that is not yet well mixed, uneven muscle.

    Args:
        level: Mean HU.
        waves: (3, W) wave vectors, radians a mm.
        phases: W phases.
        height: HU, about the standard deviation.
    """

    level: float
    waves: Float[np.ndarray, "3 W"]
    phases: Float[np.ndarray, " W"]
    height: float

    def __call__(self, points: Float[np.ndarray, "3 N"]) -> Float[np.ndarray, " N"]:
        total = np.full(points.shape[1], self.level, points.dtype)
        scale = points.dtype.type(self.height * np.sqrt(2 / len(self.phases)))
        for wave, phase in zip(self.waves.T.astype(points.dtype), self.phases, strict=True):
            total += scale * np.sin(wave @ points + points.dtype.type(phase))
        return total


@dataclass(frozen=True, eq=False)
class Contrast:
    """HU of everything that the contrast agent reaches."""

    left: float
    aorta: float
    descending: float
    left_atrium: float
    pulmonary: float
    right: Mottle
    right_atrium: Mottle
    cava: float
    muscle: Mottle

    def as_dict(self) -> dict[str, float]:
        return {
            "aorta": round(self.aorta),
            "left_ventricle": round(self.left),
            "right_ventricle": round(self.right.level),
        }


def mottle(rng: np.random.Generator, level: float, height: float, size_mm: float) -> Mottle:
    """Waves of about `size_mm`, four of them, in random directions."""
    waves = rng.normal(0, 2 * np.pi / size_mm / np.sqrt(3), (3, 4))
    return Mottle(level, waves, rng.uniform(0, 2 * np.pi, 4), height)


def draw_contrast(rng: np.random.Generator) -> Contrast:
    """Timing of one scan: early ones have a bright right heart, late ones a washed-out one."""
    aorta = rng.uniform(300, 500)
    right = float(rng.choice([rng.uniform(90, 180), rng.uniform(180, 330), rng.uniform(330, 480)], p=[0.4, 0.35, 0.25]))
    return Contrast(
        left=float(aorta * rng.uniform(0.95, 1.05)),
        aorta=float(aorta),
        descending=float(aorta * rng.uniform(0.88, 1.0)),
        left_atrium=float(aorta * rng.uniform(0.98, 1.1)),
        pulmonary=float(0.5 * right + 0.5 * right * rng.uniform(1.0, 1.5)),
        right=mottle(rng, right, 0.06 * right, 30),
        right_atrium=mottle(rng, right * rng.uniform(0.85, 1.1), 0.14 * right, 22),
        cava=float(min(900.0, right * rng.uniform(1.0, 2.2))),
        muscle=mottle(rng, rng.uniform(90, 125), 6, 25),
    )
