"""Several people placed the same landmarks: all readings are kept, their mean is the truth, their spread is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.data.dataset import Position

Readings = dict[str, dict[str, Position]]  # observer -> landmark -> position
WORD = r"(?:observer|obs|rater|reader|annotator)(?:[_\- ]|(?=[0-9])|(?=[A-Za-z]$))[A-Za-z0-9]+"  # not "obstruction"
IN_NAME = re.compile(rf"(?P<case>.+?)[_.\- ](?P<observer>{WORD})", re.IGNORECASE)


def observer_of(path: Path, stem: str) -> tuple[str, str]:
    """The stem without the observer, and who it is: `case_observer-A`, or a folder `observer_A/`; "" = nobody named.

    >>> observer_of(Path("landmarks/c1_rater2.mrk.json"), "c1_rater2")
    ('c1', 'rater2')
    """
    if match := IN_NAME.fullmatch(stem):
        return match["case"], match["observer"]
    folder = path.parent.name
    return stem, folder if re.fullmatch(WORD, folder, re.IGNORECASE) else ""


def agreed(readings: Readings) -> tuple[dict[str, Position], list[str]]:
    """The mean of those who placed a landmark, or absent if most say so; and who disagreed about that.

    A landmark that as many call absent as placed it is left unannotated: nobody knows. Some tools write more axes than
    an image has, the others as 0: the mean is of those that all wrote.

    >>> agreed({"A": {"p": (1.0, 2.0)}, "B": {"p": (3.0, 4.0)}})
    ({'p': (2.0, 3.0)}, [])
    """
    points: dict[str, Position] = {}
    notes = []
    for name in dict.fromkeys(n for said in readings.values() for n in said):
        said = [placed[name] for placed in readings.values() if name in placed]
        there = [p for p in said if p is not None]
        if there and len(there) < len(said):
            notes.append(f"'{name}': {len(there)} of {len(said)} observers placed it, the others call it absent")
        if 2 * len(there) > len(said):
            axes = min(map(len, there))
            points[name] = tuple(float(v) for v in np.mean([p[:axes] for p in there], axis=0))
        elif 2 * len(there) < len(said):
            points[name] = None
    return points, notes


def disagreement(readings: Mapping[str, Mapping[str, Position]], name: str) -> list[float]:
    """Distances between every two observers of a landmark, world unit; along the axes that all wrote."""
    said = [p for placed in readings.values() if (p := placed.get(name)) is not None]
    at = [np.array(p[: min(map(len, said))]) for p in said]
    return [float(np.linalg.norm(a - b)) for i, a in enumerate(at) for b in at[:i]]
