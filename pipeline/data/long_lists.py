"""A list that would push all else off the screen is cut."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 20


def cut(lines: Sequence[str]) -> list[str]:
    """The first twenty of many lines, and how many more there are; a file should hold all of them.

    Examples:
        >>> cut(["  a", "  b"])
        ['  a', '  b']
        >>> cut([f"  {n}" for n in range(25)])[-2:]
        ['  19', '  and 5 more']
    """
    more = [f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]
