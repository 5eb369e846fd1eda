"""How all landmarks of a case lie together, and answers drawn towards it.

A Gaussian model of shape: training cases brought onto each other without change of size, their mean, the directions in
which they differ most (Cootes et al. 1995, CVIU 61(1)), and what these leave. A network errs at every landmark on its
own; anatomy does not. Between an answer and what all answers of the case make likely at its place lies the better one,
as much nearer to the latter as the network is less exact than that.

Letters: C cases, K landmarks, D dimensions, M modes, F = K D.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from pipeline.errors import GeometryError
from pipeline.geometry.fit import moved, onto_their_mean, rigid

FEWEST = 12  # cases that show all landmarks
MOST = 40  # modes
ROUNDS = 4  # of bringing cases onto their mean, and of weighing landmarks
ODD = 2.0  # times what is expected off its place, at which a landmark counts half
PATCHES = 1.0  # that an answer is moved at most


@dataclass(frozen=True, eq=False)
class Shape:
    """Where landmarks lie to each other, world units.

    Args:
        mean: About its middle.
        modes: Directions, of length 1.
        variance: Along each.
        rest: Variance of each coordinate that no mode explains.
        error: Variance of each coordinate of a network's answers, by landmark.
        share: How far answers are drawn; 0 = they stay.
    """

    mean: Float[np.ndarray, "K D"]
    modes: Float[np.ndarray, "M F"]
    variance: Float[np.ndarray, " M"]
    rest: float
    error: Float[np.ndarray, " K"]
    share: float = 0.0

    def content(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: np.asarray(value).tolist() for name, value in asdict(self).items()}

    def drawn(
        self, world: Float[np.ndarray, "K D"], sure: Bool[np.ndarray, " K"], most: Float[np.ndarray, " K"]
    ) -> Float[np.ndarray, "K D"]:
        """Answers drawn towards what all sure ones make likely; others stay, and so does one that lies oddly: it may be
        wrong, or the case unusual, and neither is to be hidden.

        Args:
            world: Answers.
            sure: Which of them count, and may be moved.
            most: How far each is moved at most.
        """
        if self.share == 0 or sure.sum() <= world.shape[1]:
            return world
        try:
            there = rigid(world[sure], self.mean[sure])
        except GeometryError:  # all at one place, or in one line
            return world
        off = (moved(there, world) - self.mean)[sure]
        likely, weight = self._likely(off, sure)
        error = self.error[sure, None]
        back = weight[:, None] * self.share * (likely - off) * error / (error + max(self.rest, 1e-12))
        back *= np.minimum(1.0, most[sure] / np.linalg.norm(back, axis=1).clip(1e-12))[:, None]
        result = world.copy()
        result[sure] += back @ there[:-1, :-1]  # turned as the case lies: the inverse of a rotation is its transpose
        return result

    def _likely(
        self, off: Float[np.ndarray, "L D"], sure: Bool[np.ndarray, " K"]
    ) -> tuple[Float[np.ndarray, "L D"], Float[np.ndarray, " L"]]:
        """What the modes say of sure landmarks, given how far all of them are off the mean; and each one's weight."""
        count, dims = off.shape
        modes = self.modes.reshape(len(self.modes), -1, dims)[:, sure].reshape(len(self.modes), count * dims)
        known = (self.error[sure] + self.rest).clip(1e-12)
        weight, likely = np.ones(count), np.zeros_like(off)
        for _ in range(ROUNDS):
            exact = np.repeat(weight / known, dims)
            normal = np.diag(1 / self.variance) + (modes * exact) @ modes.T
            likely = (np.linalg.solve(normal, modes @ (exact * off.ravel())) @ modes).reshape(off.shape)
            odd = np.linalg.norm(off - likely, axis=1) / np.sqrt(dims * known)
            weight = 1 / (1 + (odd / ODD) ** 2)
        return likely, weight


def fit_shape(world: Float[np.ndarray, "C K D"]) -> Shape | None:
    """Learn the shape from training cases; None where too few show all landmarks, or there are too few landmarks for
    their lie to say anything once a case is turned and moved onto the mean.

    Args:
        world: Positions; NaN = none.
    """
    whole = world[np.isfinite(world).all((1, 2))]
    if len(whole) < FEWEST or whole.shape[1] <= whole.shape[2]:
        return None
    try:
        lying = onto_their_mean(whole, whole[0] - whole[0].mean(0), ROUNDS)
    except GeometryError:
        return None
    mean = lying.mean(0)
    off = (lying - mean).reshape(len(whole), -1)
    modes, variance = _modes(off)
    if not len(modes):
        return None
    return Shape(mean, modes, variance, _unexplained(off, mean.shape[1]), np.ones(len(mean)))


def _modes(off: Float[np.ndarray, "C F"]) -> tuple[Float[np.ndarray, "M F"], Float[np.ndarray, " M"]]:
    _, size, modes = np.linalg.svd(off, full_matrices=False)
    kept = (size > 1e-6 * max(size[0], 1e-12)) & (np.arange(len(size)) < min(MOST, len(off) - 1))
    return modes[kept], size[kept] ** 2 / (len(off) - 1)


def _unexplained(off: Float[np.ndarray, "C F"], dims: int) -> float:
    """Variance of a coordinate that the modes of the other cases leave of a case."""
    left = []
    for number, case in enumerate(off):
        others = np.delete(off, number, 0)
        middle = others.mean(0)
        modes, _ = _modes(others - middle)
        rest = case - middle - ((case - middle) @ modes.T) @ modes
        free = off.shape[1] - len(modes) - dims * (dims + 1) // 2  # less what turning and moving took
        left.append(float(rest @ rest) / free if free > 0 else 0.0)
    return float(np.mean(left))


def with_error(shape: Shape, off: Float[np.ndarray, "C K D"]) -> Shape:
    """The shape with how exact the answers of a network are, from validation cases.

    Each landmark's own median counts as much as there are cases, that of all landmarks as much as four: a landmark with
    few is known by the others. Medians, since a wrong answer is another matter than an inexact one.

    Args:
        off: Answer minus truth; NaN = none.
    """
    square = (off**2).sum(2)
    dims = off.shape[2]
    usual = dims * (1 - 2 / (9 * dims)) ** 3  # median of chi squared (Wilson and Hilferty 1931)
    there = np.isfinite(square)
    if not there.any():
        return shape
    of_all, count = float(np.median(square[there])), there.sum(0)
    own = np.array(
        [np.median(column[seen]) if seen.any() else of_all for column, seen in zip(square.T, there.T, strict=True)]
    )
    return replace(shape, error=(count * own + 4 * of_all) / (count + 4) / usual)


def shape_of(content: Mapping[str, Any]) -> Shape:
    """The inverse of `Shape.content`."""
    arrays = {name: np.array(content[name], float) for name in ("mean", "modes", "variance", "error")}
    return Shape(**arrays, rest=float(content["rest"]), share=float(content["share"]))
