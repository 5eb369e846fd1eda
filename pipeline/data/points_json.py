"""One JSON for all cases: `{"frame": "LPS", CASE: {LANDMARK: [x, y, z] or null}}`; null = absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json
from pipeline.data.frames import NULL, agreed_frame, coordinate, frame_name
from pipeline.data.points_table import PointsTable
from pipeline.errors import DataError


def read_points_json(path: Path, frame: str | None = None) -> PointsTable:
    """Read all cases (mm).

    Raises:
        DataError: Not such a file. A bad coordinate is a problem of its case, not an error.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataError(f"{path}: the top level must be an object of cases: {{CASE: {{LANDMARK: [x, y, z]}}}}.")
    stated = frame_name(content["frame"], str(path)) if "frame" in content else None
    table = PointsTable(frame=agreed_frame(stated, frame, str(path)))
    for case, landmarks in content.items():
        if case == "frame":
            continue
        if not isinstance(landmarks, dict):
            raise DataError(f"{path}: case '{case}' is {landmarks!r}; an object {{LANDMARK: [x, y, z]}} is needed.")
        table.cases[case] = {}
        for name, point in landmarks.items():
            try:
                table.cases[case][name] = None if point is None else _point(point, f"{path}: {case}.{name}")
            except DataError as error:
                table.problem(case, str(error))
    return table


def _point(point: Any, where: str) -> tuple[float, ...]:
    if not isinstance(point, list) or not 1 <= len(point) <= 3:
        raise DataError(f"{where}: {point!r}; a list of coordinates [x, y, z] is needed.")
    return tuple(coordinate(v, f"{where}, {axis}", NULL) for v, axis in zip(point, "xyz", strict=False))
