"""The table of values beside the images: a row a case, a column a value."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.atomic import write_text
from pipeline.data.columns import BETWEEN, Column, Value, parse
from pipeline.data.points_csv import csv_line
from pipeline.data.value_predictions import ValueAnswer
from pipeline.errors import DataError

WHOSE = ("image", "case", "id", "file", "filename", "name")  # headings that name a row's case; else the first column


@dataclass
class ValuesTable:
    """`rows[name]` by the file or id of an image; `problems[name]` are messages about rows that cannot be used."""

    rows: dict[str, dict[str, Value]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)


def find_table(source: Path, columns: Sequence[Column], table: str | None = None) -> Path:
    """The table of a folder that has all columns.

    Args:
        source: The user's folder.
        table: Its name there; None = the only CSV file that fits.

    Raises:
        DataError: There is none, or there are several; says which columns the nearest one lacks.
    """
    paths = [source / table] if table else sorted(source.glob("*.csv"))
    lacking = {path: [c.name for c in columns if c.name not in header_of(path)] for path in paths if path.is_file()}
    fitting = [path for path, names in lacking.items() if not names]
    if len(fitting) == 1:
        return fitting[0]
    wanted = ", ".join(c.name for c in columns)
    if fitting:
        raise DataError(f"{source}: {', '.join(p.name for p in fitting)} all have {wanted}; choose with data.table=")
    near = min(lacking, key=lambda path: len(lacking[path]), default=None)
    why = f": {near.name} lacks {', '.join(lacking[near])}; it has {', '.join(header_of(near))}" if near else ""
    raise DataError(f"{source}: no table with the columns {wanted}{why}.")


def read_values(path: Path, columns: Sequence[Column]) -> ValuesTable:
    """All rows; a cell without a value is missing.

    Raises:
        DataError: Not readable. A bad cell is a problem of its case, and so is a second row of one.
    """
    table = ValuesTable()
    header = header_of(path)
    whose = next((name for name in header if name.lower() in WHOSE), header[0] if header else "")
    for number, row in enumerate(_rows(path), 2):
        case = (row[whose] or "").strip()
        if case in table.rows:
            table.problems.setdefault(case, []).append(f"{path}: row {number}: a second row of '{case}'.")
            continue
        table.rows[case] = {}
        for column in columns:
            try:
                value = parse(column, row[column.name] or "")
            except DataError as error:
                table.problems.setdefault(case, []).append(f"{path}: row {number}: {error}")
                continue
            if value is not None:
                table.rows[case][column.name] = value
    return table


def write_values_csv(path: Path, answers: Mapping[str, Mapping[str, ValueAnswer]], columns: Sequence[Column]) -> None:
    """A row an image, a column a value, in the form that is read."""
    lines = [csv_line(("image", *(column.name for column in columns)))]
    lines += [csv_line((case, *(_cell(said[c.name].value) for c in columns))) for case, said in answers.items()]
    write_text(path, "\n".join(lines) + "\n")


def _cell(value: Value) -> str:
    if isinstance(value, tuple):
        return BETWEEN.join(value)
    return f"{value:.6g}" if isinstance(value, float) else value


def header_of(path: Path) -> list[str]:
    """The headings of a table.

    Raises:
        DataError: Not readable.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table: {error}") from error


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a table: {error}") from error
