"""Boxes as COCO has them: one JSON of `images`, `annotations` with `bbox` [x, y, width, height], `categories`; read and
written side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json, write_json
from pipeline.data.boxes_table import BoxesTable, edges_of
from pipeline.data.coco_entries import coco_categories, coco_entries, coco_files, coco_picture, text_of
from pipeline.data.dataset import Box
from pipeline.data.frames import coordinate
from pipeline.data.picture_size import coco_sizes
from pipeline.errors import DataError

OFFICIAL = "instances_"  # and the folder of the pictures
LISTS = (f"annotations/{OFFICIAL}*.json", "*/_annotations.coco.json")


def read_coco(path: Path) -> BoxesTable:
    """All boxes by the file of each picture; crowds are left out.

    Raises:
        DataError: Not such a file, or an id of two categories. A bad box, one of which it is not clear whether it is a
            crowd, one of no category of the file, one whose picture has its id in another type, or an id of two
            pictures is a problem of its picture, and a box of no picture of the file is of a case without scan.
    """
    images, annotations, categories = coco_entries(path, read_json(path))
    table = BoxesTable()
    files, labels = coco_files(path, images, table), coco_categories(path, categories, _name)
    table.sizes = coco_sizes(images)
    table.cases = {str(image["file_name"]): [] for image in images}
    listed = set(table.cases)
    for number, said in enumerate(annotations):
        if (crowd := said.get("iscrowd") or 0) == 1:
            continue
        where = f"{path}: annotation {said.get('id', number)}"
        if (case := coco_picture(said, files, table, [], where)) is None:
            continue
        try:
            if crowd != 0:
                raise DataError(f"{where}: iscrowd = {crowd!r}; 0, or 1 for a crowd, is needed. Correct it.")
            table.add(case, _label(said.get("category_id"), labels, where), _ends(said.get("bbox"), where), where)
        except DataError as error:
            table.problem(case, str(error))
    if table.cases.keys() > listed and not any(table.cases.values()) and not table.problems:
        raise DataError(f"{path}: no box is of a picture in it: compare image_id with the id of the images.")
    return table


def coco_lists(source: Path) -> list[Path]:
    """Lists below a folder: `annotations/instances_train2017.json` of pictures in `train2017/`, as COCO comes; or one
    beside the pictures of each folder, as Roboflow writes it."""
    return sorted({path for pattern in LISTS for path in source.glob(pattern)})


def read_coco_lists(paths: Sequence[Path], source: Path) -> BoxesTable:
    """The boxes of all lists by the way to each picture.

    Raises:
        DataError: As of `read_coco`; or there is no folder for the pictures of one of several lists.
    """
    table = BoxesTable()
    for path in paths:
        one, folder = read_coco(path), _folder(path, source, len(paths) == 1)
        one.rename({file: f"{folder}{file}" for file in one.cases if "/" not in file})
        for file in one.cases.keys() & table.cases.keys():
            table.problem(file, f"{path}: lists it, and so does another list. Take it out of one.")
        table.cases |= one.cases
        table.sizes |= one.sizes
        for file, messages in one.problems.items():
            table.problems.setdefault(file, []).extend(messages)
    return table


def _folder(path: Path, source: Path, only: bool) -> str:
    """Where the pictures of a list lie, with a slash; "" where one list is of all."""
    part = path.stem.removeprefix(OFFICIAL)
    places = [path.parent] if path.stem == part else [source / part, source / "images" / part]
    found = next((place for place in places if place.is_dir()), None)
    if found is None and not only:
        looked = " or ".join(f"{place.relative_to(source).as_posix()}/" for place in places)
        raise DataError(f"{path}: one of several lists, whose pictures are looked for in {looked}. Put them there.")
    return f"{found.relative_to(source).as_posix()}/" if found else ""


def _name(category: Mapping[str, Any], where: str) -> str:
    return text_of(category.get("name"), f"{where}: no name")


def _label(category: Any, labels: Mapping[Any, str], where: str) -> str:
    if category not in labels:
        raise DataError(f"{where}: category_id = {category!r}, and no category of the file has this id. Add it.")
    return labels[category]


def _ends(bbox: Any, where: str) -> list[float]:
    """Low and high ends of a box, as `BoxesTable.add` wants them."""
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise DataError(f"{where}: bbox = {bbox!r}; [x, y, width, height] is needed.")
    x, y, width, height = (coordinate(v, where) for v in bbox)
    return [x, y, x + width, y + height]


def write_coco(path: Path, pictures: Mapping[str, tuple[tuple[int, ...], Sequence[Box]]]) -> None:
    """Write a data set.

    Args:
        path: Ends in `.json`.
        pictures: By file: width and height, and boxes.
    """
    labels = sorted({box.label for _, boxes in pictures.values() for box in boxes})
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (file, ((width, height), boxes)) in enumerate(pictures.items(), 1):
        images.append({"id": number, "file_name": file, "width": width, "height": height})
        for box in boxes:
            low, high = edges_of(box)
            edges = [b - a for a, b in zip(low, high, strict=True)]
            said = {"id": len(annotations) + 1, "image_id": number, "category_id": labels.index(box.label) + 1}
            annotations.append(said | {"bbox": [*low, *edges], "area": edges[0] * edges[1], "iscrowd": 0})
    categories = [{"id": n, "name": label} for n, label in enumerate(labels, 1)]
    write_json(path, {"images": images, "annotations": annotations, "categories": categories})
