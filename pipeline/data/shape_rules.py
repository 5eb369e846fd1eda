"""Landmarks that lie to the others of their case as in no other case: exchanged names, points on the wrong spot.

Only offsets between landmarks are looked at, so scans need no common origin; medians, so a few mistakes do not hide.

Letters: C cases, K landmarks, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from pipeline.data.dataset import Dataset
from pipeline.data.findings import Finding

CASES = 10  # below, nobody knows what is usual
JUDGES = 2  # other landmarks; one alone cannot say which of the two is wrong
STRANGE = 4.5  # times the usual deviation
SETTLED = 0.4  # an exchange explains a pair if it leaves less than this share of the strangeness
LEAST = 0.02  # of the mean distance between two landmarks, the least deviation that is called usual

Points = Float[np.ndarray, "C K D"]


def check_shape(dataset: Dataset) -> list[Finding]:
    """A warning for every case whose landmarks lie strangely to each other; the scan itself is not looked at."""
    dims = {len(p) for c in dataset.cases for p in c.landmarks.values() if p is not None}
    if len(dataset.cases) < CASES or len(dims) != 1:
        return []
    nothing = (np.nan,) * dims.pop()
    world = np.array([[c.landmarks.get(n) or nothing for n in dataset.landmarks] for c in dataset.cases], np.float64)
    return list(_findings(dataset, world))


def _findings(dataset: Dataset, world: Points) -> Iterator[Finding]:
    model = _usual(world)
    strange = _strangeness(world, *model)
    names = dataset.landmarks
    for c in np.flatnonzero((strange > STRANGE).any(1)):
        case, order = dataset.cases[c], np.argsort(-strange[c], kind="stable")
        worst = [int(k) for k in order if strange[c, k] > STRANGE]
        pair = _exchanged(world[c], strange[c], worst, model)
        if pair is not None:
            text = f"'{names[pair[0]]}' and '{names[pair[1]]}' look exchanged: each lies where the other should."
            yield Finding("exchanged-names", "warning", case.id, text, "Look at the scan; exchange the names if so.")
        else:
            listed = ", ".join(f"'{names[k]}' ({strange[c, k]:.0f} times as far off as usual)" for k in worst[:3])
            text = f"lie to the other landmarks as in no other case: {listed}."
            yield Finding("odd-shape", "warning", case.id, text, "Look at the scan, and move or remove the points.")


def _usual(world: Points) -> tuple[np.ndarray, np.ndarray]:
    """Median offset of every pair, and how far from it cases usually are; infinite for pairs seen too seldom."""
    offset = world[:, :, None] - world[:, None]
    seen = np.isfinite(offset).all(-1).sum(0)
    with np.errstate(all="ignore"):
        middle = _nanmedian(offset)
        usual = _nanmedian(np.linalg.norm(offset - middle, axis=-1))
    floor = LEAST * float(np.nanmean(np.linalg.norm(middle, axis=-1)))
    usual = np.maximum(usual, floor)
    usual[(seen < CASES) | np.eye(len(usual), dtype=bool)] = np.inf
    return middle, usual


def _nanmedian(values: np.ndarray) -> np.ndarray:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pairs that nobody annotated together
        return np.asarray(np.nanmedian(values, axis=0))


def _strangeness(world: Points, middle: np.ndarray, usual: np.ndarray) -> Float[np.ndarray, "C K"]:
    """For each landmark the median over the others of how many usual deviations it lies off; 0 without judges."""
    with np.errstate(invalid="ignore"):  # 0 / 0, where all landmarks lie in one place in every case: nobody judges
        off = np.linalg.norm(world[:, :, None] - world[:, None] - middle, axis=-1) / usual
    judged = np.isfinite(off) & np.isfinite(usual)
    counted = np.where(judged, off, np.nan)
    return np.where(judged.sum(2) >= JUDGES, np.nan_to_num(_nanmedian(np.moveaxis(counted, 2, 0))), 0.0)


def _exchanged(
    points: np.ndarray, strange: np.ndarray, worst: list[int], model: tuple[np.ndarray, np.ndarray]
) -> tuple[int, int] | None:
    """The pair whose exchange settles both, if there is one."""
    for k in worst:
        for other in range(len(points)):
            if other == k or not np.isfinite(points[other]).all():
                continue
            changed = points.copy()
            changed[[k, other]] = points[[other, k]]
            after = _strangeness(changed[None], *model)[0]
            if max(after[k], after[other]) < SETTLED * max(strange[k], strange[other]):
                return k, other
    return None
