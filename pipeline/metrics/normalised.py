"""Errors as a share of a distance in the same image, so that near and far faces count alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

LIMIT = 0.1  # beyond it an image of a face counts as failed (as the 300-W challenge does at 0.08 or 0.1)


def normalised_errors(
    error: Float[np.ndarray, "C K"], reference: Float[np.ndarray, "C K D"], pair: tuple[int, int]
) -> dict[str, Any]:
    """Mean error over the distance between two landmarks of the reference (between the eyes: NME).

    Args:
        error: World units; NaN where there is none.
        reference: World positions; NaN where there is none.
        pair: Numbers of the two landmarks.

    Returns:
        "nme": mean over all landmarks; "nme_auc": area under the curve of images (mean over their landmarks) up to a
        tenth, 0 to 1; "nme_failed": share of the images beyond it. An image without any error was missed as a whole: it
        failed, and has no part in "nme". None where no image has the pair.

    Examples:
        >>> at = np.array([[[0.0, 0.0], [10.0, 0.0]]])
        >>> numbers = normalised_errors(np.array([[0.5, 1.0]]), at, (0, 1))
        >>> round(numbers["nme"], 4), round(numbers["nme_auc"], 4), numbers["nme_failed"]
        (0.075, 0.25, 0.0)
    """
    apart = np.linalg.norm(reference[:, pair[0]] - reference[:, pair[1]], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = error / apart[:, None]
    share = share[apart > 0]
    share[~np.isfinite(share)] = np.nan
    if not len(share):
        return dict.fromkeys(("nme", "nme_auc", "nme_failed"))
    answered = np.isfinite(share).any(1)
    images = np.full(len(share), np.inf)
    images[answered] = np.nanmean(share[answered], axis=1)
    return {
        "nme": float(np.nanmean(share[answered])) if answered.any() else None,
        "nme_auc": float(np.mean(np.clip(LIMIT - images, 0, None)) / LIMIT),
        "nme_failed": float(np.mean(images > LIMIT)),
    }
