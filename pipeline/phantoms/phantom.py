"""What a simulation hands out: an image whose answers are known exactly."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Shaped

from pipeline.geometry import ImageFrame


@dataclass(frozen=True, eq=False)
class Phantom:
    """An image, its frame and its answers.

    Args:
        frame: Where the voxels lie, LPS mm; of pictures px.
        voxels: Values in the axis order of `frame` (HU for CT); of pictures with one more axis for the colours.
        landmarks: Position of each landmark in world coordinates; None where it is absent, that is outside the
            frame or not there at all.
        description: What was drawn, in plain values that JSON can hold.
    """

    frame: ImageFrame
    voxels: Shaped[np.ndarray, " ..."]
    landmarks: dict[str, tuple[float, ...] | None]
    description: dict[str, Any]


@dataclass(frozen=True)
class PhantomSize:
    """How much of the patient to show, and how finely; None draws it as a scanner would.

    Args:
        fov_mm: Edge of the field of view in plane; along the patient it is 0.6 to 0.75 of that. It grows to hold the
            landmarks, but in one case of ten, which is cut.
        spacing_mm: Nominal voxel size; in plane 0.85 to 1.15 of it, between slices 0.9 to 1.6 of it, drawn by case.
    """

    fov_mm: float | None = None
    spacing_mm: float | None = None


def stream(seed: int, part: str, scan: int = 1) -> np.random.Generator:
    """Random numbers of one part of one case; parts do not disturb each other when one draws more numbers.

    Args:
        seed: Number of the case.
        part: What is drawn.
        scan: Which scan of the case, for parts that change from one to the next.

    Examples:
        >>> bool(stream(3, "root").random() == stream(3, "root").random())
        True
    """
    again = [scan] if scan > 1 else []
    return np.random.default_rng([seed, zlib.crc32(part.encode()), *again])
