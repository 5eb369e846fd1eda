"""How far the mean would move with other subjects: percentile bootstrap that draws whole subjects.

Two scans of one person are not two witnesses; drawing cases would make the interval too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

AT_ONCE = 2**22  # numbers that are drawn at a time


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
    means = np.concatenate(list(_drawn_means(total[:, enough], count[:, enough], resamples, seed)))
    interval[enough] = np.nanpercentile(means, [2.5, 97.5], axis=0).T
    return interval


def _drawn_means(
    total: Float[np.ndarray, "S K"], count: Float[np.ndarray, "S K"], resamples: int, seed: int
) -> Iterator[Float[np.ndarray, "R K"]]:
    """Mean of each column over the subjects of each draw, so many draws at a time that memory does not grow with the
    number of subjects; the draws are those that would be made at once.

    Args:
        total: Sum of the errors of each subject.
        count: How many there are.
    """
    rng, subjects = np.random.default_rng(seed), len(total)
    at_once = max(1, AT_ONCE // subjects)
    for first in range(0, resamples, at_once):
        size = min(at_once, resamples - first)
        drawn = rng.multinomial(subjects, np.full(subjects, 1 / subjects), size=size)
        with np.errstate(invalid="ignore"):
            yield (drawn @ total) / (drawn @ count)


def pooled_interval(
    error: Float[np.ndarray, "C K"], subjects: Sequence[str], resamples: int = 1000, seed: int = 0
) -> Float[np.ndarray, " 2"]:
    """The interval of the mean over all cells together."""
    each_cell = [s for s in subjects for _ in range(error.shape[1])]
    return mean_interval(error.reshape(-1, 1), each_cell, resamples, seed)[0]
