"""The result tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.report.between_landmarks import agreement_listing
from pipeline.report.columns import OVERALL, between, columns, counted, macro, number, rows, unshared
from pipeline.report.paper import SOURCE

if TYPE_CHECKING:
    from rich.table import Table

MOST_ROWS = 60


def summary_table(summary: dict[str, Any], paper: dict[str, float] | None = None) -> Table:
    """One line a landmark and one for all.

    Args:
        summary: Content of `summary.json`.
        paper: Mean errors of the paper by landmark (`paper_errors`), shown in a column of their own.

    Returns:
        A table of rich; beyond 60 landmarks only the worst are listed, and the caption says so.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = [c for c in columns(summary, paper) if c.short]
    lines = rows(summary, shown)
    each, overall = lines[:-1], lines[-1]
    kept = _worst(summary, each)
    caption = _caption(summary, len(kept), len(each), paper)
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    table.caption, table.caption_justify = escape(caption), "left"
    table.add_column("landmark", overflow="fold")
    for column in shown:
        table.add_column(column.short, justify="right", no_wrap=True)
    for name, cells in kept:
        table.add_row(escape(name), *cells)
    table.add_section()
    table.add_row(OVERALL, *overall[1], style="bold")
    return table


def agreement_table(summary: dict[str, Any]) -> Table:
    """One line a pair of landmarks whose distance was asked for, as on the page."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    listing = agreement_listing(summary)
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    table.caption, table.caption_justify = escape(listing.note), "left"
    for title in listing.columns:
        first = title == listing.columns[0]  # ranges are broken into lines before names are
        table.add_column(title, justify="left" if first else "right", overflow="fold", no_wrap=first)
    for row in listing.rows:
        table.add_row(*map(escape, row))
    return table


def _worst(summary: dict[str, Any], lines: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    if len(lines) <= MOST_ROWS:
        return lines
    mean = {name: numbers["mean"] for name, numbers in summary["landmarks"].items()}
    worst = sorted(mean, key=lambda n: float("inf") if mean[n] is None else mean[n], reverse=True)[:MOST_ROWS]
    return [line for line in lines if line[0] in set(worst)]


def _caption(summary: dict[str, Any], kept: int, total: int, paper: dict[str, float] | None) -> str:
    unit, mean = summary["unit"], summary["mean"]
    found = f"{summary['n']} of {summary['n_present']} landmarks found"
    said = [f"{found}, {counted(summary['cases'], 'case')}, part '{summary['split']}'; lengths in {unit}."]
    if mean is not None and summary["ci95"]:
        said.append(f"Mean {number(mean)} {unit}, 95% CI {between(summary['ci95'])} over subjects.")
    if macro(summary):
        said.append(macro(summary))
    metrics = summary.get("metrics", {})
    if metrics.get("nme") is not None:
        pair = " and ".join(summary["settings"]["normalise"])
        said.append(f"{metrics['nme']:.2%} of the distance between {pair}.")
    if metrics.get("auc") is not None:
        said.append(f"Images that show any told from others: AUC {metrics['auc']:.4f}.")
    if summary.get("mean_position") is not None:
        said.append(f"Answering the mean position: {number(summary['mean_position'])} {unit}.")
    if summary.get("failures"):
        said.append(f"Without an answer, counted as missed: {len(summary['failures'])}.")
    said += unshared(summary)
    said += [_folder(name, numbers, unit) for name, numbers in summary.get("folders", {}).items()]
    if kept < total:
        said.append(f"The {kept} worst of {total} landmarks.")
    if paper:
        said.append(f"Paper: {SOURCE}; its own scans, not these.")
    return " ".join(said)


def _folder(name: str, numbers: dict[str, Any], unit: str) -> str:
    mean = "nothing measured" if numbers["mean"] is None else f"mean {number(numbers['mean'])} {unit}"
    share = "" if numbers.get("nme") is None else f", normalised {numbers['nme']:.2%}"
    return f"{name}: {counted(numbers['cases'], 'case')}, {mean}{share}."
