"""`~` at the beginning of a path is the user's own folder; a shell only says so where the path is a word of its own."""

from __future__ import annotations

import os
from typing import Any

from pipeline.cli.schema import at, is_path, put
from pipeline.cli.validate import known_keys


def from_home(tree: dict[str, Any]) -> dict[str, Any]:
    """The same settings, in every one that is a path `~` replaced."""
    for key, leaf in known_keys().items():
        if is_path(leaf.kind):
            try:
                put(tree, key, replaced(at(tree, key)))
            except (KeyError, TypeError, ValueError):
                continue  # not given, or not as it should be, which the validation tells
    return tree


def replaced(value: Any) -> Any:
    """A path, or several, without `~`."""
    if isinstance(value, (list, tuple)):
        return [replaced(one) for one in value]
    return os.path.expanduser(value) if isinstance(value, str) else value
