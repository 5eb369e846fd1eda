"""Boxes in a scan, for people to look at: planes through the middle of one, with all boxes that they cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pipeline.data.box_predictions import FoundBox
from pipeline.data.dataset import Box
from pipeline.data.image import Image
from pipeline.data.write_picture import COLOURS, WHITE
from pipeline.report.figure import label
from pipeline.report.planes import Plane, beside, half_width, planes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST = 20  # signs of what is said of a box: the planes are small


@dataclass(frozen=True)
class Outline:
    """A box with what is said of it; `answered` stands at its top, the reference at its bottom, so that both are seen
    where they lie in one place."""

    box: Box
    word: str
    ink: tuple[float, ...]
    answered: bool


def draw_box_planes(
    image: Image, reference: Sequence[Box], answers: Sequence[FoundBox], classes: Sequence[str]
) -> str | None:
    """PNG (a data address) in the colours of `draw_boxes`: white the reference, in that of its class each answer, with
    its belief.

    Args:
        image: The scan.
        reference: World unit; the planes run through the middle of the first.
        answers: World unit; the planes run through the first of them where there is no reference.
        classes: Their order chooses the colours.

    Returns:
        None where there is no box.
    """
    outlines = [Outline(box, box.label, _shares(WHITE), answered=False) for box in reference]
    for found in answers:
        ink = COLOURS[classes.index(found.box.label) % len(COLOURS)]
        outlines.append(Outline(found.box, f"{found.box.label} {found.belief:.2f}", _shares(ink), answered=True))
    if not outlines:
        return None
    first = outlines[0].box
    centre = _middle(first)
    half = half_width(image, _reach(centre, [first, *_nearest(first, answers)]))
    return beside(planes(image, centre, half), half, image.frame.unit, partial(_draw, outlines=outlines, centre=centre))


def _shares(colour: Sequence[int]) -> tuple[float, ...]:
    """As matplotlib has colours: from 0 to 1."""
    return tuple(value / 255 for value in colour)


def _middle(box: Box) -> Float[np.ndarray, " D"]:
    return (np.array(box.low) + np.array(box.high)) / 2


def _nearest(box: Box, answers: Sequence[FoundBox]) -> list[Box]:
    """The answer of its class that lies nearest, if any."""
    same = [found.box for found in answers if found.box.label == box.label]
    return sorted(same, key=lambda other: float(np.linalg.norm(_middle(other) - _middle(box))))[:1]


def _reach(centre: Float[np.ndarray, " D"], boxes: Sequence[Box]) -> float:
    """How far the faces of the boxes lie from the centre, along the axes."""
    return max(float(np.abs(np.array(end) - centre).max()) for box in boxes for end in (box.low, box.high))


def _draw(axes: Axes, plane: Plane, outlines: Sequence[Outline], centre: Float[np.ndarray, " D"]) -> None:
    across = [axis for axis in range(len(centre)) if axis not in plane.axes]
    for outline in outlines:
        low, high = np.array(outline.box.low) - centre, np.array(outline.box.high) - centre
        if (low[across] <= 0).all() and (high[across] >= 0).all():  # the plane cuts it
            _rectangle(axes, outline, low[list(plane.axes)].tolist(), high[list(plane.axes)].tolist())


def _rectangle(axes: Axes, outline: Outline, low: Sequence[float], high: Sequence[float]) -> None:
    """Twice, as marks: dark and wide below. On a line, which has no second axis, as high as the figure."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    ends = (low[1], high[1]) if len(low) > 1 else axes.get_ylim()
    for ink, width in (("black", 3.6), (outline.ink, 1.8)):
        size = (high[0] - low[0], ends[1] - ends[0])
        axes.add_patch(Rectangle((low[0], ends[0]), *size, fill=False, edgecolor=ink, linewidth=width))
    upper, answered = 0 if axes.yaxis.get_inverted() else 1, outline.answered
    at = (low[0], ends[upper if answered else 1 - upper])
    axes.annotate(
        label(outline.word, LONGEST),
        at,
        (3, -2 if answered else 2),
        textcoords="offset points",
        color=outline.ink,
        fontsize=8,
        clip_on=True,
        va="top" if answered else "bottom",
        path_effects=[withStroke(linewidth=2, foreground="black")],
    )
