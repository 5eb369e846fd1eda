"""What the validation cases say about the belief that counts as found, and about the error to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from pipeline.data.store import LevelArray
from pipeline.geometry import ImageFrame
from pipeline.inference.cascade import locate
from pipeline.inference.model import Calibration, Model

SMALLEST_N = 19  # the 95% conformal quantile of n errors is the ceil(0.95 (n + 1))-th; it exists from 19 on

CUTS = 3  # cut copies of each validation scan, so that "absent" is met even where every scan shows everything

ValidationCase = tuple[Sequence[LevelArray], Float[np.ndarray, "K D"], Bool[np.ndarray, " K"]]


def calibrate(model: Model, cases: Sequence[ValidationCase], seed: int) -> Model:
    """The model with its threshold and radii, from validation cases and from copies of them cut at random planes.

    What is present counts as the scans come; what a cut takes away counts as absent. What a cut leaves beside its
    border is not counted: scans are planned around their landmarks, and there would be far too many of those.

    Args:
        cases: Levels, world positions (NaN = none) and whether anything is known, a case each.
    """
    beliefs: list[np.ndarray] = []
    present: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    for number, (levels, world, known) in enumerate(cases):
        found = locate(model, levels)
        there = np.all(np.isfinite(world), axis=1)
        errors.append(np.linalg.norm(found.world - world, axis=1))
        beliefs.append((found.belief * found.inside)[known])
        present.append(there[known])
        for copy in range(CUTS):
            low, high = random_box(np.random.default_rng([seed, number, copy]), levels[0].frame)
            found = locate(model, cut_levels(levels, low, high))
            gone = there & ~np.all((world >= low) & (world < high), axis=1)
            gone &= known & ~_near_border(world, low, high, levels[-1].frame, model)
            beliefs.append((found.belief * found.inside)[gone])
            present.append(np.zeros(int(gone.sum()), bool))
    table = np.stack(errors)
    threshold = choose_threshold(np.concatenate(beliefs), np.concatenate(present))
    radii = {name: radius95(table[:, k]) for k, name in enumerate(model.landmarks)}
    return replace(model, calibration=Calibration(threshold, radii, len(cases)))


def _near_border(
    world: np.ndarray, low: np.ndarray, high: np.ndarray, frame: ImageFrame, model: Model
) -> Bool[np.ndarray, " K"]:
    """Landmarks within one patch of the finest level from the cut: the levels round the cut to whole voxels."""
    patch = model.networks[-1].cells.stride * float(frame.spacing.mean())
    distance = np.minimum(np.abs(world - low), np.abs(world - high)).min(1)
    return np.isfinite(distance) & (distance < patch)


def cut_levels(levels: Sequence[LevelArray], low: np.ndarray, high: np.ndarray) -> tuple[LevelArray, ...]:
    """The same case as if the scan ended at the world box `low`..`high`: for landmarks outside the field of view."""
    return tuple(_cut(level, low, high) for level in levels)


def _cut(level: LevelArray, low: np.ndarray, high: np.ndarray) -> LevelArray:
    frame: ImageFrame = level.frame
    corners = frame.world_to_voxel(np.stack([low, high]))
    start = np.clip(np.round(corners.min(0) + 0.5).astype(int), 0, np.array(frame.shape) - 1)
    stop = np.clip(np.round(corners.max(0) + 0.5).astype(int), start + 1, frame.shape)
    part = frame.crop(tuple(start), tuple(stop - start))
    return LevelArray(part, level.voxels[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))])


def random_box(rng: np.random.Generator, frame: ImageFrame) -> tuple[np.ndarray, np.ndarray]:
    """The world box of a scan, cut at a random plane across one axis that leaves 30% to 70% of it."""
    edges = frame.voxel_to_world(np.array([np.full(frame.dims, -0.5), np.array(frame.shape) - 0.5]))
    low, high = edges.min(0), edges.max(0)
    axis = rng.integers(frame.dims)
    plane = low[axis] + rng.uniform(0.3, 0.7) * (high - low)[axis]
    if rng.random() < 0.5:
        low[axis] = plane
    else:
        high[axis] = plane
    return low, high


def choose_threshold(belief: Float[np.ndarray, " N"], present: Bool[np.ndarray, " N"]) -> float:
    """The belief that best parts present from absent: the largest mean of the two rates, in the middle of the gap.

    Half of the smallest belief in a present landmark, at most 0.5, if no landmark was absent.
    """
    if present.all():
        return float(min(0.5, belief.min() / 2)) if len(belief) else 0.5
    values = np.unique(np.concatenate([[0.0], belief, [1.0]]))
    cuts = (values[1:] + values[:-1]) / 2
    kept = (belief[present] >= cuts[:, None]).mean(1) if present.any() else np.ones(len(cuts))
    told = (belief[~present] < cuts[:, None]).mean(1)
    return float(cuts[np.argmax(kept + told)])


def radius95(errors: Float[np.ndarray, " N"]) -> float | None:
    """Split-conformal radius: the ceil(0.95 (n + 1))-th smallest of n errors; None below 19 (Vovk et al. 2005)."""
    errors = np.sort(errors[np.isfinite(errors)])
    if len(errors) < SMALLEST_N:
        return None
    return float(errors[int(np.ceil(0.95 * (len(errors) + 1))) - 1])
