"""Answers in the order of belief, those believed alike taken together: which of them comes first is chance."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int


def ranked(
    belief: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"]
) -> tuple[Float[np.ndarray, " M"], Int[np.ndarray, " M"], Int[np.ndarray, " M"]]:
    """Each belief that occurs, the largest first; how many answers are believed at least so much, and how many of
    these are right.

    Examples:
        >>> [part.tolist() for part in ranked(np.array([0.5, 0.9, 0.5]), np.array([True, False, True]))]
        [[0.9, 0.5], [1, 3], [0, 2]]
    """
    order = np.argsort(-belief, kind="stable")
    last = np.flatnonzero(np.diff(belief[order], append=np.nan))
    return belief[order][last], last + 1, np.cumsum(right[order])[last]
