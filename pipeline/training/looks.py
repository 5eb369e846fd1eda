"""How often the finest voxel size is looked at, by networks of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.data.dataset import Dataset
from pipeline.data.store import PreparedStore
from pipeline.errors import CheckpointError
from pipeline.tasks.table import TASKS
from pipeline.training.beside import can_learn_at_once
from pipeline.training.identity import identity_of
from pipeline.training.settings import TrainingSettings

ENOUGH = 3.0, 6.0  # minutes for which a second look pays: where both learn at once, and one after the other


def looks_of(settings: TrainingSettings, spacings: int, device: str, question: str) -> int:
    """How often the finest of so many voxel sizes is looked at."""
    kind = TASKS[question]
    if kind.once or kind.by_size:
        return 1
    if settings.looks is not None:
        return settings.looks
    if spacings > 1:
        return 1
    at_once, in_turn = ENOUGH
    least = at_once if can_learn_at_once(settings, 2, device, question) else in_turn
    return 2 if (settings.minutes or 0) >= least else 1


def as_begun(
    run: Path, settings: TrainingSettings, data: Dataset, store: PreparedStore, device: str, question: str
) -> tuple[PreparedStore, str, dict[str, Any]]:
    """The arrays as often as they are looked at, the run's fingerprint, and what it is made of.

    Where nobody said how often, or it is not minded, a run goes on as it was begun: on other threads, or by an earlier
    version, which asked for other minutes.

    Raises:
        CheckpointError: The folder holds a model, or half of one, that is made of something else; names what.
    """
    wanted = looks_of(settings, len(store.spacings), device, question)
    refused = []
    for looks in (wanted, *_of_before(wanted, settings, len(store.spacings), question)):
        looked = store.looked_at(looks)
        try:
            return looked, *identity_of(run, settings, data, looked.keys, question)
        except CheckpointError as error:
            refused.append(error)
    raise refused[0]


def _of_before(wanted: int, settings: TrainingSettings, spacings: int, question: str) -> tuple[int, ...]:
    """How often else a run may have been begun. Early ones looked at boxes as often as an experiment said."""
    kind = TASKS[question]
    if kind.by_size and settings.looks not in (None, 1):
        return (settings.looks,)
    return (3 - wanted,) if settings.looks is None and spacings == 1 and not kind.once else ()
