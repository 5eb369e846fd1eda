"""Which annotations are most likely wrong: far from what a network says that never saw them, and why they may be.

Letters: K landmarks, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from pipeline.tasks.found import Found

Points = Float[np.ndarray, "K D"]
Guess = Callable[[Points], Points]  # what the points may have been meant to be

SURE = 0.3  # belief from which an answer may accuse an annotation
LEAST = 0.25  # of the usual error of all landmarks, the least that counts as usual for one
EXPLAINS = 0.34  # a mistake explains a case if undoing it leaves less than this share of the error
STANDS_OUT = 4.0  # times the usual error


@dataclass(frozen=True)
class Suspect:
    """One case whose annotation should be looked at.

    Args:
        case: Id.
        landmarks: Those that stand out, the worst first.
        score: Error of the worst, in usual errors of its landmark.
        error: The same in world units.
        reason: In words, with the mistake that would explain it.
    """

    case: str
    landmarks: tuple[str, ...]
    score: float
    error: float
    reason: str


def rank_suspects(
    annotated: Mapping[str, Points],
    answers: Mapping[str, Found],
    names: Sequence[str],
    unit: str,
    mistakes: Mapping[str, Mapping[str, Guess]],
) -> list[Suspect]:
    """All cases with a measured annotation, the most suspicious first.

    Args:
        annotated: World positions by case; NaN = none.
        answers: Of networks that did not learn from the case.
        names: Of the landmarks.
        unit: Of the world.
        mistakes: By case, what may have happened to all its points, in words, and how to undo it.
    """
    error = {c: np.linalg.norm(answers[c].world - annotated[c], axis=1) for c in annotated}
    trusted = {c: answers[c].inside & (answers[c].belief >= SURE) for c in annotated}
    usual = _usual(np.stack([np.where(trusted[c], error[c], np.nan) for c in annotated]))
    suspects = []
    for case, points in annotated.items():
        score = np.where(trusted[case] & np.isfinite(error[case]), error[case] / usual, 0.0)
        if not score.any():
            continue
        order = np.argsort(-score, kind="stable")
        named = [int(k) for k in order if score[k] >= STANDS_OUT] or [int(order[0])]
        reason = _reason(points, answers[case].world, trusted[case], named, names, unit, mistakes.get(case, {}))
        worst = named[0]
        listed = tuple(names[k] for k in named)
        suspects.append(Suspect(case, listed, float(score[worst]), float(error[case][worst]), reason))
    return sorted(suspects, key=lambda s: -s.score)


def _usual(error: Float[np.ndarray, "C K"]) -> Float[np.ndarray, " K"]:
    """Median error of each landmark: half of the annotations may be wrong and it still says what is usual."""
    overall = float(np.nanmedian(error)) if np.isfinite(error).any() else 0.0
    each = np.array([np.nanmedian(e) if np.isfinite(e).any() else overall for e in error.T])
    return np.maximum(each, max(LEAST * overall, 1e-6))


def _reason(
    points: Points,
    said: Points,
    trusted: Bool[np.ndarray, " K"],
    named: Sequence[int],
    names: Sequence[str],
    unit: str,
    mistakes: Mapping[str, Guess],
) -> str:
    off = np.linalg.norm(said - points, axis=1)
    usable = trusted & np.isfinite(off)
    for words, undo in mistakes.items():
        after = np.linalg.norm(said - undo(points), axis=1)
        if usable.sum() > 1 and after[usable].mean() < EXPLAINS * off[usable].mean():
            return f"all points of the case fit if {words}"
    for k in named:
        for other in map(int, np.flatnonzero(usable)):
            before = off[k] + off[other]
            after = np.linalg.norm(said[k] - points[other]) + np.linalg.norm(said[other] - points[k])
            if other != k and after < EXPLAINS * before:
                return f"'{names[k]}' and '{names[other]}' look exchanged"
    worst = named[0]
    return f"'{names[worst]}' is {off[worst]:.1f} {unit} from where it was expected"
