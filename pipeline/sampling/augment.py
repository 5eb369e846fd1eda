"""What may differ between two scans of one anatomy: pose, size, grey values, sharpness."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from pipeline.data.shrink import triangle_weights

LEAST = 1 / 3  # of the ranges
ERASED = (1 / 6, 2 / 5)  # of an edge


@dataclass(frozen=True)
class AugmentSettings:
    """Ranges of the random changes; 0 switches one off.

    Args:
        rotation: Largest angle in each plane of two axes, degrees.
        scale: Largest relative change of size, and half as much of each axis on its own.
        brightness: Standard deviation of a constant added (values are about 0..1).
        contrast: Standard deviation of the logarithm of a factor about the middle grey.
        noise: Largest standard deviation of white noise.
        share: Of the samples that are turned and scaled (and bent); the others are upright copies, which cost less.
        elastic: Largest shift of a smooth bend's control points, as a share of their distance (a third of the crop), up
            to 0.15: above it, a bend might fold.
        mirror: Share of the samples in which left and right (x) are exchanged; names that say their
            side change: of landmarks, of classes of boxes, of columns, of classes and labels in them. Texts stay as
            they are, and views that say a side are refused.
        pairs: Names that change in a mirror, where they do not say left and right: {ONE: OTHER, ...}; {ONE: ONE} says
            that it is no side.
        blur: Largest standard deviation of a Gaussian blur, voxels; half of the samples stay sharp.
        slices: Largest distance of the slices that a sample is seen through, along a random axis, voxels, above 1; half
            of the samples stay as they are.
        composite: Share of the identities of a step that are put together from two, the upper part of one's images
            above the lower part of another's: people who were never photographed. For task=embedding and images that
            show their thing always in the same place, as faces cut to size do.
        shift: Largest distance that a crop is moved further, as a share of its edge, up to 0.5.
        erase: Share of the samples in which a box, a sixth to two fifths of the image along each edge, shows one grey
            (DeVries and Taylor 2017, arXiv 1708.04552): for images as a whole, so that they are not told by one part,
            such as glasses.
        sightings: Times that every case must be seen in the whole training for rotation, scale, brightness, contrast
            and elastic to have their full range; with fewer it is narrower, a third at least. 0: always the full range.
            Changes keep a network from learning cases by heart, for which a short training has no time.
    """

    rotation: float = 15.0
    scale: float = 0.15
    brightness: float = 0.05
    contrast: float = 0.15
    noise: float = 0.02
    share: float = 0.8
    elastic: float = 0.0
    mirror: float = 0.0
    pairs: dict[str, str] = field(default_factory=dict)
    blur: float = 0.0
    slices: float = 0.0
    composite: float = 0.0
    shift: float = 0.0
    erase: float = 0.0
    sightings: float = 0.0

    def when_seen(self, times: float) -> AugmentSettings:
        """The ranges for a training that shows every case so many times."""
        part = min(1.0, max(LEAST, times / self.sightings)) if self.sightings else 1.0
        names = ("rotation", "scale", "brightness", "contrast", "elastic")
        return replace(self, **{name: part * getattr(self, name) for name in names})


def random_matrix(
    rng: np.random.Generator, dims: int, settings: AugmentSettings, spacing: Float[np.ndarray, " D"] | None = None
) -> Float[np.ndarray, "D D"]:
    """A random rotation and scaling about the middle of a crop, in voxels.

    Args:
        spacing: Size of the voxels: the world is turned, and where their edges are unlike, turning voxels would shear
            it. None = all edges are alike.
    """
    matrix = np.eye(dims)
    for first in range(dims):
        for second in range(first + 1, dims):
            angle = np.radians(settings.rotation) * rng.uniform(-1, 1)
            turn = np.eye(dims)
            turn[[first, second], [first, second]] = np.cos(angle)
            turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
            matrix = matrix @ turn
    size = 1 + settings.scale * (rng.uniform(-1, 1) + rng.uniform(-0.5, 0.5, dims))
    edges = np.ones(dims) if spacing is None else spacing
    return matrix * size * (edges / edges[:, None])


def change_grey(
    rng: np.random.Generator, voxels: Float[np.ndarray, " I *C"], settings: AugmentSettings
) -> Float[np.ndarray, " I *C"]:
    """Brightness, contrast and noise, in place."""
    voxels -= 0.5
    voxels *= np.float32(np.exp(settings.contrast * rng.standard_normal()))
    voxels += np.float32(0.5 + settings.brightness * rng.standard_normal())
    amount = settings.noise * rng.random()
    if amount > 0:
        voxels += np.float32(amount) * rng.standard_normal(voxels.shape, dtype=np.float32)
    return voxels


def erase_box(
    rng: np.random.Generator, voxels: Float[np.ndarray, " I *C"], settings: AugmentSettings
) -> Float[np.ndarray, " I *C"]:
    """One grey in a random box of a share of the samples, in place."""
    if settings.erase and rng.random() < settings.erase:
        shape = np.array(voxels.shape[1:])
        size = np.ceil(shape * rng.uniform(*ERASED, len(shape))).astype(int)
        start = (rng.random(len(shape)) * (shape - size + 1)).astype(int)
        box = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
        voxels[(slice(None), *box)] = np.float32(rng.random())
    return voxels


def change_sharpness(
    rng: np.random.Generator, voxels: Float[np.ndarray, " I *C"], settings: AugmentSettings
) -> Float[np.ndarray, " I *C"]:
    """Blur, and thick slices: weighted means of what lies around each slice, joined by straight lines."""
    if settings.blur and (sigma := settings.blur * rng.uniform(-1, 1)) > 0:
        from scipy.ndimage import gaussian_filter

        voxels = gaussian_filter(voxels, sigma, truncate=3.0, axes=tuple(range(1, voxels.ndim)))
    if settings.slices and (distance := 1 + (settings.slices - 1) * rng.uniform(-1, 1)) > 1:
        axis = 1 + int(rng.integers(voxels.ndim - 1))
        matrix = _through_slices(voxels.shape[axis], distance, distance * rng.random())
        voxels = np.moveaxis(np.tensordot(matrix, voxels, (1, axis)), 0, axis)
    return voxels


def _through_slices(size: int, distance: float, first: float) -> Float[np.ndarray, "C C"]:
    count = max(1, int((size - 1 - first) / distance) + 1)
    thick, _ = triangle_weights(size, first, distance, count)
    joined, _ = triangle_weights(count, -first / distance, 1 / distance, size)
    return joined @ thick
