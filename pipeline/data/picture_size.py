"""Annotations state the size of the picture that they were drawn on; on one of another size they lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.readers import read_frame
from pipeline.errors import DataError

Size = tuple[int, ...]  # width and height
EXTENT = ("width", "height")  # columns of a table
MOST_DIGITS = 10  # Python refuses to read numbers of thousands


def coco_sizes(images: Sequence[Mapping[str, Any]]) -> dict[str, Size]:
    """By file name, of the `images` of a COCO file; those that state none are left out."""
    sizes = {str(image["file_name"]): (image.get("width"), image.get("height")) for image in images}
    return {f: (w, h) for f, (w, h) in sizes.items() if isinstance(w, int) and isinstance(h, int) and w > 0 and h > 0}


def table_sizes(
    rows: Iterable[tuple[str, Mapping[str, str]]], places: Mapping[str, Sequence[Sequence[float]]]
) -> dict[str, Size]:
    """By case, of the columns `width` and `height` of a table. They may be of something else, such as each box: none
    where a number is not whole, a case has two sizes, or a position lies beyond its picture.

    Args:
        rows: Case and cells of each; empty ones say nothing.
        places: Positions by case, px.

    Examples:
        >>> rows = [("a", {"width": "9", "height": "5.0"}), ("b", {"width": "", "height": ""})]
        >>> table_sizes(rows, {"a": [(8.5, 4.5)]}), table_sizes(rows, {"a": [(8.5, 7.5)]})
        ({'a': (9, 5)}, {})
    """
    sizes: dict[str, Size] = {}
    for case, cells in rows:
        told = [cells.get(name, "").removesuffix(".0") for name in EXTENT]
        if not any(cell.strip("0") for cell in told):  # some tools write 0
            continue
        if not all(cell.isdecimal() and len(cell) < MOST_DIGITS for cell in told):
            return {}
        size = tuple(map(int, told))
        if sizes.setdefault(case, size) != size:
            return {}
    ends = [(place, size) for case, size in sizes.items() for place in places.get(case, ())]
    beyond = any(v > n for place, size in ends for v, n in zip(place, size, strict=False))  # a table may have z, too
    return {} if beyond else sizes


def other_sizes(stated: Mapping[str, Size], scans: Mapping[str, Path]) -> dict[str, str]:
    """What is wrong, of each case whose picture has another size than is stated.

    Args:
        stated: By case id.
        scans: By case id.
    """
    wrong = {}
    for case in sorted(stated.keys() & scans.keys()):
        try:
            shape = read_frame(scans[case]).shape
        except DataError:
            continue  # the check stage reads the picture and says what is wrong with it
        if shape != stated[case]:
            drawn, met = (" x ".join(map(str, size)) for size in (stated[case], shape))
            wrong[case] = f"{scans[case].name} has {met} pixels; it was annotated at {drawn}. Annotate this one."
    return wrong
