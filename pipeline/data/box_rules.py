"""Boxes that cannot be what was meant: without area, or beyond the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.data.dataset import Box, Dataset
from pipeline.data.findings import Finding
from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import cut_at_edges, edges_of

BEYOND = 1.0  # voxels by which a box may reach out of its picture without a word: tools round


def check_boxes(dataset: Dataset, frames: Mapping[str, ImageFrame]) -> list[Finding]:
    """A warning a case; what it speaks of is not trained on and not counted (`usable_boxes`)."""
    findings = []
    for case in dataset.cases:
        if case.id not in frames or not case.boxes:
            continue
        ends = _ends(case.boxes, frames[case.id])
        for rule, wrong, text, advice in (
            ("empty-box", _empty(*ends), "without area", "Draw it again or remove it; it is left out."),
            ("box-outside", _outside(*ends), "outside the picture", "Correct or remove it; it is left out."),
            ("box-twice", _twice(case.boxes), "drawn twice", "Remove one; both count as one."),
            ("box-beyond", _beyond(*ends), "reaching beyond the picture", "It is cut at the edge of the picture."),
        ):
            if wrong.any():
                labels = sorted({case.boxes[n].label for n in np.flatnonzero(wrong)})
                message = f"{int(wrong.sum())} of {len(case.boxes)} boxes {text} ({', '.join(labels)})."
                findings.append(Finding(rule, "warning", case.id, message, advice))
    return findings


def usable_boxes(boxes: Sequence[Box], frame: ImageFrame) -> tuple[Box, ...]:
    """The boxes that have an area in the picture, cut at its edges, each once.

    Args:
        frame: World-aligned.
    """
    if not boxes:
        return ()
    low, high, kept = cut_at_edges(*_drawn(boxes), frame)
    ends = zip(boxes, low.tolist(), high.tolist(), kept, strict=True)
    return tuple(dict.fromkeys(Box(box.label, tuple(a), tuple(b)) for box, a, b, there in ends if there))


def _twice(boxes: Sequence[Box]) -> np.ndarray:
    return np.array([box in boxes[:n] for n, box in enumerate(boxes)])


Ends = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _ends(boxes: Sequence[Box], frame: ImageFrame) -> Ends:
    return *_drawn(boxes), *edges_of(frame)


def _drawn(boxes: Sequence[Box]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([b.low for b in boxes], float), np.array([b.high for b in boxes], float)


def _empty(low: np.ndarray, high: np.ndarray, *_: np.ndarray) -> np.ndarray:
    return np.asarray((high <= low).any(1))


def _outside(low: np.ndarray, high: np.ndarray, edge_low: np.ndarray, edge_high: np.ndarray) -> np.ndarray:
    return ((high <= edge_low) | (low >= edge_high)).any(1) & ~_empty(low, high)


def _beyond(low: np.ndarray, high: np.ndarray, edge_low: np.ndarray, edge_high: np.ndarray) -> np.ndarray:
    over = (low < edge_low - BEYOND) | (high > edge_high + BEYOND)
    return over.any(1) & ~_outside(low, high, edge_low, edge_high) & ~_empty(low, high)
