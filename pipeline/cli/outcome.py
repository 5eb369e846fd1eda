"""What a verb has to say when it is done: a line, results, and the cases that failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.box_predictions import BoxPredictions
from pipeline.data.findings import Finding, summarize
from pipeline.data.long_lists import SHOWN, cut
from pipeline.data.predictions import Predictions
from pipeline.data.value_predictions import ValuePredictions
from pipeline.data.vector_predictions import VectorPredictions
from pipeline.report.columns import counted


@dataclass(frozen=True)
class Outcome:
    """What a verb has to say.

    Args:
        note: One line about what was done.
        shown: Texts and tables, the results.
        failed: {case: why} of cases that did not come through.
        kept: Files that hold all of these; without one all are listed, however many.
    """

    note: str
    shown: tuple[Any, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    kept: tuple[Path, ...] = ()

    def told(self) -> list[str]:
        """Lines about the cases that failed, in the end the files that hold those for which the list is too long."""
        number = counted(len(self.failed), "case")
        lines = [f"  {case}: {why}" for case, why in self.failed.items()]
        if not lines:
            return []
        if self.kept and len(lines) > SHOWN:
            lines = [*cut(lines), f"All of them are listed in {', '.join(map(str, self.kept))}."]
        return [f"patchvote: {number} did not come through:", *lines]


def what_was_said(answers: Predictions | BoxPredictions | ValuePredictions | VectorPredictions) -> str:
    """How much was found, in words."""
    if isinstance(answers, ValuePredictions):
        return f"{', '.join(column.name for column in answers.columns)} answered"
    if isinstance(answers, VectorPredictions):
        return f"{counted(len(answers.cases), 'vector')}"
    if isinstance(answers, BoxPredictions):
        return f"{counted(sum(box.found for boxes in answers.cases.values() for box in boxes), 'box')} found"
    said = [answer for case in answers.cases.values() for answer in case.values()]
    return f"{sum(answer.found for answer in said)} of {len(said)} landmarks found"


def errors_of(findings: Iterable[Finding]) -> dict[str, str]:
    """{case: what is wrong with it} of the cases that are left out."""
    return {f.case: f.message for f in findings if f.severity == "error" and f.case is not None}


def table_of(findings: Iterable[Finding]) -> tuple[Any, ...]:
    """Findings as a table for the terminal; nothing if there are none."""
    rows = summarize(findings)
    return (table_from(("severity", "rule", "cases", "what was met", "what to do"), rows),) if rows else ()


def table_from(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Any:
    """A table of plain texts for the terminal."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(*map(escape, titles), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table
