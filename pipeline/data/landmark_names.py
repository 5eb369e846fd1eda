"""One name for one landmark: what is the same text, and what looks like a slip of another name.

A slip is another spelling of it (case, blanks, dashes), however common, or rare and nearly equal; never together with
it in one case.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import TypeVar

from pipeline.data.findings import Finding
from pipeline.errors import ConfigError, DataError

T = TypeVar("T")
RARE = 0.2  # a typo occurs in at most this share of the cases that have the right name


def spelled(name: str) -> str:
    """The name without outer blanks, accents composed: what looks the same on every screen is the same.

    >>> spelled(" cre\N{COMBINING ACUTE ACCENT}te") == "cr\N{LATIN SMALL LETTER E WITH ACUTE}te"
    True
    """
    return unicodedata.normalize("NFC", name).strip()


def by_known_names(said: Mapping[str, T], known: Iterable[str], where: str) -> dict[str, T]:
    """The same by names that are spelled as the `known` ones which look the same: a column stays as it was asked for,
    which models know it by.

    Args:
        where: File and field.

    Raises:
        DataError: Two names look like one that is known, so that one of them would be lost.
    """
    names = set(known)
    if said.keys() <= names:
        return dict(said)
    alike = {spelled(name): name for name in names}
    called = {name: name if name in names else alike.get(spelled(name), name) for name in said}
    if twice := [name for name, times in Counter(called.values()).items() if times > 1]:
        raise DataError(f"{where}: '{twice[0]}' is there in two spellings that look the same. Remove one.")
    return {called[name]: value for name, value in said.items()}


def require_landmarks(key: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Make sure that there are the landmarks that a setting names.

    Raises:
        ConfigError: Names the first that is not there, and the key.
    """
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f". Did you mean '{near[0]}'?" if near else ""
            raise ConfigError(f"{key}: no landmark '{name}'; there are {', '.join(known)}{meant}")


def typos(cases: Mapping[str, Iterable[str]]) -> list[Finding]:
    """One error finding a case and misspelt name.

    Names that differ in digits ("L1", "L6") or in a one-letter word ("ostium_l", "ostium_r") are different
    landmarks, and so are two names that occur in the same case.
    """
    names = {case: set(found) for case, found in cases.items()}
    counts = Counter(n for found in names.values() for n in found)
    findings = []
    for name in sorted(counts):
        right = _meant(name, counts, names)
        if right is None:
            continue
        for case in sorted(c for c, found in names.items() if name in found):
            message = f"landmark '{name}' ({counts[name]} cases); did you mean '{right}' ({counts[right]} cases)?"
            findings.append(Finding("landmark-name", "error", case, message, f"Rename it to '{right}', or remove it."))
    return findings


def _meant(name: str, counts: Counter[str], cases: Mapping[str, set[str]]) -> str | None:
    """The name that `name` is probably a misspelling of: of two spellings the one that more cases have."""
    common = [n for n in counts if n != name and counts[name] <= max(1, RARE * counts[n]) and counts[n] >= 2]
    same = [n for n in _by_number(counts) if plain(n) == plain(name)]
    near = [n for n in get_close_matches(name, common, n=3, cutoff=0.75) if _slip(name, n)]
    for other in same[: same.index(name)] + near:
        if not any({name, other} <= found for found in cases.values()):
            return other
    return None


def _by_number(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


@functools.cache
def plain(name: str) -> str:
    """Without case and separators, but for those between digits: 1_1 is not 11."""
    return re.sub(r"(?<!\d)[\s_.-]+|[\s_.-]+(?!\d|[\s_.-])", "", spelled(name)).casefold()


def _slip(name: str, other: str) -> bool:
    """Whether two neighbours changed places, or one or two characters differ, none of them a digit or a whole word."""
    odd = [i for i, (a, b) in enumerate(zip(name, other, strict=False)) if a != b]
    if len(name) == len(other) and len(odd) == 2 and odd[1] - odd[0] == 1:
        a, b = name[odd[0] : odd[1] + 1], other[odd[0] : odd[1] + 1]
        return a == b[::-1] and a.isalpha()
    edits = [
        (name[a:b], other[c:d]) for op, a, b, c, d in SequenceMatcher(None, name, other).get_opcodes() if op != "equal"
    ]
    if sum(max(len(a), len(b)) for a, b in edits) > (2 if len(other) >= 8 else 1):
        return False
    if any(ch.isdigit() for pair in edits for text in pair for ch in text):
        return False
    words, others = (re.split(r"[\s_.-]+", n) for n in (name, other))
    return all(max(len(a), len(b)) > 1 for a, b in zip(words, others, strict=False) if a != b)
