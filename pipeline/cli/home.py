"""`~` at the beginning of a path is the user's own folder; a shell only says so where the path is a word of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from pipeline.cli.schema import at, options, put
from pipeline.cli.validate import known_keys


def from_home(tree: dict[str, Any]) -> dict[str, Any]:
    """The same settings, in every one that is a path `~` replaced."""
    for key, leaf in known_keys().items():
        if any(option is Path or Path in get_args(option) for option in options(leaf.kind)):
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
