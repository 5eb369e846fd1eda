"""From the values of a case to the numbers that a network reads and says, and back.

Letters: W numbers that stand for one value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.data.columns import NUMBERS, Column, Value
from pipeline.data.landmark_names import spelled
from pipeline.data.value_predictions import ValueAnswer
from pipeline.errors import DataError

WORD = re.compile(r"\w+|[^\w\s]")
LONGEST = 24  # words of a text that are read
UNKNOWN = 1  # number of a word that is not known; 0 where a text has ended
LIKELY = 0.5  # chance from which a label is an answer


@dataclass(frozen=True)
class Encoder:
    """One column as numbers.

    Args:
        column: Which.
        mean: Of the numbers (or their logarithms) of the training cases.
        sd: Their standard deviation; 1 where they are all the same.
        words: Classes, labels, or the words of texts that are known, in the order of their numbers.
        seen: Least and largest of these numbers (or logarithms). A number that lies outside by more than half of what
            is between them is held to there, for a mistyped one would drown all else; where they are all the same,
            it has no say. None = none is held: what is asked for, and what early models are given.
    """

    column: Column
    mean: float = 0.0
    sd: float = 1.0
    words: tuple[str, ...] = ()
    seen: tuple[float, float] | None = None

    @property
    def width(self) -> int:
        """Numbers that stand for a value; NaN where it is missing."""
        return {"labels": len(self.words), "text": LONGEST}.get(self.column.kind, 1)

    def encode(self, value: Value | None) -> Float[np.ndarray, " W"]:
        """A number as standard deviations from the mean; a class as its number, one that no training case had as
        missing; labels as 0 and 1, and as missing where no training case had any of them; a text as numbers of words,
        0 where it ends and 1 for unknown ones.

        Raises:
            DataError: A number is too large to be told so.
        """
        missing = np.full(self.width, np.nan, np.float32)
        if value is None:
            return missing
        if isinstance(value, float):
            return self._encoded(value)
        if isinstance(value, tuple):
            told = np.array([word in value for word in self.words], np.float32)
            return missing if value and not told.any() else told
        if self.column.kind == "text":
            known = {word: number for number, word in enumerate(self.words, UNKNOWN + 1)}
            numbers = [known.get(word, UNKNOWN) for word in words_of(value)[:LONGEST]]
            return np.array(numbers + [0] * (LONGEST - len(numbers)), np.float32)
        return np.array([self.words.index(value)], np.float32) if value in self.words else missing

    def read_as(self, value: float) -> float:
        """The number that a number is held to, where it is."""
        scaled = self._scaled(value)
        held = self._held(scaled)
        return value if math.isclose(held, scaled) else self._unscaled(held)  # 0.3 is no other number than 3 * 0.1

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

    def _encoded(self, value: float) -> Float[np.ndarray, " 1"]:
        with np.errstate(over="ignore"):
            told = np.float32((self._held(self._scaled(value)) - self.mean) / self.sd)
        if not np.isfinite(told):
            raise DataError(f"column '{self.column.name}': {value:g} is too far from what training had. Correct it.")
        return told.reshape(1)

    def _held(self, scaled: float) -> float:
        if self.seen is None:
            return scaled
        low, high = self.seen
        spare = (high - low) / 2
        return min(max(scaled, low - spare), high + spare)

    def _number(self, said: float) -> float:
        return self._unscaled(self.mean + self.sd * said)

    def _scaled(self, value: float) -> float:
        return float(np.log(value)) if self.column.kind == "logarithm" else value

    def _unscaled(self, scaled: float) -> float:
        return float(np.exp(scaled)) if self.column.kind == "logarithm" else float(scaled)


def words_of(text: str) -> list[str]:
    """Words and signs of a text, in small letters.

    >>> words_of("Alien 3: Director's Cut")
    ['alien', '3', ':', 'director', "'", 's', 'cut']
    """
    return WORD.findall(text.lower())


def encoder_of(content: Mapping[str, Any]) -> Encoder:
    """From what JSON has of one; of an early model accents may be decomposed, which no table has any more."""
    column, words = Column(**content["column"]), content["words"]
    known = words if column.kind == "text" else map(spelled, words)
    seen = content.get("seen") and (float(content["seen"][0]), float(content["seen"][1]))
    return Encoder(column, float(content["mean"]), float(content["sd"]), tuple(known), seen)
