"""How the answers of a model to everything that is known, and to less, are mixed: as validation cases choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.data.store import LevelArray
from pipeline.inference.cascade import locate
from pipeline.inference.model import Model
from pipeline.tasks.attributes import AttributesTask
from pipeline.tasks.mix import best_mixes


def fit_mix(model: Model, cases: Sequence[tuple[Sequence[LevelArray], Mapping[str, np.ndarray]]]) -> Model:
    """The model with the mix of each value that errs least on the validation cases; where nothing stands beside its
    images, all that is known is read at once.

    Args:
        cases: Levels, and encoded values; NaN where one is not known.
    """
    if not isinstance(model.task, AttributesTask):
        return model
    asked = replace(model, task=replace(model.task, mixes=None))
    said = [locate(asked, levels).parts for levels, _ in cases]
    several = any(len(parts) > 1 for parts in said)
    mixes = best_mixes(model.task.outputs, [values for _, values in cases], said) if several else {}
    return replace(model, task=replace(model.task, mixes=mixes))
