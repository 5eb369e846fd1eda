"""Whoever asks for larger batches than fit into memory is told which settings ask for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from pipeline.errors import ConfigError, is_lack_of_memory
from pipeline.tasks.table import TASKS

if TYPE_CHECKING:
    from pipeline.training.cascade import Cascade

Given = ParamSpec("Given")
Made = TypeVar("Made")


def told_of_memory(
    learn: Callable[Concatenate[Cascade, int, Given], Made],
) -> Callable[Concatenate[Cascade, int, Given], Made]:
    """The same, but a lack of memory is a ConfigError that names the settings of that level."""

    @wraps(learn)
    def told(cascade: Cascade, number: int, *given: Given.args, **named: Given.kwargs) -> Made:
        try:
            return learn(cascade, number, *given, **named)
        except (MemoryError, RuntimeError) as error:
            if is_lack_of_memory(error):
                raise ConfigError(_message(cascade, number)) from error
            raise

    return told


def _message(cascade: Cascade, number: int) -> str:
    level = cascade.settings.level(number)
    name = "fine" if number and not TASKS[cascade.question].whole else "coarse"
    shown = "null" if level.crop is None else level.crop
    return (
        f"training.{name}: level {number + 1} needs more memory than there is: batch={level.batch}, crop={shown},"
        f" largest={level.largest}. Choose a smaller training.{name}.batch, training.{name}.crop or"
        f" training.{name}.largest, close other programs, or use a machine with more."
    )
