"""A level of a run that has learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.networks.network import PatchNetwork
from pipeline.tasks.task import Task
from pipeline.training.levels import TrainingCase, locate_all


@dataclass(frozen=True, eq=False)
class TrainedLevel:
    """The best network of a level, its validations, the number format and threads it was trained in and on, the voxels
    around the coarser answer within which its patches vote, and how far its own answer is drawn towards that one."""

    network: PatchNetwork
    search: float
    blend: float
    history: list[dict[str, Any]]
    precision: str
    threads: int


def answer_all(levels: Sequence[TrainedLevel], task: Task, cases: Sequence[TrainingCase]) -> dict[str, Any]:
    """Answers of all levels, one after the other, for each case."""
    found: dict[str, Any] = {}
    for number, level in enumerate(levels):
        found = locate_all(level.network, task, cases, number, level.search, found, level.blend)
    return found
