"""What every `summary.json` says first: what was measured, of which data and answers, and what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.data.answer_fields import Answered, made_by
from pipeline.data.atomic import sha256_of
from pipeline.data.dataset import Case, Dataset
from pipeline.data.frames import written_frame

NO_PREDICTION = "no prediction in the predictions file"


class Predicted(Answered, Protocol):
    """What all files of predictions hold."""

    @property
    def cases(self) -> Mapping[str, Any]: ...
    @property
    def failures(self) -> Mapping[str, str]: ...


def summary_head(
    task: str,
    part: str | None,
    cases: Sequence[Case],
    exclude: Sequence[str],
    answers: Predicted,
    data: Dataset,
    predictions: Path,
    dataset: Path,
) -> dict[str, Any]:
    """The first entries.

    Args:
        cases: That were to be measured.
        exclude: That check kept out.
        predictions: File of the answers.
        dataset: File of the reference.
    """
    return {
        "version": 1,
        "task": task,
        "frame": written_frame(data.unit),
        "unit": data.unit,
        "dataset": data.name,
        **made_by(answers),
        "split": part or "all",
        "cases": len(cases),
        "failures": {c.id: answers.failures.get(c.id, NO_PREDICTION) for c in cases if c.id not in answers.cases},
        "excluded": sorted(set(exclude)),
        "made_from": {"predictions": sha256_of(predictions), "dataset": sha256_of(dataset)},
    }
