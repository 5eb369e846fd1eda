"""Words for left and right in names, and the name that lies on the other side."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

SIDES = {"left": "right", "l": "r", "links": "rechts", "gauche": "droite", "sinister": "dexter", "sin": "dex"}
OTHER = SIDES | {other: one for one, other in SIDES.items()}
SHORT = 3  # letters: so short a word is in many others that say no side
INSIDE = re.compile("|".join(word for word in OTHER if len(word) > SHORT), re.IGNORECASE)
BRIEF = "|".join(word for word in SIDES if len(word) <= SHORT)
EDGE = re.compile(
    f"(?<![A-Za-z])(?i:{BRIEF})(?![a-z])"  # L1, LCA
    f"|(?<![A-Z])(?=[A-Z])(?i:{BRIEF})"  # Lkidney, EyeLTop: a capital begins a word
    f"|(?=[a-z])(?i:{BRIEF})(?=[A-Z])|(?i:{BRIEF})(?![A-Za-z])"  # eyelTop, eyel
)


def other_side(name: str, names: Collection[str]) -> str:
    """The name with its words for one side put in place of the other; the name itself without one.

    Args:
        names: Among which left and right are looked for within words, too: "bright" says a side only beside "bleft".

    Examples:
        >>> other_side("Ostium_L", []), other_side("leftEye", []), other_side("lateral", [])
        ('Ostium_R', 'rightEye', 'lateral')
        >>> other_side("imgleft1", ["imgright1"]), other_side("imgleft1", [])
        ('imgright1', 'imgleft1')
    """
    words = re.split(r"([\s_.-]+|(?<=[a-z])(?=[A-Z]))", name)
    other = "".join(_exchanged(w) if w and w.lower() in OTHER else w for w in words)
    inside = INSIDE.sub(lambda found: _exchanged(found[0]), name)
    return inside if inside != name and inside in names and (other == name or other not in names) else other


def says_side(name: str) -> bool:
    """Whether left or right is anywhere in it."""
    return INSIDE.search(name) is not None


def alike(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs that differ in one short word for a side alone, beside a digit, before capitals, at the end, or as the
    capital that a word begins with: elsewhere it is a letter of a word, as in "lace" and "race", and perhaps "lca".

    Examples:
        >>> alike(["L1", "R1", "LCA", "RCA", "nose", "L2", "glass", "grass", "lock", "rock"])
        [('L1', 'R1'), ('LCA', 'RCA')]
        >>> alike(["EyeLTop", "EyeRTop", "Lkidney", "Rkidney", "HLA", "HRA", "lca", "rca"])
        [('EyeLTop', 'EyeRTop'), ('Lkidney', 'Rkidney')]
    """
    known, found = set(names), []
    for name in names:
        for at in EDGE.finditer(name):
            other = name[: at.start()] + _like(SIDES[at[0].lower()], at[0]) + name[at.end() :]
            if other in known:
                found.append((name, other))
    return found


def _exchanged(word: str) -> str:
    return _like(OTHER[word.lower()], word)


def _like(word: str, model: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word
