"""Stage: predictions of boxes + reference -> `boxes.csv` of matches, `summary.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.atomic import write_json, write_text
from pipeline.data.box_predictions import BoxPredictions, FoundBox, read_box_predictions
from pipeline.data.box_rules import usable_boxes
from pipeline.data.dataset import Box, Case, Dataset, Part, read_dataset
from pipeline.data.points_csv import csv_line
from pipeline.data.readers import read_frame
from pipeline.data.summary_head import summary_head
from pipeline.errors import DataError
from pipeline.geometry.boxes import BoxSet, iou
from pipeline.metrics.coco import coco_precision
from pipeline.metrics.detection import average_precision, matches

HALF = 0.5  # intersection over union from which an answer is right
Said = tuple[BoxSet, np.ndarray]


def evaluate_boxes(
    predictions: Path, dataset: Path, out: Path, part: Part = "test", exclude: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure boxes against the reference; one is right if it overlaps by a half a box of its class that no more
    believed one took. The same inputs give the same bytes.

    Args:
        predictions: `predictions.json` of the predict stage.
        dataset: `dataset.json` with the reference.
        out: Folder for `boxes.csv` and `summary.json`.
        part: Which part of the split.
        exclude: Ids of cases that check kept out.

    Returns:
        The content of `summary.json`. An image without answers counts with all its boxes as missed.

    Raises:
        DataError: Nothing to measure, or predictions and dataset do not belong together.
    """
    answers, data = read_box_predictions(predictions), read_dataset(dataset)
    cases = [c for c in data.part(part) if c.id not in set(exclude) and c.boxes is not None]
    if not cases or not set(answers.cases) & {c.id for c in cases}:
        raise DataError(f"{predictions}: no answers for a case of part '{part}' of {dataset}. Predict that part first.")
    if answers.unit != data.unit:
        raise DataError(f"{predictions} is in {answers.unit}, {dataset} in {data.unit}; predict again")
    frames = [read_frame(data.image_path(c)) for c in cases]
    truth = [_set(usable_boxes(c.boxes or (), f), f.dims) for c, f in zip(cases, frames, strict=True)]
    said = [_said(answers, c, f.dims) for c, f in zip(cases, frames, strict=True)]
    found = [_found(answers, c, f.dims) for c, f in zip(cases, frames, strict=True)]
    labels = sorted({*data.classes, *answers.classes})
    each = {label: _numbers(truth, said, found, [label]) for label in labels}
    overall = _numbers(truth, said, found, labels)
    overall["ap50"] = _mean([numbers["ap50"] for numbers in each.values()])
    ap = coco_precision(truth, said, labels)
    metrics = {"ap50": overall["ap50"], "ap": ap, "mean_iou": overall["mean_iou"], "accuracy": overall["recall"]}
    if answers.task == "one_object":
        metrics |= _one_object(truth, said)
    summary = {
        **summary_head(answers.task, part, cases, exclude, answers, data, predictions, dataset),
        "overall": overall,
        "classes": each,
        "metrics": metrics | {"precision": overall["precision"], "recall": overall["recall"]},
    }
    write_text(Path(out) / "boxes.csv", _table(data, cases, truth, found))
    write_json(Path(out) / "summary.json", summary)
    return summary


def _numbers(
    truth: Sequence[BoxSet], said: Sequence[Said], found: Sequence[BoxSet], labels: Sequence[str]
) -> dict[str, Any]:
    """Of some classes together: how many, AP of the first, and precision, recall and overlap of what is an answer."""
    curve = [matches(t, s, b, label) for t, (s, b) in zip(truth, said, strict=True) for label in labels]
    belief, right = (np.concatenate([m[n] for m in curve]) for n in (0, 1))
    count = sum(m[2] for m in curve)
    called = [
        matches(t, f, np.ones(len(f.labels)), label) for t, f in zip(truth, found, strict=True) for label in labels
    ]
    hits, answers = sum(int(m[1].sum()) for m in called), sum(len(m[1]) for m in called)
    overlaps = [_overlap(t, f, label) for t, f in zip(truth, found, strict=True) for label in labels]
    best = np.concatenate(overlaps) if overlaps else np.zeros(0)
    return {
        "boxes": count,
        "answers": answers,
        "ap50": average_precision(belief, right, count),
        "precision": hits / answers if answers else None,
        "recall": hits / count if count else None,
        "mean_iou": float(best[best >= HALF].mean()) if (best >= HALF).any() else None,
    }


def _one_object(truth: Sequence[BoxSet], said: Sequence[Said]) -> dict[str, float | None]:
    """Share of the images whose class, or that there is nothing, is right; mean overlap where there is a thing."""
    right, overlaps = [], []
    for there, (box, belief) in zip(truth, said, strict=True):
        called = len(box.labels) > 0 and bool(belief[0] >= HALF)
        right.append(called == bool(there.labels) and (not there.labels or box.labels[:1] == there.labels))
        if there.labels:
            overlaps.append(float(iou(there.low, there.high, box.low[:1], box.high[:1]).sum()))
    return {"accuracy": float(np.mean(right)), "mean_iou": float(np.mean(overlaps)) if overlaps else None}


def _overlap(truth: BoxSet, found: BoxSet, label: str) -> np.ndarray:
    """Of each box of the reference, by how much the best answer of its class overlaps it."""
    there, mine = ([n for n, name in enumerate(s.labels) if name == label] for s in (truth, found))
    if not there or not mine:
        return np.zeros(len(there))
    return iou(truth.low[there], truth.high[there], found.low[mine], found.high[mine]).max(1)


def _set(boxes: Sequence[Box], dims: int) -> BoxSet:
    ends = (np.array([getattr(b, end) for b in boxes], float).reshape(-1, dims) for end in ("low", "high"))
    return BoxSet(tuple(b.label for b in boxes), *ends)


def _said(answers: BoxPredictions, case: Case, dims: int) -> Said:
    boxes: tuple[FoundBox, ...] = answers.cases.get(case.id, ())
    return _set([b.box for b in boxes], dims), np.array([b.belief for b in boxes])


def _found(answers: BoxPredictions, case: Case, dims: int) -> BoxSet:
    return _set([b.box for b in answers.cases.get(case.id, ()) if b.found], dims)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _table(data: Dataset, cases: Sequence[Case], truth: Sequence[BoxSet], found: Sequence[BoxSet]) -> str:
    """One line an image: how many boxes there are, were answered, and are right."""
    lines = [csv_line(("case", "subject", "boxes", "answers", "right"))]
    for case, there, said in zip(cases, truth, found, strict=True):
        right = sum(int(matches(there, said, np.ones(len(said.labels)), n)[1].sum()) for n in sorted(set(said.labels)))
        lines.append(csv_line((case.id, case.subject, len(there.labels), len(said.labels), right)))
    return "\n".join(lines) + "\n"
