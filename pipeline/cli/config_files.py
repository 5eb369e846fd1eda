"""The YAML files of `configs/`: which there are, and what Hydra composes of those that are chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

DEFAULTS = "config"
GROUPS = "experiment", "method"  # folders whose files are chosen; what else stands there, these may begin with
NEEDS_PACKAGE = "needs `# @package _global_` as its first line; without it nothing in it holds"
TAKEN = re.compile(r"_self_|\?{3}|.*\.yaml|.*\$\{.*", re.DOTALL)  # names that mean something else to Hydra


def config_folder() -> Path:
    """The folder of YAML files: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "configs", package.parent / "configs"):
        if (folder / f"{DEFAULTS}.yaml").is_file():
            return folder
    raise ConfigError(
        f"no {DEFAULTS}.yaml in {package / 'configs'} or {package.parent / 'configs'}. Install patchvote again."
    )


def groups() -> dict[str, list[str]]:
    """{group: its names}: the folders of `configs/` to choose from and the files in them."""
    return {group: sorted(path.stem for path in (config_folder() / group).glob("*.yaml")) for group in GROUPS}


def composed(chosen: Mapping[str, str]) -> Any:
    """What the chosen files say together, as OmegaConf keeps it.

    Args:
        chosen: {group: name}.

    Raises:
        ConfigError: A file is no YAML (says file and line), has a name that cannot be chosen, or Hydra cannot compose
            it.
    """
    import yaml
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    folder = config_folder()
    for group, name in chosen.items():
        if TAKEN.fullmatch(name):
            raise ConfigError(f"{folder / group / name}.yaml: cannot be chosen by this name. Rename the file.")
    try:
        with initialize_config_dir(config_dir=str(folder), version_base="1.3"):
            config = compose(DEFAULTS, overrides=_overrides(chosen))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{folder}: {first_line(error)}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.name}, line {mark.line + 1}" if mark else f"{folder}"
        raise ConfigError(f"{place}: not readable as YAML: {error.problem}. Mend the line.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(_undecodable(folder, chosen)) from error
    OmegaConf.set_struct(config, False)
    return config


def places(chosen: Mapping[str, str]) -> dict[Path, str]:
    """The files that are composed of the chosen ones, those that they begin with among them: {file: the section where
    its content is laid}."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    folder = config_folder()
    with initialize_config_dir(config_dir=str(folder), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        listed = loader.compute_defaults_list(DEFAULTS, _overrides(chosen), RunMode.RUN).defaults
    found = {folder / f"{one.config_path}.yaml": one.package or "" for one in listed}
    return {path: section for path, section in found.items() if path.is_file()}  # others are Hydra's own


def _overrides(chosen: Mapping[str, str]) -> list[str]:
    """Hydra would read a bare 2024 as a number, and has no letters but those of English."""
    from hydra.core.override_parser.types import Quote, QuotedString

    return [f"{group}={QuotedString(name, Quote.single).with_quotes()}" for group, name in chosen.items()]


def first_line(error: Exception) -> str:
    """What is wrong, without the lines on how it was found; two lines, where the first announces another."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]


def _undecodable(folder: Path, chosen: Mapping[str, str]) -> str:
    for path in (folder / f"{DEFAULTS}.yaml", *(folder / group / f"{name}.yaml" for group, name in chosen.items())):
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if b"\0" in line or not _is_text(line):
                return f"{path}, line {number}: not readable as text. Save the file as UTF-8."
    return f"{folder}: a file in it is not readable as text. Save it as UTF-8."


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
