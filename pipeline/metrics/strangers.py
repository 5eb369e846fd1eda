"""Scans that resemble somebody else's more than their own subject's: perhaps filed under the wrong name.

Letters: F features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Stranger:
    """One scan. Distances are squared, of vectors of length 1.

    Args:
        case: Id.
        own: To the nearest other scan of its subject.
        nearest: Id of the nearest scan of another subject.
        other: How near that is.
    """

    case: str
    own: float
    nearest: str
    other: float


def strangers(
    vectors: Mapping[str, Float[np.ndarray, " F"]], subjects: Mapping[str, str], threshold: float
) -> list[Stranger]:
    """Scans farther than `threshold` from all others of their subject, and nearer to one of another subject; the
    clearest first. Of a subject with one scan nothing can be said.

    Args:
        vectors: Of each scan, length 1.
        subjects: Whose each is said to be.
        threshold: Squared distance up to which two scans are taken for one patient's.

    Examples:
        >>> vectors = {"a1": [1, 0], "a2": [1, 0], "b1": [0, 1], "b2": [1, 0]}
        >>> found = strangers({c: np.array(v, float) for c, v in vectors.items()}, {c: c[0] for c in vectors}, 0.5)
        >>> [(s.case, s.nearest) for s in found]
        [('b2', 'a1')]
    """
    names = list(vectors)
    if not names:
        return []
    matrix, who = np.stack([vectors[c] for c in names]), np.array([subjects[c] for c in names])
    distance = np.clip(2 - 2 * matrix @ matrix.T, 0, 4)
    np.fill_diagonal(distance, np.inf)
    found = []
    for row, case in enumerate(names):
        mine, others = (np.where(wanted, distance[row], np.inf) for wanted in (who == who[row], who != who[row]))
        own, near = float(mine.min()), int(others.argmin())
        if np.isfinite(own) and threshold < own and others[near] < own:
            found.append(Stranger(case, own, names[near], float(others[near])))
    return sorted(found, key=lambda s: s.other - s.own)
