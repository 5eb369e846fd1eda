"""Cut a box of voxels, moved, turned, scaled and bent, and carry the landmarks along with it. One step, any D.

Letters: D dimensions, K landmarks, S voxels of the source, C voxels of the crop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from pipeline.sampling.bend import Bend


@dataclass(frozen=True, eq=False)
class Cut:
    """The box a crop is taken from, in voxels of the source.

    Voxel x of the crop shows source position centre + matrix (x + bend(x) - (shape - 1) / 2).

    Args:
        centre: Source position of the crop's middle.
        shape: Voxels of the crop.
        matrix: Identity = an upright copy; a rotation or scaling turns the image the other way.
        bend: None = straight.
    """

    centre: Float[np.ndarray, " D"]
    shape: tuple[int, ...]
    matrix: Float[np.ndarray, "D D"]
    bend: Bend | None = None

    @property
    def middle(self) -> Float[np.ndarray, " D"]:
        return (np.array(self.shape) - 1) / 2

    def points(self, source: Float[np.ndarray, "K D"]) -> Float[np.ndarray, "K D"]:
        """Where source positions lie in the crop; NaN stays NaN."""
        straight = np.linalg.solve(self.matrix, (source - self.centre).T).T + self.middle
        return straight if self.bend is None else self.bend.undo(straight)

    def points_back(self, crop: Float[np.ndarray, "K D"]) -> Float[np.ndarray, "K D"]:
        """Inverse of `points`."""
        bent = crop if self.bend is None else crop + self.bend.of_points(crop)
        return (bent - self.middle) @ self.matrix.T + self.centre

    def voxels(self, source: Float[np.ndarray, "*S"], outside: float = 0.0) -> Float[np.ndarray, "*C"]:
        """The crop's voxels, float32; beyond the source they are `outside`.

        An upright cut at whole voxels is copied, anything else is interpolated linearly.
        """
        start = self.centre - self.matrix @ self.middle
        upright = self.bend is None and np.array_equal(self.matrix, np.eye(len(start)))
        if upright and np.array_equal(start, np.round(start)):
            return _copy(source, start.astype(int), self.shape, outside)
        return _interpolate(source, self._places(start), outside)

    def _places(self, start: Float[np.ndarray, " D"]) -> Float[np.ndarray, " D *C"]:
        """Source position that each voxel of the crop shows."""
        each = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in self.shape), indexing="ij", sparse=True)
        if self.bend is not None:
            each = tuple(x + shift for x, shift in zip(each, self.bend.of_grid(), strict=True))
        result = np.empty((len(start), *self.shape), np.float32)
        for row, factors, first in zip(result, self.matrix.astype(np.float32), start.astype(np.float32), strict=True):
            row[...] = sum((f * x for f, x in zip(factors, each, strict=True)), first)
        return result


def whole_voxel_centre(centre: Float[np.ndarray, " D"], shape: tuple[int, ...]) -> Float[np.ndarray, " D"]:
    """The nearest centre for which an upright cut falls on whole voxels."""
    middle = (np.array(shape) - 1) / 2
    return np.round(centre - middle) + middle


def _copy(source: np.ndarray, start: np.ndarray, shape: tuple[int, ...], outside: float) -> np.ndarray:
    crop = np.full(shape, outside, np.float32)
    low = np.maximum(start, 0)
    high = np.minimum(start + shape, source.shape)
    if (high > low).all():
        inner = tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))
        crop[inner] = source[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return crop


def _interpolate(source: np.ndarray, where: Float[np.ndarray, " D *C"], outside: float) -> Float[np.ndarray, "*C"]:
    """Linearly between voxels; beyond the outermost ones it fades to `outside` within a voxel."""
    axes = tuple(range(1, where.ndim))
    box, low = _box(source, where.min(axes), where.max(axes))
    for place, first, count in zip(where, low, box.shape, strict=True):  # a box goes from -1 to 1, outer faces included
        place -= np.float32(first + (count - 1) / 2)
        place *= np.float32(2 / count)
    lone = (1,) * (2 - len(where))  # torch knows two axes and three
    places = np.concatenate([where[::-1], np.zeros((len(lone), *where.shape[1:]), np.float32)])
    grid = torch.from_numpy(places).movedim(0, -1).reshape(1, *lone, *where.shape[1:], len(places))
    image = torch.from_numpy(box - np.float32(outside)).reshape(1, 1, *lone, *box.shape)
    crop = nn.functional.grid_sample(image, grid, padding_mode="zeros", align_corners=False)
    return crop.numpy().reshape(where.shape[1:]) + np.float32(outside)


def _box(source: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of the source from `first` to `last`, and where it begins."""
    low = np.clip(np.floor(first).astype(int) - 1, 0, np.array(source.shape) - 1)
    high = np.clip(np.ceil(last).astype(int) + 2, low + 1, source.shape)
    return np.asarray(source[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], np.float32), low
