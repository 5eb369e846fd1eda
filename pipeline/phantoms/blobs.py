"""Phantoms of any dimension: a row of blobs that differ in size and sign, for quick tests of the whole chain.

Landmarks are the middles of: a large bright blob, a small bright one, a dark one, a bright one with a dark heart.
They keep their order along the first world axis, so that their places are learnable from afar too. Fainter
blobs in between belong to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.geometry import ImageFrame
from pipeline.phantoms.phantom import Phantom, stream
from pipeline.phantoms.physics import Physics, acquire
from pipeline.phantoms.pose import Space, turn
from pipeline.phantoms.render import Layer, render
from pipeline.phantoms.shapes import Ellipsoid

TISSUE = 40.0


@dataclass(frozen=True)
class Kind:
    """How one landmark looks: radii as shares of a fifth of the extent, HU from outside inwards."""

    radii: tuple[float, ...]
    values: tuple[float, ...]


KINDS = {
    "large_bright": Kind((0.36,), (400.0,)),
    "small_bright": Kind((0.2,), (400.0,)),
    "dark": Kind((0.28,), (-300.0,)),
    "hollow": Kind((0.36, 0.16), (400.0, -200.0)),
}


def simulate_blobs(
    seed: int,
    shape: tuple[int, ...] = (64, 64),
    spacing: float = 1.0,
    absent: float = 0.1,
    oblique: float = 8.0,
    noise: float = 20.0,
) -> Phantom:
    """Draw one case; everything follows from the arguments.

    Args:
        seed: Number of the case.
        shape: Voxels along each world axis, D numbers; the array axes of the frame may be in another order.
        spacing: mm, varied by a tenth along each axis.
        absent: Chance of each landmark not to be there.
        oblique: Degrees (standard deviation) by which the scan is turned.
        noise: Standard deviation of the values.

    Returns:
        The image with its landmarks; None where a blob was not drawn or fell outside the frame.
    """
    rng = stream(seed, "blobs")
    frame = _frame(rng, shape, spacing, oblique)
    size = spacing * np.array(shape, np.float64)
    centres = {name: _place(rng, k, size) for k, name in enumerate(KINDS)}
    there = {name: bool(rng.random() >= absent) and bool(frame.contains(c[None])[0]) for name, c in centres.items()}
    fifth = float(size.max()) / 5
    layers = [Layer(Ellipsoid(size / 2, np.full(len(shape), 1e4)), TISSUE, "world"), *_strangers(rng, size, fifth)]
    for name, centre in centres.items():
        stretch = rng.uniform(0.9, 1.1)
        for radius, value in zip(KINDS[name].radii, KINDS[name].values, strict=True):
            if there[name]:
                semi = np.full(len(shape), radius * fifth * stretch)
                layers.append(Layer(Ellipsoid(centre, semi), value, "world"))
    spaces = {"world": Space(np.zeros(len(shape)), np.eye(len(shape)))}
    truth = render(frame, layers, spaces, TISSUE)
    voxels = acquire(stream(seed, "noise"), truth, Physics(noise, (0.6,) * len(shape), 0.0, 0))
    landmarks = {n: tuple(float(x) for x in c) if there[n] else None for n, c in centres.items()}
    return Phantom(frame, voxels, landmarks, {"seed": seed, "absent": [n for n, here in there.items() if not here]})


def _place(rng: np.random.Generator, k: int, size: np.ndarray) -> np.ndarray:
    share = rng.uniform(0.3, 0.7, len(size))
    share[0] = 0.2 * (k + 1) + rng.uniform(-0.025, 0.025)
    return share * size


def _strangers(rng: np.random.Generator, size: np.ndarray, fifth: float) -> list[Layer]:
    """Faint blobs that are no landmarks."""
    return [
        Layer(Ellipsoid(rng.uniform(0.05, 0.95, len(size)) * size, np.full(len(size), 0.2 * fifth)), 130.0, "world")
        for _ in range(3)
    ]


def _frame(rng: np.random.Generator, shape: tuple[int, ...], spacing: float, oblique: float) -> ImageFrame:
    """A box about the middle of the scene, turned a little, its axes in any order and direction."""
    dims = len(shape)
    order, flips = rng.permutation(dims), rng.choice([-1.0, 1.0], dims)
    steps = spacing * rng.uniform(0.9, 1.1, dims)
    directions = turn(rng, oblique, dims)[:, order] * flips
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = directions * steps
    own = tuple(int(shape[a]) for a in order)
    middle = spacing * np.array(shape, np.float64) / 2
    affine[:-1, -1] = middle - affine[:-1, :-1] @ ((np.array(own) - 1) / 2)
    return ImageFrame(own, affine)
