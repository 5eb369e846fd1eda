"""Landmarks of many cases from one file, before anybody knows which frame they are in."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.data.dataset import Position
from pipeline.data.frames import to_lps


@dataclass
class PointsTable:
    """`cases[id][landmark]` in the file's own frame: "LPS", "RAS", or None where nobody states it.

    `problems[id]` are messages about rows that cannot be used; such a case must be left out as a whole,
    since half an annotation looks like a scan with absent landmarks.
    """

    cases: dict[str, dict[str, Position]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    frame: str | None = None

    def add(self, case: str, name: str, point: Position, where: str) -> None:
        """Note a point; a name twice in one case is a problem."""
        if name in self.cases.setdefault(case, {}):
            self.problem(case, f"{where}: landmark '{name}' of case '{case}' occurs twice. Rename or remove one.")
        self.cases[case][name] = point

    def problem(self, case: str, message: str) -> None:
        self.problems.setdefault(case, []).append(message)

    def in_lps(self, frame: str) -> dict[str, dict[str, Position]]:
        """The same points in LPS, if they were written in `frame`."""
        return {c: {n: None if p is None else to_lps(p, frame) for n, p in ps.items()} for c, ps in self.cases.items()}
