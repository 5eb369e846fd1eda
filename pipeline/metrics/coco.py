"""COCO's average precision, over overlaps from 0.50 to 0.95, by its own evaluation (faster-coco-eval)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np

from pipeline.geometry.boxes import BoxSet

AXES = 2  # of a picture; COCO knows no other boxes


def coco_precision(
    truth: Sequence[BoxSet],
    said: Sequence[tuple[BoxSet, np.ndarray]],
    labels: Sequence[str],
    at_half: bool = False,
) -> float | None:
    """AP of COCO; None without the extra `[detect]`, for boxes of other than two axes, or where there is nothing.

    Args:
        truth: Boxes of each image.
        said: Answers of each image, and their belief.
        labels: All classes.
        at_half: Precision at an overlap of 0.50 alone.
    """
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError:
        return None
    if not any(len(t.labels) for t in truth) or any(t.low.shape[1] != AXES for t in truth):
        return None
    images = [{"id": n} for n in range(1, len(truth) + 1)]
    categories = [{"id": n, "name": label} for n, label in enumerate(labels, 1)]
    annotations = [a for n, boxes in enumerate(truth, 1) for a in _rows(n, boxes, labels)]
    for number, annotation in enumerate(annotations, 1):
        annotation |= {"id": number, "iscrowd": 0}
    answers = [
        row | {"score": float(p)}
        for n, (boxes, belief) in enumerate(said, 1)
        for row, p in zip(_rows(n, boxes, labels), belief, strict=True)
    ]
    if not answers:
        return 0.0
    with redirect_stdout(StringIO()):
        reference = COCO({"images": images, "categories": categories, "annotations": annotations})
        measured = COCOeval_faster(reference, reference.loadRes(answers), "bbox", print_function=lambda *_: None)
        measured.evaluate()
        measured.accumulate()
        measured.summarize()
    return float(measured.stats[int(at_half)])


def _rows(image: int, boxes: BoxSet, labels: Sequence[str]) -> list[dict[str, Any]]:
    edges = boxes.high - boxes.low
    return [
        {
            "image_id": image,
            "category_id": labels.index(label) + 1,
            "bbox": [*low.tolist(), *edge.tolist()],
            "area": float(edge.prod()),
        }
        for label, low, edge in zip(boxes.labels, boxes.low, edges, strict=True)
    ]
