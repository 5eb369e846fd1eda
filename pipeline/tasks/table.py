"""The kinds of questions, by name. A new one is a file in this room and a line here."""

from __future__ import annotations

from typing import Any

from pipeline.errors import ConfigError
from pipeline.tasks.boxes import BoxesTask
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.one_object import OneObjectTask
from pipeline.tasks.settings import BoxSettings, ObjectSettings
from pipeline.tasks.task import Task

OF_BOXES: dict[str, tuple[Any, Any]] = {  # name -> task and its settings, made from the classes and these
    "boxes": (BoxesTask, BoxSettings),
    "one_object": (OneObjectTask, ObjectSettings),
}


def new_task(name: str, classes: tuple[str, ...], settings: Any) -> Task:
    """A task before it has seen a case.

    Args:
        name: One of the table, or "landmarks".
        classes: Of things with boxes.
        settings: Holds, under the name of the task, what can be chosen about it; of landmarks `loss` and `decode`.

    Raises:
        ConfigError: No such task.
    """
    if name == "landmarks":
        return LandmarksTask(settings.loss, settings.decode)
    if name not in OF_BOXES:
        raise ConfigError(f"task='{name}'; choose one of landmarks, {', '.join(OF_BOXES)}")
    kind, _ = OF_BOXES[name]
    task: Task = kind(classes, getattr(settings, name))
    return task


def name_of(task: Task) -> str:
    """The name of a task in the table."""
    return next((name for name, (kind, _) in OF_BOXES.items() if isinstance(task, kind)), "landmarks")
