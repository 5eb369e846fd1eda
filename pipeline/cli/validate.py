"""From a nested mapping to frozen settings, with messages in the user's words."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from pipeline.cli.limits import senseless
from pipeline.cli.nearest import did_you_mean
from pipeline.cli.schema import Leaf, at, choices, leaves, options, words
from pipeline.cli.settings import Settings
from pipeline.errors import ConfigError

UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
MISSING = ("missing", "missing_argument")


def validate(tree: Mapping[str, Any]) -> Settings:
    """Check every key and value and build the settings.

    Values are taken as JSON would be, strictly: "10" is text and not a number, true is not 1.

    Raises:
        ConfigError: One paragraph for each key that is unknown, missing or of the wrong kind.
    """
    try:
        settings = adapter().validate_json(json.dumps(tree), strict=True)
    except ValidationError as error:
        met: dict[str, list[Any]] = {}
        for item in error.errors(include_url=False):
            met.setdefault(_key(tree, item), []).append(item)
        met = {key: items for key, items in met.items() if not _follows(tree, key, met)}
        raise ConfigError("\n".join(_message(tree, key, items) for key, items in met.items())) from error
    if wrong := list(senseless(plain(settings))):
        raise ConfigError("\n".join(wrong))
    return settings


def plain(settings: Settings) -> dict[str, Any]:
    """Settings as JSON-like data, for `config.yaml`."""
    content: dict[str, Any] = adapter().dump_python(settings, mode="json")
    return content


@functools.cache
def adapter() -> TypeAdapter[Settings]:
    """The validator; dataclasses without a config of their own inherit the strict one of `Settings`."""
    return TypeAdapter(Settings)


@functools.cache
def known_keys() -> dict[str, Leaf]:
    """Every key that can be set."""
    return {leaf.key: leaf for leaf in leaves(Settings)}


def _key(tree: Any, item: Any) -> str:
    """Dotted key of an error, as the user wrote it.

    Pydantic adds the branch of a union to the path; steps that the data lacks are dropped. A place in a list of
    plain values stands for the list; an unknown section with one key in it stands for that key.
    """
    path: list[str] = []
    for step in item["loc"]:
        if isinstance(tree, (dict, list)) and _has(tree, step):
            tree = tree[step]
            path.append(str(step))
        elif item["type"] in MISSING and isinstance(tree, dict):
            path.append(str(step))
    while path and path[-1].isdigit() and item["type"] not in UNKNOWN:
        path.pop()
    while item["type"] in UNKNOWN and isinstance(tree, dict) and len(tree) == 1:
        ((name, tree),) = tree.items()
        path.append(name)
    return ".".join(path)


def _follows(tree: Mapping[str, Any], key: str, met: Mapping[str, Any]) -> bool:
    """Whether a section merely took its wrong value over: `training.seed` from `seed`."""
    above = key.rpartition(".")[2]
    return above != key and above in met and _has(dict(tree), above) and at(tree, above) == at(tree, key)


def _has(tree: dict[str, Any] | list[Any], step: Any) -> bool:
    return step in tree if isinstance(tree, dict) else isinstance(step, int) and step < len(tree)


def _message(tree: Mapping[str, Any], key: str, items: list[Any]) -> str:
    if any(item["type"] in UNKNOWN for item in items):
        return unknown_key(key, at(tree, key))
    if items[0]["type"] in MISSING and isinstance(items[0]["loc"][-1], str):
        return f"{key}: needed, and not given. Add {key}=..."
    value, leaf = at(tree, key), known_keys().get(_general(key)) or _in_mapping(key)
    if leaf is None:
        return f"{key}: {_shown(value)} is not allowed: it is a section with the keys {', '.join(_beside(f'{key}.'))}."
    plain_words = all(item["type"].endswith(("_type", "literal_error", "pattern_mismatch")) for item in items)
    reason = "" if plain_words else f" ({items[0]['msg']})"
    hint = did_you_mean(str(value), choices(leaf.kind))
    allowed = f"{key}: {_shown(value)} is not allowed; allowed: {words(leaf.kind)}{reason}.{hint}"
    return f"{allowed}\n  {leaf.key}: {leaf.meaning}"


def _in_mapping(key: str) -> Leaf | None:
    """What may stand in a mapping, as `data.views.NAME`; None if the key is none of that."""
    leaf = known_keys().get(key.rpartition(".")[0])
    inner = [get_args(kind)[1] for kind in options(leaf.kind) if get_origin(kind) is dict] if leaf else []
    return replace(leaf, kind=inner[0]) if leaf and inner else None


def unknown_key(key: str, value: Any) -> str:
    """The message about a key that no setting has."""
    if key in known_keys():
        return f"'{key}': within braces a name with a dot in it is one name. Give the key by itself: {key}=VALUE"
    section = key.rpartition(".")[0]
    beside = _beside(f"{section}.") if section else []
    place = f"in '{section}' there are" if beside else "there are"
    hint = did_you_mean(key, [k.replace("N.", _place(key)) for k in known_keys()])
    if key.rpartition(".")[2] == "resume":
        hint = " Nothing need be said: a verb that is run again does only what is missing."
    return f"unknown key '{key}' (value met: {_shown(value)}).{hint}\n  {place}: {', '.join(beside or _beside(''))}"


def _beside(prefix: str) -> list[str]:
    """Names that may follow a prefix."""
    start = _general(prefix)
    return sorted({k[len(start) :].partition(".")[0] for k in known_keys() if k.startswith(start)})


def _place(key: str) -> str:
    return next((f"{step}." for step in key.split(".") if step.isdigit()), "0.")


def _general(key: str) -> str:
    """`levels.0.crop` -> `levels.N.crop`."""
    return ".".join("N" if step.isdigit() else step for step in key.split("."))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else f"'{value}'"
    return text if len(text) <= 80 else f"{text[:77]}..."
