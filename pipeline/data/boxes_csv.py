"""Boxes as a table: `image,class,xmin,ymin,xmax,ymax` (also `case` in place of `image`, `label` of `class`), in px
counted from the edge of the first pixel. Columns `width` and `height` may state the size of the picture; others are not
looked at. Read and written side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.data.atomic import write_text
from pipeline.data.boxes_table import BoxesTable, edges_of
from pipeline.data.boxes_voc import ENDS
from pipeline.data.csv_rows import headings, read_rows
from pipeline.data.dataset import Box
from pipeline.data.picture_size import table_sizes
from pipeline.data.points_csv import csv_line
from pipeline.errors import DataError

WHOSE, WHAT = ("image", "case"), ("class", "label")


def read_boxes_csv(path: Path) -> BoxesTable:
    """All boxes by the file or id of each picture; a row without a class says that the picture shows nothing.

    Raises:
        DataError: Not readable, or a column is missing. A bad number is a problem of its picture.
    """
    header = headings(path)
    whose = next((name for name in WHOSE if name in header), None)
    what = next((name for name in WHAT if name in header), None)
    if whose is None or what is None or not set(ENDS) <= set(header):
        raise DataError(f"{path}: columns are {','.join(header)}; needed are image,class,{','.join(ENDS)}.")
    table = BoxesTable()
    rows = read_rows(path, [whose, what, *ENDS], ENDS)
    for row in rows:
        case, label, ends = row.cells[whose], row.cells[what], [row.cells[end] for end in ENDS]
        if row.problem:
            table.problem(case, f"{path}: row {row.line}: {row.problem}.")
        elif label or any(ends):
            table.add(case, label, list(ends), f"{path}: row {row.line}")
        else:
            table.cases.setdefault(case, [])
    said = [(row.cells[whose], row.cells) for row in rows if not row.problem]
    table.sizes = table_sizes(said, {case: [box.high for box in boxes] for case, boxes in table.cases.items()})
    highest = [end for boxes in table.cases.values() for box in boxes for end in edges_of(box)[1]]
    if highest and max(highest) <= 1:
        raise DataError(f"{path}: no edge is beyond 1, as if they were shares of the picture; write them in px.")
    return table


def write_boxes_csv(path: Path, pictures: Mapping[str, Sequence[Box]]) -> None:
    """Write a data set; a picture without boxes has a row without class."""
    lines = [csv_line(("image", "class", *ENDS))]
    for name, boxes in pictures.items():
        for box in boxes:
            low, high = edges_of(box)
            lines.append(csv_line((name, box.label, *(f"{v:.6f}" for v in (*low, *high)))))
        if not boxes:
            lines.append(csv_line((name, "", *("" for _ in ENDS))))
    write_text(path, "\n".join(lines) + "\n")
