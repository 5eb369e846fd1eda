"""Scans that resemble somebody else's more than their own subject's: perhaps filed under the wrong name.

Letters: F features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.metrics.verification import SAME


@dataclass(frozen=True)
class Stranger:
    """One scan. Distances are squared, of vectors of length 1.

    Args:
        case: Id.
        own: To the nearest other scan of its subject; infinite where it is the only one.
        nearest: Id of the nearest scan of another subject.
        other: How near that is.
    """

    case: str
    own: float
    nearest: str
    other: float

    @property
    def copied(self) -> bool:
        """Whether it lies there as near as a copy would."""
        return self.other <= SAME


def strangers(
    vectors: Mapping[str, Float[np.ndarray, " F"]], subjects: Mapping[str, str], threshold: float
) -> list[Stranger]:
    """Scans farther than `threshold` from all others of their subject, and nearer to one of another subject; and those
    that lie to one of another subject as a copy would, however near their own are. The clearest first.

    A scan that is near its own, and a little nearer to another's, is none: with two scans a patient one in ten lies so,
    rightly filed. Of a subject with one scan nothing can be said, unless it is a copy.

    Args:
        vectors: Of each scan, length 1.
        subjects: Whose each is said to be.
        threshold: Squared distance up to which two scans are taken for one patient's.

    Examples:
        >>> vectors = {"a1": [1, 0], "a2": [0.96, 0.28], "b1": [0, 1], "b2": [0.8, 0.6]}
        >>> found = strangers({c: np.array(v, float) for c, v in vectors.items()}, {c: c[0] for c in vectors}, 0.5)
        >>> [(s.case, s.nearest) for s in found]
        [('b2', 'a2')]
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
        near = int(others.argmin())
        stranger = Stranger(case, float(mine.min()), names[near], float(others[near]))
        apart = np.isfinite(stranger.own) and threshold < stranger.own and stranger.other < stranger.own
        if apart or stranger.copied:
            found.append(stranger)
    return sorted(found, key=lambda s: s.other - s.own)
