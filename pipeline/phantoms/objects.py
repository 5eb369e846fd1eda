"""Pictures with one thing of three classes, or none, whose box is known exactly."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pipeline.geometry import ImageFrame
from pipeline.phantoms.phantom import Phantom, stream

KINDS = ("cross", "disc", "square")
SIZE = 96  # pixels
NOTHING = 0.2  # share of the pictures that show none


def simulate_object(seed: int, size: int = SIZE) -> Phantom:
    """Draw one picture; everything follows from the arguments.

    Args:
        seed: Number of the case.
        size: Pixels along both edges.

    Returns:
        The picture, without landmarks; `description` has "box": class, low, high (px), or None.
    """
    rng = stream(seed, "object")
    picture = _ground(stream(seed, "ground"), size)
    box = None
    if rng.random() >= NOTHING:
        kind = KINDS[int(rng.integers(len(KINDS)))]
        half = rng.uniform(0.06, 0.2, 2) * size
        half[1] = half[1] if kind != "disc" else half[0] * rng.uniform(0.7, 1.4)
        middle = rng.uniform(half, size - 1 - half)
        cover = _cover(kind, size, middle, half)
        picture += cover[..., None] * (rng.uniform(0, 255, 3) - picture)
        box = {"class": kind, "low": (middle - half).tolist(), "high": (middle + half).tolist()}
    noise = stream(seed, "noise")
    picture += noise.normal(0, noise.uniform(2, 12), picture.shape)
    frame = ImageFrame((size, size), np.eye(3), "px")
    return Phantom(frame, np.clip(picture.round(), 0, 255).astype(np.uint8), {}, {"seed": seed, "box": box})


def _cover(kind: str, size: int, middle: np.ndarray, half: np.ndarray) -> Float[np.ndarray, "S S"]:
    """How much of each pixel the thing covers."""
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1)
    off = np.abs(grid - middle)
    if kind == "disc":
        return np.clip((1 - np.linalg.norm(off / half, axis=-1)) * half.min() + 0.5, 0, 1)
    inside = np.clip(half - off + 0.5, 0, 1)
    if kind == "square":
        return inside.prod(-1)
    thin = np.clip(half / 3 - off + 0.5, 0, 1)
    return np.maximum(inside[..., 0] * thin[..., 1], thin[..., 0] * inside[..., 1])


def _ground(rng: np.random.Generator, size: int) -> Float[np.ndarray, "S S 3"]:
    """Waves of colour."""
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1) / size
    waves = [np.sin(2 * np.pi * (grid @ rng.uniform(-2, 2, 2) + rng.random())) for _ in range(3)]
    return 128 + np.stack(waves, -1) * rng.uniform(10, 60, 3) + rng.uniform(-60, 60, 3)
