"""Parameters are a network's own: who names another network leaves behind what was said of the one before."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

LEVELS = ("coarse", "fine")


def of_defaults(base: dict[str, Any], files: Any) -> None:
    """Where the files name another network than the defaults, these say nothing of its parameters."""
    said = files.get("training") or {}
    for level in LEVELS if isinstance(said, Mapping) else ():
        _leave(base["training"][level], said.get(level))


def of_files(config: Any, values: Mapping[str, Any]) -> None:
    """Where the command line names another network than the files, these say nothing of its parameters."""
    for level in LEVELS:
        said = values.get(f"training.{level}")
        name = values.get(f"training.{level}.network")
        if isinstance(config.training, Mapping):
            _leave(config.training[level], {"network": name} if name is not None else said)


def _leave(level: Any, said: Any) -> None:
    named = said.get("network") if isinstance(said, Mapping) else None
    if isinstance(named, str) and isinstance(level, MutableMapping) and named != level.get("network"):
        level["parameters"] = {}
