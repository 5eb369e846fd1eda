"""Stage: predictions of boxes + reference -> `boxes_errors.csv` of matches, `summary.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.box_predictions import read_box_predictions
from pipeline.data.box_rules import readable_frames
from pipeline.data.dataset import Part, read_dataset
from pipeline.data.errors_csv import boxes_errors_csv
from pipeline.data.measured import write_measured
from pipeline.data.shared_names import require_shared
from pipeline.data.summary_head import summary_head
from pipeline.errors import DataError
from pipeline.geometry.boxes import BoxSet, iou
from pipeline.metrics.box_numbers import Compared, compare_boxes, numbers_of_boxes
from pipeline.metrics.coco import coco_precision


def evaluate_boxes(
    predictions: Path, dataset: Path, out: Path, part: Part = "test", exclude: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure boxes against the reference; one is right if it overlaps by a half a box of its class that no more
    believed one took. The same inputs give the same bytes.

    Args:
        predictions: `predictions.json` of the predict stage.
        dataset: `dataset.json` with the reference.
        out: Folder for `boxes_errors.csv` and `summary.json`.
        part: Which part of the split.
        exclude: Ids of cases that check kept out.

    Returns:
        The content of `summary.json`. An image without answers counts with all its boxes as missed, also where it can
        no longer be read.

    Raises:
        DataError: Nothing to measure, or predictions and dataset do not belong together.
    """
    answers, data = read_box_predictions(predictions), read_dataset(dataset)
    cases = [c for c in data.part(part) if c.id not in set(exclude) and c.boxes is not None]
    if not {c.id for c in cases} & (answers.cases.keys() | answers.failures.keys()):
        raise DataError(f"{predictions}: no answers for a case of part '{part}' of {dataset}. Predict that part first.")
    if answers.unit != data.unit:
        raise DataError(f"{predictions} is in {answers.unit}, {dataset} in {data.unit}; predict again")
    require_shared({*answers.classes}, {*data.classes}, "class", f"{predictions}, {dataset}")
    frames = readable_frames(data, cases)
    boxes = compare_boxes(cases, frames, answers.cases, f"{predictions}, {dataset}")
    labels = sorted({*data.classes, *answers.classes})
    each, overall = numbers_of_boxes(boxes, labels)
    ap = coco_precision(boxes.truth, boxes.said, labels)
    metrics = {"ap50": overall["ap50"], "ap": ap, "mean_iou": overall["mean_iou"]}
    if answers.task == "one_object":
        metrics |= _one_object(boxes, [case.id in answers.cases for case in cases])
    summary = {
        **summary_head(answers.task, part, cases, exclude, answers, data, predictions, dataset),
        "overall": overall,
        "classes": each,
        "metrics": metrics | {"precision": overall["precision"], "recall": overall["recall"]},
    }
    return write_measured(Path(out), summary, {"boxes_errors.csv": boxes_errors_csv(cases, boxes.counts())})


def _one_object(boxes: Compared, answered: Sequence[bool]) -> dict[str, float | None]:
    """Share of the images whose class, or that there is nothing, is right; mean overlap where there is a thing.

    The answer of an image is the most believed box that is one. Where none is, the most believed of the others tells
    where a thing would have been, so that place and belief are measured apart.

    Args:
        answered: Whether anything was said of each; of one that failed, nobody said that there is nothing.
    """
    right, overlaps = [], []
    for there, said, found, told in zip(boxes.truth, boxes.said, boxes.found, answered, strict=True):
        called = _surest(*found)
        right.append(told and called.labels == there.labels)
        if there.labels:
            box = called if called.labels else _surest(*said)
            overlaps.append(float(iou(there.low, there.high, box.low, box.high).sum()))
    return {"accuracy": float(np.mean(right)), "mean_iou": float(np.mean(overlaps)) if overlaps else None}


def _surest(boxes: BoxSet, belief: np.ndarray) -> BoxSet:
    """The most believed box, of equals the first; none where there is none."""
    best = np.argsort(-belief, kind="stable")[:1]
    return BoxSet(tuple(boxes.labels[n] for n in best), boxes.low[best], boxes.high[best])
