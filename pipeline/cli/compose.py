"""From words on the command line to one nested mapping: defaults, the YAML files of `configs/`, `key=value`.

Hydra composes the files by name and parses the values; nothing here is instantiated or executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pipeline.cli.config_files import NEEDS_PACKAGE, composed, config_folder, first_line, groups, places
from pipeline.cli.file_keys import require_known_keys
from pipeline.cli.help import shown
from pipeline.cli.nearest import did_you_mean
from pipeline.cli.network_parameters import of_defaults, of_files
from pipeline.cli.schema import Leaf, at, choices, options, put
from pipeline.cli.settings import Settings
from pipeline.cli.validate import known_keys, plain
from pipeline.errors import ConfigError

PEOPLE = ("identity.name", "identity.remove")  # one may be called null, and a call without them leaves them out


@dataclass(frozen=True)
class Words:
    """The command line, sorted: files chosen by name, texts kept to the letter, and values.

    Args:
        chosen: `group=name`, as Hydra reads them.
        texts: Settings that are paths or text; they may hold any character, so Hydra's grammar never sees them.
        values: Every other `key=value`.
    """

    chosen: dict[str, str]
    texts: dict[str, str]
    values: dict[str, str]


def sort_words(arguments: Iterable[str], sections: Sequence[str] = ()) -> Words:
    """Tell groups, texts and values apart. Keys of the verb's own `sections` may come without their names, and every
    key with `-` for `_`.

    Raises:
        ConfigError: An argument is not `key=value`, a key has two values, or a group has no file of that name.
    """
    known = known_keys()
    named, words = groups(), Words({}, {}, {})
    for argument in arguments:
        given, value = _split(argument, known)
        key = given.replace("-", "_")
        if key not in known and key.partition(".")[0] not in named:
            key = _in_sections(key, value, [f"{section}.{key}" for section in sections], known)
        if key not in known and _has_place(key, known):  # a name in a mapping, whose signs are its own
            key = f"{key.rpartition('.')[0]}.{given.rpartition('.')[2]}"
        require_once(key, value, words)
        if key in named and not value.startswith(("[", "{")):
            words.chosen[key] = _known_name(key, value, named[key])
        elif _is_kept(key, value):
            words.texts[key] = value
        else:
            words.values[key] = value
    return words


def _in_sections(key: str, value: str, longer: Sequence[str], known: Mapping[str, Leaf]) -> str:
    """The first section that has such a key is meant, but for one that lists the value: predict has `part=2/4` and
    evaluate `part=validation`."""
    there = [long for long in longer if _has_place(long, known)]
    listed = [long for long in there if long in known and value in choices(known[long].kind)]
    return next(iter(listed or there), key)


def require_once(key: str, value: str, words: Words) -> None:
    """Of two values one would be lost without a word, be it by itself or in a section."""
    for said, before in (words.chosen | words.texts | words.values).items():
        if said == key:
            one, two = {key: before}, {key: value}
        elif f"{key}.".startswith(f"{said}.") or said.startswith(f"{key}."):
            one, two = by_key(said, before), by_key(key, value)
        else:
            continue
        for name in sorted(one.keys() & two.keys()):
            if one[name] != two[name]:
                raise ConfigError(f"{name}: given twice, as {one[name]} and as {two[name]}. Give it once.")


def by_key(key: str, value: str) -> dict[str, str]:
    """What a word of the command line says, as it would be typed key by key: a section speaks of all keys in it.

    Examples:
        >>> by_key("data", "{frame: LPS, fractions: [0.5, 0.5]}")
        {'data.frame': 'LPS', 'data.fractions': '[0.5,0.5]'}
    """
    return {key: value} if _is_kept(key, value) else _flat(key, parsed(key, value))


def _flat(key: str, content: Any) -> dict[str, str]:
    if not isinstance(content, Mapping):
        return {key: shown(content)}
    return {k: text for name, inner in content.items() for k, text in _flat(f"{key}.{name}", inner).items()}


def compose(words: Words) -> dict[str, Any]:
    """Compose the chosen files, lay the values over them and resolve references.

    Raises:
        ConfigError: A file that cannot be read or has an unknown key, a value that cannot be parsed, or a reference to
            a key that is not there.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    base, config = plain(Settings()), composed(words.chosen)
    values = {key: parsed(key, value) for key, value in words.values.items()}
    try:
        of_defaults(base, OmegaConf.to_container(config))
        merged = OmegaConf.merge(OmegaConf.create(base), config)
        of_files(merged, values | words.texts)
        for key, value in values.items():
            _lay(merged, key, value)
        content = OmegaConf.to_container(merged, resolve=True)
    except OmegaConfBaseException as error:
        place = getattr(error, "full_key", None) or config_folder()
        raise ConfigError(f"{place}: {first_line(error)}") from error
    tree: dict[str, Any] = {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}
    for key, value in words.texts.items():
        nothing = not value or (value == "null" and key not in PEOPLE)
        put(tree, key, None if nothing else [value] if _is_list(known_keys()[key].kind) else value)
    _require_chosen(tree, words)
    require_known_keys(words.chosen)
    return tree | words.chosen


def _require_chosen(tree: Mapping[str, Any], words: Words) -> None:
    """What a file says under the name of a group would be lost, and what it chooses would not be taken."""
    for group, names in groups().items():
        default = getattr(Settings(), group)
        met = tree.get(group)
        if met in (default, words.chosen.get(group)):
            continue
        if said := (words.texts | words.values).get(group):
            raise ConfigError(f"{group}={said}: give one name; there are: {', '.join(names)}")
        files = " or ".join(f"{config_folder() / g / n}.yaml" for g, n in words.chosen.items())
        if isinstance(met, Mapping):
            files = " and ".join(str(path) for path, section in places(words.chosen).items() if section == group)
            raise ConfigError(f"{files}: {NEEDS_PACKAGE}")
        raise ConfigError(
            f"{files}: {group}: {met} chooses nothing there. Take it out and say {group}={met} to the verb."
        )


def _split(argument: str, known: Mapping[str, Leaf]) -> tuple[str, str]:
    key, equals, value = argument.partition("=")
    if argument.startswith("~"):
        raise ConfigError(f"'{argument}': a key cannot be deleted.{_in_place_of(key[1:], known)}")
    if not equals:
        hint = did_you_mean(argument.lstrip("-"), known)
        raise ConfigError(f"'{argument}' is not understood: settings are written key=value.{hint}")
    return key.lstrip("+-"), value


def _in_place_of(key: str, known: Mapping[str, Leaf]) -> str:
    """What can be done with a key that somebody wants to be rid of."""
    if key in groups():
        return f" Leave it out, or choose another: {key}=NAME"
    if key in known:
        nothing = "null" if type(None) in options(known[key].kind) else shown(at(plain(Settings()), key))
        return f" Give it a value: {key}={nothing}"
    if inside := {other.removeprefix(f"{key}.").partition(".")[0] for other in known if other.startswith(f"{key}.")}:
        listed = ", ".join(sorted(inside))
        return f" Give what you mean in it a value, {key}.KEY=VALUE.\n  in '{key}' there are: {listed}"
    return did_you_mean(key, known)


def _has_place(key: str, known: Mapping[str, Any]) -> bool:
    """Whether it is a key, or the name of something in a mapping, such as training.coarse.parameters.stride."""
    above = key.rpartition(".")[0]
    return key in known or (above in known and dict in (get_origin(option) for option in options(known[above].kind)))


def _is_kept(key: str, value: str) -> bool:
    """Whether it is text to the letter; where there may be a list, one in brackets is a value as any other."""
    known = known_keys()
    listed = key in known and _is_list(known[key].kind) and value.startswith("[")
    return key in known and _is_text(known[key].kind) and not listed


def _is_list(kind: Any) -> bool:
    return any(get_origin(option) is tuple for option in options(kind))


def _is_text(kind: Any) -> bool:
    return any(option in (Path, str) or Path in get_args(option) for option in options(kind))


def _known_name(group: str, name: str, names: list[str]) -> str:
    if name not in names:
        known = f"{did_you_mean(name, names)}\n  there are: {', '.join(names)}"
        raise ConfigError(f"{group}='{name}': there is no {group} of that name.{known}")
    return name


def _lay(config: Any, key: str, value: Any) -> None:
    """Lay one value over the config; a place in a list must be there already."""
    from omegaconf import OmegaConf

    try:
        OmegaConf.update(config, key, value, merge=True, force_add=True)
    except (IndexError, TypeError, ValueError) as error:
        if not any(name == key or name.startswith(f"{key}.") for name in known_keys()):
            raise ConfigError(f"{key}: there is no such place in the settings: {first_line(error)}.") from error
        OmegaConf.update(config, key, value, merge=False, force_add=True)  # of the wrong kind: validation says which


def parsed(key: str, value: str) -> Any:
    """What Hydra's grammar makes of a value; a list without brackets is refused here, not swept over."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        # not with its own key, which may be a name in a mapping
        override = OverridesParser.create().parse_override(f"value={value}")
    except HydraException as error:
        raise ConfigError(f"{key}={value}: the value is not understood. {_quoted(key, value)}") from error
    if override.is_sweep_override():
        raise ConfigError(f"{key}={value}: one value at a time. A list is written {key}=[{value}]")
    return override.value()


def _quoted(key: str, value: str) -> str:
    """How text with signs in it is written: quotes around a whole list would make a text of it, and names in a mapping
    cannot have any."""
    if value.startswith("["):
        return f"Each text in it that has signs needs quotes of its own: \"{key}=['...',...]\""
    if value.startswith("{"):
        return f"A name with signs in it is given by itself: {key}.NAME=..., and text with signs in quotes"
    return f"Text with signs in it needs quotes: \"{key}='...'\""
