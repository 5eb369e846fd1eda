"""A long CSV: one row a landmark, `case,landmark,x,y,z` in mm (also `x_mm`); other columns are not looked at.

The frame is a column `frame`, a comment line `# frame = RAS`, or the user's word. A row whose coordinates
are the word `absent` says that the annotator looked and the landmark is not in the scan.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.data.frames import agreed_frame, coordinate, frame_name
from pipeline.data.points_table import PointsTable
from pipeline.errors import DataError

ABSENT = "absent"


def read_points_csv(path: Path, frame: str | None = None) -> PointsTable:
    """Read all cases.

    Raises:
        DataError: No header, two frames in one file, a row without case or landmark. A bad coordinate or a
            name twice is a problem of its case, not an error.
    """
    rows, stated = _rows(path)
    try:
        header = [c.strip() for c in next(rows)[1]]
    except StopIteration:
        raise DataError(f"{path}: empty. The first line must be: case,landmark,x,y,z") from None
    axes = _axes(path, header)
    where = {name: header.index(name) for name in ("case", "landmark", "frame") if name in header}
    table = PointsTable()
    for line, cells in rows:
        at = f"{path}: row {line}"
        case, name = (_cell(cells, where[k]) for k in ("case", "landmark"))
        if not case or not name:
            raise DataError(f"{at}: no {'landmark' if case else 'case'}. Every row needs both.")
        if "frame" in where:
            stated.add(frame_name(_cell(cells, where["frame"]), at))
        words = {column: _cell(cells, index) for column, index in axes.items()}
        if all(w.lower() == ABSENT for w in words.values()):
            table.add(case, name, None, at)
            continue
        try:
            point = tuple(coordinate(w, f"{at}, column {c}, landmark '{name}'") for c, w in words.items())
        except DataError as error:
            table.problem(case, str(error))
        else:
            table.add(case, name, point, at)
    if len(stated) > 1:
        raise DataError(f"{path}: states both LPS and RAS. Write all points in one of them.")
    table.frame = agreed_frame(stated.pop() if stated else None, frame, str(path))
    return table


def _rows(path: Path) -> tuple[Iterator[tuple[int, list[str]]], set[str]]:
    """Numbered rows without comments and blank lines, and the frames that comments state."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {error}") from error
    comments = [re.match(r"#\s*frame\s*[=:]\s*(\w+)", line, re.IGNORECASE) for line in lines]
    stated = {frame_name(m.group(1), str(path)) for m in comments if m}
    data = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    delimiter = max(",;\t", key=data[0][1].count) if data else ","
    return ((n, next(csv.reader([line], delimiter=delimiter))) for n, line in data), stated


def _axes(path: Path, header: list[str]) -> dict[str, int]:
    """Columns of x, y, z by their names ("x", "x_mm"); an image with fewer axes has fewer."""
    found = [next((c for c in header if re.fullmatch(rf"{axis}(_mm(_\w+)?)?", c)), None) for axis in "xyz"]
    axes = {name: header.index(name) for name in found if name is not None}
    if not {"case", "landmark"} <= set(header) or not axes or found != [*axes, *[None] * (3 - len(axes))]:
        raise DataError(f"{path}: columns are {','.join(header)}; needed are case,landmark,x,y,z (or x_mm,y_mm,z_mm).")
    return axes


def _cell(cells: list[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""
