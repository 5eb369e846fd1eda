"""Numbers of boxes against the reference: how many there are, were answered and are right, of each class and of all.

An answer is right if it overlaps by a half a box of its class that no more believed answer took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from pipeline.data.box_predictions import FoundBox
from pipeline.data.box_rules import usable_boxes
from pipeline.data.dataset import Box, Case
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import BoxSet, cut_at_edges
from pipeline.metrics.detection import average_precision, matches, overlaps

Said = tuple[BoxSet, np.ndarray]


@dataclass(frozen=True, eq=False)
class Compared:
    """Boxes of some cases, case by case.

    Args:
        truth: Reference, cut at the edges of the image.
        said: All that was answered, cut alike, and its belief.
        found: What of that is an answer, and its belief.
    """

    truth: tuple[BoxSet, ...]
    said: tuple[Said, ...]
    found: tuple[Said, ...]

    def counts(self) -> list[tuple[int, int, int]]:
        """Of each case: how many boxes there are, were answered, and are right."""
        counted = []
        for there, (said, belief) in zip(self.truth, self.found, strict=True):
            right = sum(int(matches(there, said, belief, label)[1].sum()) for label in sorted(set(said.labels)))
            counted.append((len(there.labels), len(said.labels), right))
        return counted


def compare_boxes(
    cases: Sequence[Case], frames: Sequence[ImageFrame | None], answers: Mapping[str, Sequence[FoundBox]], where: str
) -> Compared:
    """Reference and answers of cases side by side; a case without answers has none.

    Args:
        frames: Of the cases' images; None of one that cannot be read, whose boxes are not cut.
        answers: By id.
        where: Both files.

    Raises:
        DataError: A box of the reference, or of the answers, has more or fewer axes than the images.
    """
    truth, said, found = [], [], []
    dims = _dims(cases, frames, answers)
    for case, frame in zip(cases, frames, strict=True):
        mine = answers.get(case.id, ())
        _require_axes(case.boxes or (), dims, f"{where}: case '{case.id}': a box of the reference")
        _require_axes([b.box for b in mine], dims, f"{where}: case '{case.id}': a box of the answers")
        truth.append(_set(usable_boxes(case.boxes or (), frame), dims))
        said.append(_said(mine, dims, frame))
        found.append(_said([b for b in mine if b.found], dims, frame))
    return Compared(tuple(truth), tuple(said), tuple(found))


def _dims(cases: Sequence[Case], frames: Sequence[ImageFrame | None], answers: Mapping[str, Sequence[FoundBox]]) -> int:
    """Axes of an image that can be read, or else of a box; where there is neither, any number does."""
    drawn = (box for case in cases for box in case.boxes or ())
    said = (found.box for boxes in answers.values() for found in boxes)
    return next(chain((f.dims for f in frames if f is not None), (len(box.low) for box in chain(drawn, said))), 1)


def _require_axes(boxes: Sequence[Box], dims: int, what: str) -> None:
    for box in boxes:
        if len(box.low) != dims:
            raise DataError(f"{what} from {list(box.low)} to {list(box.high)}; {dims} numbers each are needed.")


def numbers_of_boxes(boxes: Compared, labels: Sequence[str]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Of each class, and of all together; `ap50` of all is the mean over the classes."""
    each = {label: _numbers(boxes, [label]) for label in labels}
    overall = _numbers(boxes, labels)
    known = [numbers["ap50"] for numbers in each.values() if numbers["ap50"] is not None]
    overall["ap50"] = float(np.mean(known)) if known else None
    return each, overall


def _numbers(boxes: Compared, labels: Sequence[str]) -> dict[str, Any]:
    """Of some classes together: how many, AP of the first, and precision, recall and overlap of what is an answer."""
    curve = [matches(t, s, b, label) for t, (s, b) in zip(boxes.truth, boxes.said, strict=True) for label in labels]
    belief, right = (np.concatenate([m[n] for m in curve]) for n in (0, 1))
    count, pairs = sum(m[2] for m in curve), list(zip(boxes.truth, boxes.found, strict=True))
    called = [overlaps(t, *f, label)[1] for t, f in pairs for label in labels]
    shared = np.concatenate([np.zeros(0), *called])
    hits, answers = int((shared > 0).sum()), len(shared)
    return {
        "boxes": count,
        "answers": answers,
        "ap50": average_precision(belief, right, count),
        "precision": hits / answers if answers else None,
        "recall": hits / count if count else None,
        "mean_iou": float(shared[shared > 0].mean()) if hits else None,
    }


def _set(boxes: Sequence[Box], dims: int) -> BoxSet:
    ends = (np.array([getattr(b, end) for b in boxes], float).reshape(-1, dims) for end in ("low", "high"))
    return BoxSet(tuple(b.label for b in boxes), *ends)


def _said(boxes: Sequence[FoundBox], dims: int, frame: ImageFrame | None) -> Said:
    """Answers and their belief, cut as the reference is; one without area in the image stays whole, and is wrong."""
    said = _set([b.box for b in boxes], dims)
    if boxes and frame is not None:
        low, high, there = cut_at_edges(said.low, said.high, frame)
        said = BoxSet(said.labels, *(np.where(there[:, None], *ends) for ends in ((low, said.low), (high, said.high))))
    return said, np.array([b.belief for b in boxes], float)
