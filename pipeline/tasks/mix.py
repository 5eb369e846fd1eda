"""One network asked with everything that is known, with the images alone, and with what stands beside them alone; and
how its three answers are mixed.

A network that reads several inputs at once learns its cases by heart sooner than one that reads one of them, and an
input that tells nothing of a value still moves it. The same network, asked with that input hidden, is not moved.

Letters: N cases, W numbers that stand for a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from jaxtyping import Float

from pipeline.data.columns import NUMBERS
from pipeline.data.encoders import Encoder
from pipeline.data.inputs import HIDDEN
from pipeline.data.store import LevelArray
from pipeline.metrics.values import error_of, measure_column
from pipeline.tasks.values_found import Said

Mix = tuple[float, float, float]  # shares of the answers to everything, to the images, to what stands beside them
EVERYTHING: Mix = (1.0, 0.0, 0.0)
STEPS = 4  # of a share, from nothing to all
GAIN = 0.01  # share of its error that a mix must take away for its shares to be taken
SMALLEST = 1e-3  # chance of a class that counts as none


def parts_of(level: LevelArray) -> tuple[LevelArray, ...]:
    """A case with everything that is known of it; and, where anything is that stands beside its images, with these
    alone, and without them."""
    pictures = {name for name, part in level.given.items() if part.ndim > 1}
    if not any(np.isfinite(part).any() for name, part in level.given.items() if name not in pictures):
        return (level,)
    unknown = {name: np.full_like(part, np.nan) for name, part in level.given.items()}
    images = {name: part if name in pictures else unknown[name] for name, part in level.given.items()}
    beside = {name: unknown[name] if name in pictures else part for name, part in level.given.items()}
    hidden = {HIDDEN: np.ones(1, np.float32)}
    return level, replace(level, given=images), replace(level, given=beside | hidden)


def mixed(said: Sequence[Said | None], mixes: Mapping[str, Mix]) -> dict[str, Float[np.ndarray, " W"]]:
    """Each value by its own shares of the answers to the parts; None = was not asked, for none has a share of it. The
    answer to a case of one part is that to everything, whatever shares others have.

    Examples:
        >>> mixed([{"age": np.array([1.0])}, {"age": np.array([3.0])}, None], {"age": (0.5, 0.5, 0.0)})["age"].item()
        2.0
    """
    if len(said) == 1:
        mixes = {}
    names = next(part for part in said if part is not None)
    return {
        name: _sum_of([None if p is None else p[name] for p in said], mixes.get(name, EVERYTHING)) for name in names
    }


def _sum_of(said: Sequence[Float[np.ndarray, " W"] | None], mix: Mix) -> Float[np.ndarray, " W"]:
    """What has no share has no say, whatever it is."""
    return np.sum([share * part for share, part in zip(mix, said, strict=False) if share and part is not None], axis=0)


def best_mixes(
    outputs: Sequence[Encoder], truth: Sequence[Mapping[str, np.ndarray]], said: Sequence[Sequence[Said]]
) -> dict[str, Mix]:
    """Of each value the shares, in quarters, under which it errs least; everything at once where that is no worse by a
    hundredth.

    Args:
        truth: Encoded values of each case; NaN where one is not known.
        said: The answers to the parts, of each case.
    """
    best = {}
    for output in outputs:
        name = output.column.name
        wanted = np.stack([values[name] for values in truth])
        errors = {mix: _error(output, wanted, [mixed(parts, {name: mix})[name] for parts in said]) for mix in _all()}
        chosen = min(errors, key=lambda mix: errors[mix])
        best[name] = chosen if errors[chosen] < (1 - GAIN) * errors[EVERYTHING] else EVERYTHING
    return best


def _all() -> list[Mix]:
    shares = [s for s in product(range(STEPS + 1), repeat=len(EVERYTHING)) if sum(s) == STEPS]
    return [(s[0] / STEPS, s[1] / STEPS, s[2] / STEPS) for s in shares]


def _error(output: Encoder, truth: Float[np.ndarray, "N W"], said: Sequence[np.ndarray]) -> float:
    """Of numbers the mean absolute error, of classes the logarithm of their chance: both move where medians and shares
    of right answers do not; of labels what their precision is short of 1."""
    there = np.isfinite(truth).all(1)
    if not there.any():
        return 0.0
    told, true = np.stack(said)[there], truth[there]
    if output.column.kind in NUMBERS:
        return float(np.abs(told - true).mean())
    if output.column.kind == "class":
        return float(-np.log(np.maximum(np.take_along_axis(told, true.astype(int), 1), SMALLEST)).mean())
    numbers = measure_column(output.column, [output.value(t) for t in true], [output.answer(t) for t in told])
    return error_of(output.column, numbers, output.sd)
