"""`predictions.json` of vectors: one an image, to be compared with others of the same model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.data.answer_fields import (
    MAKE,
    failures_of,
    fields_of,
    made_by,
    numbers_in,
    read_answered,
    require_numbers,
)
from pipeline.data.atomic import write_json
from pipeline.data.frames import written_frame
from pipeline.errors import DataError

TASK = "embedding"
OFF = 1e-3  # from length 1, by rounding: distances are reckoned as those of vectors of length 1


@dataclass(frozen=True, eq=False)
class VectorPredictions:
    """All vectors of one run of predict, of length 1.

    Args:
        model: Its name.
        cases: By id.
        threshold: Squared distance up to which two images are taken for one identity, chosen on validation.
        failures: Why a case has none.
        model_sha256: Of its model.json; None where an early version answered.
    """

    model: str
    cases: dict[str, Float[np.ndarray, " F"]]
    threshold: float
    unit: str = "px"
    failures: dict[str, str] = field(default_factory=dict)
    model_sha256: str | None = None


def write_vector_predictions(predictions: VectorPredictions, path: Path) -> None:
    """Write `predictions.json`."""
    head = {"version": 1, "task": TASK, "frame": written_frame(predictions.unit), "unit": predictions.unit}
    cases = {case: {"vector": [round(float(v), 7) for v in vector]} for case, vector in predictions.cases.items()}
    content = head | {**made_by(predictions), "threshold": predictions.threshold, "cases": cases}
    write_json(path, content | ({"failures": predictions.failures} if predictions.failures else {}))


def read_vector_predictions(path: Path) -> VectorPredictions:
    """Read `predictions.json`.

    Raises:
        DataError: The file is not one of vectors, is of another version, or has a field of another type; or a vector is
            not of length 1, or not of as many numbers as the others.
    """
    content = read_answered(path)
    try:
        if content["version"] != 1 or content["task"] != TASK:
            raise DataError(f"{path}: version {content['version']}, task {content['task']}; expected 1, {TASK}")
        require_numbers([("threshold", content["threshold"])], str(path))
        cases = {case: _vector(said, f"{path}: {case}") for case, said in content["cases"].items()}
        _require_one_length(path, cases)
        facts = (float(content["threshold"]), content["unit"], failures_of(content, path))
        return VectorPredictions(content["model"], cases, *facts, content.get("model_sha256"))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: not predictions of vectors: {error!r}. Make them with `patchvote predict`."
        ) from error


def _vector(said: Mapping[str, Any], where: str) -> Float[np.ndarray, " F"]:
    with fields_of(where):
        vector = np.array(numbers_in(said, "vector", where))
    length = float(np.linalg.norm(vector))
    if abs(length - 1) > OFF:
        raise DataError(f"{where}: vector has the length {length:.4g}; 1 is needed. {MAKE}")
    return vector


def _require_one_length(path: Path, cases: Mapping[str, Float[np.ndarray, " F"]]) -> None:
    first = next(iter(cases), None)
    for case, vector in cases.items():
        if first is not None and len(vector) != len(cases[first]):
            raise DataError(
                f"{path}: {case}: vector has {len(vector)} numbers, that of {first} {len(cases[first])}; as many are"
                f" needed. {MAKE}"
            )
