"""`ID.points.json`: the landmarks of one picture, as predict writes them and import reads them again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json, write_json
from pipeline.data.dataset import Position
from pipeline.data.frames import NULL, PICTURE, coordinate
from pipeline.errors import DataError

SUFFIX = ".points.json"


def read_points_file(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in px; a position of null is absent.

    Raises:
        DataError: Not such a file, or a coordinate that is no number.
    """
    content = read_json(path)
    try:
        if (content["version"], content["frame"]) != (1, PICTURE):
            raise DataError(
                f"{path}: version {content['version']}, frame {content['frame']}; 1 and {PICTURE} are read."
            )
        points = {name: _position(p["position"], f"{path}: {name}") for name, p in content["landmarks"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a file of points: {error!r}.") from error
    return points, []


def write_points_file(
    path: Path, positions: Mapping[str, Position], more: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Write the landmarks of one picture.

    Args:
        path: Ends in `.points.json`.
        positions: px; None = absent.
        more: Further facts of each, such as the belief.
    """
    landmarks = {n: {"position": p and list(p), **(more or {}).get(n, {})} for n, p in positions.items()}
    write_json(path, {"version": 1, "frame": PICTURE, "unit": "px", "landmarks": landmarks})


def _position(numbers: Any, where: str) -> Position:
    if numbers is None:
        return None
    if not isinstance(numbers, list):
        raise DataError(f"{where}: position = {numbers!r}; a list of numbers is needed.")
    return tuple(coordinate(v, where, NULL) for v in numbers)
