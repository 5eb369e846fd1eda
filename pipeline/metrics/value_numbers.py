"""Numbers of one value over many images, beside those of an answer that never looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.data.columns import Column, Value
from pipeline.data.value_predictions import ValueAnswer
from pipeline.metrics.values import measure_column


def numbers_of(
    column: Column, truth: Sequence[Value | None], said: Sequence[ValueAnswer], known: Sequence[Value]
) -> dict[str, Any]:
    """Kind, images with a value, the numbers of `measure_column`, and under "without_looking" those of always the same.

    Args:
        truth: None where it is not known.
        said: Of the same images.
        known: Of the training cases.
    """
    always = measure_column(column, truth, [usual(known)] * len(truth)) if known else {}
    blind = {f"always_{key}": value for key, value in always.items()}
    counted = {"kind": column.kind, "images": sum(v is not None for v in truth)}
    return {**counted, **measure_column(column, truth, said), "without_looking": blind}


def usual(known: Sequence[Value]) -> ValueAnswer:
    """What is best said without looking: the median, the commonest class, each label by its share."""
    if isinstance(known[0], float):
        ordered = sorted(v for v in known if isinstance(v, float))
        return ValueAnswer(ordered[len(ordered) // 2])
    words = sorted({word for value in known for word in words_of(value)})
    share = {word: sum(word in words_of(value) for value in known) / len(known) for word in words}
    return ValueAnswer(max(share, key=lambda word: share[word]), share)


def words_of(value: Value) -> tuple[str, ...]:
    """Labels, or the one class."""
    return value if isinstance(value, tuple) else (str(value),)


def flat(each: dict[str, dict[str, Any]]) -> dict[str, float]:
    """`{"age.mae": ...}` of all values."""
    return {f"{name}.{key}": v for name, of in each.items() for key, v in of.items() if isinstance(v, float)}
