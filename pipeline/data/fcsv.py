"""3D Slicer's older `.fcsv`: points whose frame is a line in the header, and a lasting source of mirrored landmarks.

The line's numbers changed meaning (0 = RAS, 1 = LPS) and its default changed with Slicer 4.11,
so a file without the line is refused unless the user says the frame.
"""

from __future__ import annotations

import csv
from pathlib import Path

from pipeline.data.dataset import Position
from pipeline.data.frames import agreed_frame, coordinate, frame_name, to_lps
from pipeline.errors import DataError

CODES = {"0": "RAS", "1": "LPS"}
COLUMNS = "id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"


def read_fcsv(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in LPS mm.

    Raises:
        DataError: No frame, columns or label, a coordinate that is not a number, a label twice.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    header = dict(_field(line) for line in lines if line.startswith("#") and "=" in line)
    stated = header.get("coordinatesystem")
    known = frame_name(CODES.get(stated, stated), str(path)) if stated is not None else None
    used = agreed_frame(known, frame, str(path))
    if used is None:
        raise DataError(f"{path}: no line '# CoordinateSystem = ...'. Say which it is: frame=LPS or frame=RAS.")
    columns = [c.strip() for c in header.get("columns", COLUMNS).split(",")]
    if not {"x", "y", "z", "label"} <= set(columns):
        raise DataError(f"{path}: columns = {','.join(columns)}; x, y, z and label are needed.")
    points: dict[str, Position] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            name, point = _row(next(csv.reader([line])), columns, f"{path}: line {number}")
            if name in points:
                raise DataError(f"{path}: line {number}: '{name}' occurs twice. Rename or remove one.")
            points[name] = to_lps(point, used)
    return points, []


def _field(line: str) -> tuple[str, str]:
    name, value = line.lstrip("# ").split("=", 1)
    return name.strip().lower(), value.strip()


def _row(cells: list[str], columns: list[str], where: str) -> tuple[str, list[float]]:
    row = dict(zip(columns, cells, strict=False))
    name = row.get("label", "").strip()
    if not name:
        raise DataError(f"{where}: no label. Name the landmark.")
    return name, [coordinate(row.get(axis, "").strip(), f"{where}, column {axis}") for axis in "xyz"]
