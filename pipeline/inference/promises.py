"""What is promised of a case: not how far an answer is off where less is known of it than of the cases that taught how
far answers are off.

Where the age is given, an answer about the bone may err by a month, and by a year where it is not. Cases that lack it
teach that only where validation has some.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.data.csv_rows import some
from pipeline.data.store import LevelArray
from pipeline.inference.model import Model

Given = Mapping[str, np.ndarray]  # what is known beside an image, as a network reads it


def known_of(given: Given) -> frozenset[str]:
    """Names of what is not missing, by the rule of a network's stems."""
    return frozenset(name for name, part in given.items() if np.isfinite(part).all())


def known_beside(levels: Sequence[LevelArray]) -> frozenset[str]:
    """The same of a case; all its levels are given the same."""
    return frozenset(name for level in levels[:1] for name in known_of(level.given))


def always_known(cases: Iterable[frozenset[str]]) -> tuple[str, ...]:
    """What is known of every case.

    Examples:
        >>> always_known([frozenset({"age", "sex"}), frozenset({"age"})])
        ('age',)
    """
    each = list(cases)
    return tuple(sorted(frozenset.intersection(*each))) if each else ()


def promising(model: Model, given: Given) -> Model:
    """The model with what it promises of a case of which so much is known."""
    learned, known = model.calibration, known_of(given)
    radius = learned.radius if known.issuperset(learned.radius_inputs) else None
    margins = {n: m for n, m in learned.margins.items() if known.issuperset(learned.margin_inputs.get(n, ()))}
    return replace(model, calibration=replace(learned, radius=radius, margins=margins))


def lacks(model: Model, given: Given) -> list[str]:
    """What is not known of a case, and costs it a promise."""
    learned = model.calibration
    needed = {*(learned.radius_inputs if learned.radius else ())}
    needed |= {n for name in learned.margins for n in learned.margin_inputs.get(name, ())}
    return sorted(needed - known_of(given))


def tell_withheld(model: Model, cases: Mapping[str, Mapping[str, Any]]) -> None:
    """Say on stderr which cases have no range or radius, and why.

    Args:
        cases: Answers of each as data: "coarser", and what it "lacks".
    """
    learned, name = model.calibration, model.name
    coarser = [case for case, content in cases.items() if content.get("coarser")]
    if coarser and learned.coarsest and learned.radius:
        side = f"{learned.coarsest[0]:.3g} {model.unit}"
        known = f"{name} learned from voxels of {side} at most: how far it errs in coarser scans is not known"
        print(f"{known}, and no radius95 is given for {some(coarser)}", file=sys.stderr)
    lacking = {case: content["lacks"] for case, content in cases.items() if content.get("lacks")}
    if lacking:
        inputs = {missing for of_case in lacking.values() for missing in of_case}
        known = f"{name} was validated on cases with {some(sorted(inputs))}: how far it errs without is not known"
        needed = {"radius95": learned.radius_inputs, "range": {n for ns in learned.margin_inputs.values() for n in ns}}
        what = " or ".join(promise for promise, names in needed.items() if inputs.intersection(names))
        print(f"{known}, and no {what} is given for {some(lacking)}", file=sys.stderr)
