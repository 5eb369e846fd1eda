"""How much more a finer level may believe than the coarser one did: as the validation cases choose.

Where neighbours look alike (vertebrae), the coarser level alone sees which is which, and its doubt must count. Where
they do not (an aortic root near the end of a scan), its large patches only see dimly what the finer ones see well. So
it is measured, on the validation cases and on copies of them that end near a landmark, which is where levels disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.data.store import LevelArray
from pipeline.inference.calibration import FAR, LARGEST, ValidationCase
from pipeline.inference.cascade import each_level
from pipeline.inference.model import Model
from pipeline.sampling.source import voxels_before
from pipeline.tasks.landmarks import LandmarksTask

VETOES = (5.0, 20.0, 100.0, 1000.0, 2.0, 1.0)  # the first of those that do equally well is taken
PRICE = 4.0  # answers found rightly that one found wrongly outweighs
COPIES = 60  # of validation cases, at least
BEYOND = (-0.5, 1.25)  # patches of the first level from a landmark to where a copy ends
LEAST = 2.0  # such patches that are left of it


def fit_veto(model: Model, cases: Iterable[ValidationCase]) -> Model:
    """The model with the veto by which it finds most of them right, a wrong one counting as four.

    An answer is wrong five patches of the last level off, as where the threshold is chosen, or if nothing is there.

    Args:
        cases: Levels, world positions (NaN = none), and whether each landmark is annotated or known to be absent;
            those of `ending_near`.
    """
    task = model.task
    if len(model.levels) < 2 or not isinstance(task, LandmarksTask):
        return model
    score = np.zeros(len(VETOES))
    free = replace(model, task=replace(task, veto=max(VETOES)))
    for levels, world, known in cases:
        said = list(each_level(free, levels))
        near = np.linalg.norm(said[-1].world - world, axis=1) <= FAR * said[-1].patch
        shown = near & levels[-1].frame.contains(np.where(np.isfinite(world), world, np.inf))
        worth = known * np.where(shown, 1.0, np.where(near, 0.0, -PRICE))
        for number, veto in enumerate(VETOES):
            belief = said[0].belief
            for finer in said[1:]:
                belief = np.minimum(finer.belief, veto * belief)
            score[number] += worth[(belief >= LARGEST) & said[-1].inside].sum()
    return replace(model, task=replace(task, veto=VETOES[int(score.argmax())]))


def ending_near(
    model: Model, cases: Sequence[ValidationCase], watch: Callable[[Sequence[Any]], Iterable[Any]] = iter
) -> Iterator[ValidationCase]:
    """Some of the cases, and copies of them that end near a landmark, the same each time: one at a time, since part of
    a prepared array keeps its file open.

    Args:
        watch: Goes through what is to be made, copies that turn out to be none included: how much that is, is known.
    """
    if len(model.levels) < 2 or not isinstance(model.task, LandmarksTask):
        return
    rng, some = np.random.default_rng(0), list(cases[:: -(-len(cases) // COPIES)])
    whole, copies = [(case, False) for case in some], [(case, True) for case in some]
    for case, cut in watch(whole + copies * -(-COPIES // len(some))):
        made = _shortened(rng, model, case) if cut else case
        if made is not None:
            yield made


def _shortened(rng: np.random.Generator, model: Model, case: ValidationCase) -> ValidationCase | None:
    """One copy; None where the case shows no landmark or is too small to be cut."""
    levels, world, known = case
    present = np.flatnonzero(np.isfinite(world).all(1))
    if not len(present):
        return None
    patch = model.networks[0].cells.stride * float(levels[0].frame.spacing.mean())
    point, axis = world[rng.choice(present)][None], int(rng.integers(model.dims))
    upper, beyond = bool(rng.random() < 0.5), rng.uniform(*BEYOND) * patch
    if min(level.frame.shape[axis] for level in levels) < 2:
        return None
    parts = [_part(level, point, axis, beyond if upper else -beyond, upper) for level in levels]
    if any(part.frame.shape[axis] * part.frame.spacing[axis] < LEAST * patch for part in parts):
        return None
    return parts, world, known


def _part(level: LevelArray, point: np.ndarray, axis: int, beyond: float, upper: bool) -> LevelArray:
    """What lies below (`upper`) or above the plane `beyond` a point."""
    place = level.frame.world_to_voxel(point)[0, axis] + beyond / level.frame.spacing[axis]
    start, shape = [0] * level.frame.dims, list(level.frame.shape)
    kept = voxels_before(float(place), upper, shape[axis])
    start[axis], shape[axis] = kept.start, kept.stop - kept.start
    voxels = level.voxels[(slice(None),) * (axis + 1) + (kept,)]
    return LevelArray(level.frame.crop(tuple(start), tuple(shape)), voxels, level.given)
