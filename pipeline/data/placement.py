"""Do the landmarks lie inside their scans, and if not: which common mistake would explain it?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from pipeline.data.dataset import Case, Dataset
from pipeline.data.findings import Finding
from pipeline.data.frames import SIGNS
from pipeline.geometry import ImageFrame

Points = Float[np.ndarray, "N D"]
MANY = 0.5  # a share of cases above which the mistake is the data set's and not a case's
ROUNDED = 1e-3  # of a voxel: what files round, and what turning a point into voxels and back leaves
FINE = 2.5  # mm, the edge of a cube: a centimetre holds several such voxels


def _flip(points: Points) -> Points:
    return points * np.array(SIGNS[: points.shape[1]])


def _metres(frame: ImageFrame, points: Points) -> Points:
    return points * 1000 if frame.unit == "mm" else points


def _centimetres(frame: ImageFrame, points: Points) -> Points:
    """Of coarse voxels the indices are about as large as centimetres, and are the likelier mistake."""
    fine = float(np.prod(frame.spacing)) <= FINE**frame.dims
    return points * 10 if frame.unit == "mm" and fine else points


def _at_index(frame: ImageFrame, points: Points) -> Points:
    """Not where all lie in the place of one voxel, as whatever is small does near index 0: landmarks do not."""
    in_one = len(points) > 1 and bool((np.ptp(points, axis=0) <= 1).all())
    return points if in_one else frame.voxel_to_world(points)


# From points as they were read to points as they may have been meant. A file in RAS was flipped on
# reading, so its voxel indices or its reversed order must be flipped back first. What stays as it was explains nothing.
MISTAKES: dict[str, list[Callable[[ImageFrame, Points], Points]]] = {
    # Lengths come before voxel indices: what is small is near index 0, and so inside most scans.
    "the coordinates are in metres, not mm (multiply them by 1000)": [_metres],
    # frame= is not heard where a file states its own.
    "LPS and RAS are mixed up (correct the frame that the file states, in a .mrk.json coordinateSystem; where it states"
    " none, say the other one with frame=)": [lambda f, p: _flip(p)],
    "the coordinates are in centimetres, not mm (multiply them by 10)": [_centimetres],
    "the coordinates are voxel indices, not mm (export them as world coordinates)": [
        _at_index,
        lambda f, p: _at_index(f, _flip(p)),
    ],
    "the coordinates are in the order z,y,x (swap the columns)": [
        lambda f, p: p[:, ::-1],
        lambda f, p: _flip(_flip(p)[:, ::-1]),
    ],
    # Viewers count a series by column, row, slice; here it is (slice, row, column). Last: the others are likelier.
    "the coordinates are voxel indices in another order of axes, not mm (export them as world coordinates)": [
        lambda f, p: _at_index(f, p[:, ::-1]),
        lambda f, p: _at_index(f, _flip(p)[:, ::-1]),
    ],
}


def check_placement(dataset: Dataset, frames: Mapping[str, ImageFrame]) -> list[Finding]:
    """Findings of every landmark that is not a position inside its scan.

    A point less than a voxel outside is a warning, further out an error. If most cases are wrong and one
    mistake puts them all inside, an error of the whole data set says so.
    """
    findings: list[Finding] = []
    wrong: set[str] = set()
    for case in dataset.cases:
        if case.id in frames:
            found = _check_case(case, frames[case.id])
            findings += found
            wrong |= {case.id} if any(f.rule == "landmark-outside" and f.severity == "error" for f in found) else set()
    placed = [c for c in dataset.cases if c.id in frames and _positions(c, frames[c.id]) is not None]
    if placed and len(wrong) > MANY * len(placed):
        text = f"in {len(wrong)} of {len(placed)} cases landmarks lie outside the scan."
        text += mistake_of_most([[(frames[c.id], _positions(c, frames[c.id]))] for c in placed])
        advice = "Correct the file, or frame= where it states none, and import again."
        findings.append(Finding("landmark-frame", "error", None, text, advice))
    return findings


def mistake_of_most(cases: Collection[Sequence[tuple[ImageFrame, Points | None]]]) -> str:
    """A sentence on the one mistake that explains most cases, or nothing; each case is given as it may be read."""
    counts = {m: sum(any(_explains(m, *read) for read in reads) for reads in cases) for m in MISTAKES}
    best = max(counts, key=lambda m: counts[m])
    if counts[best] <= MANY * len(cases):
        return ""
    return f" All points of {counts[best]} cases would be inside if {best.split(' (')[0]}."


def _check_case(case: Case, frame: ImageFrame) -> list[Finding]:
    findings = []
    for name, position in case.landmarks.items():
        if position is not None and len(position) != frame.dims:
            text = f"landmark '{name}' = {list(position)}; {frame.dims} numbers are needed."
            findings.append(Finding("landmark-coordinates", "error", case.id, text, "Correct it and import again."))
    points = _positions(case, frame)
    if findings or points is None:
        return findings
    far, steps = outside(frame, points)
    if not (beyond := steps > ROUNDED).any():
        return []
    names = [n for n, p in case.landmarks.items() if p is not None]
    worst = int(np.argmax(far))
    count = int(beyond.sum())
    more = f" ({count} of {len(names)} landmarks are outside)" if count > 1 else ""
    text = f"landmark '{names[worst]}' lies {far[worst]:.1f} {frame.unit} outside the scan{more}."
    if steps.max() <= 1:
        return [Finding("landmark-outside", "warning", case.id, text, "Within a voxel of the edge: kept.")]
    reason = next((m for m in MISTAKES if _explains(m, frame, points)), None)
    mend = "Correct the point, or mark it absent"
    advice = f"It would be inside if {reason}. Correct it" if reason else mend
    return [Finding("landmark-outside", "error", case.id, text, f"{advice}, and import again.")]


def outside(frame: ImageFrame, points: Points) -> tuple[np.ndarray, np.ndarray]:
    """How far each point is from the box of voxels: in world units, and in voxels along the worst axis."""
    voxel = frame.world_to_voxel(points)
    nearest = np.clip(voxel, -0.5, np.array(frame.shape) - 0.5)
    return np.linalg.norm(points - frame.voxel_to_world(nearest), axis=1), np.abs(voxel - nearest).max(axis=1)


def _positions(case: Case, frame: ImageFrame) -> Points | None:
    points = [p for p in case.landmarks.values() if p is not None]
    usable = points and all(len(p) == frame.dims for p in points)
    return np.array(points, np.float64) if usable else None


def _explains(mistake: str, frame: ImageFrame, points: Points | None) -> bool:
    return points is not None and any(frame.contains(mend(frame, points)).all() for mend in MISTAKES[mistake])
