"""Keys in the YAML files of `configs/` that no setting has: told with the file, and the value that is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.cli.config_files import DEFAULTS, config_folder
from pipeline.cli.validate import known_keys, unknown_key
from pipeline.errors import ConfigError

OF_HYDRA = "defaults"  # at the top of a file: the files that it begins with


def require_known_keys(chosen: Mapping[str, str]) -> None:
    """Make sure that the chosen files say nothing but settings.

    Args:
        chosen: {group: name}.

    Raises:
        ConfigError: They do; a line a key.
    """
    from omegaconf import OmegaConf

    folder, wrong = config_folder(), []
    for path in (folder / f"{DEFAULTS}.yaml", *(folder / group / f"{name}.yaml" for group, name in chosen.items())):
        content = OmegaConf.to_container(OmegaConf.load(path))
        said = {name: value for name, value in content.items() if name != OF_HYDRA} if isinstance(content, dict) else {}
        wrong += [f"{path}: {message}" for message in _unknown(said, ())]
    if wrong:
        raise ConfigError("\n".join(wrong))


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
