"""Ranges outside which a number makes no sense, checked after the kinds are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.cli.schema import at
from pipeline.tasks.table import TASKS


@dataclass(frozen=True)
class Range:
    """Numbers that make sense, in words and as a question."""

    words: str
    holds: Callable[[float], bool]


ABOVE_ZERO = Range("a number above 0", lambda n: n > 0)
ZERO_OR_MORE = Range("0 or a number above", lambda n: n >= 0)
ONE_OR_MORE = Range("a number from 1 on", lambda n: n >= 1)
TWO_OR_MORE = Range("a number from 2 on", lambda n: n >= 2)
SHARE = Range("a number from 0 to 1", lambda n: 0 <= n <= 1)
LEVELS = ("coarse", "fine")
OF_TRAINING = {
    ABOVE_ZERO: (
        *("minutes", "steps", "rate", "validations", "looks"),
        *(f"{level}.{key}" for level in LEVELS for key in ("crop", "largest", "search", "share", "batch")),
        *("loss.beta", "decode.near", "decode.agree", "boxes.sigma", "boxes.cells"),
    ),
    ZERO_OR_MORE: (
        *("decay", "seed", "threads", "coarse.jitter", "fine.jitter"),
        *(f"augment.{key}" for key in ("rotation", "brightness", "contrast", "noise")),
        *("augment.sightings", "loss.balance", "loss.displacement", "loss.presence"),
        *("boxes.place", "boxes.kind", "embedding.margin"),
    ),
    ONE_OR_MORE: ("decode.between", "boxes.most", "attributes.places", "embedding.places"),
    TWO_OR_MORE: ("embedding.size", "embedding.together"),
    # below, a landmark in the middle of eight patches has so little of each that it is taught as absent; above, the
    # target is cut off where the patches around a landmark end (grid/encode.py), and with it one beyond the grid
    Range("a number from 0.4 to 1", lambda n: 0.4 <= n <= 1): ("loss.sigma",),
    SHARE: (
        *("average", "gain", "hold", "decode.share", "decode.threshold"),
        *(f"augment.{key}" for key in ("share", "mirror", "erase", "composite")),
        *(f"{level}.{key}" for level in LEVELS for key in ("cut", "missing", "hidden")),
        *("boxes.overlap", "boxes.least", "embedding.far"),
    ),
    Range("a number from 0 to 0.5", lambda n: 0 <= n <= 0.5): (  # sizes stay above a quarter, middles in the crop
        "augment.scale",
        "augment.shift",
    ),
    Range("a number from 0 to 50", lambda n: 0 <= n <= 50): ("augment.blur",),  # voxels: no crop is left
    Range("0, or a number above 1 and up to 50", lambda n: n == 0 or 1 < n <= 50): ("augment.slices",),
    Range("a number from 0 to 0.15", lambda n: 0 <= n <= 0.15): ("augment.elastic",),
}
RANGES = {f"training.{key}": allowed for allowed, keys in OF_TRAINING.items() for key in keys}


def senseless(tree: dict[str, Any]) -> Iterator[str]:
    """One sentence for each value that is of the right kind and makes no sense all the same."""
    for key, allowed in RANGES.items():
        value = at(tree, key)
        if value is not None and not isinstance(value, bool) and not allowed.holds(value):
            yield f"{key}: {value} is not allowed; allowed: {allowed.words}."
    for name, weight in at(tree, "training.attributes.weights").items():
        if weight < 0:
            yield f"training.attributes.weights.{name}: {weight} is not allowed; allowed: {ZERO_OR_MORE.words}."
    minutes, steps = at(tree, "training.minutes"), at(tree, "training.steps")
    if (minutes is None) == (steps is None):
        yield (
            f"training.minutes: {minutes} and training.steps: {steps}: give one budget and null for the other, "
            "such as training.minutes=10, or training.minutes=null training.steps=500."
        )
    yield from _of_another_task(tree)
    yield from _odd_lists(tree)


def _of_another_task(tree: dict[str, Any]) -> Iterator[str]:
    unseen = "in a hidden image no landmark can be seen"
    of_tasks = {
        "training.coarse.hidden": ("attributes", unseen),
        "training.fine.hidden": ("attributes", unseen),
        "training.blind": ("attributes", "without images nothing can be located or recognised"),
        "training.augment.composite": ("embedding", "points would not fit the mixed images"),
    }
    for key, (task, why) in of_tasks.items():
        if (value := at(tree, key)) and at(tree, "task") != task:
            yield f"{key}: {value} is for task={task}: {why}."
    looks = at(tree, "training.looks")
    if looks is not None and looks > 1 and TASKS[at(tree, "task")].once:
        yield f"training.looks: {looks} is not for task={at(tree, 'task')}: one network looks once at all of an image."


def _odd_lists(tree: dict[str, Any]) -> Iterator[str]:
    levels = at(tree, "levels")
    numbers = [level for level in levels or [] if not isinstance(level, str)]
    if levels is not None and (not levels or numbers != sorted(numbers, reverse=True)):
        yield f"levels: {levels} is not allowed; allowed: voxel sizes from coarse to fine, such as [3,1.5,1]."
    ends = at(tree, "evaluate.normalise")
    if ends is not None and ends[0] == ends[1]:
        yield f"evaluate.normalise: {ends} is not allowed; allowed: two different landmarks, such as the eyes."
    for pair in at(tree, "evaluate.distances"):
        if pair[0] == pair[1]:
            two = "pairs of two different landmarks, such as [[right_ostium,left_ostium]]"
            yield f"evaluate.distances: {pair} is not allowed; allowed: {two}."
    fractions = at(tree, "data.fractions")
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        yield f"data.fractions: {fractions} is not allowed; allowed: three shares that add up to 1: [0.7,0.15,0.15]."
