"""Boxes as YOLO has them: `CASE.txt` with `class x y width height` a line, as shares of the picture, the middle of the
box first; classes are numbers, named line by line in `classes.txt` or in `data.yaml`. Read and written side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.data.atomic import write_text
from pipeline.data.boxes_table import BoxesTable, edges_of
from pipeline.data.csv_rows import unreadable
from pipeline.data.dataset import Box
from pipeline.data.frames import coordinate
from pipeline.data.written_numbers import number_in
from pipeline.errors import DataError

CLASSES = "classes.txt"
SETTINGS = "data.yaml"  # of a training with Ultralytics; its `names` are read
NUMBERS = 5
NUMBER = re.compile(r"[0-9]{1,9}")


def read_classes(path: Path) -> list[str]:
    """Names of the classes, from 0 on; an empty line counts, else each class after it would have the next one's name.

    Raises:
        DataError: Not readable, or without a name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {unreadable(error)}") from error
    if path.name == SETTINGS:
        return _names(text, path)
    names = [line.strip() for line in text.rstrip().splitlines()]
    if not names:
        raise DataError(f"{path}: no name in it. Write those of the classes, a line each, or take the file away.")
    return names


def write_classes(path: Path, classes: Sequence[str]) -> None:
    """Write `classes.txt`; a name of several lines becomes one, else each class after it would have another's name."""
    write_text(path, "".join(f"{' '.join(name.splitlines())}\n" for name in classes))


def _names(text: str, path: Path) -> list[str]:
    """A list, or by number from 0 on; none where the file says nothing of names."""
    import yaml

    try:
        content = yaml.load(text, yaml.BaseLoader)  # texts alone: a class may be called no
        said = content.get("names", []) if isinstance(content, dict) else []
        names = said if isinstance(said, list) else [said[str(number)] for number in range(len(said))]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise DataError(f"{path}: names of classes: a list, or each by its number from 0 on, is needed.") from error
    return [str(name).strip() for name in names]


def read_yolo(path: Path, case: str, size: tuple[int, ...], classes: Sequence[str], table: BoxesTable) -> None:
    """Add the boxes of one file to the table.

    Args:
        size: Width and height of the picture.
        classes: Their names; where there are none, a class is called by its number.

    Raises:
        DataError: Not readable.
    """
    table.cases.setdefault(case, [])
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {unreadable(error)}") from error
    for number, line in enumerate(lines, 1):
        cells, where = line.split(), f"{path}: line {number}"
        if not cells:
            continue
        try:
            if len(cells) != NUMBERS:
                raise DataError(f"{where}: {len(cells)} numbers; class, x, y, width and height are needed.")
            label = _label(cells[0], classes, where)
            x, y, width, height = (coordinate(v, where) for v in cells[1:])
        except DataError as error:
            table.problems.setdefault(case, []).append(str(error))
            continue
        low = [(x - width / 2) * size[0], (y - height / 2) * size[1]]
        table.add(case, label, [*low, low[0] + width * size[0], low[1] + height * size[1]], where)


def is_yolo(path: Path) -> bool:
    """Whether a text has a line as YOLO writes them: other texts may be called as a picture is, too."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return any(map(_is_box, lines))


def _is_box(line: str) -> bool:
    cells = line.split()
    return len(cells) == NUMBERS and bool(NUMBER.fullmatch(cells[0])) and all(0 <= number_in(v) <= 1 for v in cells[1:])


def write_yolo(path: Path, size: tuple[int, ...], boxes: Sequence[Box], classes: Sequence[str]) -> None:
    """Write the boxes of one picture of so many pixels; `write_classes` names the classes."""
    lines = []
    for box in boxes:
        low, high = edges_of(box)
        middle = [(a + b) / 2 / n for a, b, n in zip(low, high, size, strict=True)]
        edges = [(b - a) / n for a, b, n in zip(low, high, size, strict=True)]
        lines.append(" ".join([str(classes.index(box.label)), *(f"{v:.8f}" for v in (*middle, *edges))]))
    write_text(path, "\n".join(lines) + ("\n" if lines else ""))


def _label(text: str, classes: Sequence[str], where: str) -> str:
    if not NUMBER.fullmatch(text) or (classes and int(text) >= len(classes)):
        raise DataError(f"{where}: class '{text}'; a number below {len(classes) or 'the number of classes'} is needed.")
    if classes and not classes[int(text)]:
        raise DataError(f"{where}: class '{text}' has an empty line for a name in {CLASSES}. Name it there.")
    return classes[int(text)] if classes else text
