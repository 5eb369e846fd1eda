"""Tables of answer beside reference: `errors.csv`, `values_errors.csv`, `boxes_errors.csv`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.data.columns import Column, as_cell, words_in
from pipeline.data.dataset import Case
from pipeline.data.frames import written_frame
from pipeline.data.points_csv import csv_line
from pipeline.data.predictions import Answer
from pipeline.data.value_predictions import Answers

FIELDS = ("case", "subject", "landmark", "status", "error", "found", "belief", "spread", "radius95")


def errors_csv(
    cases: Sequence[Case],
    names: Sequence[str],
    told: Sequence[Sequence[Answer | None]],
    status: Shaped[np.ndarray, "C K"],
    error: Float[np.ndarray, "C K"],
    reference: Float[np.ndarray, "C K D"],
    unit: str,
) -> str:
    """The table; `ref_` columns are the reference. Empty: there is none.

    Args:
        cases: C of them.
        names: Of the K landmarks.
        told: Answers; None where a case has none.
        status: What came of each.
        error: World units; NaN where there is none.
        reference: World positions.
        unit: Of the world.
    """
    axes, frame = "xyz"[: reference.shape[2]], written_frame(unit)
    lines = [csv_line([*FIELDS, *axes, *(f"ref_{a}" for a in axes), "frame", "unit"])]
    for c, case in enumerate(cases):
        for k, name in enumerate(names):
            answer = told[c][k]
            place = answer.position if answer and answer.found and answer.position else (None,) * len(axes)
            said = (answer.found, answer.belief, answer.spread, answer.radius95) if answer else (False, *[None] * 3)
            numbers = map(_number, (error[c, k], *said, *place, *reference[c, k]))
            lines.append(csv_line([case.id, case.subject, name, status[c, k], *numbers, frame, unit]))
    return "\n".join(lines) + "\n"


def _number(value: float | bool | None) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return f"{value:.6g}" if np.isfinite(value) else ""


def values_errors_csv(cases: Sequence[Case], columns: Sequence[Column], told: Mapping[str, Answers]) -> str:
    """One line an image and value: the reference, the answer, and how much it was believed.

    Args:
        told: Answers by id; a case without any has no line.
    """
    lines = [csv_line(("case", "subject", "value", "reference", "answer", "low", "high", "belief"))]
    for case in cases:
        for column in columns:
            said = told.get(case.id, {}).get(column.name)
            if said is None:
                continue
            words = words_in(said.value) if said.beliefs else ()
            belief = min((said.beliefs[word] for word in words if word in said.beliefs), default=None)
            cells = (case.values.get(column.name), said.value, said.low, said.high, belief)
            lines.append(csv_line((case.id, case.subject, column.name, *map(as_cell, cells))))
    return "\n".join(lines) + "\n"


def boxes_errors_csv(cases: Sequence[Case], counts: Iterable[tuple[int, int, int]]) -> str:
    """One line an image: how many boxes there are, were answered, and are right."""
    lines = [csv_line(("case", "subject", "boxes", "answers", "right"))]
    lines += [csv_line((c.id, c.subject, *count)) for c, count in zip(cases, counts, strict=True)]
    return "\n".join(lines) + "\n"
