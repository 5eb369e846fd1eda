"""Ranges outside which a number makes no sense, checked after the kinds are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pipeline.cli.schema import at

ABOVE_ZERO = (
    "training.minutes",
    "training.steps",
    "training.rate",
    "training.validations",
    "training.looks",
    *(
        f"training.{level}.{key}"
        for level in ("coarse", "fine")
        for key in ("crop", "largest", "search", "share", "batch")
    ),
    "training.loss.sigma",
    "training.loss.beta",
    "training.decode.near",
)
SHARES = (
    "training.average",
    "training.decode.share",
    "training.decode.threshold",
    "training.augment.share",
    "training.augment.mirror",
    "training.augment.erase",
    "training.augment.composite",
    "training.coarse.cut",
    "training.fine.cut",
    "training.coarse.missing",
    "training.coarse.hidden",
)


def senseless(tree: dict[str, Any]) -> Iterator[str]:
    """One sentence for each value that is of the right kind and makes no sense all the same."""
    for key in ABOVE_ZERO:
        if (value := at(tree, key)) is not None and value <= 0:
            yield f"{key}: {value} is not allowed; allowed: a number above 0."
    for key in SHARES:
        if (value := at(tree, key)) is not None and not 0 <= value <= 1:
            yield f"{key}: {value} is not allowed; allowed: a number from 0 to 1."
    yield from _augment(tree)
    minutes, steps = at(tree, "training.minutes"), at(tree, "training.steps")
    if (minutes is None) == (steps is None):
        yield (
            f"training.minutes: {minutes} and training.steps: {steps}: give one budget and null for the other, "
            "such as training.minutes=10, or training.minutes=null training.steps=500."
        )
    if (hidden := at(tree, "training.coarse.hidden")) and at(tree, "task") != "attributes":
        yield f"training.coarse.hidden: {hidden} is for task=attributes: in a hidden image no landmark can be seen."
    if (composite := at(tree, "training.augment.composite")) and at(tree, "task") != "embedding":
        yield f"training.augment.composite: {composite} is for task=embedding: points would not fit the mixed images."
    levels = at(tree, "levels")
    numbers = [level for level in levels or [] if not isinstance(level, str)]
    if levels is not None and (not levels or numbers != sorted(numbers, reverse=True)):
        yield f"levels: {levels} is not allowed; allowed: voxel sizes from coarse to fine, such as [3,1.5,1]."
    fractions = at(tree, "data.fractions")
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        yield f"data.fractions: {fractions} is not allowed; allowed: three shares that add up to 1: [0.7,0.15,0.15]."


def _augment(tree: dict[str, Any]) -> Iterator[str]:
    """The same of random changes."""
    if not 0 <= (elastic := at(tree, "training.augment.elastic")) <= 0.15:
        yield f"training.augment.elastic: {elastic} is not allowed; allowed: a number from 0 to 0.15."
    if (shift := at(tree, "training.augment.shift")) < 0:
        yield f"training.augment.shift: {shift} is not allowed; allowed: 0 or a number above."
    if (sightings := at(tree, "training.augment.sightings")) < 0:
        yield f"training.augment.sightings: {sightings} is not allowed; allowed: 0 or a number above."
