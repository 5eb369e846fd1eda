"""Boxes around landmarks: of a structure that is annotated by points, such as the valve and the ostia of the root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.data.dataset import Box, Case, Dataset
from pipeline.data.landmark_names import require_landmarks
from pipeline.errors import ConfigError


def with_boxes_around(
    dataset: Dataset, around: Mapping[str, Sequence[str]], margin: float, beside: bool = False
) -> Dataset:
    """The same cases with boxes in the place of landmarks.

    Args:
        dataset: With landmarks.
        around: Class of a box, and the landmarks that it holds; a case in which one of them is absent has no such box.
            Where one is not annotated, nobody knows the boxes of the case.
        margin: Added on every side, mm or px.
        beside: The landmarks stay, too.

    Raises:
        ConfigError: A class names no landmark, or one that there is not.
    """
    empty = [label for label, names in around.items() if not names]
    if empty:
        raise ConfigError(f"data.boxes_around.{empty[0]}=[]: name the landmarks that the box holds.")
    require_landmarks("data.boxes_around", [name for names in around.values() for name in names], dataset.landmarks)
    cases = tuple(replace(c, boxes=_boxes(c, around, margin)) for c in dataset.cases)
    if not beside:
        cases = tuple(replace(c, landmarks={}, observers={}) for c in cases)
    return replace(dataset, landmarks=dataset.landmarks if beside else (), cases=cases)


def _boxes(case: Case, around: Mapping[str, Sequence[str]], margin: float) -> tuple[Box, ...] | None:
    boxes = []
    for label, names in around.items():
        said = [case.landmarks[name] for name in names if name in case.landmarks]
        points = [position for position in said if position is not None]
        if len(points) < len(said):
            continue
        if len(said) < len(names):
            return None
        low, high = np.min(points, axis=0) - margin, np.max(points, axis=0) + margin
        boxes.append(Box(label, tuple(low.tolist()), tuple(high.tolist())))
    return tuple(boxes)
