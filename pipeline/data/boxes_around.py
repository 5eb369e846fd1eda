"""Boxes around landmarks: of a structure that is annotated by points, such as the valve and the ostia of the root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.data.dataset import Box, Case, Dataset
from pipeline.errors import DataError


def with_boxes_around(
    dataset: Dataset, around: Mapping[str, Sequence[str]], margin: float, beside: bool = False
) -> Dataset:
    """The same cases with boxes in the place of landmarks.

    Args:
        dataset: With landmarks.
        around: Class of a box, and the landmarks that it holds; a case in which one of them has no position has no such
            box.
        margin: Added on every side, mm or px.
        beside: The landmarks stay, too.

    Raises:
        DataError: A class names a landmark that there is not.
    """
    unknown = [name for names in around.values() for name in names if name not in dataset.landmarks]
    if unknown:
        raise DataError(f"data.boxes_around: no landmark '{unknown[0]}'; there are {', '.join(dataset.landmarks)}")
    cases = tuple(replace(c, boxes=_boxes(c, around, margin)) for c in dataset.cases)
    if not beside:
        cases = tuple(replace(c, landmarks={}, observers={}) for c in cases)
    return replace(dataset, landmarks=dataset.landmarks if beside else (), cases=cases)


def _boxes(case: Case, around: Mapping[str, Sequence[str]], margin: float) -> tuple[Box, ...]:
    boxes = []
    for label, names in around.items():
        points = [position for name in names if (position := case.landmarks.get(name)) is not None]
        if len(points) == len(names):
            low, high = np.min(points, axis=0) - margin, np.max(points, axis=0) + margin
            boxes.append(Box(label, tuple(low.tolist()), tuple(high.tolist())))
    return tuple(boxes)
