"""What one network says beside landmarks, measured: values of the image as a whole, and boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.data.box_rules import readable_frames
from pipeline.data.dataset import Case, Dataset
from pipeline.data.predictions import Predictions
from pipeline.data.shared_names import require_shared, require_shared_words
from pipeline.metrics.box_numbers import Compared, compare_boxes, numbers_of_boxes
from pipeline.metrics.value_numbers import numbers_of_all


def tell_unshared(answers: Predictions, data: Dataset, where: str) -> None:
    """Words and classes without one in common make zeros, which is told: the landmarks are measured all the same.

    Args:
        where: Both files.
    """
    rows, labels = [c.values for c in data.cases], {found.box.label for of in answers.boxes.values() for found in of}
    require_shared_words(answers.columns, answers.values.values(), rows, where, alone=False)
    require_shared(labels, {*data.classes}, "class", where, alone=False)


def values_beside(answers: Predictions, data: Dataset, cases: Sequence[Case]) -> dict[str, dict[str, Any]]:
    """Numbers of each value, by column.

    Args:
        data: The training cases say what is answered without looking.
    """
    said, blind = [answers.values.get(c.id) for c in cases], [c.values for c in data.part("train")]
    return numbers_of_all(answers.columns, [c.values for c in cases], said, blind)


def compared_beside(
    answers: Predictions, data: Dataset, cases: Sequence[Case], where: str
) -> tuple[list[Case], Compared]:
    """The cases whose boxes are known, and these beside the answers; one without an answer missed them all.

    Args:
        where: Both files.
    """
    known = [c for c in cases if c.boxes is not None] if answers.boxes else []
    return known, compare_boxes(known, readable_frames(data, known), answers.boxes, where)


def boxes_beside(boxes: Compared, classes: Sequence[str]) -> dict[str, Any]:
    """Numbers of the boxes under "overall" and "classes"; none where there is nothing to measure."""
    labels = sorted({*classes, *(label for said, _ in boxes.said for label in said.labels)})
    if not boxes.truth or not labels:
        return {}
    each, overall = numbers_of_boxes(boxes, labels)
    return {"overall": overall, "classes": each}


def flat_boxes(boxes: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of all boxes together, one a name."""
    names = ("ap50", "precision", "recall", "mean_iou") if boxes else ()
    return {f"boxes.{name}": boxes["overall"][name] for name in names}
