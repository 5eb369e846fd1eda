"""Rows of a table with headings, as people and programs write it: between commas, semicolons or tabs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.data.landmark_names import spelled
from pipeline.errors import DataError

PARTS = {",": "comma", ";": "semicolon", "\t": "tab"}
DELIMITERS = "".join(PARTS)
STATED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # the first line of some that Excel wrote
DIGITS = r"[+-]?\d*{}\d+([eE][+-]?\d+)?"
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3}){2,}")
EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # a decimal comma, or one that parts thousands
WITH_COMMA, WITH_POINT = re.compile(DIGITS.format(",")), re.compile(DIGITS.format(r"\."))
WIDE = (b"\xff\xfe", b"\xfe\xff")  # how UTF-16 begins
SHOWN = 10  # names in a message


@dataclass(frozen=True)
class Row:
    """`cells` by heading, without blanks around them; `problem` says why they cannot be used, "" = they can."""

    line: int
    cells: dict[str, str]
    problem: str = ""


def read_rows(path: Path, wanted: Iterable[str], numbers: Sequence[str] = ()) -> list[Row]:
    """All rows but empty ones.

    Args:
        path: Of the table.
        wanted: Headings that are read; each cell goes by what it is called here.
        numbers: Those of them that are numbers, whose decimal commas become points.

    Raises:
        DataError: Not readable, or a wanted heading stands there twice.
    """
    lines, wanted = _lines(path), list(wanted)
    header = _called(next(lines, (0, []))[1], wanted)
    if twice := sorted({name for name in wanted if header.count(name) > 1}):
        raise DataError(f"{path}: the heading '{twice[0]}' stands there twice; rename or remove one of the columns.")
    delimiter = _delimiter(path)
    rows = [
        Row(n, dict(zip(header, [*cells, *[""] * len(header)], strict=False)), spilled(cells, len(header), delimiter))
        for n, cells in lines
    ]
    if numbers and has_decimal_commas(delimiter, (row.cells[name] for row in rows for name in numbers)):
        for row in rows:
            row.cells.update({name: with_point(row.cells[name]) for name in numbers})
    return rows


def headings(path: Path, wanted: Iterable[str] = ()) -> list[str]:
    """Those of a table; one that looks like a wanted one goes by that.

    Raises:
        DataError: Not readable.
    """
    return _called(next(_lines(path), (0, []))[1], wanted)


def _called(header: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Columns keep the spelling that they were asked for in, which models know them by, whatever the table composes."""
    names = {spelled(name): name for name in wanted}
    return [names.get(spelled(heading), heading) for heading in header]


def spilled(cells: Sequence[str], columns: int, delimiter: str = ",") -> str:
    """What is wrong where a row has more cells than there are headings: all behind an unquoted comma, or what else
    parts the cells, are shifted.

    Examples:
        >>> spilled(["p1", "1", "203"], 2, ";"), spilled(["p1", "1", ""], 2)
        ("3 cells under 2 headings, '203' under none; put text with a semicolon in quotes, or remove the cell", '')
    """
    if not (surplus := [cell for cell in cells[columns:] if cell.strip()]):
        return ""
    parts = PARTS.get(delimiter, repr(delimiter))
    advice = "write numbers with a point, and " if delimiter == "," else ""
    advice += f"put text with a {parts} in quotes, or remove the cell"
    return f"{len(cells)} cells under {columns} headings, '{surplus[0]}' under none; {advice}"


def some(names: Iterable[str]) -> str:
    """The first of many names, for a message.

    Examples:
        >>> some(["b", "a"])
        "'b', 'a'"
    """
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in listed[:SHOWN]) + more


def delimiter_of(line: str) -> tuple[str, bool]:
    """What parts the cells of a table that begins with this line, and whether the line says only that.

    Examples:
        >>> delimiter_of("case;x;y"), delimiter_of("sep=;")
        ((';', False), (';', True))
    """
    stated = STATED.fullmatch(line.rstrip("\r\n"))
    return (stated[1], True) if stated else (max(DELIMITERS, key=line.count), False)


def has_decimal_commas(delimiter: str, numbers: Iterable[str]) -> bool:
    """Whether commas stand for points, as spreadsheets of many countries write them: no number has a point, or two
    commas. Where one has, a comma may part thousands, and nobody knows. Between commas, where such numbers are in
    quotes, spreadsheets of other countries part thousands so: there one of them must be no thousands ("18,9")."""
    cells = list(numbers)
    parted = any(WITH_POINT.fullmatch(cell) or THOUSANDS.fullmatch(cell) for cell in cells)
    commas = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    return not parted and any(delimiter != "," or not EITHER.fullmatch(cell) for cell in commas)


def with_point(number: str) -> str:
    """With a decimal point in place of a decimal comma.

    Examples:
        >>> with_point("-18,9"), with_point("1,234,567")
        ('-18.9', '1,234,567')
    """
    return number.replace(",", ".") if WITH_COMMA.fullmatch(number) else number


def about_comma(word: object) -> str:
    """What to do about a number whose comma was not read as a point, to end a message; "" where it has none.

    Examples:
        >>> about_comma("1,023")
        ' Write a point: a comma is read as one only where no number of the table has a point or may be of thousands.'
    """
    if not isinstance(word, str) or not (WITH_COMMA.fullmatch(word) or THOUSANDS.fullmatch(word)):
        return ""
    only = "only where no number of the table has a point or may be of thousands"
    return f" Write a point: a comma is read as one {only}."


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read as text, and what to do."""
    if isinstance(error, OSError):
        return error.strerror or str(error)  # without the path, which is said before
    kind = "UTF-16" if error.object[:2] in WIDE else "Latin-1 or another"
    return f"it is not in UTF-8, but in {kind}. Save it as UTF-8; spreadsheets call that 'CSV UTF-8'."


def _delimiter(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return delimiter_of(_first(file))[0]


def _first(lines: TextIO) -> str:
    return next((line for line in iter(lines.readline, "") if line.strip()), "")


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered, and the first of them the headings; no more is read than is asked for. Strict, or a quote that is never
    closed would swallow the rows behind it."""
    start = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter, apart = delimiter_of(_first(file))
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for row in reader:
                if any(cells := [cell.strip() for cell in row]) and not apart:
                    yield reader.line_num, cells
                apart = apart and not any(cells)
                start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: row {start}: not readable as CSV: {error}. Correct the line.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a table: {unreadable(error)}") from error
