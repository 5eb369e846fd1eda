"""Boxes that cannot be what was meant: without area, or beyond the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.data.dataset import Box, Case, Dataset
from pipeline.data.findings import Finding
from pipeline.data.readers import read_frame
from pipeline.errors import PatchvoteError
from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import cut_at_edges, edges_of

BEYOND = 1.0  # voxels by which a box may reach out of its picture without a word: tools round


def check_boxes(dataset: Dataset, frames: Mapping[str, ImageFrame]) -> list[Finding]:
    """A warning a case; what it speaks of is not trained on and not counted (`usable_boxes`). An error where boxes have
    more or fewer axes than the image."""
    findings = []
    for case in dataset.cases:
        if case.id not in frames or not case.boxes:
            continue
        if odd := [box for box in case.boxes if len(box.low) != frames[case.id].dims]:
            text = f"a box of '{odd[0].label}' from {list(odd[0].low)}; {frames[case.id].dims} numbers are needed."
            findings.append(Finding("box-coordinates", "error", case.id, text, "Correct it and import again."))
            continue
        ends = _ends(case.boxes, frames[case.id])
        for rule, wrong, text, advice in (
            ("empty-box", _empty(*ends), "without area", "Draw it again or remove it; it is left out."),
            ("box-outside", _outside(*ends), "outside the image", "Correct or remove it; it is left out."),
            ("box-twice", _twice(case.boxes), "drawn twice", "Remove one; both count as one."),
            ("box-beyond", _beyond(*ends), "reaching beyond the image", "It is cut at the edge of the image."),
        ):
            if wrong.any():
                labels = sorted({case.boxes[n].label for n in np.flatnonzero(wrong)})
                message = f"{int(wrong.sum())} of {len(case.boxes)} boxes {text} ({', '.join(labels)})."
                findings.append(Finding(rule, "warning", case.id, message, advice))
    return findings


def usable_boxes(boxes: Sequence[Box], frame: ImageFrame | None) -> tuple[Box, ...]:
    """The boxes that have an area in the picture, cut at its edges, each once.

    Args:
        frame: World-aligned; None where the picture cannot be read, and nothing is cut.
    """
    if not boxes:
        return ()
    low, high = _drawn(boxes)
    if frame is None:
        kept = ~_empty(low, high)
    else:
        low, high, kept = cut_at_edges(low, high, frame)
    ends = zip(boxes, low.tolist(), high.tolist(), kept, strict=True)
    return tuple(dict.fromkeys(Box(box.label, tuple(a), tuple(b)) for box, a, b, there in ends if there))


def readable_frames(dataset: Dataset, cases: Sequence[Case]) -> list[ImageFrame | None]:
    """Where the images of cases lie; None of one that is gone or damaged, which must not cost the others."""
    frames: list[ImageFrame | None] = []
    for case in cases:
        try:
            frames.append(read_frame(dataset.image_path(case)))
        except (PatchvoteError, OSError):
            frames.append(None)
    return frames


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
