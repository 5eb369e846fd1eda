"""The few facts at the top of the page, looked up wherever the run's files have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

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
    """
    found = look_up(model, "levels")
    if not isinstance(found, list) or not found:
        return UNKNOWN
    return ", then ".join(_size(level.get("spacing") if isinstance(level, Mapping) else level) for level in found)


def minutes_given(model: Any) -> str:
    """The budget of a training: `history.csv` lacks what went into levels that did not pay and were left out.

    Examples:
        >>> minutes_given({"training": {"minutes": 10.0}}), minutes_given({"training": {"minutes": None}})
        ('10 minutes given', 'not recorded')
    """
    training = model.get("training") if isinstance(model, Mapping) else None
    minutes = training.get("minutes") if isinstance(training, Mapping) else None
    return f"{minutes:g} minutes given" if isinstance(minutes, int | float) else UNKNOWN


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
