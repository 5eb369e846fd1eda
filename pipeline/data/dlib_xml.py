"""dlib's `<dataset>` of pictures whose boxes have parts, as its imglab writes it: read and written side by side.

Pixels count from 0. A picture with several boxes shows several objects; landmarks are each at most once in a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from pipeline.data.atomic import write_text
from pipeline.data.dataset import Position
from pipeline.data.frames import coordinate
from pipeline.data.points_table import PointsTable
from pipeline.data.xml_root import xml_root
from pipeline.errors import DataError

ABSENT = "take the part out"


def read_dlib(path: Path) -> PointsTable:
    """Landmarks in px by the file of each picture; a picture without a box shows nothing that is known.

    Raises:
        DataError: Not such a file. Several boxes in a picture, or a bad number, are a problem of that case.
    """
    table = PointsTable(unit="px")
    for image in xml_root(path, "dataset", "dlib's imglab").iterfind("./images/image"):
        name = image.get("file", "")
        boxes = [box for box in image.findall("box") if box.get("ignore", "0") in ("0", "false")]
        if len(boxes) > 1:
            table.cases.setdefault(name, {})
            table.problem(name, f"{path}: {name}: {len(boxes)} boxes. Cut the picture so that each shows one.")
        for box in boxes[:1]:
            _add_parts(table, name, box, f"{path}: {name}")
    return table


def _add_parts(table: PointsTable, case: str, box: ElementTree.Element, where: str) -> None:
    for part in box.findall("part"):
        name = part.get("name", "")
        try:
            point = tuple(coordinate(part.get(axis), f"{where}: part '{name}', {axis}", ABSENT) for axis in "xy")
            table.add(case, name, point, where)
        except DataError as error:
            table.problem(case, str(error))


def write_dlib(path: Path, pictures: Mapping[str, tuple[tuple[int, ...], Mapping[str, Position]]]) -> None:
    """Write a data set; every box is its whole picture, absent landmarks are left out.

    Args:
        path: Ends in `.xml`.
        pictures: By file: width and height, and landmarks in px.
    """
    root = ElementTree.Element("dataset")
    images = ElementTree.SubElement(root, "images")
    for file, ((width, height), points) in pictures.items():
        image = ElementTree.SubElement(images, "image", file=file)
        size = {"top": "0", "left": "0", "width": str(width), "height": str(height)}
        box = ElementTree.SubElement(image, "box", size)
        for name, point in points.items():
            if point is not None:
                x, y = (f"{v:.6f}" for v in point)
                ElementTree.SubElement(box, "part", name=name, x=x, y=y)
    ElementTree.indent(root)
    write_text(path, ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n")
