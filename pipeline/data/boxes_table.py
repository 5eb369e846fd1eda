"""Boxes of many pictures from one file or many, in px of the picture: 0 at the centre of the top left pixel.

Most formats count from the edge of that pixel instead; each reader turns its own half pixel here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.dataset import Box
from pipeline.data.frames import coordinate
from pipeline.data.landmark_names import spelled
from pipeline.errors import DataError

EDGE = 0.5  # from the edge of the first pixel to its centre


@dataclass
class BoxesTable:
    """`cases[name]` by the file or id of a picture; `problems[name]` are messages about boxes that cannot be used;
    `sizes[name]` are the width and height of the picture that they were drawn on, where the file says it; `files` are
    those that were read."""

    cases: dict[str, list[Box]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def add(self, case: str, label: str, numbers: list[Any], where: str) -> None:
        """Note a box by its low and high edges, counted from the edge of the first pixel.

        Args:
            label: Class; labels that look the same are one.
            numbers: All low coordinates, then all high ones.
        """
        boxes, label = self.cases.setdefault(case, []), spelled(label)
        try:
            ends = [coordinate(v, where, "remove the box") - EDGE for v in numbers]
            if not label:
                raise DataError(f"{where}: a box without a class.")
            half = len(ends) // 2
            boxes.append(Box(label, tuple(ends[:half]), tuple(ends[half:])))
        except DataError as error:
            self.problem(case, str(error))

    def problem(self, case: str, message: str) -> None:
        self.problems.setdefault(case, []).append(message)

    def rename(self, ids: Mapping[str, str]) -> None:
        """Call pictures that go by their file by their id; boxes under several names of one picture are all its own."""
        cases, problems = self.cases, self.problems
        self.cases, self.problems = {}, {}
        for name, boxes in cases.items():
            self.cases.setdefault(ids.get(name, name), []).extend(boxes)
        for name, messages in problems.items():
            self.problems.setdefault(ids.get(name, name), []).extend(messages)
        self.sizes = {ids.get(name, name): size for name, size in self.sizes.items()}


def edges_of(box: Box) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Low and high counted from the edge of the first pixel, as files have them."""
    return tuple(v + EDGE for v in box.low), tuple(v + EDGE for v in box.high)
