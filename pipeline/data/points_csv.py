"""CSV tables of landmarks. Long: one row a landmark, `case,landmark,x,y,z` (also `x_mm`, `x_px`). Wide: one row a case,
`case,NAME_x,NAME_y,NAME_z,...` (also `NAME.x`, `NAME x`, with `_mm`, `_px`). In place of `case` a column `image` may
name the file; columns `width` and `height` may state the size of a picture. Where there is no `x_mm`, `x_mm_nominal` is
one. Others are not looked at.

The frame is a column `frame`, a comment line `# frame = RAS`, or the user's word. Coordinates that are the word
`absent` say that the annotator looked and the landmark is not in the scan; empty ones of a wide table, that nobody did.
A column `observer` (or `rater`, `reader`, `annotator`, as files may be called) says who placed the points of a row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.data.atomic import write_text
from pipeline.data.csv_rows import delimiter_of, has_decimal_commas, spilled, unreadable, with_point
from pipeline.data.frames import agreed_frame, coordinate, frame_name
from pipeline.data.picture_size import EXTENT, table_sizes
from pipeline.data.points_columns import OBSERVERS, WHOSE, columns_in
from pipeline.data.points_table import PointsTable
from pipeline.errors import DataError

ABSENT = "absent"


def read_points_csv(path: Path, frame: str | None = None, unit: str | None = None) -> PointsTable:
    """Read all cases.

    Args:
        path: Of the table.
        frame: The user's word, where the file states none.
        unit: Which columns are taken where there are some in mm and some in px.

    Raises:
        DataError: No header, two frames in one file, a row without case or landmark. A bad coordinate or a
            name twice is a problem of its case, not an error.
    """
    rows, stated, delimiter = _rows(path)
    header = [c.strip() for c in rows.pop(0)[1]]
    columns, taken = columns_in(path, header, unit)
    where = {name: header.index(name) for name in ("landmark", "frame", *EXTENT) if name in header}
    for name, called in (("case", WHOSE), ("observer", OBSERVERS)):
        where |= next(({name: header.index(title)} for title in called if title in header), {})
    table = PointsTable(unit=taken)
    told: list[tuple[str, dict[str, str]]] = []
    for line, cells in _with_points(rows, {at for axes in columns.values() for at in axes.values()}, delimiter):
        row = {name: _cell(cells, index) for name, index in where.items()}
        if wrong := spilled(cells, len(header), delimiter):
            table.problem(row["case"], f"{path}: row {line}: {wrong}.")
            continue
        _add_row(table, row, {n: _words(cells, axes) for n, axes in columns.items()}, f"{path}: row {line}")
        told.append((row["case"], row))
        if "frame" in row:
            stated.add(frame_name(row["frame"], f"{path}: row {line}"))
    if len(stated) > 1:
        raise DataError(f"{path}: states both LPS and RAS. Write all points in one of them.")
    table.settle(str(path))
    if (table.unit or unit) == "px":
        table.sizes = table_sizes(told, {case: [p for p in ps.values() if p] for case, ps in table.cases.items()})
    table.frame = agreed_frame(stated.pop() if stated else None, frame, str(path))
    return table


def write_points_csv(path: Path, rows: Iterable[Mapping[str, Any]], unit: str = "mm") -> None:
    """Write a long table, which `read_points_csv` reads again.

    Args:
        rows: `case`, `landmark`, `position` (LPS or px; None = absent), and any more columns, the same in each row.
    """
    axes, stated = ("xy", []) if unit == "px" else ("xyz", ["# frame = LPS"])
    lines = stated
    for number, row in enumerate(rows):
        more = {k: v for k, v in row.items() if k not in ("case", "landmark", "position")}
        if number == 0:
            lines.append(csv_line(["case", "landmark", *(f"{a}_{unit}" for a in axes), *more]))
        place = (ABSENT,) * len(axes) if row["position"] is None else (*row["position"], 0.0, 0.0)[: len(axes)]
        at = [v if isinstance(v, str) else f"{v:.6f}" for v in place]
        lines.append(csv_line([row["case"], row["landmark"], *at, *("" if v is None else v for v in more.values())]))
    write_text(path, "\n".join(lines) + "\n")


# What parts cells or rows in one of the programs that read such files, or in `str.splitlines`; the sign of a comment.
QUOTED = re.compile('[,";\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|^#')


def csv_line(cells: Iterable[Any]) -> str:
    """One line of CSV, or several where a cell has line breaks; that is quoted, as are commas, quotes, a leading #."""
    texts = map(str, cells)
    quoted = ['"' + t.replace('"', '""') + '"' if re.search(QUOTED, t) else t for t in texts]
    return ",".join(quoted)


def _add_row(table: PointsTable, row: dict[str, str], points: dict[str, dict[str, str]], at: str) -> None:
    long = "" in points
    if not row["case"] or (long and not row["landmark"]):
        raise DataError(f"{at}: no {'landmark' if row['case'] else 'case'}. Every row needs both.")
    for column, words in points.items():
        name = row["landmark"] if long else column
        if not long and not any(words.values()):
            continue
        if all(w.lower() == ABSENT for w in words.values()):
            table.add(row["case"], name, None, at, row.get("observer", ""))
            continue
        try:
            where = {title: f"{at}, column {title}, landmark '{name}'" for title in words}
            point = tuple(coordinate(word, where[title], _advice(long)) for title, word in words.items())
        except DataError as error:
            table.problem(row["case"], str(error))
        else:
            table.add(row["case"], name, point, at, row.get("observer", ""))


def _advice(long: bool) -> str:
    unsaid = "take the row away" if long else "leave its cells empty"
    return f"{unsaid} if nobody looked; if somebody did and it is not there, write '{ABSENT}' in all"


def _rows(path: Path) -> tuple[list[tuple[int, list[str]]], set[str], str]:
    """Numbered rows without comments and blank lines, the frames that comments state, and what parts the cells."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {unreadable(error)}") from error
    comments = [re.match(r"#\s*frame\s*[=:]\s*(\w+)", line, re.IGNORECASE) for line in lines]
    stated = {frame_name(m.group(1), str(path)) for m in comments if m}
    first = next((number for number, line in enumerate(lines) if _says(line)), None)
    delimiter, apart = delimiter_of("" if first is None else lines[first])
    if apart and first is not None:
        lines[first] = "\n"
    rows = list(_records(path, lines, delimiter))
    if not rows:
        raise DataError(f"{path}: empty. The first line must be: case,landmark,x,y,z")
    return rows, stated, delimiter


def _with_points(
    rows: list[tuple[int, list[str]]], numbers: Container[int], delimiter: str
) -> list[tuple[int, list[str]]]:
    """The same rows; decimal commas in the columns of numbers are points."""
    cells = [[(at in numbers, cell.strip()) for at, cell in enumerate(row)] for _, row in rows]
    if not has_decimal_commas(delimiter, (cell for row in cells for number, cell in row if number)):
        return rows
    told = [[with_point(cell) if number else cell for number, cell in row] for row in cells]
    return [(line, row) for (line, _), row in zip(rows, told, strict=True)]


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _records(path: Path, lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows by the number of their first line: a cell in quotes may go on in the next. Spreadsheets write empty rows as
    separators alone: passed over. Strict, or a quote that is never closed would swallow the rows up to the next one.
    """
    start, inside = 0, False

    def told() -> Iterator[str]:
        nonlocal start, inside
        for number, line in enumerate(lines, 1):
            if inside or _says(line):
                start, inside = start if inside else number, True
                yield line

    try:
        for cells in csv.reader(told(), delimiter=delimiter, strict=True):
            inside = False
            if any(cell.strip() for cell in cells):
                yield start, cells
    except csv.Error as error:
        raise DataError(f"{path}: row {start}: not readable as CSV: {error}. Correct the line.") from error


def split_line(line: str, where: str) -> list[str]:
    """The cells of one line of CSV; DataError where a quote is not closed in it, or a cell is larger than any landmark
    file has."""
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise DataError(f"{where}: not readable as CSV: {error}. Close its quotes, or correct the line.") from error


def _words(cells: list[str], axes: dict[str, int]) -> dict[str, str]:
    return {title: _cell(cells, index) for title, index in axes.items()}


def _cell(cells: list[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""
