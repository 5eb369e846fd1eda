"""How far an answer may be off: a radius that holds 95% of the errors, wider where the votes scatter.

Split-conformal prediction with a scale for each answer (Lei et al. 2018, "Distribution-free predictive inference for
regression"): the error of each validation answer is divided by what is usual for its landmark and by the square root
of how far its votes scatter against what is usual; the ceil(0.95 (n + 1))-th smallest of these is the factor.
What is usual for a case is learnt from the cases of other subjects, so that no error judges itself, or its like.

Letters: C cases, K landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

PROMISED = 0.95  # share of the errors that a radius or a margin holds
SMALLEST_N = 19  # answers: the 95% conformal quantile of n exists from 19 on
FEWEST_SUBJECTS = 5  # answers of one err together
SHRINK = 4.0  # answers' worth of the mean over all landmarks in each landmark's usual error
LEAST = 0.25  # of the usual scatter: votes that agree by chance promise nothing


@dataclass(frozen=True)
class Radius:
    """What the validation answers taught.

    Args:
        factor: Times the usual error, holds 95%.
        error: Usual error of each landmark, world unit.
        spread: Usual spread of its votes.
        answers: Validation answers behind it.
    """

    factor: float
    error: tuple[float, ...]
    spread: tuple[float, ...]
    answers: int

    def of(self, k: int, spread: float) -> float:
        """Radius of an answer for landmark number k, world unit."""
        return self.factor * self.error[k] * float(_widening(np.array(spread), np.array(self.spread[k])))


def fit_radius(
    error: Float[np.ndarray, "C K"],
    spread: Float[np.ndarray, "C K"],
    found: Bool[np.ndarray, "C K"],
    subject: Int[np.ndarray, " C"] | None = None,
) -> Radius | None:
    """Learn from validation answers.

    Args:
        error: Distance from the truth; NaN = no truth.
        spread: Of the votes.
        found: What would be called found: only such answers are given, so only they count.
        subject: Whose each case is; None = each is a subject of its own.

    Returns:
        None where there are too few answers or subjects to promise 95%.
    """
    counts = found & np.isfinite(error)
    subject = np.arange(len(error)) if subject is None else subject
    if counts.sum() < SMALLEST_N or len(np.unique(subject[counts.any(1)])) < FEWEST_SUBJECTS:
        return None
    error, spread = np.where(counts, error, np.nan), np.where(counts, spread, np.nan)
    scores = []
    for case in np.flatnonzero(counts.any(1)):
        others = subject != subject[case]
        usual, typical = _usual(error[others], spread[others])
        score = error[case] / (usual * _widening(spread[case], typical))
        scores += score[counts[case]].tolist()
    usual, typical = _usual(error, spread)
    return Radius(conformal95(np.array(scores)), tuple(usual.tolist()), tuple(typical.tolist()), len(scores))


def conformal95(scores: Float[np.ndarray, " N"]) -> float:
    """The ceil(0.95 (n + 1))-th smallest of n scores; infinite below 19 (Vovk et al. 2005)."""
    place = int(np.ceil(PROMISED * (len(scores) + 1) - 1e-9))
    return float(np.sort(scores)[place - 1]) if place <= len(scores) else float("inf")


def fit_margin(error: Float[np.ndarray, " N"], subject: Int[np.ndarray, " N"]) -> float | None:
    """The error that 95% of the images keep, one more subject counted as missing it; each image has its share of its
    subject (hierarchical conformal prediction, Lee et al. 2023), so several of one say no more than one.

    Args:
        error: Of one answer an image.
        subject: Whose each is.

    Returns:
        None where there are too few subjects to promise 95%.
    """
    _, mine, images = np.unique(subject, return_inverse=True, return_counts=True)
    if len(images) < SMALLEST_N:
        return None
    order = np.argsort(error, kind="stable")
    reached = np.cumsum((1 / images[mine])[order])  # subjects
    place = int(np.searchsorted(reached, PROMISED * (len(images) + 1)))
    return float(error[order][min(place, len(error) - 1)])


def _usual(
    error: Float[np.ndarray, "C K"], spread: Float[np.ndarray, "C K"]
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """Mean error of each landmark, drawn towards that of all; median spread, that of all where it was never found."""
    n = np.isfinite(error).sum(0)
    overall = max(float(np.nanmean(error)), 1e-6)
    usual = (np.nansum(error, axis=0) + SHRINK * overall) / (n + SHRINK)
    middle = float(np.nanmedian(spread))
    typical = np.array([np.nanmedian(column) if np.isfinite(column).any() else middle for column in spread.T])
    return usual, typical


def _widening(spread: Float[np.ndarray, "*K"], typical: Float[np.ndarray, "*K"]) -> Float[np.ndarray, "*K"]:
    ratio = np.where(typical > 0, spread / np.where(typical > 0, typical, 1.0), 1.0)
    return np.sqrt(np.maximum(ratio, LEAST))
