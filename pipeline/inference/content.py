"""The answers of one image as JSON keeps them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.data.box_predictions import FoundBox, box_content, box_of
from pipeline.data.dataset import Box
from pipeline.data.predictions import Answer
from pipeline.geometry import ImageFrame
from pipeline.tasks.boxes_found import BoxesFound

Content = dict[str, Any]


def landmarks_in(content: Content) -> dict[str, Answer]:
    """Answers by landmark."""
    return {name: Answer(**a) for name, a in content["answers"].items()}


def boxes_content(found: BoxesFound, classes: Sequence[str], least: float, frame: ImageFrame) -> list[Content]:
    """What was found, cut at the edges of the image; an answer is what is believed at least so much."""
    found = found.within(frame)
    rows = zip(found.low.tolist(), found.high.tolist(), found.belief.tolist(), found.label.tolist(), strict=True)
    return [box_content(FoundBox(Box(classes[n], tuple(a), tuple(b)), p, p >= least)) for a, b, p, n in rows]


def boxes_in(content: Content) -> tuple[FoundBox, ...]:
    """What `boxes_content` made of boxes."""
    return tuple(box_of(box) for box in content["boxes"])


def beyond_of(content: Content) -> tuple[float, ...]:
    """Where the image lies along the axes that its answers lack, as in `Image`; early answers do not say."""
    return tuple(content.get("beyond", ()))
