"""Numbers of one value over many images, beside those of an answer that never looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.data.columns import NUMBERS, Column, Value, words_in
from pipeline.data.value_predictions import ValueAnswer
from pipeline.metrics.values import measure_column

NOTHING = ValueAnswer(())  # neither a class nor a label that there is


def numbers_of(
    column: Column, truth: Sequence[Value | None], said: Sequence[ValueAnswer | None], known: Sequence[Value]
) -> dict[str, Any]:
    """Kind, images with a value, how many of them failed, the numbers of `measure_column`, and under "without_looking"
    those of always the same.

    Args:
        truth: None where it is not known.
        said: Of the same images; None of one that failed. Its class is wrong and its labels are missed; of numbers it
            is left out, since nobody can say how far off it is.
        known: Of the training cases.
    """
    pairs = [(true, told) for true, told in zip(truth, said, strict=True) if true is not None]
    counted = {"kind": column.kind, "images": len(pairs), "failed": sum(told is None for _, told in pairs)}
    if column.kind in NUMBERS:
        pairs = [(true, told) for true, told in pairs if told is not None]
    there, answered = [true for true, _ in pairs], [NOTHING if told is None else told for _, told in pairs]
    always = measure_column(column, there, [usual(known)] * len(there)) if known else {}
    blind = {f"always_{key}": value for key, value in always.items()}
    return {**counted, **measure_column(column, there, answered), "without_looking": blind}


def numbers_of_all(
    columns: Sequence[Column],
    truth: Sequence[Mapping[str, Value]],
    said: Sequence[Mapping[str, ValueAnswer] | None],
    known: Sequence[Mapping[str, Value]],
) -> dict[str, dict[str, Any]]:
    """`numbers_of` each column by its name, from rows of values: a missing one is not listed."""
    return {
        name: numbers_of(
            column,
            [row.get(name) for row in truth],
            [None if answers is None else answers.get(name) for answers in said],
            [row[name] for row in known if name in row],
        )
        for column in columns
        for name in (column.name,)
    }


def usual(known: Sequence[Value]) -> ValueAnswer:
    """What is best said without looking: the median, the commonest class, each label by its share."""
    if isinstance(known[0], float):
        return ValueAnswer(float(np.median([v for v in known if isinstance(v, float)])))
    words = sorted({word for value in known for word in words_in(value)})
    share = {word: sum(word in words_in(value) for value in known) / len(known) for word in words}
    return ValueAnswer(max(share, key=lambda word: share[word], default=""), share)


def flat(each: dict[str, dict[str, Any]]) -> dict[str, float]:
    """`{"age.mae": ...}` of all values."""
    return {f"{name}.{key}": v for name, of in each.items() for key, v in of.items() if isinstance(v, float)}
