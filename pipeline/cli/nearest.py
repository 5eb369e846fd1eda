"""The name the user most likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like `name`, or None if nothing is.

    A dotted key is compared whole and by its last word, so that a key typed without its section finds home.

    Examples:
        >>> nearest("training.minuts", ["training.minutes", "data.name"])
        'training.minutes'
        >>> nearest("minutes", ["training.minutes", "data.name"])
        'training.minutes'
        >>> nearest("zebra", ["training.minutes"]) is None
        True
    """
    known = list(choices)
    whole = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    if whole:
        return whole[0]
    by_last_word = {key.rpartition(".")[2]: key for key in reversed(known)}
    close = difflib.get_close_matches(name.rpartition(".")[2], by_last_word, n=1, cutoff=0.7)
    if close:
        return by_last_word[close[0]]
    loose = difflib.get_close_matches(name, known, n=1, cutoff=0.55)
    return loose[0] if loose else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """A sentence with the nearest name and a leading space, or nothing."""
    close = nearest(name, choices)
    return f" Did you mean '{close}'?" if close else ""
