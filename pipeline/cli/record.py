"""`config.yaml` of a run: the settings that it was made with.

Where scans go by codes, so do the user's paths in it, which often name people; `private/` alone knows them.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli.schema import at, is_path, put
from pipeline.cli.spelling import with_names_spelled
from pipeline.cli.validate import known_keys
from pipeline.data.atomic import read_json, write_bytes, write_json, write_text
from pipeline.data.own_output import KEY, PRIVATE
from pipeline.errors import ConfigError, DataError

if TYPE_CHECKING:
    from pipeline.data.pseudonyms import Codes

RECORD = "config.yaml"
PATHS = "paths.json"  # in `private/`: {code: path}
CODE = re.compile(r"path-[0-9a-f]+")
IN_SOURCE = ("data.images", "data.table")  # names in the user's folder, which are no paths by their kind
# By the settings in the record; what other verbs make says itself what it was made with.
MADE = {"import": "dataset.json", "run": "dataset.json", "preprocess": "prepared/index.json"}


def read_record(run: Path) -> dict[str, Any]:
    """`config.yaml` of a run folder, with the paths themselves where `private/` tells them; empty if there is none.

    Raises:
        ConfigError: It is there and is not a mapping.
        DataError: What `private/` tells is damaged.
    """
    content = with_names_spelled(_as_written(Path(run) / RECORD))
    if told := _told(Path(run) / PRIVATE):
        for key, met in _paths(content).items():
            _put(content, key, [told.get(one, one) for one in _each(met)])
    return content


def is_run(folder: Path) -> bool:
    """Whether a folder is a run, also one that lost its record: other programs call a data set so, too."""
    return (folder / "dataset.json").is_file() and ((folder / RECORD).is_file() or is_trained(folder))


def is_trained(run: Path) -> bool:
    """Whether a run has a model, or half of one, which goes on only with the settings it was begun with."""
    return (run / "model").exists() or (run / "resume").exists()


def _as_written(path: Path) -> dict[str, Any]:
    import yaml

    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # also a date that there is not
        raise ConfigError(f"{path}: not readable: {error}. Choose another run=FOLDER, or delete this one.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: not the settings of a run. Choose another run=FOLDER, or delete this one.")
    return content


def without_untold(record: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """A record with what is asked for in place of codes: as long as `private/` does not tell which path one stands
    for, it is no claim."""
    content = copy.deepcopy(dict(record))
    for key, met in _paths(content).items():
        if any(map(CODE.fullmatch, _each(met))):
            put(content, key, recorded(asked, key))
    return content


def write_record(run: Path, content: Mapping[str, Any], verb: str) -> None:
    """Write `config.yaml` of a run folder; `verb` is whose settings these are."""
    import yaml

    written = copy.deepcopy(dict(content))
    if recorded(written, "data.pseudonyms"):
        _hide(written, run / PRIVATE, _as_written(run / RECORD))
        written["run"] = run.resolve().name
    text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
    write_text(
        run / RECORD, f"# The settings of this run, as composed and checked. Written by `patchvote {verb}`.\n{text}"
    )


@contextmanager
def put_back(run: Path, verb: str, lost: bool) -> Iterator[None]:
    """Where what follows is refused before it made anew what later verbs go on with, the record is as it was: they go
    on with what is there, and other settings did not make that. A verb that is interrupted is called again and goes on,
    so its settings stay.

    Args:
        verb: What follows.
        lost: A model lost its record: where anything fails it gets none, for it may have refused these settings.
    """
    record, made = run / RECORD, run / MADE.get(verb, "")
    before, there = record.read_bytes() if record.is_file() else None, _which(made)
    try:
        yield
    except BaseException as error:
        if lost:
            record.unlink(missing_ok=True)
        elif before is not None and there and _which(made) == there and isinstance(error, Exception):
            write_bytes(record, before)
        raise


def _which(path: Path) -> tuple[int, int] | None:
    """Another one when a file was written anew, be it as it was; None where there is none."""
    if not path.is_file():
        return None
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns


def _hide(content: dict[str, Any], folder: Path, before: Mapping[str, Any]) -> None:
    """Codes for paths, which `folder` tells; a code of which it tells nothing, as of a run that was handed on, stays.
    A path that gets none stands as it did `before`."""
    told = _told(folder)
    known = {path: code for code, path in told.items()}
    paths = _paths(content)
    new = [one for met in paths.values() for one in _each(met) if one not in known and not CODE.fullmatch(one)]
    if new and (codes := _codes(folder, before)):
        known |= {path: codes.code(path, "path") for path in new}
        write_json(folder / PATHS, told | {known[path]: path for path in new})
    for key, met in paths.items():
        if any(one in new and one not in known for one in _each(met)):
            put(content, key, recorded(before, key))
        else:
            _put(content, key, [known.get(one, one) for one in _each(met)])


def _codes(folder: Path, before: Mapping[str, Any]) -> Codes | None:
    """None where `folder` is another account's, or its key was kept back from a run that has its codes: a new one would
    give others."""
    from pipeline.data.pseudonyms import Codes

    coded = any(CODE.fullmatch(one) for met in _paths(before).values() for one in _each(met))
    if coded and not os.path.exists(folder / KEY):
        return None
    try:
        return Codes(folder)
    except (PermissionError, DataError) as error:
        if isinstance(error.__cause__ or error, PermissionError):
            return None
        raise


def _told(folder: Path) -> dict[str, str]:
    """Paths by their codes; none where the folder is another account's."""
    try:
        (folder / PATHS).open("rb").close()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    told = read_json(folder / PATHS)
    return told if isinstance(told, dict) else {}


def _paths(content: Mapping[str, Any]) -> dict[str, Any]:
    """The user's paths by key, one or several; that of the run is none, and what nobody chose."""
    paths = {}
    for key, leaf in known_keys().items():
        if key == "run" or not (is_path(leaf.kind) or key in IN_SOURCE):
            continue
        met = recorded(content, key)
        if isinstance(met, list) or (isinstance(met, str) and met not in ("", str(leaf.default))):
            paths[key] = met
    return paths


def _each(met: Any) -> list[str]:
    return [str(one) for one in met] if isinstance(met, list) else [met]


def _put(content: dict[str, Any], key: str, each: list[str]) -> None:
    put(content, key, each if isinstance(recorded(content, key), list) else each[0])


def recorded(content: Mapping[str, Any], key: str) -> Any:
    """What stands there; early records lack some keys, and a damaged one has a list for a section."""
    try:
        return at(content, key)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
