"""Which training cases come more than once in a deck: those that show what is rarely absent to be absent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from pipeline.tasks.constellation import Constellation
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.multi import MultiTask
from pipeline.tasks.task import Task
from pipeline.training.levels import TrainingCase

RARE = 0.1  # share of the deck in which a landmark is missing, where it is missing at all


def deck_of(cases: Sequence[TrainingCase], constellation: Constellation) -> list[TrainingCase]:
    """The cases, those with a rarely missing landmark repeated: seen as often as the others, the one case in fifty that
    lacks a landmark is outvoted by all that have it, and the network learns to see it everywhere.

    A scan that ends before the landmark does not count: such ends are made from every case.

    Args:
        constellation: Says where a landmark would lie.
    """
    missing = np.stack([_missing(case, constellation) for case in cases])
    wanted = math.ceil(RARE * len(cases))
    times = np.where(missing, -(-wanted // missing.sum(0).clip(1)), 1).max(1)
    return [*cases, *(case for case, n in zip(cases, times, strict=True) for _ in range(n - 1))]


def _missing(case: TrainingCase, constellation: Constellation) -> Bool[np.ndarray, " K"]:
    """Landmarks known to be absent though the scan shows the place where they would lie, and as much around it as that
    place is uncertain."""
    frame = case.levels[0].frame
    place = frame.world_to_voxel(constellation.expected(case.world))
    around = constellation.spread[:, :1] / frame.spacing
    shown = (place - around >= -0.5) & (place + around < np.array(frame.shape) - 0.5)
    return case.known & ~np.isfinite(case.world).all(1) & shown.all(1)


def dealt(deck: list[TrainingCase], task: Task, number: int) -> list[TrainingCase]:
    """The deck as level `number` takes crops of it: one that is asked about landmarks alone aims at no box, and learns
    nothing of a case of which no landmark is known."""
    asks_for_boxes = not isinstance(task, LandmarksTask) or (isinstance(task, MultiTask) and number == 0)
    if asks_for_boxes:
        return deck
    return [replace(case, labels=None, corners=None) for case in deck if case.known.any()]
