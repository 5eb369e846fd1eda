"""Keypoints of COCO: `images`, `annotations` with `keypoints` [x, y, v, ...], `categories` with their names; read and
written side by side.

COCO counts the pixels of keypoints from 0 (cocodataset.org: "0-indexed location"), so 0 is the centre of the first one,
as here; only its boxes begin at the edge. v = 0: not annotated. v = 1: annotated, though something hides it; by
`hidden` that is a position like any other, or "absent": it is not to be seen. Programs that detect poses write how sure
they are in the place of v, of which nobody can say whether somebody annotated it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline.data.atomic import read_json, write_json
from pipeline.data.coco_entries import coco_categories, coco_entries, coco_files, coco_picture, text_of
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
        DataError: Not such a file, or an id of two categories. Several objects in one picture, a bad number, an object
            of no category of the file or of one without names, one whose picture has its id in another type, or an id
            of two pictures are a problem of that case; an object of no picture of the file is of a case that has no
            scan.
    """
    images, annotations, categories = coco_entries(path, read_json(path))
    table = PointsTable(unit="px")
    files, names = coco_files(path, images, table), coco_categories(path, categories, _keypoints)
    table.sizes = coco_sizes(images)
    for number, said in enumerate(annotations):
        if not (numbers := said.get("keypoints")):
            continue
        where = f"{path}: annotation {said.get('id', number)}"
        if (case := coco_picture(said, files, table, {}, where)) is None:
            continue
        try:
            _add(table, case, _names(said.get("category_id"), names, where), numbers, hidden, where)
        except DataError as error:
            table.problem(case, str(error))
    return table


def _keypoints(category: Mapping[str, Any], where: str) -> list[str]:
    names = category.get("keypoints") or []
    if not isinstance(names, list):
        raise DataError(f"{where}: keypoints = {names!r}; a list of their names is needed.")
    return [text_of(name, f"{where}: keypoints[{n}] has no name") for n, name in enumerate(names)]


def _names(category: Any, names: Mapping[Any, list[str]], where: str) -> list[str]:
    if category not in names:
        raise DataError(f"{where}: category_id = {category!r}, and no category of the file has this id. Add it.")
    if not names[category]:
        raise DataError(f"{where}: category {category!r} has no `keypoints` (their names). Add them.")
    return names[category]


def _add(table: PointsTable, case: str, names: list[str], numbers: Any, hidden: str, where: str) -> None:
    if case in table.cases:
        table.problem(case, f"{where}: a second object in {case}. Cut the picture so that each shows one.")
        return
    table.cases[case] = {}
    if not isinstance(numbers, list):
        table.problem(case, f"{where}: keypoints = {numbers!r}; [x, y, v, ...] is needed.")
        return
    if len(numbers) != 3 * len(names):
        table.problem(case, f"{where}: {len(numbers)} numbers for {len(names)} keypoints; three each are needed.")
        return
    for n, name in enumerate(names):
        x, y, seen = numbers[3 * n : 3 * n + 3]
        try:
            if isinstance(seen, bool) or seen not in (UNKNOWN, HIDDEN, SEEN):
                raise DataError(f"{where}, {name}: v = {seen!r}; 0 (not annotated), 1 (hidden) or 2 is needed.")
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
