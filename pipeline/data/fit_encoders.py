"""Encoders fitted on the values of the training cases alone, and what they have no place for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.data.columns import BETWEEN, NUMBERS, Column, Value
from pipeline.data.encoders import Encoder, words_of
from pipeline.errors import DataError

SEEN = 2  # times that a word of a text must occur to be known
ALIKE = 1e-12  # share of their size by which numbers must vary not to be the same but for rounding


def fit_encoder(column: Column, values: Sequence[Value]) -> Encoder:
    """An encoder from the values of the training cases that have one.

    Raises:
        DataError: No training case has one, or not one label.
    """
    if not values:
        raise DataError(f"column '{column.name}': no training case has a value.")
    if column.kind in NUMBERS:
        numbers = np.array(values, float)
        numbers = np.log(numbers) if column.kind == "logarithm" else numbers
        mean, sd = float(numbers.mean()), float(numbers.std())
        size = max(abs(mean), float(column.kind == "logarithm"))  # of which rounding is a share
        if sd > ALIKE * size:
            return Encoder(column, mean, sd, seen=(float(numbers.min()), float(numbers.max())))
        return Encoder(column, mean, seen=(mean, mean))
    if column.kind == "text":
        counts = Counter(word for text in values for word in words_of(str(text)))
        return Encoder(column, words=tuple(sorted(word for word, times in counts.items() if times >= SEEN)))
    words = tuple(sorted(set(_each(values))))
    if not words:
        raise DataError(f"column '{column.name}': no training case has a label; leave the column out.")
    return Encoder(column, words=words)


def _each(values: Iterable[Value]) -> Iterable[str]:
    for value in values:
        yield from value if isinstance(value, tuple) else (str(value),)


def fit_encoders(columns: Sequence[Column], rows: Sequence[Mapping[str, Value]]) -> tuple[Encoder, ...]:
    """An encoder for each column, from the values of the training cases."""
    return tuple(fit_encoder(c, [row[c.name] for row in rows if c.name in row]) for c in columns)


def fit_asked(columns: Sequence[Column], rows: Sequence[Mapping[str, Value]]) -> tuple[Encoder, ...]:
    """The same of columns that are asked for, which are learned from differences; given ones may be all the same. No
    number of them is held: what is true is true, however far.

    Raises:
        DataError: All training cases have the same value.
    """
    encoders = tuple(replace(encoder, seen=None) for encoder in fit_encoders(columns, rows))
    for encoder in encoders:
        name = encoder.column.name
        told = {(encoder.encode(row[name]).round(6) + 0.0).tobytes() for row in rows if name in row}
        if len(told) == 1:
            said = next(row[name] for row in rows if name in row)
            raise DataError(
                f"outputs: column '{name}': it is {_shown(said)} of every training case, so there is nothing to learn."
                " Leave it out, or add cases of which it is something else."
            )
    return encoders


def unheard(encoder: Encoder, values: Sequence[Value]) -> tuple[str, ...]:
    """Classes or labels among these values that no training case has, so that they are never answered or understood.

    Examples:
        >>> unheard(fit_encoder(Column("sex", "class"), ["f", "m"]), ["x", "f"])
        ('x',)
    """
    return () if encoder.column.kind in NUMBERS else tuple(sorted(set(_each(values)) - set(encoder.words)))


def _shown(value: Value) -> str:
    return BETWEEN.join(value) if isinstance(value, tuple) else str(value)
