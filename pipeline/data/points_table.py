"""Landmarks of many cases from one file, before anybody knows which frame they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.data.dataset import Position
from pipeline.data.frames import to_lps
from pipeline.data.observers import Readings, agreed
from pipeline.data.scan_ids import under_ids


@dataclass
class PointsTable:
    """`cases[id][landmark]` in the file's own frame: "LPS", "RAS", or None where nobody states it.

    `observers[id][who][landmark]` are single readings, where the file names who placed a point.
    `unit` is "mm" or "px" where the file says it, and `sizes[id]` the width and height of the picture.
    `problems[id]` are messages about rows that cannot be used; such a case must be left out as a whole,
    since half an annotation looks like a scan with absent landmarks.
    """

    cases: dict[str, dict[str, Position]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    frame: str | None = None
    observers: dict[str, Readings] = field(default_factory=dict)
    unit: str | None = None
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def add(self, case: str, name: str, point: Position, where: str, observer: str = "") -> None:
        """Note a point; a name twice in one case (of one observer) is a problem."""
        points = self.cases.setdefault(case, {})
        if observer:
            points = self.observers.setdefault(case, {}).setdefault(observer, {})
        if name in points:
            whose = f"'{case}', observer '{observer}'" if observer else f"'{case}'"
            self.problem(case, f"{where}: landmark '{name}' of case {whose} occurs twice. Rename or remove one.")
        points[name] = point

    def rename(self, ids: Mapping[str, str]) -> None:
        """Call cases that go by another name, such as that of a file, by their id. Points under two names of one scan
        are a problem: nobody says that they belong together."""
        self.cases, twice = under_ids(self.cases, ids)
        self.sizes = under_ids(self.sizes, ids)[0]
        self.observers = under_ids(self.observers, ids)[0]
        self.problems = under_ids(self.problems, ids)[0]
        for case, one, other in twice:
            self.problem(case, f"landmarks stand under two names of it, '{one}' and '{other}'. Use one.")

    def settle(self, where: str) -> None:
        """Put what the observers agree on into `cases`, once all rows are read. A point of nobody beside theirs is a
        problem: it is a reading like them, or an old one, or their mean."""
        for case, readings in self.observers.items():
            points = self.cases[case]
            for name in sorted(points.keys() & {name for said in readings.values() for name in said}):
                text = f"landmark '{name}' of case '{case}' has rows with an observer and one without"
                self.problem(case, f"{where}: {text}. Name who placed it, or remove that row.")
            points.update(agreed(readings)[0])

    def problem(self, case: str, message: str) -> None:
        self.problems.setdefault(case, []).append(message)

    def in_lps(self, frame: str) -> dict[str, dict[str, Position]]:
        """The same points in LPS, if they were written in `frame`."""
        return {case: _in_lps(points, frame) for case, points in self.cases.items()}

    def observers_in_lps(self, frame: str) -> dict[str, Readings]:
        """The same for the single readings."""
        return {c: {who: _in_lps(ps, frame) for who, ps in said.items()} for c, said in self.observers.items()}


def _in_lps(points: dict[str, Position], frame: str) -> dict[str, Position]:
    return {name: None if point is None else to_lps(point, frame) for name, point in points.items()}
