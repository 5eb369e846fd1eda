"""What the pages of boxes, values and identities have alike: the files of a run, and the frame around its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.data.atomic import SEAL, read_json, read_sealed, sha256_of
from pipeline.data.dataset import Dataset, Part, read_dataset
from pipeline.data.measured import edited_table
from pipeline.errors import DataError
from pipeline.report.curves import training_curve
from pipeline.report.facts import budget_given, levels, parts
from pipeline.report.page import Listing, Page
from pipeline.report.run_files import details, findings, read_rows


@dataclass(frozen=True)
class Measured:
    """A run that was measured: its folder and that of the answers to a part, data set, content of `summary.json`, and
    the lines of its history."""

    run: Path
    answers: Path
    data: Dataset
    summary: dict[str, Any]
    history: list[dict[str, str]]


def measured_run(run: Path, part: Part) -> Measured:
    """Read it.

    Raises:
        DataError: It was not measured, or one of its files is damaged.
    """
    answers = run / part
    if not (answers / "summary.json").is_file():
        make = f"Make it with `{measure(run, part)}`."
        raise DataError(f"{run}: nothing to report: it has no {part}/summary.json. {make}")
    summary = read_summary(answers / "summary.json")
    require_measured(summary, answers / "predictions.json", run / "dataset.json")
    return Measured(run, answers, read_dataset(run / "dataset.json"), summary, read_rows(run / "history.csv"))


def read_summary(path: Path) -> dict[str, Any]:
    """The numbers as `evaluate` wrote them; early files have no seal.

    Raises:
        DataError: It is not what was written.
    """
    content = read_json(path)
    if isinstance(content, dict) and SEAL not in content:
        return content
    try:
        return read_sealed(path)
    except DataError as error:
        raise DataError(f"{error}. Run `patchvote evaluate` again.") from error


def require_measured(summary: Mapping[str, Any], predictions: Path, dataset: Path) -> None:
    """Numbers must be of the answers and the reference that are shown beside them, and the tables those of the numbers.

    Raises:
        DataError: One of the files was made anew after it was measured, or a table is not as it was written.
    """
    made_from = summary.get("made_from") or {}
    again = f"Run `{measure(dataset.parent, predictions.parent.name)}` again."
    for name, path in (("predictions", predictions), ("dataset", dataset)):
        if path.is_file() and made_from.get(name, "") != sha256_of(path):
            raise DataError(f"{path}: not the one that summary.json was measured on. {again}")
    if table := edited_table(predictions.parent, summary):
        raise DataError(f"{table}: not as evaluate wrote it: edited or damaged since. {again}")


def measure(run: Path, part: str) -> str:
    """The command that measures a part of the split."""
    return f"patchvote evaluate run={run}{'' if part == 'test' else f' evaluate.part={part}'}"


def page_file(run: Path, part: Part, out: Path | None) -> Path:
    """Where the page goes: `out`, or `report.html` of the run; that of another part than test lies in its folder."""
    return out or (run if part == "test" else run / part) / "report.html"


def page_of(found: Measured, title: str, facts: tuple[tuple[str, str], ...], error: str, **more: Any) -> Page:
    """The page of a run.

    Args:
        title: Heading.
        facts: What is to be said of the data beside their name and number.
        error: What the curve of the validation error shows.
        more: The rest of the page.
    """
    data, failed = found.data, found.summary["failures"]
    path = found.run / "model" / "model.json"
    model = read_json(path) if path.is_file() else None
    first = (
        ("run", found.run.resolve().name),
        ("data set", data.name),
        ("cases", parts(c.split for c in data.cases)),
    )
    last = (
        (f"voxel sizes, {data.unit}", levels(model)),
        ("training", budget_given(model)),
    )
    return Page(
        title=title,
        facts=(*first, *facts, *last),
        summary=None,
        training_curve=training_curve(found.history, error),
        findings=findings(found.run),
        failures=Listing(("case", "why"), tuple(failed.items()), "" if failed else "Every case was answered."),
        details=details(found.run, found.answers.name),
        part=found.answers.name,
        **more,
    )
