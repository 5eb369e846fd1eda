"""Answers against the reference: one outcome a case and landmark. Letters: C cases, K landmarks, D dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Shaped

from pipeline.errors import GeometryError

Status = Literal["found", "missed", "false alarm", "told absent", "unanswered", "ignored"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came of each landmark of each case.

    Args:
        status: One of `STATUSES`:
            "found": in the scan, and found; it has an error. "missed": in the scan, not found.
            "false alarm": absent, yet found. "told absent": absent, and not found.
            "unanswered": absent, and the case was never answered, so nobody told.
            "ignored": the reference says nothing.
        error: Euclidean distance in world units where found, NaN elsewhere.
    """

    status: Shaped[np.ndarray, "C K"]
    error: Float[np.ndarray, "C K"]


def compare(
    reference: Float[np.ndarray, "C K D"],
    annotated: Bool[np.ndarray, "C K"],
    predicted: Float[np.ndarray, "C K D"],
    answered: Bool[np.ndarray, "C K"] | None = None,
) -> Outcomes:
    """Measure every answer.

    Args:
        reference: World positions; NaN where absent or not annotated.
        annotated: Whether the reference says anything, be it a position or "absent".
        predicted: World positions; NaN where not found.
        answered: Whether there is an answer at all; all of them unless given. A case that failed counts
            its present landmarks as missed, and earns nothing for the absent ones.

    Raises:
        GeometryError: The arrays do not belong together.

    Examples:
        >>> there, nothing = [3.0, 4.0], [np.nan, np.nan]
        >>> out = compare(np.array([[there, there]]), np.ones((1, 2), bool), np.array([[[0.0, 0.0], nothing]]))
        >>> out.status.tolist(), out.error.tolist()
        ([['found', 'missed']], [[5.0, nan]])
    """
    if reference.shape != predicted.shape or annotated.shape != reference.shape[:2]:
        shapes = f"reference {reference.shape}, annotated {annotated.shape}, predicted {predicted.shape}"
        raise GeometryError(f"{shapes} do not belong together; expected (C, K, D), (C, K), (C, K, D)")
    told = np.ones(annotated.shape, bool) if answered is None else answered
    present = annotated & np.isfinite(reference).all(axis=2)
    absent = annotated & ~present
    found = told & np.isfinite(predicted).all(axis=2)
    status = np.select(
        [present & found, present, absent & found, absent & told, absent], list(STATUSES[:5]), default=STATUSES[5]
    )
    distance = np.linalg.norm(predicted - reference, axis=2)
    return Outcomes(status, np.where(present & found, distance, np.nan))
