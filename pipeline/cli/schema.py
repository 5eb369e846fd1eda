"""What the settings dataclasses say about themselves: keys, kinds, defaults and meanings.

The dataclasses are the single source: the help, the messages and the validation all read them.
The meaning of a key is its line under `Args:` in the docstring of its dataclass.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    dict: "a mapping",
}


@dataclass(frozen=True)
class Leaf:
    """One key that can be set.

    Args:
        key: Dotted name; `N` stands for the place in a list (`levels.N.spacing`).
        kind: Its type.
        default: Value if nobody says otherwise; MISSING if it must be given.
        meaning: One line.
    """

    key: str
    kind: Any
    default: Any
    meaning: str


def leaves(section: type, prefix: str = "") -> Iterator[Leaf]:
    """All keys of a settings dataclass and of the sections inside it."""
    meanings, kinds = docstring_arguments(section), typing.get_type_hints(section, include_extras=True)
    for field in fields(section):
        key, kind = prefix + field.name, kinds[field.name]
        if is_dataclass(kind):
            yield from leaves(typing.cast(type, kind), f"{key}.")
            continue
        yield Leaf(key, kind, default_of(field), meanings.get(field.name, ""))
        for inner in sections_in_list(kind):
            yield from leaves(inner, f"{key}.N.")


def sections_in_list(kind: Any) -> list[type]:
    """The dataclasses that a list-like kind holds: `tuple[Level, ...] | None` holds Level."""
    if get_origin(kind) is tuple:
        return [k for k in get_args(kind) if isinstance(k, type) and is_dataclass(k)]
    return [found for option in options(kind) if option is not kind for found in sections_in_list(option)]


def options(kind: Any) -> list[Any]:
    """The alternatives of a union; a kind that is none is its only alternative."""
    if get_origin(kind) is Annotated:
        return options(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [found for option in get_args(kind) for found in options(option)]
    return [kind]


def default_of(field: Field[Any]) -> Any:
    """The default of a field, made if it has a factory; MISSING if there is none."""
    return field.default_factory() if field.default_factory is not MISSING else field.default


def words(kind: Any) -> str:
    """What a kind allows, in words: those of its own `description`, or of its alternatives.

    Examples:
        >>> words(float | Literal["auto"] | None)
        "a number, 'auto' or null"
    """
    if own := [str(said) for note in get_args(kind)[1:] if (said := getattr(note, "description", None))]:
        return own[0]
    said = [word for option in options(kind) for word in _words(option)]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def _words(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [f"'{choice}'" for choice in get_args(kind)]
    if get_origin(kind) in (tuple, list):
        inner = [k for k in get_args(kind) if k is not Ellipsis]
        if any(is_dataclass(k) for k in inner):
            return ["a list of sections"]
        return [f"a list such as [{', '.join(words(k) for k in inner)}]"]
    if is_dataclass(kind):
        return ["a section"]
    return ["null"] if kind is type(None) else [PLAIN.get(get_origin(kind) or kind, str(kind))]


def is_path(kind: Any) -> bool:
    """Whether it is a path, or several."""
    return any(option is Path or Path in get_args(option) for option in options(kind))


def choices(kind: Any) -> list[str]:
    """The words that a kind allows literally."""
    return [str(c) for option in options(kind) if get_origin(option) is Literal for c in get_args(option)]


def at(tree: Any, key: str) -> Any:
    """The value at a dotted key; numbers count places in lists, "" is the tree itself."""
    for step in key.split(".") if key else []:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


def put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set the value at a dotted key, making the sections on the way."""
    *path, last = key.split(".")
    for name in path:
        tree = tree.setdefault(name, {})
    tree[last] = value


def docstring_arguments(section: type) -> dict[str, str]:
    """`Args:` of the Google-style docstrings of a dataclass and its parents, {name: text on one line}."""
    found: dict[str, str] = {}
    for parent in reversed(section.__mro__):
        found |= _arguments(inspect.cleandoc(parent.__doc__ or ""))
    return found


def _arguments(docstring: str) -> dict[str, str]:
    block = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", docstring, re.MULTILINE | re.DOTALL)
    found: dict[str, str] = {}
    name = ""
    for line in block.group(1).splitlines() if block else []:
        start = re.match(r" {4}(\w+)(?: \([^)]*\))?: (.*)", line)
        if start:
            name, found[start.group(1)] = start.group(1), start.group(2)
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found
