"""`config.yaml` of a run: the settings that it was made with.

Where scans go by codes, so do the user's paths in it, which often name people; `private/` alone knows them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.schema import at, is_path, put
from pipeline.cli.validate import known_keys
from pipeline.data.atomic import read_json, write_json, write_text
from pipeline.data.own_output import PRIVATE
from pipeline.errors import ConfigError

RECORD = "config.yaml"
PATHS = "paths.json"  # in `private/`: {code: path}
CODE = re.compile(r"path-[0-9a-f]+")
IN_SOURCE = ("data.images", "data.table")  # names in the user's folder, which are no paths by their kind


def read_record(run: Path) -> dict[str, Any]:
    """`config.yaml` of a run folder, with the paths themselves where `private/` tells them; empty if there is none.

    Raises:
        ConfigError: It is there and is not a mapping.
        DataError: What `private/` tells is damaged.
    """
    import yaml

    path = Path(run) / RECORD
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # also a date that there is not
        raise ConfigError(f"{path}: not readable: {error}. Choose another run=FOLDER, or delete this one.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: not the settings of a run. Choose another run=FOLDER, or delete this one.")
    if told := _told(Path(run) / PRIVATE):
        _exchange(content, lambda met: told.get(met, met))
    return content


def write_record(run: Path, content: Mapping[str, Any], verb: str) -> None:
    """Write `config.yaml` of a run folder; `verb` is whose settings these are."""
    import yaml

    written = copy.deepcopy(dict(content))
    if _met(written, "data.pseudonyms"):
        _hide(written, run / PRIVATE)
        written["run"] = run.resolve().name
    text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
    write_text(
        run / RECORD, f"# The settings of this run, as composed and checked. Written by `patchvote {verb}`.\n{text}"
    )


def _hide(content: dict[str, Any], folder: Path) -> None:
    """Codes for paths, which `folder` tells. The same path has the same code as long as its key stays; a code of which
    it tells nothing, as of a run that was handed on, stays."""
    from pipeline.data.pseudonyms import Codes

    told = _told(folder)

    def coded(met: str) -> str:
        if CODE.fullmatch(met):
            return met
        code = Codes(folder).code(met, "path")
        told[code] = met
        return code

    _exchange(content, coded)
    if told:
        write_json(folder / PATHS, told)


def _told(folder: Path) -> dict[str, str]:
    """Paths by their codes."""
    told = read_json(folder / PATHS) if (folder / PATHS).is_file() else {}
    return told if isinstance(told, dict) else {}


def _exchange(content: dict[str, Any], by: Callable[[str], str]) -> None:
    """Put something else for each path of the user's; that of the run is none, and what nobody chose."""
    for key, leaf in known_keys().items():
        if key == "run" or not (is_path(leaf.kind) or key in IN_SOURCE):
            continue
        met = _met(content, key)
        if isinstance(met, list):
            put(content, key, [by(str(one)) for one in met])
        elif isinstance(met, str) and met not in ("", str(leaf.default)):
            put(content, key, by(met))


def _met(content: Mapping[str, Any], key: str) -> Any:
    """What stands there; early records lack some keys."""
    try:
        return at(content, key)
    except (KeyError, TypeError):
        return None
