"""Stage: predictions of values + reference -> `values_errors.csv`, `summary.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.data.columns import require_same_kinds
from pipeline.data.csv_rows import some
from pipeline.data.dataset import Dataset, Part, read_dataset
from pipeline.data.errors_csv import values_errors_csv
from pipeline.data.measured import write_measured
from pipeline.data.shared_names import require_shared_words
from pipeline.data.summary_head import summary_head
from pipeline.data.value_predictions import ValuePredictions, read_value_predictions
from pipeline.errors import DataError
from pipeline.metrics.value_numbers import flat, numbers_of_all


def evaluate_values(
    predictions: Path, dataset: Path, out: Path, part: Part = "test", exclude: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure values against the reference. The same inputs give the same bytes.

    Args:
        predictions: `predictions.json` of the predict stage.
        dataset: `dataset.json` with the reference.
        out: Folder for `values_errors.csv` and `summary.json`.
        part: Which part of the split.
        exclude: Ids of cases that check kept out.

    Returns:
        The content of `summary.json`; under "values" the numbers of each, and of what is always answered without
        looking: the median of the training cases, or their commonest class. An image without answers counts as wrong
        in a class and as missed in labels; numbers are measured over the others.

    Raises:
        DataError: Nothing to measure, or predictions and dataset do not belong together.
    """
    data = read_dataset(dataset)
    answers = read_value_predictions(predictions, (*data.inputs, *data.outputs))
    kept = data.with_cases(tuple(c for c in data.cases if c.id not in set(exclude)))
    cases = kept.part(part)
    if not {c.id for c in cases} & (answers.cases.keys() | answers.failures.keys()):
        raise DataError(f"{predictions}: no answers for a case of part '{part}' of {dataset}. Predict that part first.")
    _require_alike(answers, kept, f"{predictions}, {dataset}")
    truth, blind = ([c.values for c in of_part] for of_part in (cases, kept.part("train")))
    each = numbers_of_all(answers.columns, truth, [answers.cases.get(c.id) for c in cases], blind)
    summary = {
        **summary_head(answers.task, part, cases, exclude, answers, data, predictions, dataset),
        "values": each,
        "metrics": flat(each),
    }
    table = values_errors_csv(cases, answers.columns, answers.cases)
    return write_measured(Path(out), summary, {"values_errors.csv": table})


def _require_alike(answers: ValuePredictions, data: Dataset, where: str) -> None:
    """Some columns of the answers are in the data set, too, of the same kinds, and their words are called alike."""
    known = (*data.inputs, *data.outputs)
    require_same_kinds(answers.columns, known, where)
    said, there = [c.name for c in answers.columns], [c.name for c in known]
    if not set(said) & set(there):
        raise DataError(f"{where}: no column in common: the one has {some(said)}, the other {some(there) or 'none'}")
    require_shared_words(answers.columns, answers.cases.values(), [c.values for c in data.cases], where)
