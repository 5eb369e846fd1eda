"""What the validation cases say about the belief that counts as found, and about the error to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pipeline.data.store import LevelArray
from pipeline.inference.cascade import locate
from pipeline.inference.model import Calibration, Model

SMALLEST_N = 19  # the 95% conformal quantile of n errors is the ceil(0.95 (n + 1))-th; it exists from 19 on
KEPT = 0.98  # of the landmarks that are there; the others are the price of telling what is absent
LARGEST = 0.7  # threshold

ValidationCase = tuple[Sequence[LevelArray], Float[np.ndarray, "K D"]]


def calibrate(model: Model, cases: Sequence[ValidationCase]) -> Model:
    """The model with its threshold and radii, from validation cases.

    Args:
        cases: Levels and world positions (NaN = none), a case each.
    """
    beliefs: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    for levels, world in cases:
        found = locate(model, levels)
        there = np.all(np.isfinite(world), axis=1)
        errors.append(np.linalg.norm(found.world - world, axis=1))
        beliefs.append((found.belief * found.inside)[there])
    table = np.stack(errors)
    threshold = choose_threshold(np.concatenate(beliefs))
    radii = {name: radius95(table[:, k]) for k, name in enumerate(model.landmarks)}
    return replace(model, calibration=Calibration(threshold, radii, len(cases)))


def choose_threshold(belief: Float[np.ndarray, " N"]) -> float:
    """The largest threshold, up to 0.7, that keeps 98% of the landmarks that are there; 0.5 if none is.

    What is absent is believed less, so this tells as much of it as that price allows. With fewer than 50 landmarks
    none is lost. Beyond 0.7 few absent ones are left to tell, and a small validation set would refuse good answers.

    Args:
        belief: Of landmarks that are there, in validation cases.
    """
    if not len(belief):
        return 0.5
    return min(LARGEST, float(np.sort(belief)[int((1 - KEPT) * len(belief) + 1e-9)]))


def radius95(errors: Float[np.ndarray, " N"]) -> float | None:
    """Split-conformal radius: the ceil(0.95 (n + 1))-th smallest of n errors; None below 19 (Vovk et al. 2005)."""
    errors = np.sort(errors[np.isfinite(errors)])
    if len(errors) < SMALLEST_N:
        return None
    return float(errors[int(np.ceil(0.95 * (len(errors) + 1))) - 1])
