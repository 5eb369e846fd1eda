"""How far the answers of a model are drawn towards the shape of the training cases: as validation cases choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pipeline.inference.cascade import SURE, drawn
from pipeline.inference.model import Model
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.shape import Shape, fit_shape, with_error

SHARES = (0.25, 0.5, 0.75, 1.0)
GAIN = 0.01  # share of the error that it must take away


def fit_shaping(
    model: Model, learned: Float[np.ndarray, "C K D"], found: Sequence[Found], world: Float[np.ndarray, "V K D"]
) -> Model:
    """The model with a shape, where drawing answers towards it lowers the mean error on the validation cases.

    Args:
        learned: Positions in the training cases; NaN = none.
        found: What the networks say of each validation case.
        world: Positions in these; NaN = none.
    """
    task, shape = model.task, fit_shape(learned)
    if shape is None or not isinstance(task, LandmarksTask):
        return model
    sure = np.stack([f.belief >= SURE for f in found])
    off = np.stack([f.world for f in found]) - world
    shape = with_error(shape, np.where(sure[..., None], off, np.nan))
    errors = {share: _error(replace(shape, share=share), found, world) for share in (0.0, *SHARES)}
    best = min(errors, key=lambda share: errors[share])
    if not errors[best] < (1 - GAIN) * errors[0.0]:
        return model
    return replace(model, task=replace(task, shape=replace(shape, share=best)))


def _error(shape: Shape, found: Sequence[Found], world: Float[np.ndarray, "C K D"]) -> float:
    off = np.stack([drawn(shape, f).world for f in found]) - world
    return float(np.nanmean(np.linalg.norm(off, axis=2)))
