"""How good values are that were said of images. Letters: N images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from pipeline.data.columns import NUMBERS, Column, Value
from pipeline.data.value_predictions import ValueAnswer
from pipeline.metrics.ranking import ranked


def measure_column(column: Column, truth: Sequence[Value | None], said: Sequence[ValueAnswer]) -> dict[str, float]:
    """The numbers that are told of one column, over the images that have a value.

    Args:
        truth: None where it is not known.
        said: Of the same images.

    Returns:
        Of a number `mae`, its mean absolute error in its own unit, and `inside`, the share that lies in the promised
        range, of those with one; of a logarithm `median_ape`, too, the median of |error| / truth; of a class
        `accuracy`; of labels `ap`, the average precision of all labels of all images in one list (micro). Empty where
        no image has a value.
    """
    pairs = [(true, told) for true, told in zip(truth, said, strict=True) if true is not None]
    if not pairs:
        return {}
    if column.kind in NUMBERS:
        return _numbers(column, *(list(part) for part in zip(*pairs, strict=True)))
    if column.kind == "class":
        return {"accuracy": float(np.mean([told.value == true for true, told in pairs]))}
    labels = [(true, _beliefs(told)) for true, told in pairs if isinstance(true, tuple)]
    belief = np.array([p for _, beliefs in labels for p in beliefs.values()])
    right = np.array([word in true for true, beliefs in labels for word in beliefs], bool)
    missed = sum(len({*true} - {*beliefs}) for true, beliefs in labels)  # a label that stands twice is one
    return {"ap": micro_average_precision(belief, right, int(right.sum()) + missed)}


def _beliefs(told: ValueAnswer) -> Mapping[str, float]:
    """Of each label. Another program may tell none: then those that it says are believed."""
    said = told.value if isinstance(told.value, tuple) else ()
    return told.beliefs or dict.fromkeys(said, 1.0)


def micro_average_precision(belief: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"], count: int) -> float:
    """The mean of the precision at each hit, of a list sorted by belief; hits that are believed alike share the
    precision at the last of these, whatever their order.

    Args:
        count: Hits that there are to find.

    Examples:
        >>> micro_average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2)
        0.8333333333333333
        >>> micro_average_precision(np.array([0.5, 0.5, 0.5, 0.5]), np.array([True, False, False, False]), 1)
        0.25
    """
    _, answers, hits = ranked(belief, right)
    return float((hits / answers * np.diff(hits, prepend=0)).sum() / max(count, 1))


def error_of(column: Column, numbers: dict[str, float], sd: float) -> float:
    """How much worse than perfect, 0 to about 1; numbers in standard deviations of the training cases."""
    if column.kind == "logarithm":
        return numbers["median_ape"]
    if column.kind == "number":
        return numbers["mae"] / sd
    return 1 - numbers["accuracy" if column.kind == "class" else "ap"]


def _numbers(column: Column, truth: Sequence[float], said: Sequence[ValueAnswer]) -> dict[str, float]:
    true, told = np.array(truth, float), np.array([answer.value for answer in said], float)
    numbers = {"mae": float(np.abs(told - true).mean())}
    if column.kind == "logarithm":
        numbers["median_ape"] = float(np.median(np.abs(told - true) / true))
    ends = [(t, a.low, a.high) for t, a in zip(truth, said, strict=True) if a.low is not None and a.high is not None]
    if ends:
        numbers["inside"] = float(np.mean([low <= t <= high for t, low, high in ends]))
    return numbers
