"""Numbers as files write them. Python's own `float` and `int` read `1_0` as 10, as in programs: in a table it is a slip
of the hand, or an id."""

from __future__ import annotations

import math
from typing import Any


def number_in(word: Any) -> float:
    """What a word, or a number of JSON, is; NaN where it is no number.

    Examples:
        >>> number_in(" 1e3"), number_in("1_0"), number_in(True), number_in(None)
        (1000.0, nan, nan, nan)
    """
    if isinstance(word, bool) or (isinstance(word, str) and "_" in word):
        return math.nan
    try:
        return float(word)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def whole_in(word: str) -> int:
    """A whole number.

    Raises:
        ValueError: It is none.

    Examples:
        >>> whole_in("0012")
        12
    """
    if "_" in word:
        raise ValueError(f"'{word}' is no whole number")
    return int(word)
