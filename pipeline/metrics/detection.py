"""How well boxes are found: matches by intersection over union, precision and recall, average precision. Any D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from pipeline.geometry.boxes import BoxSet, iou
from pipeline.metrics.ranking import ranked


def matches(
    truth: BoxSet, said: BoxSet, belief: Float[np.ndarray, " N"], label: str, threshold: float = 0.5
) -> tuple[Float[np.ndarray, " M"], Bool[np.ndarray, " M"], int]:
    """Which answers of one class in one image are right: the most believed first takes, of the boxes that nobody has
    yet, the one it overlaps most, if by the threshold at least. So does COCO; in Pascal VOC's challenge an answer whose
    best box is taken is wrong, whatever other box it overlaps.

    Returns:
        Belief of each answer of the class, whether it is right, and how many boxes of the class there are.
    """
    sure, overlap, count = overlaps(truth, said, belief, label, threshold)
    return sure, overlap > 0, count


def overlaps(
    truth: BoxSet, said: BoxSet, belief: Float[np.ndarray, " N"], label: str, threshold: float = 0.5
) -> tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"], int]:
    """As `matches`; of each answer by how much it overlaps the box that it took, 0 of a wrong one."""
    mine = [n for n, name in enumerate(said.labels) if name == label]
    there = [n for n, name in enumerate(truth.labels) if name == label]
    mine.sort(key=lambda n: -belief[n])
    overlap = iou(said.low[mine], said.high[mine], truth.low[there], truth.high[there])
    found, taken = np.zeros(len(mine)), np.zeros(len(there), bool)
    for row in range(len(mine) if there else 0):
        best = int(np.where(taken, -1, overlap[row]).argmax())
        if not taken[best] and overlap[row, best] >= threshold:
            found[row], taken[best] = overlap[row, best], True
    return belief[mine], found, len(there)


def average_precision(belief: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"], count: int) -> float | None:
    """Area under the curve of precision over recall, precision made to fall only (all points, VOC 2010). Answers that
    are believed alike count together, whatever their order.

    Args:
        belief: Of all answers of a class in all images.
        right: Whether each is.
        count: Boxes that there are.

    Returns:
        0 to 1; None where there is no box to find.

    Examples:
        >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2)
        0.8333333333333333
    """
    if not count:
        return None
    _, answers, hits = ranked(belief, right)
    recall, precision = hits / count, hits / answers
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * falling).sum())


def mean_average_precision(
    truth: Sequence[BoxSet],
    said: Sequence[tuple[BoxSet, Float[np.ndarray, " N"]]],
    labels: Sequence[str],
    threshold: float = 0.5,
) -> dict[str, float | None]:
    """Average precision of each class, and under "all" their mean over the classes that there are."""
    each: dict[str, float | None] = {}
    for label in labels:
        parts = [matches(t, s, belief, label, threshold) for t, (s, belief) in zip(truth, said, strict=True)]
        belief, right = (np.concatenate([p[n] for p in parts]) for n in (0, 1))
        each[label] = average_precision(belief, right, sum(p[2] for p in parts))
    known = [v for v in each.values() if v is not None]
    return each | {"all": float(np.mean(known)) if known else None}
