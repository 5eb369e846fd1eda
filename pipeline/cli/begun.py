"""A run that is begun keeps what its experiment says otherwise since, where nobody types it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.compose import Words, by_key
from pipeline.cli.network_parameters import LEVELS
from pipeline.cli.record import is_trained, read_record, recorded
from pipeline.cli.schema import at, put

UNSAID = ("1", "None")  # what a network is that says nothing


def as_begun(tree: dict[str, Any], words: Words, run: Path) -> None:
    """Put its looks, its rate and how long that holds, and how its networks are normalised, into settings that are
    composed anew."""
    record = read_record(run) if is_trained(run) else {}
    if not isinstance(record.get("training"), dict):
        return
    for key in ("training.looks", "training.rate", "training.hold"):
        before = recorded(record, key)
        if not typed(key, words) and (before is not None or key != "training.rate"):  # others may be null, or unsaid
            put(tree, key, before)
    for level in LEVELS:
        key = f"training.{level}.parameters"
        before, now = recorded(record, key), at(tree, key)
        if not isinstance(before, Mapping) or not isinstance(now, Mapping):
            continue
        alike = all(str(said.get("norm")) in UNSAID for said in (before, now))
        if alike or not typed(f"{key}.norm", words):
            put(tree, key, _normalised_as(before, now))


def typed(key: str, words: Words) -> bool:
    """Whether somebody said it on the command line, by itself or in a section."""
    sections = {said: value for said, value in words.values.items() if f"{key}.".startswith(f"{said}.")}
    return any(key in by_key(said, value) for said, value in sections.items())


def _normalised_as(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Runs of early versions do not say how, and are normalised."""
    others = {name: value for name, value in now.items() if name != "norm"}
    return others | ({"norm": before["norm"]} if "norm" in before else {})
