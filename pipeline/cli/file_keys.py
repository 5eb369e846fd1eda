"""Keys in the YAML files of `configs/` that no setting has: told with the file, and the value that is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.config_files import DEFAULTS, NEEDS_PACKAGE, config_folder, places
from pipeline.cli.validate import known_keys, unknown_key
from pipeline.errors import ConfigError

OF_HYDRA = "defaults"  # at the top of a file: the files that it begins with


def require_known_keys(chosen: Mapping[str, str]) -> None:
    """Make sure that the chosen files, and those that they begin with, say nothing but settings.

    Args:
        chosen: {group: name}.

    Raises:
        ConfigError: They do; a line a key.
    """
    wrong = []
    for path, section in _files(chosen).items():
        if section and not _leads_to_one(section):
            wrong.append(f"{path}: {NEEDS_PACKAGE}")
            continue
        said = {name: value for name, value in _content(path).items() if name != OF_HYDRA}
        wrong += [f"{path}: {message}" for message in _unknown(said, tuple(section.split(".")) if section else ())]
    if wrong:
        raise ConfigError("\n".join(wrong))


def _files(chosen: Mapping[str, str]) -> dict[Path, str]:
    """{file: its section}; Hydra, which takes its time, is asked only where a chosen file begins with others."""
    folder = config_folder()
    own = [folder / group / f"{name}.yaml" for group, name in chosen.items()]
    if any(OF_HYDRA in _content(path) for path in own):
        return places(chosen)
    return dict.fromkeys((folder / f"{DEFAULTS}.yaml", *own), "")


def _content(path: Path) -> dict[Any, Any]:
    from omegaconf import OmegaConf

    content = OmegaConf.to_container(OmegaConf.load(path))
    return content if isinstance(content, dict) else {}


def _unknown(said: Mapping[Any, Any], above: tuple[str, ...]) -> Iterator[str]:
    for name, value in said.items():
        place = (*above, str(name))
        key = ".".join(place)
        known = key in known_keys()
        if not known and not _leads_to_one(key):
            yield unknown_key(*_narrowed(key, value))
        elif "." in str(name):
            yield f"'{name}' is one name with a dot in it; sections are nested. Write {_nested(key, value)}"
        elif not known and isinstance(value, Mapping):
            yield from _unknown(value, place)


def _leads_to_one(key: str) -> bool:
    """Whether it is a section, or a name in a mapping."""
    return any(other.startswith(f"{key}.") or key.startswith(f"{other}.") for other in known_keys())


def _narrowed(key: str, value: Any) -> tuple[str, Any]:
    """An unknown section with one key in it stands for that key, whose name may be known."""
    while isinstance(value, Mapping) and len(value) == 1:
        ((name, value),) = value.items()
        key = f"{key}.{name}"
    return key, value


def _nested(key: str, value: Any) -> str:
    """How a file says it.

    Examples:
        >>> _nested("training.augment.share", 0.3)
        'training: {augment: {share: 0.3}}'
    """
    *sections, last = key.split(".")
    said = f"{last}: {json.dumps(value, ensure_ascii=False)}"
    for section in reversed(sections):
        said = f"{section}: {{{said}}}"
    return said
