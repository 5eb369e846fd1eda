"""From the values of a case to the numbers that a network reads and says, and back; fitted on training cases alone.

Letters: W numbers that stand for one value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.data.columns import BETWEEN, NUMBERS, Column, Value
from pipeline.data.value_predictions import ValueAnswer
from pipeline.errors import DataError

WORD = re.compile(r"\w+|[^\w\s]")
LONGEST = 24  # words of a text that are read
LIKELY = 0.5  # chance from which a label is an answer
SEEN = 2  # times that a word of a text must occur to be known
ALIKE = 1e-12  # share of their size by which numbers must vary not to be the same but for rounding


@dataclass(frozen=True)
class Encoder:
    """One column as numbers.

    Args:
        column: Which.
        mean: Of the numbers (or their logarithms) of the training cases.
        sd: Their standard deviation; 1 where they are all the same.
        words: Classes, labels, or the words of texts that are known, in the order of their numbers.
    """

    column: Column
    mean: float = 0.0
    sd: float = 1.0
    words: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Numbers that stand for a value; NaN where it is missing."""
        return {"labels": len(self.words), "text": LONGEST}.get(self.column.kind, 1)

    def encode(self, value: Value | None) -> Float[np.ndarray, " W"]:
        """A number as standard deviations from the mean; a class as its number, one that no training case had as
        missing; labels as 0 and 1; a text as numbers of words, 0 where it ends and 1 for unknown ones."""
        missing = np.full(self.width, np.nan, np.float32)
        if value is None:
            return missing
        if isinstance(value, float):
            scaled = np.log(value) if self.column.kind == "logarithm" else value
            return np.float32((scaled - self.mean) / self.sd).reshape(1)
        if isinstance(value, tuple):
            return np.array([word in value for word in self.words], np.float32)
        if self.column.kind == "text":
            known = {word: number for number, word in enumerate(self.words, 2)}
            numbers = [known.get(word, 1) for word in words_of(value)[:LONGEST]]
            return np.array(numbers + [0] * (LONGEST - len(numbers)), np.float32)
        return np.array([self.words.index(value)], np.float32) if value in self.words else missing

    def answer(self, said: Float[np.ndarray, " V"], margin: float | None = None) -> ValueAnswer:
        """What was said, as a value.

        Args:
            said: Standard deviations from the mean, or the chance of each word.
            margin: Standard deviations within which the number lies with probability 0.95; None = not known.
        """
        if self.column.kind in NUMBERS:
            ends = (None, None) if margin is None else (self._number(said[0] - margin), self._number(said[0] + margin))
            return ValueAnswer(self._number(said[0]), {}, *ends)
        beliefs = {word: float(p) for word, p in zip(self.words, said, strict=True)}
        if self.column.kind == "class":
            return ValueAnswer(self.words[int(said.argmax())], beliefs)
        return ValueAnswer(tuple(word for word, p in beliefs.items() if p >= LIKELY), beliefs)

    def value(self, encoded: Float[np.ndarray, " W"]) -> Value | None:
        """The inverse of `encode` for what is asked of a network; None = missing."""
        if not np.isfinite(encoded).all():
            return None
        if self.column.kind == "labels":
            return tuple(word for word, there in zip(self.words, encoded, strict=True) if there > LIKELY)
        if self.column.kind == "class":
            return self.words[int(encoded[0])]
        return self._number(encoded[0])

    def _number(self, said: float) -> float:
        value = self.mean + self.sd * said
        return float(np.exp(value)) if self.column.kind == "logarithm" else float(value)


def words_of(text: str) -> list[str]:
    """Words and signs of a text, in small letters.

    >>> words_of("Alien 3: Director's Cut")
    ['alien', '3', ':', 'director', "'", 's', 'cut']
    """
    return WORD.findall(text.lower())


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
        return Encoder(column, mean, sd if sd > ALIKE * size else 1.0)
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


def encoder_of(content: Mapping[str, Any]) -> Encoder:
    """From what JSON has of one."""
    column = Column(**content["column"])
    return Encoder(column, float(content["mean"]), float(content["sd"]), tuple(content["words"]))


def fit_encoders(columns: Sequence[Column], rows: Sequence[Mapping[str, Value]]) -> tuple[Encoder, ...]:
    """An encoder for each column, from the values of the training cases."""
    return tuple(fit_encoder(c, [row[c.name] for row in rows if c.name in row]) for c in columns)


def fit_asked(columns: Sequence[Column], rows: Sequence[Mapping[str, Value]]) -> tuple[Encoder, ...]:
    """The same of columns that are asked for, which are learned from differences; given ones may be all the same.

    Raises:
        DataError: All training cases have the same value.
    """
    encoders = fit_encoders(columns, rows)
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
    """Classes or labels among these values that no training case has, so that they are never answered.

    Examples:
        >>> unheard(fit_encoder(Column("sex", "class"), ["f", "m"]), ["x", "f"])
        ('x',)
    """
    return () if encoder.column.kind in NUMBERS else tuple(sorted(set(_each(values)) - set(encoder.words)))


def _shown(value: Value) -> str:
    return BETWEEN.join(value) if isinstance(value, tuple) else str(value)
