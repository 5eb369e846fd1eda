"""3D Slicer's `.mrk.json`: read and write side by side.

Slicer's position status "defined" is a position, "missing" (a point skipped because it is not there) is
absent, "undefined" and "preview" are points that nobody placed yet: not annotated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json, write_json
from pipeline.data.csv_rows import some
from pipeline.data.dataset import Position
from pipeline.data.frames import agreed_frame, coordinate, frame_name, to_lps
from pipeline.errors import DataError

# Slicer before 5.1 reads no other spelling of this address.
SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
TO_MM = {"mm": 1.0, "um": 0.001}
PLACED = ("defined", "missing")  # by somebody who looked; all others are as if they were not listed
STATUS = (*PLACED, "undefined", "preview")
ABSENT = "set its positionStatus to 'missing'"


def read_markups(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in LPS mm from every point list of the file, and what had to be decided.

    Args:
        path: A `.mrk.json` file.
        frame: The user's word on the frame, for a file that states none.

    Raises:
        DataError: Not a markups file, an unknown frame or unit, a point without label or position, a label twice.
    """
    content = read_json(path)
    points: dict[str, Position] = {}
    notes: list[str] = []
    try:
        lists = [m for m in content["markups"] if m.get("type", "Fiducial") == "Fiducial"]
        if not lists:
            raise DataError(f"{path}: no point list (type Fiducial) in it. Save the landmarks as points.")
        for markup in lists:
            _read_list(path, markup, frame, points, notes)
        others = (m for m in content["markups"] if m not in lists and m.get("controlPoints"))
        notes += [_passed_over(markup) for markup in others]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: not a 3D Slicer markups file: {error!r}. Save it from Slicer as .mrk.json."
        ) from error
    return points, notes


def _passed_over(markup: dict[str, Any]) -> str:
    names = [str(point.get("label") or "") for point in markup["controlPoints"]]
    kind = f"{markup['type']} with {len(names)} points ({some(names)})"
    return f"{kind} is not read: landmarks are the points of point lists (type Fiducial)"


def _read_list(
    path: Path, markup: dict[str, Any], wanted: str | None, points: dict[str, Position], notes: list[str]
) -> None:
    stated = frame_name(markup["coordinateSystem"], str(path)) if "coordinateSystem" in markup else None
    frame = agreed_frame(stated, wanted, str(path))
    if frame is None:  # the schema's default
        notes.append("no coordinateSystem: read as LPS, the default of the format")
    unit = markup.get("coordinateUnits", "mm")
    unit = unit[0] if isinstance(unit, list) and unit else unit
    if not isinstance(unit, str) or unit not in TO_MM:
        raise DataError(f"{path}: coordinateUnits = {unit!r}; mm and um are read. Save it in mm.")
    for row, point in enumerate(markup.get("controlPoints") or [], 1):
        label = point.get("label")
        name = "" if label is None else str(label).strip()
        where = f"{path}: point {row} '{name}'"
        status = point.get("positionStatus", "defined")
        if status not in STATUS:
            raise DataError(f"{where}: positionStatus = {status!r}; known are {', '.join(STATUS)}.")
        if status not in PLACED:  # before its name, which it may lack, or share with the point that was placed
            continue
        if not name:
            raise DataError(f"{where}: no label. Name the landmark in Slicer.")
        if name in points:
            raise DataError(f"{where}: the name occurs twice. Rename or remove one.")
        points[name] = None
        if status == "defined":
            points[name] = to_lps([v * TO_MM[unit] for v in _position(point, where)], frame or "LPS")


def _position(point: dict[str, Any], where: str) -> list[float]:
    position = point.get("position")
    if not isinstance(position, list) or len(position) != 3:
        raise DataError(f"{where}: position = {position}; 3 numbers are needed. Place the point again.")
    return [coordinate(v, f"{where}, {axis}", ABSENT) for v, axis in zip(position, "xyz", strict=True)]


def write_markups(
    path: Path, positions: Mapping[str, tuple[float, ...] | None], descriptions: Mapping[str, str] | None = None
) -> None:
    """Write landmarks (LPS mm) so that they open over the scan in 3D Slicer.

    Args:
        path: Ends in `.mrk.json`.
        positions: None is written as status "missing", without a position that somebody might believe.
        descriptions: Free text a landmark, such as its belief.
    """
    points = [
        _control_point(number, name, position, (descriptions or {}).get(name, ""))
        for number, (name, position) in enumerate(positions.items(), 1)
    ]
    markup = {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
        "measurements": [],
        "display": {
            "visibility": True,
            "opacity": 1.0,
            "color": [0.4, 1.0, 1.0],
            "selectedColor": [1.0, 0.5, 0.5],
            "propertiesLabelVisibility": False,
            "pointLabelsVisibility": True,
            "textScale": 3.0,
            "glyphType": "Sphere3D",
            "glyphScale": 2.0,
            "glyphSize": 3.0,
            "useGlyphScale": True,
            "sliceProjection": False,
        },
    }
    write_json(path, {"@schema": SCHEMA, "markups": [markup]})


def _control_point(number: int, name: str, position: tuple[float, ...] | None, description: str) -> dict[str, Any]:
    """An image with fewer than three axes gets zeros for the rest."""
    point: dict[str, Any] = {"id": str(number), "label": name, "description": description, "associatedNodeID": ""}
    if position is not None:
        point["position"] = [float(v) for v in (*position, 0.0, 0.0)[:3]]
    state = {"selected": True, "locked": False, "visibility": position is not None}
    return point | state | {"positionStatus": "missing" if position is None else "defined"}
