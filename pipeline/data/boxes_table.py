"""Boxes of many pictures from one file or many, in px of the picture: 0 at the centre of the top left pixel.

Most formats count from the edge of that pixel instead; each reader turns its own half pixel here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.data.dataset import Box
from pipeline.data.frames import coordinate
from pipeline.errors import DataError

EDGE = 0.5  # from the edge of the first pixel to its centre


@dataclass
class BoxesTable:
    """`cases[name]` by the file or id of a picture; `problems[name]` are messages about boxes that cannot be used."""

    cases: dict[str, list[Box]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def add(self, case: str, label: str, numbers: list[Any], where: str) -> None:
        """Note a box by its low and high edges, counted from the edge of the first pixel.

        Args:
            numbers: All low coordinates, then all high ones.
        """
        boxes = self.cases.setdefault(case, [])
        try:
            ends = [coordinate(v, where) - EDGE for v in numbers]
            if not label:
                raise DataError(f"{where}: a box without a class.")
            half = len(ends) // 2
            boxes.append(Box(label, tuple(ends[:half]), tuple(ends[half:])))
        except DataError as error:
            self.problems.setdefault(case, []).append(str(error))


def edges_of(box: Box) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Low and high counted from the edge of the first pixel, as files have them."""
    return tuple(v + EDGE for v in box.low), tuple(v + EDGE for v in box.high)
