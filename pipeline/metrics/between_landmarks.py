"""Distances between two landmarks that the settings name, in the answers and in the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.data.dataset import Dataset
from pipeline.data.landmark_names import require_landmarks
from pipeline.metrics.agreement import agreement

Pair = tuple[str, str]


def require_ends(data: Dataset, normalise: Pair | None, distances: Iterable[Pair] = ()) -> None:
    """Make sure that the data have the landmarks between which distances are measured.

    Raises:
        ConfigError: One is not there.
    """
    asked = {"normalise": normalise or (), "distances": [name for pair in distances for name in pair]}
    for key, names in asked.items():
        require_landmarks(f"evaluate.{key}", names, data.landmarks)


def distances_between(
    pairs: Iterable[Pair],
    landmarks: Sequence[str],
    cases: Sequence[str],
    reference: Float[np.ndarray, "C K D"],
    answer: Float[np.ndarray, "C K D"],
) -> list[dict[str, Any]]:
    """How well the distances agree, pair by pair, over the cases in which both ends are annotated and found.

    Args:
        pairs: Names of two landmarks each.
        landmarks: K names.
        cases: C ids.
        reference: World positions; NaN where absent or not annotated.
        answer: World positions; NaN where not found.

    Returns:
        Of each pair its names ("between"), what `agreement` tells, and "cases": {id: [reference, answer]}.
    """
    found = []
    for pair in pairs:
        one, other = (landmarks.index(name) for name in pair)
        apart = np.stack([np.linalg.norm(at[:, one] - at[:, other], axis=1) for at in (reference, answer)], axis=1)
        counted = np.flatnonzero(np.isfinite(apart).all(1))
        of_cases = {cases[row]: apart[row].tolist() for row in counted.tolist()}
        found.append({"between": list(pair), **agreement(*apart[counted].T), "cases": of_cases})
    return found
