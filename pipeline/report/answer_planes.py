"""The answers in a scan, for people to look at: planes along the scan's own axes through each. No guess is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pipeline.data.atomic import write_bytes
from pipeline.data.file_names import file_stem
from pipeline.data.frames import written_frame
from pipeline.data.image import Image
from pipeline.data.predictions import Answer
from pipeline.data.write_answers import how_sure
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import is_world_aligned, own_axes
from pipeline.report.figure import figure, label, png_bytes
from pipeline.report.planes import PREDICTED, Plane, half_width, mark, planes, show, window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Marker

LONGEST = 80  # signs of a name, all of which fit beside each other
MOST = 12  # landmarks with planes, and without: nobody looks through a picture of 600
EDGE, LINE, GAP = 3.0, 0.22, 0.08  # inches: a plane, a line of words, what lies between
WIDE = 3 * EDGE + 4 * GAP
TILT = 0.02  # sine of the angle from which on axes are called oblique, about a degree
CROSS, CIRCLE = "Cross: the answer lies between its arms.", " Circle: the landmark lies within it in 95% of cases."
AXES = "R right, L left, A front, P back, I foot, S head of the patient. Planes run along the axes of the scan."


@dataclass(frozen=True, eq=False)
class Row:
    """A landmark: what is said of it, and planes through its answer, none where it was not found; `half` as there."""

    name: str
    said: str
    cuts: tuple[Plane, ...] = ()
    half: float = 0.0
    radius: float | None = None


def cut_answers(out: Path, case: str, image: Image, answers: Mapping[str, Answer]) -> Callable[[], None]:
    """Cut planes through the answers; what is returned draws them into `ID.png`, and holds them alone, not the scan.

    Args:
        out: Folder.
        case: Id.
        image: That was answered.
        answers: By landmark. Of more than 12 that were found, and of more that were not, the least sure are shown.
    """
    shown = least_sure(answers)
    straight, turn = straightened(image)
    oblique = "" if is_world_aligned(image.frame, TILT) else "oblique "
    rows = [_row(name, answers[name], straight, turn, oblique) for name in shown]
    circle = CIRCLE if any(row.radius for row in rows) else ""
    head = (_fitting(case), _count(answers, len(shown)), CROSS + circle, AXES)
    return partial(_draw, out / f"{file_stem(case)}.png", head, rows, image.frame.unit)


def least_sure(answers: Mapping[str, Answer]) -> list[str]:
    """Names of up to 12 landmarks that were found and 12 that were not, of the least belief, in their order."""
    unsure = sorted(answers, key=lambda name: answers[name].belief)
    found, lost = ([n for n in unsure if answers[n].found is there][:MOST] for there in (True, False))
    return [name for name in answers if name in {*found, *lost}]


def straightened(image: Image) -> tuple[Image, Float[np.ndarray, "D D"]]:
    """The image as if its own axes were those of the world, so that planes run along them; and what turns world points
    there. No voxel is touched."""
    frame, turn = image.frame, np.linalg.inv(own_axes(image.frame))
    affine = np.eye(frame.dims + 1)
    affine[:-1, :-1] = turn
    return Image(ImageFrame(frame.shape, affine @ frame.affine, frame.unit), image.voxels), turn


def _row(name: str, answer: Answer, image: Image, turn: Float[np.ndarray, "D D"], oblique: str) -> Row:
    unit, name = image.frame.unit, _fitting(name)
    if answer.position is None:
        return Row(name, f"not found: {answer.reason or how_sure(answer, unit)}")
    half = half_width(image, answer.radius95 or 0.0)
    cuts = planes(image, turn @ np.array(answer.position), half)
    decimals = max(1, int(np.ceil(-np.log10(image.frame.spacing.min()))))  # as fine as a voxel
    at = ", ".join(f"{v:.{decimals}f}" for v in answer.position)
    low, high = window(cuts)
    said = f"{how_sure(answer, unit)}, at {at} {unit} ({written_frame(unit)}); grey values {low:.4g} to {high:.4g}"
    titled = tuple(replace(plane, title=plane.title and oblique + plane.title) for plane in cuts)
    return Row(name, said, titled, half, answer.radius95)


def _fitting(name: str) -> str:
    """In one line, no longer than the picture is wide."""
    return label(" ".join(name.split()), LONGEST)


def _count(answers: Mapping[str, Answer], shown: int) -> str:
    found = sum(a.found for a in answers.values())
    more = f" {len(answers) - shown} are not shown: these are the least sure." if shown < len(answers) else ""
    return f"{found} of {len(answers)} landmarks found.{more}"


def _draw(path: Path, head: Sequence[str], rows: Sequence[Row], unit: str) -> None:
    tall = sum(2 * (GAP + LINE) + (LINE + EDGE) * bool(row.cuts) for row in rows) + LINE * len(head) + 2 * GAP
    with figure(WIDE, tall) as made:
        made.set_layout_engine("none")  # every place is given
        made.set_facecolor("black")
        top = _words(made, head, tall - GAP)
        for row in rows:
            top = _words(made, (row.name, row.said), top - 2 * GAP)
            top = _panels(made, row, top, unit) if row.cuts else top
        write_bytes(path, png_bytes(made))


def _words(made: Figure, lines: Iterable[str], top: float) -> float:
    """Lines of words, the first in bold; returns where they end."""
    for number, line in enumerate(lines):
        weight = "normal" if number else "bold"
        made.text(GAP / WIDE, top / made.get_figheight(), line, color="white", fontsize=9, weight=weight, va="top")
        top -= LINE
    return top


def _panels(made: Figure, row: Row, top: float, unit: str) -> float:
    """Planes beside each other below their titles; returns where they end."""
    grey, tall, bottom = window(row.cuts), made.get_figheight(), top - LINE - EDGE
    for number, plane in enumerate(row.cuts):
        left = GAP + number * (EDGE + GAP)
        axes = made.add_axes((left / WIDE, bottom / tall, EDGE / WIDE, EDGE / tall))
        show(axes, plane, row.half, grey, unit)
        middle = (0.0, sum(grey) / 2)[len(plane.axes) == 1]  # on a line, the mark stands at half height
        mark(axes, (0.0, middle), PREDICTED, marker=_cross(), markersize=27)
        if row.radius and len(plane.axes) > 1:
            _circle(axes, row.radius)
    return bottom


def _cross() -> Marker:
    """Open in the middle, where the landmark is to be seen."""
    from matplotlib.path import Path as Marker

    arms = [(-1, 0), (-0.55, 0), (0.55, 0), (1, 0), (0, -1), (0, -0.55), (0, 0.55), (0, 1)]
    return Marker(arms, [Marker.MOVETO, Marker.LINETO] * 4)


def _circle(axes: Axes, radius: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 181)
    for ink, width in (("black", 1.8), (PREDICTED, 0.9)):
        axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=ink, linewidth=width)
