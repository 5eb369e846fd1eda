"""The answer without looking: the mean position of the training cases. What a trained model has to beat."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def mean_position_error(
    training: Float[np.ndarray, "T K D"], reference: Float[np.ndarray, "C K D"]
) -> Float[np.ndarray, "C K"]:
    """Distance of each reference to the training mean of its landmark; NaN where either is missing.

    Examples:
        >>> mean_position_error(np.array([[[0.0]], [[2.0]]]), np.array([[[4.0]]])).tolist()
        [[3.0]]
    """
    known = np.isfinite(training)
    count = known.sum(axis=0)
    mean = np.where(count > 0, np.where(known, training, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return np.linalg.norm(reference - mean, axis=2)
