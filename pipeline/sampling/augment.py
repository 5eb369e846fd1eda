"""What may differ between two scans of one anatomy: pose, size, grey values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class AugmentSettings:
    """Ranges of the random changes; 0 switches one off.

    Args:
        rotation: Largest angle in each plane of two axes, degrees.
        scale: Largest relative change of size, and half as much of each axis on its own.
        brightness: Standard deviation of a constant added (values are about 0..1).
        contrast: Standard deviation of the logarithm of a factor about the middle grey.
        noise: Largest standard deviation of white noise.
        share: Of the samples that are turned and scaled; the others are upright copies, which cost less.
    """

    rotation: float = 15.0
    scale: float = 0.15
    brightness: float = 0.05
    contrast: float = 0.15
    noise: float = 0.02
    share: float = 0.8


def random_matrix(rng: np.random.Generator, dims: int, settings: AugmentSettings) -> Float[np.ndarray, "D D"]:
    """A random rotation and scaling about the middle of a crop; the identity for the upright share."""
    matrix = np.eye(dims)
    if rng.random() >= settings.share:
        return matrix
    for first in range(dims):
        for second in range(first + 1, dims):
            angle = np.radians(settings.rotation) * rng.uniform(-1, 1)
            turn = np.eye(dims)
            turn[[first, second], [first, second]] = np.cos(angle)
            turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
            matrix = matrix @ turn
    size = 1 + settings.scale * (rng.uniform(-1, 1) + rng.uniform(-0.5, 0.5, dims))
    return matrix * size


def change_grey(
    rng: np.random.Generator, voxels: Float[np.ndarray, "*C"], settings: AugmentSettings
) -> Float[np.ndarray, "*C"]:
    """Brightness, contrast and noise, in place."""
    voxels -= 0.5
    voxels *= np.float32(np.exp(settings.contrast * rng.standard_normal()))
    voxels += np.float32(0.5 + settings.brightness * rng.standard_normal())
    amount = settings.noise * rng.random()
    if amount > 0:
        voxels += np.float32(amount) * rng.standard_normal(voxels.shape, dtype=np.float32)
    return voxels
