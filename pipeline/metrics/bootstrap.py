"""How far the mean would move with other subjects: percentile bootstrap that draws whole subjects.

Two scans of one person are not two witnesses; drawing cases would make the interval too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def mean_interval(
    error: Float[np.ndarray, "C K"],
    subjects: Sequence[str],
    resamples: int = 1000,
    seed: int = 0,
) -> Float[np.ndarray, "K 2"]:
    """95% interval of the mean of each column; NaN cells do not count.

    Args:
        error: Errors of C cases; NaN where there is none.
        subjects: Whose each case is.
        resamples: Draws of as many subjects as there are, with replacement.
        seed: The same seed gives the same interval.

    Returns:
        Low and high of each column; NaN where fewer than two subjects have an error: one says nothing about others.
    """
    names, row = np.unique(list(subjects), return_inverse=True)
    total = np.zeros((len(names), error.shape[1]))
    count = np.zeros_like(total)
    np.add.at(total, row, np.nan_to_num(error))
    np.add.at(count, row, np.isfinite(error))
    interval = np.full((error.shape[1], 2), np.nan)
    enough = (count > 0).sum(axis=0) >= 2
    if not enough.any():
        return interval
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    with np.errstate(invalid="ignore"):
        means = (drawn @ total[:, enough]) / (drawn @ count[:, enough])
    interval[enough] = np.nanpercentile(means, [2.5, 97.5], axis=0).T
    return interval


def pooled_interval(
    error: Float[np.ndarray, "C K"], subjects: Sequence[str], resamples: int = 1000, seed: int = 0
) -> Float[np.ndarray, " 2"]:
    """The interval of the mean over all cells together."""
    each_cell = [s for s in subjects for _ in range(error.shape[1])]
    return mean_interval(error.reshape(-1, 1), each_cell, resamples, seed)[0]
