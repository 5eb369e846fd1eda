"""What the user gave, made sure of: the run folder, the source, the number of processes."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.settings import Settings
from pipeline.data.collect_values import Columns
from pipeline.data.columns import Column, Kind
from pipeline.data.findings import read_findings
from pipeline.data.threads import cores
from pipeline.errors import ConfigError
from pipeline.tasks.names import clash

KINDS: dict[Kind, str] = {  # and the keys that name columns of each
    "number": "numbers",
    "logarithm": "logarithms",
    "class": "classes",
    "labels": "labels",
    "text": "texts",
}


def run_of(settings: Settings) -> Path:
    """The run folder, which the door has made sure is named."""
    if settings.run is None:
        raise ConfigError("say which run: run=runs/NAME, or experiment=NAME for runs/NAME")
    return settings.run


def answers_of(settings: Settings) -> Path:
    """Folder in the run of what is said of one part of the split, so that no part's answers take another's place."""
    return run_of(settings) / settings.evaluate.part


def columns_of_settings(settings: Settings) -> Columns:
    """What the table of the folder is read for.

    Raises:
        ConfigError: Two things have one name, or no column is asked for where the task answers columns.
    """
    inputs = [Column(n, kind) for kind, key in KINDS.items() for n in getattr(settings.inputs, key)]
    outputs = [Column(n, kind) for kind, key in KINDS.items() for n in getattr(settings.outputs, key, ())]
    if wrong := clash(inputs, outputs, settings.data.views, settings.task):
        raise ConfigError(wrong)
    if not outputs and settings.task == "attributes":
        raise ConfigError(
            f"task={settings.task}: say which columns of the table are asked for, such as outputs.numbers=[age] or"
            " outputs.classes=[gender]"
        )
    return Columns(tuple(inputs), tuple(outputs), settings.data.table, dict(settings.data.views))


def quarantined(run: Path) -> tuple[str, ...]:
    """Cases that check keeps out of everything that follows; none where check has not been run."""
    path = run / "findings.json"
    return read_findings(path).quarantined if path.exists() else ()


def source_of(settings: Settings) -> Path:
    """The user's folder, which must be there."""
    if settings.source is None:
        raise ConfigError("source: needed, and not given. Add source=FOLDER, the folder of your scans and landmarks.")
    if not settings.source.is_dir():
        raise ConfigError(f"source={settings.source}: no such folder. Give the folder of your scans and landmarks.")
    return settings.source


def workers(settings: Settings) -> int:
    """Processes for work on many cases."""
    return settings.threads or cores()
