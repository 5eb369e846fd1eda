"""The kinds of questions, by name. A new one is a file in this room and a line here.

Reading the table costs nothing: a task is imported when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.tasks.task import Task


@dataclass(frozen=True)
class Kind:
    """One line of the table.

    Args:
        answers: What is answered of an image; reading, measuring and showing go by it.
        place: File and class in this room.
        once: One network looks once at all of an image.
        by_size: Each voxel size speaks of things of its own sizes, so another network of one size has nothing to say.
    """

    answers: Literal["points", "boxes", "values", "vectors"]
    place: tuple[str, str]
    once: bool = False
    by_size: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is asked of an image as a whole, so that finer voxels have nothing to look around."""
        return self.once or self.answers in ("values", "vectors")


TASKS: dict[str, Kind] = {
    "landmarks": Kind("points", ("landmarks", "LandmarksTask")),
    "boxes": Kind("boxes", ("boxes", "BoxesTask"), by_size=True),
    "one_object": Kind("boxes", ("one_object", "OneObjectTask"), once=True),
    "attributes": Kind("values", ("attributes", "AttributesTask")),
    "multi": Kind("points", ("multi", "MultiTask")),
    "embedding": Kind("vectors", ("embedding", "EmbeddingTask")),
}


def task_class(name: str) -> type[Task]:
    """The class of a task.

    Raises:
        ConfigError: No such task.
    """
    if name not in TASKS:
        raise ConfigError(f"task='{name}'; choose one of {', '.join(TASKS)}")
    file, kind = TASKS[name].place
    found: type[Task] = getattr(import_module(f"pipeline.tasks.{file}"), kind)
    return found


def new_task(name: str, asked: Any, settings: Any) -> Task:
    """A task before it has seen a case.

    Args:
        name: One of the table.
        asked: What there is to learn, an `Asked`.
        settings: Of training; a task takes what is its own.

    Raises:
        ConfigError: No such task.
    """
    return task_class(name).new(asked, settings)


def name_of(task: Task) -> str:
    """The name of a task in the table."""
    return next(name for name, kind in TASKS.items() if type(task).__name__ == kind.place[1])
