"""A table that does not say LPS or RAS: ask the scans which of the two puts the points inside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.data.csv_rows import some
from pipeline.data.findings import Finding
from pipeline.data.frames import FRAMES, to_lps
from pipeline.data.placement import mistake_of_most
from pipeline.data.points_table import PointsTable
from pipeline.data.readers import read_frame
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

FITS, FAILS = 0.75, 0.25  # share of cases that have all their points inside: the right frame, the wrong one


def vote_frame(path: Path, table: PointsTable, scans: dict[str, Path]) -> tuple[str, Finding]:
    """The one frame that explains the whole set, and a note that it was concluded and not read.

    A single scan can fit both ways, and a mirrored landmark looks plausible, so the answer must be clear
    over all cases.

    Raises:
        DataError: Both frames fit, or none does (says what would explain it); or the table speaks of no scan.
    """
    if not table.cases.keys() & scans.keys():
        raise DataError(
            f"{path}: speaks of {some(table.cases)}, and of no scan there is; scans are called {some(sorted(scans))}."
            " Name the rows as their scans are; a spreadsheet makes 1 or 1.0 of 001, unless the column is text."
        )
    inside = dict.fromkeys(FRAMES, 0)
    asked: list[list[tuple[ImageFrame, np.ndarray]]] = []  # of each case the points as either frame has them
    for case, points in table.cases.items():
        known = [p for p in points.values() if p is not None]
        try:
            scan = read_frame(scans[case])
        except (KeyError, DataError):
            continue
        if not known or any(len(p) != scan.dims for p in known):
            continue
        asked.append([(scan, np.array([to_lps(p, frame) for p in known])) for frame in FRAMES])
        for frame, (_, read) in zip(FRAMES, asked[-1], strict=True):
            inside[frame] += bool(scan.contains(read).all())
    counts = " and ".join(f"{inside[frame]} as {frame}" for frame in FRAMES)
    met = f"does not state its frame. Of {len(asked)} cases, all points lie inside the scan in {counts}"
    fitting = [f for f in FRAMES if asked and inside[f] >= FITS * len(asked)]
    if asked and not any(scan.contains(read).any() for reads in asked for scan, read in reads):
        text = f"{path}: {met}, and no single point in either: neither is the trouble.{mistake_of_most(asked)}"
        raise DataError(f"{text} Correct the table, and import again.")
    if len(fitting) != 1 or min(inside.values()) > FAILS * len(asked):
        raise DataError(f"{path}: {met}, so the scans do not tell. Say frame=LPS or frame=RAS.")
    return fitting[0], Finding(
        "frame", "note", None, f"{path.name} {met}: read as {fitting[0]}.", "Say frame= to be sure."
    )
