"""Cut a box of voxels, moved, turned, scaled and bent, and carry the landmarks along with it. One step, any D.

Letters: D dimensions, K landmarks, S voxels of the source, C voxels of the crop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

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
        if self.bend is not None:
            return _interpolate_bent(source, self, start, outside)
        if np.array_equal(self.matrix, np.eye(len(start))) and np.array_equal(start, np.round(start)):
            return _copy(source, start.astype(int), self.shape, outside)
        return _interpolate(source, self.matrix, start, self.shape, outside)


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


def _interpolate(
    source: np.ndarray, matrix: np.ndarray, start: np.ndarray, shape: tuple[int, ...], outside: float
) -> np.ndarray:
    from scipy.ndimage import affine_transform

    reach = np.abs(matrix) @ (np.array(shape) - 1) / 2
    centre = start + matrix @ (np.array(shape) - 1) / 2
    box, low = _box(source, centre - reach, centre + reach)
    return affine_transform(box, matrix, start - low, shape, np.float32, order=1, mode="constant", cval=outside)


def _interpolate_bent(source: np.ndarray, cut: Cut, start: np.ndarray, outside: float) -> np.ndarray:
    from scipy.ndimage import map_coordinates

    assert cut.bend is not None
    where = cut.bend.of_grid()
    for axis, count in enumerate(cut.shape):
        where[axis] += np.arange(count, dtype=np.float32).reshape(-1, *[1] * (len(cut.shape) - axis - 1))
    where = np.tensordot(cut.matrix.astype(np.float32), where, 1)
    where += start.astype(np.float32).reshape(-1, *[1] * len(cut.shape))
    axes = tuple(range(1, where.ndim))
    box, low = _box(source, where.min(axes), where.max(axes))
    where -= low.astype(np.float32).reshape(-1, *[1] * len(cut.shape))
    return map_coordinates(box, where, np.float32, order=1, mode="constant", cval=outside)


def _box(source: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of the source from `first` to `last`, and where it begins."""
    low = np.clip(np.floor(first).astype(int) - 1, 0, np.array(source.shape) - 1)
    high = np.clip(np.ceil(last).astype(int) + 2, low + 1, source.shape)
    return np.asarray(source[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], np.float32), low
