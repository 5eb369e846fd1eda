"""Stage: predictions + reference -> `errors.csv`, `summary.json`, and tables of what stands beside landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from pipeline.data.columns import require_same_kinds
from pipeline.data.dataset import Case, Dataset, Part, read_dataset
from pipeline.data.errors_csv import boxes_errors_csv, errors_csv, values_errors_csv
from pipeline.data.measured import write_measured
from pipeline.data.observers import disagreement
from pipeline.data.predictions import Answer, Predictions, read_predictions
from pipeline.data.shared_names import unshared_landmarks
from pipeline.data.summary_head import summary_head
from pipeline.errors import DataError
from pipeline.metrics import (
    Outcomes,
    area_under_roc,
    compare,
    macro_mean,
    mean_position_error,
    normalised_errors,
    summarise,
)
from pipeline.metrics.beside_landmarks import boxes_beside, compared_beside, flat_boxes, tell_unshared, values_beside
from pipeline.metrics.between_landmarks import distances_between, require_ends
from pipeline.metrics.value_numbers import flat

METRICS = ("mean", "median", "sd", "p95", "max", "found_rate", "absent_told", "wrong_rate", "radius95_coverage")


@dataclass(frozen=True, eq=False)
class Truth:
    """Reference of C cases and K landmarks as arrays; `position` is NaN where absent or not annotated."""

    position: Float[np.ndarray, "C K D"]
    annotated: Bool[np.ndarray, "C K"]


def evaluate(
    predictions: Path,
    dataset: Path,
    out: Path,
    part: Part | None = "test",
    radii: Sequence[float] = (2, 2.5, 3, 4),
    wrong_beyond: float | None = None,
    exclude: Sequence[str] = (),
    normalise: tuple[str, str] | None = None,
    distances: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Measure every answer against the reference. The same inputs give the same bytes.

    Args:
        predictions: `predictions.json` of the predict stage.
        dataset: `dataset.json` with the reference.
        out: Folder for `errors.csv`, `summary.json`, and where there are such `values_errors.csv`, `boxes_errors.csv`.
        part: Which part of the split to measure; None: every case that the predictions speak of.
        radii: Success is counted within each of these, world unit.
        wrong_beyond: Errors above this count as a wrong neighbour.
        exclude: Ids of cases that check kept out; they are listed and not counted.
        normalise: Two landmarks; errors are given as a share of the distance between them, too.
        distances: Pairs of landmarks; the distances between the two in answers and reference are compared.

    Returns:
        The content of `summary.json`. A case of the part without answers is under "failures", and its
        present landmarks count as missed.

    Raises:
        ConfigError: `normalise` or `distances` name no landmark.
        DataError: Nothing to measure, or predictions and dataset do not belong together.
    """
    data = read_dataset(dataset)
    answers = read_predictions(predictions, (*data.inputs, *data.outputs))
    require_ends(data, normalise, distances)
    radii = sorted(radii)  # tables and colours go by the first and the last
    kept = data.with_cases(_kept(data, exclude))
    cases = _cases(answers, kept, part, predictions, dataset)
    dims, both = _dims(answers, kept, predictions, dataset), f"{predictions}, {dataset}"
    unshared = unshared_landmarks({name for said in answers.cases.values() for name in said}, {*data.landmarks}, both)
    require_same_kinds(answers.columns, (*data.inputs, *data.outputs), both)
    truth = _truth(cases, data.landmarks, dims)
    told = [[answers.cases.get(c.id, {}).get(n) for n in data.landmarks] for c in cases]
    positions = _positions(told, dims)
    outcomes = compare(truth.position, truth.annotated, positions, _mask(told))
    subjects = [c.subject for c in cases]
    numbers = summarise(outcomes, subjects, data.landmarks, radii, wrong_beyond, _radius95(told))
    _add_observers(numbers, cases, data.landmarks)
    extra = _extra(answers, data, cases, truth, outcomes, normalise)
    alike = {"macro_mean": macro_mean(numbers["landmarks"])}
    tell_unshared(answers, kept, both)
    known, compared = compared_beside(answers, kept, cases, both)
    values, boxes = values_beside(answers, kept, cases), boxes_beside(compared, data.classes)
    apart = distances_between(distances, data.landmarks, [c.id for c in cases], truth.position, positions)
    summary = {
        **summary_head("landmarks", part, cases, exclude, answers, data, predictions, dataset),
        "subjects": len(set(subjects)),
        **({"unshared": unshared} if unshared else {}),
        **numbers,
        "metrics": {name: numbers[name] for name in METRICS} | alike | extra | flat(values) | flat_boxes(boxes),
        **({"values": values} if values else {}),
        **({"boxes": boxes} if boxes else {}),
        **({"distances": apart} if apart else {}),
        **_by_folder(data, cases, truth, outcomes, normalise),
        "mean_position": _mean_position(kept, truth, outcomes, dims) if part else None,
        "settings": {"radii": [float(r) for r in radii], "wrong_beyond": wrong_beyond, "normalise": normalise},
    }
    facts = (outcomes.status, outcomes.error, truth.position, data.unit)
    tables = {"errors.csv": errors_csv(cases, data.landmarks, told, *facts)}
    if values:
        tables["values_errors.csv"] = values_errors_csv(cases, answers.columns, answers.values)
    if boxes:
        tables["boxes_errors.csv"] = boxes_errors_csv(known, compared.counts())
    return write_measured(Path(out), summary, tables)


def _add_observers(numbers: dict[str, Any], cases: Sequence[Case], names: Sequence[str]) -> None:
    """Where several people placed a landmark: the mean distance between two of them, beside the error."""
    each = {n: [d for c in cases for d in disagreement(c.observers, n)] for n in names}
    together = [d for distances in each.values() for d in distances]
    if together:
        numbers["observers"] = float(np.mean(together))
        for name, distances in each.items():
            numbers["landmarks"][name]["observers"] = float(np.mean(distances)) if distances else None


def _extra(
    answers: Predictions,
    data: Dataset,
    cases: Sequence[Case],
    truth: Truth,
    outcomes: Outcomes,
    normalise: tuple[str, str] | None,
) -> dict[str, Any]:
    """Numbers that only some questions have: normalised errors, and whether an image shows anything at all."""
    more = _normalised(data, truth, outcomes, normalise)
    rows = [r for r, case in enumerate(cases) if case.id in answers.presence]
    shown = np.isfinite(truth.position[rows]).all(2).any(1)
    told = shown | truth.annotated[rows].all(1)
    belief = np.array([answers.presence[cases[r].id] for r in rows])
    return more | ({"auc": area_under_roc(belief[told], shown[told])} if rows else {})


def _normalised(
    data: Dataset, truth: Truth, outcomes: Outcomes, normalise: tuple[str, str] | None
) -> dict[str, float | None]:
    if normalise is None:
        return {}
    one, other = (data.landmarks.index(name) for name in normalise)
    return normalised_errors(outcomes.error, truth.position, (one, other))


def _by_folder(
    data: Dataset, cases: Sequence[Case], truth: Truth, outcomes: Outcomes, normalise: tuple[str, str] | None
) -> dict[str, Any]:
    """The same for each folder that images lie in, where there are several: often they are of different kinds. Not
    where they are as many as subjects, as in BIDS: then they tell no kinds."""
    folders = np.array([Path(c.image).parent.as_posix() for c in cases])
    if not 2 <= len(set(folders)) < len({c.subject for c in cases}):
        return {}
    result = {}
    for name in sorted(set(folders)):
        mine = folders == name
        part = Outcomes(outcomes.status[mine], outcomes.error[mine])
        of_part = Truth(truth.position[mine], truth.annotated[mine])
        numbers = summarise(part, [c.subject for c, m in zip(cases, mine, strict=True) if m], data.landmarks, ())
        kept = {k: numbers[k] for k in ("mean", "median", "p95", "found_rate", "absent_told")}
        result[name] = {"cases": int(mine.sum()), **kept, **_normalised(data, of_part, part, normalise)}
    return {"folders": result}


def _kept(data: Dataset, exclude: Sequence[str]) -> tuple[Case, ...]:
    return tuple(c for c in data.cases if c.id not in set(exclude))


def _cases(answers: Predictions, data: Dataset, part: Part | None, predictions: Path, dataset: Path) -> list[Case]:
    known = answers.cases.keys() | answers.failures.keys()
    cases = [c for c in data.cases if (c.split == part if part else c.id in known)]
    if not cases:
        which = f"no case of part '{part}'" if part else f"none of the cases in {predictions}"
        raise DataError(
            f"{dataset}: {which}, so there is nothing to measure. Choose another part, or split the dataset."
        )
    if not known & {c.id for c in cases}:
        raise DataError(
            f"{predictions}: none of the {len(cases)} cases to measure is in it (they start with '{cases[0].id}', "
            f"it with {sorted(known)[:1]}). Predict the part '{part}' of {dataset} first."
        )
    return cases


def _dims(answers: Predictions, data: Dataset, predictions: Path, dataset: Path) -> int:
    """D, the same in both files, which must also speak of the same unit."""
    if answers.unit != data.unit:
        raise DataError(
            f"{predictions} is in {answers.unit}, {dataset} in {data.unit}; predict again with this dataset"
        )
    found = {len(a.position) for case in answers.cases.values() for a in case.values() if a.position is not None}
    known = {len(p) for case in data.cases for p in case.landmarks.values() if p is not None}
    if not known:
        raise DataError(f"{dataset}: no case has a landmark with a position, so there is nothing to measure")
    if len(known | found) > 1:
        raise DataError(f"positions have {sorted(found)} numbers in {predictions}, {sorted(known)} in {dataset}")
    return known.pop()


def _truth(cases: Sequence[Case], names: Sequence[str], dims: int) -> Truth:
    rows = [[c.landmarks.get(n) or (np.nan,) * dims for n in names] for c in cases]
    position = np.array(rows, np.float64).reshape(len(cases), len(names), dims)
    return Truth(position, np.array([[n in c.landmarks for n in names] for c in cases], bool))


def _positions(told: list[list[Answer | None]], dims: int) -> Float[np.ndarray, "C K D"]:
    nothing = (np.nan,) * dims
    rows = [[a.position if a and a.found and a.position else nothing for a in row] for row in told]
    return np.array(rows, np.float64).reshape(len(told), len(told[0]), dims)


def _mask(told: list[list[Answer | None]]) -> Bool[np.ndarray, "C K"]:
    return np.array([[a is not None for a in row] for row in told], bool)


def _radius95(told: list[list[Answer | None]]) -> Float[np.ndarray, "C K"]:
    rows = [[np.nan if a is None or a.radius95 is None else a.radius95 for a in row] for row in told]
    return np.array(rows, np.float64)


def _mean_position(data: Dataset, truth: Truth, outcomes: Outcomes, dims: int) -> float | None:
    """Mean error of answering the training mean, over the landmarks whose errors the mean error is of; None without
    such, or without training cases."""
    training = data.part("train")
    if not training:
        return None
    error = mean_position_error(_truth(training, data.landmarks, dims).position, truth.position)
    error = error[np.isfinite(outcomes.error)]
    return float(np.nanmean(error)) if np.isfinite(error).any() else None
