"""Rows of a table with headings, as people and programs write it: between commas, semicolons or tabs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DataError

DELIMITERS = ",;\t"
SHOWN = 10  # names in a message


@dataclass(frozen=True)
class Row:
    """`cells` by heading, without blanks around them; `problem` says why they cannot be used, "" = they can."""

    line: int
    cells: dict[str, str]
    problem: str = ""


def read_rows(path: Path, wanted: Iterable[str]) -> list[Row]:
    """All rows but empty ones.

    Args:
        path: Of the table.
        wanted: Headings that are read.

    Raises:
        DataError: Not readable, or a wanted heading stands there twice.
    """
    lines = _lines(path)
    header = next(lines, (0, []))[1]
    if twice := sorted({name for name in wanted if header.count(name) > 1}):
        raise DataError(f"{path}: the heading '{twice[0]}' stands there twice; rename or remove one of the columns.")
    return [
        Row(n, dict(zip(header, [*cells, *[""] * len(header)], strict=False)), spilled(cells, len(header)))
        for n, cells in lines
    ]


def headings(path: Path) -> list[str]:
    """Those of a table.

    Raises:
        DataError: Not readable.
    """
    return next(_lines(path), (0, []))[1]


def spilled(cells: Sequence[str], columns: int) -> str:
    """What is wrong where a row has more cells than there are headings: all behind an unquoted comma are shifted.

    Examples:
        >>> spilled(["p1", "1", "203"], 2), spilled(["p1", "1", ""], 2)
        ('3 cells under 2 headings; put a number that is written with a comma in quotes, or write a point', '')
    """
    if not any(cell.strip() for cell in cells[columns:]):
        return ""
    advice = "put a number that is written with a comma in quotes, or write a point"
    return f"{len(cells)} cells under {columns} headings; {advice}"


def some(names: Iterable[str]) -> str:
    """The first of many names, for a message.

    Examples:
        >>> some(["b", "a"])
        "'b', 'a'"
    """
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in listed[:SHOWN]) + more


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered, and the first of them the headings; no more is read than is asked for. Strict, or a quote that is never
    closed would swallow the rows behind it."""
    start = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next((line for line in iter(file.readline, "") if line.strip()), "")
            file.seek(0)
            reader = csv.reader(file, delimiter=max(DELIMITERS, key=first.count), strict=True)
            for row in reader:
                if any(cells := [cell.strip() for cell in row]):
                    yield reader.line_num, cells
                start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: row {start}: not readable as CSV: {error}. Correct the line.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a table: {error}") from error
