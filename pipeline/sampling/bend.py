"""A smooth bend of a crop: cubic B-splines over a few control points. No two places fall onto one.

Letters: D dimensions, N control points along an axis, C voxels of the crop, P points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

CONTROLS = 6  # along each axis: three cells of the spline
STEPS = 30  # towards the place that a bend brings to a given one; each leaves at most 0.9 of what is missing


@dataclass(frozen=True, eq=False)
class Bend:
    """Voxel x of the crop shows what lay at x + shift(x).

    Uniform cubic B-splines (Rueckert et al. 1999). From voxel to voxel a shift changes by at most 2 D / cell times the
    largest control point's; while that is below 1 nothing folds, and iterating undoes the bend.

    Args:
        controls: Shifts of the control points, voxels.
        shape: Voxels of the crop.
    """

    controls: Float[np.ndarray, " D *N"]
    shape: tuple[int, ...]

    def of_grid(self) -> Float[np.ndarray, " D *C"]:
        """The shift of every voxel."""
        result = self.controls
        for axis, count in enumerate(self.shape):
            weights = self._weights(np.arange(count, dtype=float), axis).astype(np.float32)
            result = np.moveaxis(np.tensordot(weights, result, (1, axis + 1)), 0, axis + 1)
        return result

    def of_points(self, points: Float[np.ndarray, "P D"]) -> Float[np.ndarray, "P D"]:
        """The shift of places of the crop; beyond it as at its border."""
        result = np.broadcast_to(self.controls, (len(points), *self.controls.shape))
        for axis in range(len(self.shape)):
            result = np.einsum("pn,pdn...->pd...", self._weights(points[:, axis], axis), result)
        return result

    def undo(self, bent: Float[np.ndarray, "P D"]) -> Float[np.ndarray, "P D"]:
        """The places x for which x + shift(x) is `bent`; NaN stays NaN."""
        there = np.isfinite(bent).all(1)
        places = bent[there]
        for _ in range(STEPS if len(places) else 0):  # on small pictures thirty steps of nothing took most of the time
            places = bent[there] - self.of_points(places)
        result = np.full_like(bent, np.nan)
        result[there] = places
        return result

    def _weights(self, where: Float[np.ndarray, " P"], axis: int) -> Float[np.ndarray, "P N"]:
        cells = CONTROLS - 3
        t = np.clip(where / max(self.shape[axis] - 1, 1), 0, 1) * cells
        cell = np.minimum(t.astype(int), cells - 1)
        u = t - cell
        parts = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
        weights = np.zeros((len(where), CONTROLS))
        for k, part in enumerate(parts):
            weights[np.arange(len(where)), cell + k] = part / 6
        return weights


def random_bend(rng: np.random.Generator, shape: tuple[int, ...], largest: float) -> Bend:
    """Control points shifted by up to `largest` times the size of a cell of the spline, along each axis."""
    dims = len(shape)
    cell = (np.array(shape) - 1) / (CONTROLS - 3)
    shifts = rng.uniform(-1, 1, (dims, *[CONTROLS] * dims)) * largest
    return Bend(shifts * cell.reshape(dims, *[1] * dims), shape)
