"""Points of one picture as the 300-W faces have them: `CASE.pts`, read and written side by side.

The first pixel is (1, 1) there, and (0, 0) here. Points have no names: they are called by their number, from 1 on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.data.atomic import write_text
from pipeline.data.csv_rows import unreadable
from pipeline.data.dataset import Position
from pipeline.data.frames import coordinate
from pipeline.errors import DataError

FORM = re.compile(r"\s*version\s*:\s*1\s+n_points\s*:\s*([0-9]{1,9})\s*\{([^{}]*)\}\s*", re.IGNORECASE)
FIRST = 1.0


def read_pts(path: Path, frame: str | None = None) -> tuple[dict[str, Position], list[str]]:
    """Landmarks in px, and a note that names are numbers.

    Raises:
        DataError: Not such a file, or its points are not as many as it says.
    """
    try:
        form = FORM.fullmatch(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {unreadable(error)}") from error
    if form is None:
        raise DataError(f"{path}: not a .pts file: `version: 1`, `n_points: N` and N lines `x y` in braces are needed.")
    rows = [line.split() for line in form[2].strip().splitlines()]
    if len(rows) != int(form[1]) or any(len(row) != 2 for row in rows):
        raise DataError(f"{path}: {len(rows)} lines of points, n_points says {form[1]}; each needs two numbers.")
    points: dict[str, Position] = {
        str(n): tuple(coordinate(v, f"{path}: point {n}") - FIRST for v in row) for n, row in enumerate(rows, 1)
    }
    return points, ["a .pts file holds no names: landmarks are called by their numbers"]


def write_pts(path: Path, positions: Mapping[str, tuple[float, ...]]) -> None:
    """Write all points, in their order; the format has no word for an absent one.

    Args:
        path: Ends in `.pts`.
        positions: px.
    """
    lines = [" ".join(f"{v + FIRST:.6f}" for v in position) for position in positions.values()]
    write_text(path, "\n".join(["version: 1", f"n_points: {len(lines)}", "{", *lines, "}"]) + "\n")
