"""How the answers of a model to everything that is known, and to less, are mixed: as validation cases choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.data.store import LevelArray
from pipeline.inference.cascade import locate
from pipeline.inference.model import Model
from pipeline.tasks.attributes import AttributesTask
from pipeline.tasks.mix import best_mixes


def fit_mix(model: Model, cases: Iterable[tuple[Sequence[LevelArray], Mapping[str, np.ndarray]]]) -> Model:
    """The model with the mix of each value that errs least on the validation cases; where nothing stands beside its
    images, all that is known is read at once.

    Args:
        cases: Levels, and encoded values; NaN where one is not known.
    """
    task = model.task
    assert isinstance(task, AttributesTask)
    asked = replace(model, task=replace(task, mixes=None))
    said, truth = [], []
    for levels, values in cases:
        said.append(locate(asked, levels).parts)
        truth.append(values)
    several = any(len(parts) > 1 for parts in said)
    mixes = best_mixes(task.outputs, truth, said) if several else {}
    return replace(model, task=replace(task, mixes=mixes))
