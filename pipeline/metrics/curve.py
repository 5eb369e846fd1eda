"""The cumulative error curve: which share of the landmarks lies within which distance."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def cumulative(
    error: Float[np.ndarray, " N"], missed: int = 0
) -> tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]]:
    """Steps of the curve: at `distance[i]` the share rises to `share[i]`.

    Args:
        error: Errors of the found landmarks; NaN are skipped.
        missed: Present landmarks that were not found. They never enter, so the curve ends below 1.

    Returns:
        distance: 0, then the sorted errors. share: of all present landmarks, 0 to 1.

    Examples:
        >>> cumulative(np.array([3.0, 1.0]), missed=2)
        (array([0., 1., 3.]), array([0.  , 0.25, 0.5 ]))
    """
    ordered = np.sort(error[np.isfinite(error)])
    present = max(1, len(ordered) + missed)
    return np.concatenate(([0.0], ordered)), np.arange(len(ordered) + 1) / present
