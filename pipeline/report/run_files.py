"""What the pages of landmarks and of boxes show alike of the files in a run folder."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from pipeline.data.findings import read_findings, summarize
from pipeline.errors import DataError
from pipeline.report.page import Listing

SHOWN = ("config.yaml", "model/model.json")
AGAIN = "Make the file again, or move it away."

Cells = Mapping[str, Callable[[str], bool]]


def read_rows(path: Path, cells: Cells = MappingProxyType({})) -> list[dict[str, str]]:
    """A table's rows by column; none where there is no file.

    Args:
        cells: Columns that are read, and what each of their cells has to be.

    Raises:
        DataError: It is damaged.
    """
    if not path.is_file():
        return []
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path), newline="")))
    except csv.Error as error:
        raise DataError(f"{path}: cannot be read as a table: {error}. {AGAIN}") from error
    require_cells(path, rows, cells)
    return rows


def require_cells(path: Path, rows: Iterable[Mapping[str, str]], cells: Cells) -> None:
    """Make sure that rows are whole.

    Raises:
        DataError: One has no such cell, or another than it has to be.
    """
    for row in rows:
        for name, fits in cells.items():
            cell = row.get(name)  # None where the row is cut
            if cell is None or not fits(cell):
                raise DataError(f"{path}: case '{row.get('case')}': {name} is {cell!r}: damaged. {AGAIN}")


def is_there(_: str) -> bool:
    """Whatever it is."""
    return True


def is_count(cell: str) -> bool:
    """A whole number."""
    return cell.isdecimal()


def is_number(cell: str) -> bool:
    """A finite one."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def is_number_or_empty(cell: str) -> bool:
    """Nothing, where nothing could be measured."""
    return not cell or is_number(cell)


def read_text(path: Path) -> str:
    """What stands in a file.

    Raises:
        DataError: It cannot be read, or is no text.
    """
    try:
        return path.read_bytes().decode("utf-8")  # line breaks as they are: a cell may hold one
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {error}. {AGAIN}") from error


def findings(run: Path) -> Listing:
    """What check found, and which cases it kept out.

    Raises:
        DataError: `findings.json` is damaged.
    """
    path = run / "findings.json"
    if not path.is_file():
        return Listing(note="There is no findings.json in the run: the data were not checked.")
    found = read_findings(path)
    out = found.quarantined
    note = f"Kept out ({len(out)}): {', '.join(out)}." if out else "No case was kept out."
    return Listing(("severity", "rule", "cases", "what was met", "what to do"), tuple(summarize(found.items)), note)


def details(run: Path, part: str) -> tuple[tuple[str, str], ...]:
    """Files to show as they are, folded away: of the run, and of the answers to a part of the split.

    Raises:
        DataError: One is damaged.
    """
    names = (*SHOWN, f"{part}/run_report.json")
    return tuple((name, read_text(run / name)) for name in names if (run / name).is_file())
