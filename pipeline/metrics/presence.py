"""How well a belief tells images that show something from images that do not."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def area_under_roc(belief: Float[np.ndarray, " N"], shown: Bool[np.ndarray, " N"]) -> float | None:
    """Chance that an image that shows it is believed more than one that does not; ties count half.

    The area under the receiver operating characteristic, by the ranks of Mann and Whitney (Hanley and McNeil 1982).

    Returns:
        0 to 1; None unless there are images of both kinds.

    Examples:
        >>> area_under_roc(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
        0.875
    """
    there, others = np.sort(belief[shown]), belief[~shown]
    if not len(there) or not len(others):
        return None
    above = len(there) - np.searchsorted(there, others, "right")
    ties = np.searchsorted(there, others, "right") - np.searchsorted(there, others, "left")
    return float((above + 0.5 * ties).sum() / (len(there) * len(others)))
