"""A sum of what a data set says of its cases: findings about one that said something else hold no longer."""

from __future__ import annotations

from pipeline.data.atomic import fingerprint
from pipeline.data.dataset import Dataset


def said_of(data: Dataset) -> str:
    """The sum of what is looked at in a data set; not of the split, the order of its cases, or where it lies.

    Examples:
        >>> from pathlib import Path
        >>> empty = Dataset("d", Path("here"), (), ())
        >>> said_of(empty) == said_of(Dataset("d", Path("there"), (), ()))
        True
    """
    cases = {}
    for c in data.cases:
        boxes = None if c.boxes is None else [[box.label, box.low, box.high] for box in c.boxes]
        cases[c.id] = [c.image, c.pictures, c.landmarks, boxes, c.values]
    return fingerprint(cases)
