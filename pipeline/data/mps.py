"""MITK's point sets, `.mps`: numbered points, moved to world millimetres (LPS, as ITK has it) by the set's geometry."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from jaxtyping import Float

from pipeline.data.dataset import Position
from pipeline.data.frames import agreed_frame, coordinate, to_lps
from pipeline.data.xml_root import xml_root
from pipeline.errors import DataError


def read_mps(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in LPS mm, named by their number in the file, and a note that says so.

    Raises:
        DataError: Not such a file, several points in time, a coordinate that is not a number, a number twice, a
            geometry that is not whole.
    """
    used = agreed_frame("LPS", frame, str(path)) or "LPS"
    series = xml_root(path, "point_set_file", "a point set of MITK").findall("./point_set/time_series")
    if len(series) != 1:
        raise DataError(f"{path}: {len(series)} time_series; one point set at one time is needed.")
    matrix, offset = _geometry(series[0].find("Geometry3D"), str(path))
    points: dict[str, Position] = {}
    for row, point in enumerate(series[0].findall("point"), 1):
        name = (point.findtext("id") or "").strip()
        if not name or name in points:
            raise DataError(f"{path}: point {row}: id '{name}' is {'there twice' if name else 'missing'}.")
        where = f"{path}: point {name}"
        index = [coordinate((point.findtext(a) or "").strip(), f"{where}, {a}", "take the point out") for a in "xyz"]
        points[name] = to_lps((matrix @ index + offset).tolist(), used)
    return points, ["point sets of MITK hold no names: landmarks are called by their numbers"]


def _geometry(geometry: Element | None, path: str) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]]:
    """Matrix and offset from the points' own coordinates to the world; older files have none and need none."""
    if geometry is None:
        return np.eye(3), np.zeros(3)
    matrix = [
        _attribute(geometry, "IndexToWorld", f"m_{row}_{column}", path) for row in range(3) for column in range(3)
    ]
    return np.reshape(matrix, (3, 3)), np.array([_attribute(geometry, "Offset", axis, path) for axis in "xyz"])


def _attribute(geometry: Element, tag: str, name: str, path: str) -> float:
    element, where = geometry.find(tag), f"{path}: Geometry3D: {tag}"
    return coordinate("" if element is None else element.get(name, ""), f"{where}, {name}")
