"""One HTML page that needs nothing but itself: no address is loaded, everything from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.report.cases import CaseErrors
from pipeline.report.columns import between, columns, counted, macro, number, percent, rows, unshared
from pipeline.report.paper import SOURCE, paper_errors

MOST_COLUMNS = 12
TEMPLATE = "page.html"
WORDS = {
    "missed": "missed",
    "false alarm": "false alarm",
    "told absent": "absent, told",
    "unanswered": "no answer",
    "ignored": "",
}


@dataclass(frozen=True)
class Picture:
    """A case's landmark in planes. `image` is a data address; None if it cannot be shown: `note` says why."""

    heading: str
    caption: str
    image: str | None
    note: str = ""


@dataclass(frozen=True)
class Listing:
    """A table of words. `note` stands in its place when there are no rows."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Page:
    """Everything the page shows, read and drawn already; parts that are None are said to be missing.

    Args:
        title: Heading.
        facts: Label and value, at the top.
        summary: Content of `summary.json`.
        cases: From `by_case`.
        error_curve: SVG of our own making.
        training_curve: The same.
        pictures: Of the best, median and worst cases.
        findings: What check found.
        failures: Cases without an answer and why.
        details: Heading and text of the settings and other files, folded away.
        measured: A table of results in the place of summary, cases and error curve: of all but landmarks. One without
            rows was measured, but there was nothing to measure against.
        numbers: The few numbers above it: what, value, how sure.
        values: Of the images as a whole, beside landmarks.
        boxes: Beside landmarks.
        agreement: Of distances between two landmarks.
        agreement_curves: A figure of each.
        each: What was measured, a row an identity, below that figure.
        curve_note: What the figure beside `measured` shows.
        order_note: How the pictures beside `measured` were chosen.
        part: Of the split, whose answers are shown.
        measure: The command that measures it.
        warning: What keeps the model from being of use.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    summary: dict[str, Any] | None
    cases: tuple[CaseErrors, ...] = ()
    error_curve: str | None = None
    training_curve: str | None = None
    pictures: tuple[Picture, ...] = ()
    findings: Listing = field(default_factory=Listing)
    failures: Listing = field(default_factory=Listing)
    details: tuple[tuple[str, str], ...] = ()
    measured: Listing | None = None
    numbers: tuple[tuple[str, str, str], ...] = ()
    values: Listing = field(default_factory=Listing)
    boxes: Listing = field(default_factory=Listing)
    agreement: Listing = field(default_factory=Listing)
    agreement_curves: tuple[str, ...] = ()
    each: Listing = field(default_factory=Listing)
    curve_note: str = ""
    order_note: str = ""
    part: str = "test"
    measure: str = "patchvote evaluate"
    warning: str = ""


def is_page(path: Path) -> bool:
    """Whether a file is a page of this program, of whatever version: all begin alike."""
    head = (Path(__file__).parent / TEMPLATE).read_bytes().partition(b"<title>")[0]
    with path.open("rb") as file:
        return file.read(len(head)) == head


def render(page: Page) -> str:
    """The page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    curves = {name: Markup(getattr(page, name) or "") for name in ("error_curve", "training_curve")}
    agreed = [Markup(drawn) for drawn in page.agreement_curves]
    return environment.get_template(TEMPLATE).render(page=page, agreement_curves=agreed, **curves, **_measured(page))


def _measured(page: Page) -> dict[str, Any]:
    """Table, headline and case rows, in words."""
    summary = page.summary
    if summary is None:
        return {"header": [], "table": [], "tiles": [], "sentences": [], "case_header": [], "case_rows": []}
    paper = paper_errors(summary["landmarks"], summary["unit"])
    shown = columns(summary, paper)
    header, lines = case_table(page.cases, list(summary["landmarks"]), summary)
    return {
        "header": shown,
        "table": rows(summary, shown),
        "tiles": tiles(summary),
        "sentences": sentences(summary, paper),
        "case_header": header,
        "case_rows": lines,
    }


def tiles(summary: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The few numbers to see first: value, what it is, and how sure."""
    unit = summary["unit"]
    found = [("mean error", _with(number(summary["mean"]), unit), _how_sure(summary))]
    found.append(("median error", _with(number(summary["median"]), unit), f"95th percentile {number(summary['p95'])}"))
    for radius in list(summary["success"])[:1]:
        found.append((f"within {radius} {unit}", percent(summary["success"][radius]), "of the landmarks in the scans"))
    missed = summary["n_present"] - summary["n"]
    found.append(("found", percent(summary["found_rate"]), f"{missed} of {summary['n_present']} missed"))
    if summary.get("n_absent"):
        found.append(("absent, told so", percent(summary["absent_told"]), f"of {summary['n_absent']} not in the scan"))
    return found


def _how_sure(summary: dict[str, Any]) -> str:
    if summary["ci95"]:
        return f"95% CI {between(summary['ci95'])}"
    return "found in one subject: no interval" if summary["n"] else "nothing was found"


def sentences(summary: dict[str, Any], paper: dict[str, float] | None) -> list[str]:
    """What the numbers rest on, plainly."""
    unit, part = summary["unit"], summary["split"]
    measured = counted(summary["cases"], "case"), counted(summary["subjects"], "subject")
    said = [f"Measured on {' of '.join(measured)} (part: {part})."]
    if part == "test":
        said.append("The test cases took no part in training or in any choice.")
    if macro(summary):
        said.append(macro(summary))
    if summary.get("mean_position") is not None:
        known = number(summary["mean_position"])
        said.append(f"Answering the mean position of the training cases, without looking, would err by {known} {unit}.")
    if summary.get("failures"):
        failed = counted(len(summary["failures"]), "case")
        said.append(f"{failed} without an answer: their landmarks count as missed.")
    said += unshared(summary)
    if paper:
        said.append(f"The paper's numbers ({SOURCE}) were reached on its own scans: a yardstick, not a comparison.")
    return said


def case_table(
    cases: Sequence[CaseErrors], landmarks: Sequence[str], summary: dict[str, Any]
) -> tuple[list[str], list[list[tuple[str, str]]]]:
    """Header, and for each case its cells as (text, class of colour); beyond twelve landmarks without their columns."""
    each = list(landmarks) if len(landmarks) <= MOST_COLUMNS else []
    header = ["case", "subject", "mean", "largest", "found", *(each or ["worst landmark"])]
    limits = [float(r) for r in summary["success"]] or [float("inf")]
    return header, [_case_cells(case, landmarks, bool(each), limits) for case in cases]


def _case_cells(
    case: CaseErrors, landmarks: Sequence[str], each: bool, limits: Sequence[float]
) -> list[tuple[str, str]]:
    known = case.measured
    worst = landmarks[int(np.nanargmax(case.error))] if len(known) else "–"
    mean, most = (float(known.mean()), float(known.max())) if len(known) else (None, None)
    found = (f"{len(known)} of {len(known) + case.count('missed')}", "warn" if case.count("missed") else "")
    cells = [
        (case.id, ""),
        (case.subject, ""),
        (number(mean), _shade(mean, limits)),
        (number(most), _shade(most, limits)),
    ]
    cells += [found] if each else [found, (worst, "")]
    for value, status in zip(case.error.tolist(), case.status, strict=True):
        if each:
            good = status == "found"
            cells.append(
                (number(value), _shade(value, limits))
                if good
                else (WORDS[status], "" if status in ("told absent", "ignored") else "far")
            )
    return cells


def _shade(value: float | None, limits: Sequence[float]) -> str:
    if value is None:
        return ""
    return "near" if value <= limits[0] else "middle" if value <= limits[-1] else "far"


def _with(value: str, unit: str) -> str:
    return value if value == "–" else f"{value} {unit}"
