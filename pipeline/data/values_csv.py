"""The table of values beside the images: a row a case, a column a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.atomic import write_text
from pipeline.data.columns import NUMBERS, Column, Value, as_cell, parse
from pipeline.data.csv_rows import headings, read_rows, some
from pipeline.data.points_csv import csv_line
from pipeline.data.readers import case_name
from pipeline.data.scan_ids import under_ids
from pipeline.data.value_predictions import ValueAnswer
from pipeline.errors import DataError

FILES = ("image", "file", "filename")  # headings of what names a file, and then of what may be a number or a person
WHOSE = (*FILES, "case", "id", "name")  # headings that may say whose a row is


@dataclass
class ValuesTable:
    """`rows[name]` by the file or id of an image; `problems[name]` are messages about rows that cannot be used."""

    rows: dict[str, dict[str, Value]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def problem(self, case: str, message: str) -> None:
        self.problems.setdefault(case, []).append(message)

    def rename(self, ids: Mapping[str, str]) -> None:
        """Call rows that go by the file of an image by its id; two rows of one image are a problem."""
        self.rows, twice = under_ids(self.rows, ids)
        self.problems = under_ids(self.problems, ids)[0]
        for case, one, other in twice:
            self.problem(case, f"there are two rows of it, '{one}' and '{other}'.")


def find_table(source: Path, columns: Sequence[Column], table: str | None = None) -> Path:
    """The table of a folder that has all columns.

    Args:
        source: The user's folder.
        table: Its name there; None = the only CSV file that fits.

    Raises:
        DataError: There is none, or there are several; says which columns the nearest one lacks, and what could not be
            read.
    """
    headers: dict[Path, list[str]] = {}
    unread: list[str] = []
    for path in _tables(source, table):
        try:
            headers[path] = headings(path, [c.name for c in columns])
        except DataError as error:
            unread.append(str(error))
    lacking = {path: [c.name for c in columns if c.name not in header] for path, header in headers.items()}
    fitting = [path for path, names in lacking.items() if not names]
    if len(fitting) == 1:
        return fitting[0]
    wanted = ", ".join(c.name for c in columns)
    if fitting:
        raise DataError(f"{source}: {', '.join(p.name for p in fitting)} all have {wanted}; choose with data.table=")
    near = min(lacking, key=lambda path: len(lacking[path]), default=None)
    why = f": {near.name} lacks {', '.join(lacking[near])}; it has {', '.join(headers[near])}" if near else ""
    raise DataError("\n".join([f"{source}: no table with the columns {wanted}{why}.", *unread]))


def _tables(source: Path, table: str | None) -> list[Path]:
    """CSV files of a folder, without hidden ones: macOS puts `._NAME` beside each file on foreign disks."""
    there = sorted(p for p in source.glob("*.csv") if not p.name.startswith(".") and p.is_file())
    if table is None:
        return there
    if not (source / table).is_file():
        names = some(p.name for p in there) or "no CSV file"
        raise DataError(f"{source / table}: no such file, though data.table names it. In {source} there is {names}.")
    return [source / table]


def read_values(path: Path, columns: Sequence[Column], ids: Mapping[str, str] | None = None) -> ValuesTable:
    """All rows; a cell without a value is missing.

    Args:
        ids: Of the cases, by what the table may call them; its rows go by these.

    Raises:
        DataError: Not readable. A bad cell is a problem of its case, and so is a second row of one.
    """
    names = [column.name for column in columns]
    table, whose = ValuesTable(), _whose(path, ids or {}, names)
    numbers = [column.name for column in columns if column.kind in NUMBERS]
    for row in read_rows(path, [whose, *names], numbers):
        case, where = row.cells[whose], f"{path}: row {row.line}"
        if case in table.rows:
            table.problem(case, f"{where}: a second row of '{case}'.")
            continue
        table.rows[case] = {}
        if row.problem:
            table.problem(case, f"{where}: {row.problem}.")
            continue
        for column in columns:
            try:
                value = parse(column, row.cells[column.name])
            except DataError as error:
                table.problem(case, f"{where}: {error}")
                continue
            if value is not None:
                table.rows[case][column.name] = value
    table.rename(ids or {})
    return table


def _whose(path: Path, ids: Mapping[str, str], names: Sequence[str]) -> str:
    """The heading of what says whose a row is. Of several that may, the one that names most cases, for a running number
    or somebody's name may stand beside the file; of those alike, the first of `WHOSE`.

    Args:
        names: Of the columns that are read.

    Raises:
        DataError: It is no file's, and a file beside it, in a folder that is not there, is of another case.
    """
    header = headings(path, names)
    may = sorted((n for n in header if n.lower() in WHOSE), key=lambda n: WHOSE.index(n.lower())) or header[:1]
    if len(may) == 1:
        return may[0]
    rows, cases = read_rows(path, names), {*ids.values()}
    named = {name: len(cases & {ids.get(row.cells[name], row.cells[name]) for row in rows}) for name in may}
    whose = max(named, key=lambda name: named[name], default="")
    for file in (n for n in may if n.lower() in FILES and whose.lower() not in FILES):
        for row in rows:
            said, beside = ids.get(row.cells[whose]), ids.get(_file(row.cells[file]))
            if None not in (said, beside) and said != beside:
                raise DataError(
                    f"{path}: row {row.line}: {whose} '{row.cells[whose]}' is image {said}, {file} '{row.cells[file]}'"
                    f" looks like {beside}. Correct {file} so that its files are those of the folder, or take one of"
                    " the two columns away."
                )
    return whose


def _file(cell: str) -> str:
    """A file without its folders, which may be those of another machine; "" where it does not look like a file."""
    bare = cell.replace("\\", "/").rpartition("/")[2]
    return bare if bare != cell or bare != case_name(Path(bare)) else ""


def write_values_csv(path: Path, answers: Mapping[str, Mapping[str, ValueAnswer]], columns: Sequence[Column]) -> None:
    """A row an image, a column a value, in the form that is read."""
    lines = [csv_line(("image", *(column.name for column in columns)))]
    lines += [csv_line((case, *(as_cell(said[c.name].value) for c in columns))) for case, said in answers.items()]
    write_text(path, "\n".join(lines) + "\n")
