"""Boxes as Pascal VOC has them: one XML a picture, read and written side by side.

`xmin` and `ymin` are taken as the edges that tools of today write, so a box of one point has no area; the challenge
itself counted pixels from 1 and included the last, which differs by less than a pixel. It left boxes that are
`difficult` out of its numbers; here nothing is known of them, and they count as any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from pipeline.data.atomic import write_text
from pipeline.data.boxes_table import BoxesTable, edges_of
from pipeline.data.dataset import Box
from pipeline.data.xml_root import xml_root
from pipeline.errors import DataError

ENDS = ("xmin", "ymin", "xmax", "ymax")
NUMBER = re.compile(r"[0-9]{1,9}")


def read_voc(path: Path, case: str, table: BoxesTable) -> None:
    """Add the boxes of one file to the table.

    Raises:
        DataError: Not such a file.
    """
    table.cases.setdefault(case, [])
    root = _root(path)
    size = [(root.findtext(f"size/{name}") or "").strip() for name in ("width", "height")]
    if all(NUMBER.fullmatch(pixels) and int(pixels) for pixels in size):  # some tools write 0
        table.sizes[case] = tuple(map(int, size))
    for number, found in enumerate(root.findall("object"), 1):
        where = f"{path}: object {number}"
        numbers = [(found.findtext(f"bndbox/{end}") or "").strip() for end in ENDS]
        table.add(case, (found.findtext("name") or "").strip(), numbers, where)


def is_voc(path: Path) -> bool:
    """Whether a file can be read as boxes of a picture: other XML may lie beside it, too."""
    try:
        return _root(path) is not None
    except DataError:
        return False


def _root(path: Path) -> ElementTree.Element:
    return xml_root(path, "annotation", "Pascal VOC")


def write_voc(path: Path, picture: str, size: tuple[int, ...], boxes: Sequence[Box]) -> None:
    """Write the boxes of one picture.

    Args:
        path: Ends in `.xml`.
        picture: Its file name.
        size: Width and height.
    """
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = picture
    stated = ElementTree.SubElement(root, "size")
    for name, pixels in zip(("width", "height"), size, strict=True):
        ElementTree.SubElement(stated, name).text = str(pixels)
    for box in boxes:
        found = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(found, "name").text = box.label
        ends = ElementTree.SubElement(found, "bndbox")
        low, high = edges_of(box)
        for name, value in zip(ENDS, (*low, *high), strict=True):
            ElementTree.SubElement(ends, name).text = f"{value:.6f}"
    ElementTree.indent(root)
    write_text(path, ElementTree.tostring(root, encoding="unicode") + "\n")
