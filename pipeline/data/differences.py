"""What differs between two sets of settings, in words."""

from __future__ import annotations

from typing import Any


def differences(before: Any, now: Any, key: str) -> list[str]:
    """Every value that differs, one line each.

    Examples:
        >>> differences({"minutes": 10, "rate": 1}, {"minutes": 5, "rate": 1}, "training")
        ['training.minutes: 10 there, 5 asked for']
    """
    if isinstance(before, dict) and isinstance(now, dict):
        names = sorted(before.keys() | now.keys(), key=str)
        return [line for name in names for line in differences(before.get(name), now.get(name), f"{key}.{name}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [
            line for i, pair in enumerate(zip(before, now, strict=True)) for line in differences(*pair, f"{key}.{i}")
        ]
    return [] if before == now else [f"{key}: {before} there, {now} asked for"]
