"""Keypoints of COCO: `images`, `annotations` with `keypoints` [x, y, v, ...], `categories` with their names; read and
written side by side.

COCO counts the pixels of keypoints from 0 (cocodataset.org: "0-indexed location"), so 0 is the centre of the first one,
as here; only its boxes begin at the edge. v = 0: not annotated. v = 1: annotated, though something hides it; by
`hidden` that is a position like any other, or "absent": it is not to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline.data.atomic import read_json, write_json
from pipeline.data.dataset import Position
from pipeline.data.frames import coordinate
from pipeline.data.picture_size import coco_sizes
from pipeline.data.points_table import PointsTable
from pipeline.errors import DataError

UNKNOWN, HIDDEN, SEEN = 0, 1, 2
ABSENT = "set its v to 0"


def read_coco_points(path: Path, hidden: Literal["position", "absent"] = "position") -> PointsTable:
    """Landmarks in px by the file of each picture.

    Raises:
        DataError: Not such a file. Several objects in one picture, a bad number, or an object of no category of
            the file are a problem of that case; an object of no picture of the file is of a case that has no scan.
    """
    content = read_json(path)
    table = PointsTable(unit="px")
    try:
        files = {image["id"]: str(image["file_name"]) for image in content["images"]}
        table.sizes = coco_sizes(content["images"])
        names = {c["id"]: [str(n) for n in c.get("keypoints", [])] for c in content["categories"]}
        for number, said in enumerate(content["annotations"]):
            kind = said.get("category_id")
            if not said.get("keypoints") or (kind in names and not names[kind]):
                continue
            if (case := files.get(said.get("image_id"))) is None:
                table.cases.setdefault(f"image_id {said.get('image_id')}", {})  # told as landmarks without a scan
                continue
            where = f"{path}: annotation {said.get('id', number)}"
            if kind not in names:
                text = f"{where}: category_id = {kind!r}, and no category of the file has this id. Add it."
                table.problem(case, text)
                continue
            _add(table, case, names[kind], said["keypoints"], hidden, where)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a COCO file of keypoints: {error!r}.") from error
    return table


def _add(table: PointsTable, case: str, names: list[str], numbers: list[Any], hidden: str, where: str) -> None:
    if case in table.cases:
        table.problem(case, f"{where}: a second object in {case}. Cut the picture so that each shows one.")
        return
    table.cases[case] = {}
    if len(numbers) != 3 * len(names):
        table.problem(case, f"{where}: {len(numbers)} numbers for {len(names)} keypoints; three each are needed.")
        return
    for n, name in enumerate(names):
        x, y, seen = numbers[3 * n : 3 * n + 3]
        try:
            if seen == SEEN or (seen == HIDDEN and hidden == "position"):
                point = (coordinate(x, f"{where}, {name}, x", ABSENT), coordinate(y, f"{where}, {name}, y", ABSENT))
                table.add(case, name, point, where)
            elif seen == HIDDEN:
                table.add(case, name, None, where)
        except DataError as error:
            table.problem(case, str(error))


def write_coco_points(path: Path, pictures: Mapping[str, tuple[tuple[int, ...], Mapping[str, Position]]]) -> None:
    """Write a data set of one category; absent landmarks are written as hidden (v = 1) at 0, 0.

    Args:
        path: Ends in `.json`.
        pictures: By file: width and height, and landmarks in px; not annotated ones are not listed.
    """
    names = list(dict.fromkeys(name for _, points in pictures.values() for name in points))
    images, annotations = [], []
    for number, (file, ((width, height), points)) in enumerate(pictures.items(), 1):
        images.append({"id": number, "file_name": file, "width": width, "height": height})
        numbers = [v for name in names for v in _numbers(points, name)]
        there = sum(points.get(n) is not None for n in names)
        said = {"id": number, "image_id": number, "category_id": 1, "keypoints": numbers, "num_keypoints": there}
        annotations.append(said)
    category = {"id": 1, "name": "object", "keypoints": names, "skeleton": []}
    write_json(path, {"images": images, "annotations": annotations, "categories": [category]})


def _numbers(points: Mapping[str, Position], name: str) -> tuple[float, ...]:
    if name not in points:
        return (0.0, 0.0, UNKNOWN)
    point = points[name]
    return (0.0, 0.0, HIDDEN) if point is None else (point[0], point[1], SEEN)
