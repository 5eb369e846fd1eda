"""The columns of the result table: one list, read by the terminal and by the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.data.csv_rows import some
from pipeline.report.paper import LABEL, SOURCE

Numbers = dict[str, Any]
OVERALL = "all landmarks"
LEAST, SMALL = 1e-6, 0.1  # between them are lengths of microscopes; what is less was lost by rounding


@dataclass(frozen=True)
class Column:
    """One column: `text` makes the cell from (name of the row, its numbers).

    `short` is the heading on a terminal, broken into lines; "" for a column that has no room there.
    """

    title: str
    meaning: str
    text: Callable[[str, Numbers], str]
    short: str = ""


def number(value: float | None) -> str:
    """Two decimals below 100, one above, and two digits of what is small, as all is in a scan with voxels of some
    micrometres; a dash where nothing was measured.

    Examples:
        >>> number(1.234), number(123.45), number(0.00234), number(None)
        ('1.23', '123.5', '0.0023', '–')
    """
    if value is None:
        return "–"
    if LEAST <= abs(value) < SMALL:
        return f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.1f}"


def percent(value: float | None) -> str:
    """Whole percent, but 100% only for all and 0% only for none.

    Examples:
        >>> percent(1.0), percent(0.996), percent(0.003), percent(None)
        ('100%', '99.6%', '0.3%', '–')
    """
    if value is None:
        return "–"
    whole = round(100 * value)
    return f"{whole}%" if (whole == 100) == (value == 1) and (whole == 0) == (value == 0) else f"{100 * value:.1f}%"


def counted(number: float, word: str) -> str:
    """A number and its noun.

    Examples:
        >>> counted(1, "case"), counted(0.5, "minute"), counted(3, "class"), counted(2, "box")
        ('1 case', '0.5 minutes', '3 classes', '2 boxes')
    """
    said = f"{number:g}" if isinstance(number, float) else f"{number}"
    return f"{said} {word}" if number == 1 else f"{said} {word}{'es' if word[-1] in 'sx' else 's'}"


def rows(summary: Numbers, columns: list[Column]) -> list[tuple[str, list[str]]]:
    """Name and cells of each landmark, then of all together."""
    each = [*summary["landmarks"].items(), (OVERALL, summary)]
    return [(name, [column.text(name, numbers) for column in columns]) for name, numbers in each]


def columns(summary: Numbers, paper: dict[str, float] | None = None) -> list[Column]:
    """The columns that have something to say about this summary."""
    unit = summary["unit"]
    radii = list(summary["success"])
    found = [
        _value("n", "how many were measured: the landmark is in the scan and was found", str),
        _value("mean", f"mean distance between answer and reference, {unit}"),
        _value("SD", f"standard deviation of that distance, {unit}", key="sd"),
        Column("95% CI", f"interval of the mean if other people were scanned (bootstrap by subject), {unit}", _ci95),
        _value("median", f"half of the errors are smaller, {unit}", short="med."),
        Column("IQR", f"the middle half of the errors lies between these, {unit}", _iqr),
        _value("p95", f"95 of 100 errors are smaller, {unit}"),
        _value("max", f"largest error, {unit}"),
        *(_success(radius, unit, on_terminal=radius in (radii[0], radii[-1])) for radius in radii),
        _share("found", "share of the landmarks that are in the scan for which a position was given", "found_rate"),
    ]
    if summary.get("n_absent"):
        meaning = "share of the landmarks not in the scan that were told absent; a scan without an answer tells nothing"
        found.append(_share("absent told", meaning, "absent_told", "abs.\ntold"))
    if summary.get("wrong_rate") is not None:
        beyond = summary.get("settings", {}).get("wrong_beyond")
        far = f"more than {beyond:g} {unit}" if beyond else "far"
        meaning = f"share of the answers {far} off: probably another structure"
        found.append(_share("wrong place", meaning, "wrong_rate", "wrong\nplace"))
    if summary.get("radius95_coverage") is not None:
        meaning = "share of the answers to landmarks that are there within the radius they promised; 95% is meant"
        found.append(_share("radius held", meaning, "radius95_coverage", ""))
    if summary.get("radius95_mean") is not None:
        meaning = f"mean of the radii promised, {unit}; where it is far above p95, more was promised than needed"
        found.append(_value("radius", meaning, key="radius95_mean", short=""))
    if summary.get("observers") is not None:
        meaning = f"mean distance between two people who placed the same landmark in the same scan, {unit}"
        found.append(_value("between observers", meaning, key="observers", short="two\nobs."))
    if paper:
        meaning = f"mean error in mm reported by {SOURCE}; on other scans, so a yardstick and not a comparison"
        found.append(Column(LABEL, meaning, lambda name, _: number(paper.get(name)), "paper,\nother\nscans"))
    return found


def macro(summary: Numbers) -> str:
    """The mean error with each landmark counted alike, said where it is not the mean of all errors: landmarks were
    measured unlike often. Else nothing."""
    mean = summary.get("metrics", {}).get("macro_mean")
    often = {numbers["n"] for numbers in summary["landmarks"].values()} - {0}
    if mean is None or len(often) < 2:
        return ""
    return f"With each landmark counted alike (macro), the mean is {number(mean)} {summary['unit']}."


def unshared(summary: Numbers) -> list[str]:
    """A sentence each on the landmarks that only the answers, and that only the reference has; none where there are no
    such."""
    names = summary.get("unshared", {})
    said = [f"Only in the answers, so not measured: {some(names['answers'])}."] if names.get("answers") else []
    if names.get("reference"):
        said.append(f"In no case of the answers, so all missed: {some(names['reference'])}.")
    return said


def _value(
    title: str, meaning: str, form: Callable[[Any], str] = number, key: str | None = None, short: str | None = None
) -> Column:
    return Column(title, meaning, lambda _, numbers: form(numbers[key or title]), title if short is None else short)


def _share(title: str, meaning: str, key: str, short: str | None = None) -> Column:
    return Column(title, meaning, lambda _, numbers: percent(numbers[key]), title if short is None else short)


def _success(radius: str, unit: str, on_terminal: bool) -> Column:
    meaning = f"share of the landmarks in the scan that were found within {radius} {unit}; a missed one is not within"
    short = f"≤{radius}\n{unit}" if on_terminal else ""
    return Column(f"≤ {radius} {unit}", meaning, lambda _, numbers: percent(numbers["success"].get(radius)), short)


def _ci95(_: str, numbers: Numbers) -> str:
    return between(numbers["ci95"])


def _iqr(_: str, numbers: Numbers) -> str:
    return between(None if numbers["q25"] is None else (numbers["q25"], numbers["q75"]))


def between(pair: list[float] | tuple[float, float] | None) -> str:
    """Two numbers as a range."""
    return "–" if pair is None else f"{number(pair[0])} to {number(pair[1])}"
