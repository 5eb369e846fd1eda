"""Names of landmarks and classes in the settings, spelled as those of the data are."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pipeline.cli.schema import at, put
from pipeline.data.landmark_names import spelled

NAMED = (  # not columns, which begun runs know as they were typed, and which tables meet; nor files
    "data.edges",
    "data.boxes_around",
    "training.augment.pairs",
    "evaluate.normalise",
    "evaluate.distances",
    "overlay.names",
    "align.landmarks",
)


def with_names_spelled(tree: dict[str, Any]) -> dict[str, Any]:
    """The same settings: whatever keyboard or file a name came from, its accents are composed."""
    for key in NAMED:
        with suppress(KeyError, TypeError, ValueError, IndexError):  # not given, or not a section, which is told later
            put(tree, key, _spelled(at(tree, key)))
    return tree


def _spelled(said: Any) -> Any:
    if isinstance(said, dict):
        return {_spelled(name): _spelled(what) for name, what in said.items()}
    if isinstance(said, (list, tuple)):
        return [_spelled(one) for one in said]
    return spelled(said) if isinstance(said, str) else said
