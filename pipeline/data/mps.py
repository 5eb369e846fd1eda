"""MITK's point sets, `.mps`: numbered points in world millimetres (LPS, as ITK has it)."""

from __future__ import annotations

from pathlib import Path

from pipeline.data.dataset import Position
from pipeline.data.frames import agreed_frame, coordinate, to_lps
from pipeline.data.xml_root import xml_root
from pipeline.errors import DataError


def read_mps(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in LPS mm, named by their number in the file, and a note that says so.

    Raises:
        DataError: Not such a file, several points in time, a coordinate that is not a number, a number twice.
    """
    used = agreed_frame("LPS", frame, str(path)) or "LPS"
    series = xml_root(path, "point_set_file", "a point set of MITK").findall("./point_set/time_series")
    if len(series) != 1:
        raise DataError(f"{path}: {len(series)} time_series; one point set at one time is needed.")
    points: dict[str, Position] = {}
    for row, point in enumerate(series[0].findall("point"), 1):
        name = (point.findtext("id") or "").strip()
        if not name or name in points:
            raise DataError(f"{path}: point {row}: id '{name}' is {'there twice' if name else 'missing'}.")
        where = f"{path}: point {name}"
        points[name] = to_lps([coordinate((point.findtext(a) or "").strip(), f"{where}, {a}") for a in "xyz"], used)
    return points, ["point sets of MITK hold no names: landmarks are called by their numbers"]
