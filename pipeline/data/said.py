"""A sum of what a data set says of its cases: findings about one that said something else hold no longer."""

from __future__ import annotations

from typing import Any

from pipeline.data.atomic import fingerprint
from pipeline.data.dataset import Case, Dataset


def said_of(data: Dataset) -> str:
    """The sum of what is looked at in a data set; not of the order of its cases, or where it lies.

    Examples:
        >>> from pathlib import Path
        >>> empty = Dataset("d", Path("here"), (), ())
        >>> said_of(empty) == said_of(Dataset("d", Path("there"), (), ()))
        True
    """
    return fingerprint({c.id: [*_shown(c), c.subject, c.split] for c in data.cases})


def is_said_of(said: str, data: Dataset) -> bool:
    """Whether a sum is that of a data set. In early ones neither subjects nor parts of the split counted: nobody can
    say whether these are others since."""
    return said in (said_of(data), fingerprint({c.id: _shown(c) for c in data.cases}))


def _shown(case: Case) -> list[Any]:
    boxes = None if case.boxes is None else [[box.label, box.low, box.high] for box in case.boxes]
    return [case.image, case.pictures, case.landmarks, boxes, case.values]
