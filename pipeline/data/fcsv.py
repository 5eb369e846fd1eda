"""3D Slicer's older `.fcsv`: points whose frame is a line in the header, a lasting source of mirrored landmarks.

The line's numbers changed meaning (0 = RAS, 1 = LPS) and its default changed with Slicer 4.11,
so a file without the line is refused unless the user says the frame.

Newer versions end each row in two cells that the line of columns does not list: the position status, which means what
it does in `.mrk.json`, and whether the point was made by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.data.atomic import write_text
from pipeline.data.csv_rows import PARTS, delimiter_of, unreadable
from pipeline.data.dataset import Position
from pipeline.data.frames import agreed_frame, coordinate, frame_name, to_lps
from pipeline.data.points_csv import csv_line, split_line
from pipeline.errors import DataError

CODES = {"0": "RAS", "1": "LPS"}
SAYS = "coordinatesystem"  # the field of the header, in small letters
STATUS = {"0": "undefined", "1": "preview", "2": "defined", "3": "missing"}
PLACED = ("defined", "missing")  # by somebody who looked; all others are as if they were not listed
UNLISTED = 2  # cells: the status and its companion
ABSENT = "let its row end in ,3,0 (position status missing)"
COLUMNS = "id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"


def read_fcsv(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in LPS mm.

    Raises:
        DataError: No frame or two of them, no columns or label, a coordinate that is not a number, a label twice,
            cells too many, cells that no commas part, a quote that is not closed; or not in UTF-8.
    """
    lines = _lines(path)
    fields = [(number, *_field(line)) for number, line in enumerate(lines, 1) if line.startswith("#") and "=" in line]
    header = {name: value for _, name, value in fields}
    used = agreed_frame(_stated(fields, path), frame, str(path))
    if used is None:
        raise DataError(f"{path}: no line '# CoordinateSystem = ...'. Say which it is: frame=LPS or frame=RAS.")
    columns = [c.strip() for c in header.get("columns", COLUMNS).split(",")]
    if not {"x", "y", "z", "label"} <= set(columns):
        raise DataError(f"{path}: columns = {','.join(columns)}; x, y, z and label are needed, between commas.")
    points: dict[str, Position] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            _add_row(points, line, columns, used, f"{path}: line {number}")
    return points, []


def write_fcsv(
    path: Path, positions: Mapping[str, tuple[float, ...] | None], descriptions: Mapping[str, str] | None = None
) -> None:
    """Write landmarks (LPS mm); the format has no word for absent, so None is left out.

    Args:
        path: Ends in `.fcsv`.
        positions: By landmark.
        descriptions: Free text a landmark, such as its belief.
    """
    lines = ["# Markups fiducial file version = 4.11", "# CoordinateSystem = LPS", f"# columns = {COLUMNS}"]
    there = ((name, at) for name, at in positions.items() if at is not None)
    for number, (name, at) in enumerate(there, 1):
        place = [f"{v:.6f}" for v in (*at, 0.0, 0.0)[:3]]
        said = (descriptions or {}).get(name, "")
        words = [" ".join(text.splitlines()) for text in (name, said)]  # a point is one line
        lines.append(csv_line([number, *place, 0, 0, 0, 1, 1, 1, 0, *words, ""]))
    write_text(path, "\n".join(lines) + "\n")


def _lines(path: Path) -> list[str]:
    try:
        return Path(path).read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        number = len((error.object[: error.start] + b"?").splitlines())
        raise DataError(f"{path}: line {number}: cannot be read as text: {unreadable(error)}") from error


def _field(line: str) -> tuple[str, str]:
    name, value = line.lstrip("# ").split("=", 1)
    return name.strip().lower(), value.strip()


def _stated(fields: list[tuple[int, str, str]], path: Path) -> str | None:
    """The frame of the header; files that were joined may state several, and points of one would be mirrored."""
    frames: dict[str, int] = {}
    for number, name, value in fields:
        if name == SAYS:
            frames.setdefault(frame_name(CODES.get(value, value), str(path)), number)
    if len(frames) > 1:
        told = " and ".join(f"line {number} states {frame}" for frame, number in frames.items())
        raise DataError(f"{path}: {told}. Write all points in one of them.")
    return next(iter(frames), None)


def _add_row(points: dict[str, Position], line: str, columns: list[str], frame: str, where: str) -> None:
    cells = split_line(line, where)
    status = _status(cells[len(columns) :], where)
    if status not in PLACED:  # before its name, which it may lack, or share with the point that was placed
        return
    row = dict(zip(columns, cells, strict=False))
    name = row.get("label", "").strip()
    if not name:
        raise DataError(f"{where}: {_unlabelled(line, columns)}")
    if name in points:
        raise DataError(f"{where}: '{name}' occurs twice. Rename or remove one.")
    points[name] = None
    if status == "defined":
        points[name] = to_lps(
            [coordinate(row.get(axis, "").strip(), f"{where}, column {axis}", ABSENT) for axis in "xyz"], frame
        )


def _unlabelled(line: str, columns: list[str]) -> str:
    """What a row without a label needs: where something else parts the cells, all of it is one of them."""
    parts, _ = delimiter_of(line)
    if parts in ";\t" and line.count(parts) >= columns.index("label"):
        return (
            f"its cells lie between {PARTS[parts]}s. Put commas between them, and write numbers with a decimal point."
        )
    return "no label. Name the landmark."


def _status(unlisted: list[str], where: str) -> str:
    """A row that is too long in another way has commas that are none between cells, and its cells are shifted."""
    if not unlisted:
        return "defined"
    status = STATUS.get(unlisted[0].strip())
    if len(unlisted) != UNLISTED or status is None:
        raise DataError(
            f"{where}: ends in {','.join(unlisted)!r}, which no column is for. Write numbers with a decimal point, and"
            " quote text that has commas."
        )
    return status
