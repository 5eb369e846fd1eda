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
MOST = 20  # of the strange landmarks of a case are tried for an exchange: where more are strange, it is not one
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
    """Median offset of every pair, and how far from it cases usually are; infinite for pairs seen too seldom.

    One landmark after the other, each with those behind it: of hundreds, all offsets at once would fill the memory.
    """
    count, dims = world.shape[1:]
    middle, usual = np.full((count, count, dims), np.nan), np.full((count, count), np.nan)
    seen = np.zeros((count, count), int)
    for k in range(count):
        offset = np.moveaxis(world[:, k, None] - world[:, k:], 0, -1)
        middle[k, k:] = _median(offset)
        middle[k:, k] = -middle[k, k:]
        usual[k, k:] = usual[k:, k] = _median(_length(np.moveaxis(offset - middle[k, k:, :, None], 1, -1)))
        seen[k, k:] = seen[k:, k] = np.isfinite(offset).all(1).sum(-1)
    with np.errstate(all="ignore"):
        floor = LEAST * float(np.nanmean(_length(middle)))
    usual = np.maximum(usual, floor)
    usual[(seen < CASES) | np.eye(count, dtype=bool)] = np.inf
    return middle, usual


def _length(vectors: Float[np.ndarray, "*B D"]) -> Float[np.ndarray, "*B"]:
    return np.asarray(np.sqrt(np.einsum("...d,...d", vectors, vectors)))  # a third of the time of np.linalg.norm


def _median(values: np.ndarray) -> np.ndarray:
    """Over the last axis, without NaN; NaN where there is nothing else. As `np.nanmedian`, which is slow on rows."""
    ranked, count = np.sort(values, axis=-1), np.isfinite(values).sum(-1)[..., None]
    low, high = (np.take_along_axis(ranked, np.maximum(i, 0), -1)[..., 0] for i in ((count - 1) // 2, count // 2))
    return np.asarray((low + high) / 2)


def _strangeness(world: Points, middle: np.ndarray, usual: np.ndarray) -> Float[np.ndarray, "C K"]:
    """For each landmark the median over the others of how many usual deviations it lies off; 0 without judges."""
    return np.array([_far_off(p[:, None] - p - middle, usual) for p in world])


def _far_off(wrong: Float[np.ndarray, "*B K D"], usual: Float[np.ndarray, "*B K"]) -> Float[np.ndarray, "*B"]:
    """The median over the K judges of how many usual deviations `wrong` is; 0 with too few."""
    with np.errstate(invalid="ignore"):  # 0 / 0, where all landmarks lie in one place in every case: nobody judges
        off = _length(wrong) / usual
    off[~np.isfinite(off + usual)] = np.nan
    return np.where(np.isfinite(off).sum(-1) >= JUDGES, np.nan_to_num(_median(off)), 0.0)


def _exchanged(
    points: np.ndarray, strange: np.ndarray, worst: list[int], model: tuple[np.ndarray, np.ndarray]
) -> tuple[int, int] | None:
    """The pair whose exchange settles both, if there is one with one of the `MOST` worst."""
    there = np.flatnonzero(np.isfinite(points).all(1))
    for k in worst[:MOST]:
        others = there[there != k]
        allowed = SETTLED * np.maximum(strange[k], strange[others])
        fits = _after(points, np.full(len(others), k), others, model) < allowed
        others, allowed = others[fits], allowed[fits]
        fits = _after(points, others, np.full(len(others), k), model) < allowed
        if fits.any():
            return k, int(others[fits][0])
    return None


def _after(points: np.ndarray, moved: np.ndarray, onto: np.ndarray, model: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The strangeness of each of `moved` once it and its partner in `onto` have exchanged places."""
    middle, usual = model
    judges = np.repeat(points[None], len(moved), axis=0)
    judges[np.arange(len(moved)), onto] = points[moved]
    return _far_off(points[onto][:, None] - judges - middle[moved], usual[moved])
