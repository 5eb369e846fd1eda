"""The few facts at the top of the page, looked up wherever the run's files have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from pipeline.report.columns import counted

UNKNOWN = "not recorded"


def look_up(content: Any, key: str) -> Any:
    """The first value under `key`, however deep; the shallowest wins. None if there is none."""
    level = [content]
    while level:
        for node in level:
            if isinstance(node, Mapping) and node.get(key) is not None:
                return node[key]
        below = [list(n.values()) if isinstance(n, Mapping) else n for n in level if isinstance(n, Mapping | list)]
        level = [child for children in below for child in children]
    return None


def look_up_setting(text: str, key: str) -> str | None:
    """The value of the first line `key: value` of a YAML text."""
    found = re.search(rf"^\s*{re.escape(key)}:[ \t]*([^\s#].*?)\s*(?:#.*)?$", text, re.MULTILINE)
    return found.group(1).strip("'\"") if found and found.group(1) != "null" else None


def levels(model: Any) -> str:
    """Voxel sizes of the cascade, coarse to fine; a level without one has those of each scan.

    Examples:
        >>> levels({"levels": [{"spacing": 3.0}, {"spacing": [1.5, 1.5, 2.0]}, {"spacing": None}]})
        '3, then 1.5 × 1.5 × 2, then original'
        >>> levels({"levels": [{"spacing": 3.0}, {"spacing": 2.0}, {"spacing": 2.0}]})
        '3, then 2 (2 networks)'
    """
    found = look_up(model, "levels")
    if not isinstance(found, list) or not found:
        return UNKNOWN
    sizes = [_size(level.get("spacing") if isinstance(level, Mapping) else level) for level in found]
    alike = ((size, len(list(some))) for size, some in groupby(sizes))
    return ", then ".join(size if number == 1 else f"{size} ({number} networks)" for size, number in alike)


def budget_given(model: Any) -> str:
    """The budget of a training: `history.csv` lacks what went into levels that did not pay and were left out.

    Examples:
        >>> budget_given({"training": {"minutes": 10.0}}), budget_given({"training": {"minutes": None}})
        ('10 minutes given', 'not recorded')
        >>> budget_given({"training": {"minutes": None, "steps": [2, 4], "made_of": {"settings": {"steps": 9}}}})
        '9 steps given'
    """
    training = look_up(model, "training")
    minutes, steps = look_up(training, "minutes"), look_up(look_up(training, "made_of"), "steps")
    given = ((minutes, "minute"), (steps, "step"))
    return next((f"{counted(n, word)} given" for n, word in given if isinstance(n, int | float)), UNKNOWN)


def nothing_found(model: Any) -> str:
    """Said of a model of landmarks whose validation asked for more belief than there is; else nothing.

    Examples:
        >>> nothing_found({"calibration": {"threshold": 0.5}}), nothing_found(None)
        ('', '')
    """
    learned = model.get("calibration") if isinstance(model, Mapping) else None
    if not isinstance(learned, Mapping) or learned.get("threshold", 0) <= 1:
        return ""
    why = "in validation even its surest answers were wrong"
    return f"The model finds no landmark: {why}. Give it more training.minutes, or more cases."


def parts(splits: Iterable[str | None]) -> str:
    """How many cases each part of the split has.

    Examples:
        >>> parts(["train", "test", "train", None])
        'train 2, test 1, no part 1'
    """
    count = Counter(split or "no part" for split in splits)
    order = ("train", "validation", "test", "no part")
    return ", ".join(f"{name} {count[name]}" for name in order if count[name]) or "none"


def _size(spacing: Any) -> str:
    if spacing is None:
        return "original"
    values = spacing if isinstance(spacing, list | tuple) else [spacing]
    words = [f"{v:g}" if isinstance(v, int | float) else str(v) for v in values]
    return words[0] if len(set(words)) == 1 else " × ".join(words)
