"""What the user gave, made sure of: the run folder, the source, the number of processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.cli.record import is_trained
from pipeline.cli.settings import Settings
from pipeline.data.atomic import read_json
from pipeline.data.collect_values import Columns
from pipeline.data.columns import Column, Kind
from pipeline.data.findings import read_findings
from pipeline.data.threads import cores
from pipeline.errors import ConfigError, DataError
from pipeline.tasks.names import clash
from pipeline.tasks.table import TASKS

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


def said_in(path: Path, task: str, read: Callable[[Path], Any] = read_json) -> dict[str, Any]:
    """The content of a predictions.json or summary.json; of one that is not there yet, the task of the run."""
    content = read(path) if path.is_file() else {"task": task}
    if not isinstance(content, dict):
        raise DataError(f"{path}: not a file of this program: a {type(content).__name__}. Make it again.")
    return content


def kind_of(content: dict[str, Any], path: Path) -> str:
    """What kind of answers it speaks of; one that says nothing, of landmarks."""
    named = content.get("task", "landmarks")
    if not isinstance(named, str) or named not in TASKS:
        raise ConfigError(f"{path}: task '{named}' is not known; known are {', '.join(TASKS)}")
    return TASKS[named].answers


def columns_of_settings(settings: Settings) -> Columns:
    """What the table of the folder is read for.

    Raises:
        ConfigError: Two things have one name, in a run that is not trained yet; no column is asked for where the task
            answers columns; or more is given than the task looks at.
    """
    inputs = [Column(n, kind) for kind, key in KINDS.items() for n in getattr(settings.inputs, key)]
    outputs = [Column(n, kind) for kind, key in KINDS.items() for n in getattr(settings.outputs, key, ())]
    begun = settings.run is not None and is_trained(settings.run)  # with names that an early version took
    if not begun and (wrong := clash(inputs, outputs, settings.data.views, settings.task)):
        raise ConfigError(wrong)
    _require_one_image(settings, inputs)
    if not outputs and settings.task == "attributes":
        raise ConfigError(
            f"task={settings.task}: say which columns of the table are asked for, such as outputs.numbers=[age] or"
            " outputs.classes=[gender]"
        )
    return Columns(tuple(inputs), tuple(outputs), settings.data.table, dict(settings.data.views))


def _require_one_image(settings: Settings, inputs: Sequence[Column]) -> None:
    """Nothing stands beside an image where the task, or those who ask its model, would not look at it."""
    task, answers = settings.task, TASKS[settings.task].answers
    if answers != "values" and settings.data.views:
        raise ConfigError(
            f"data.views: task={task} looks at one image of a case, so the others would be lost. Take it out, or"
            " use task=attributes."
        )
    if answers == "vectors" and inputs:
        raise ConfigError(
            f"inputs: task={task} looks at the image alone, for enroll, identify and verify are given nothing else."
            " Take them out."
        )


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
