"""The landmarks that belong to a set of scans: from one table, or from one file a scan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.coco_points import read_coco_points
from pipeline.data.dataset import Position
from pipeline.data.dlib_xml import read_dlib
from pipeline.data.fcsv import read_fcsv
from pipeline.data.findings import Finding
from pipeline.data.frame_vote import vote_frame
from pipeline.data.markups import read_markups
from pipeline.data.mps import read_mps
from pipeline.data.nnlandmark import NAME as NNLANDMARK
from pipeline.data.nnlandmark import read_nnlandmark
from pipeline.data.observers import Readings, agreed, observer_of
from pipeline.data.picture_size import other_sizes
from pipeline.data.points_csv import read_points_csv
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.points_file import read_points_file
from pipeline.data.points_json import read_points_json
from pipeline.data.points_table import PointsTable
from pipeline.data.pts import read_pts
from pipeline.data.readers import unit_of, walked
from pipeline.data.scan_files import ids_by_file
from pipeline.errors import DataError

TABLES = ("landmarks.csv", "landmarks.json", "landmarks.xml", "keypoints.json", NNLANDMARK)
READERS = {".mrk.json": read_markups, ".fcsv": read_fcsv, ".mps": read_mps, ".pts": read_pts, POINTS: read_points_file}
FILES = tuple(READERS)
SUBJECT = re.compile(r"(sub-[A-Za-z0-9]+)(_ses-[A-Za-z0-9]+)?")  # how BIDS names begin


@dataclass
class Annotations:
    """`cases[id][landmark]` in LPS mm, what each observer said where there are several, and what was wrong."""

    cases: dict[str, dict[str, Position]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    observers: dict[str, Readings] = field(default_factory=dict)

    def error(self, rule: str, case: str, message: str, advice: str) -> None:
        self.findings.append(Finding(rule, "error", case, message, advice))
        self.cases.pop(case, None)


def read_annotations(
    source: Path, scans: dict[str, Path], frame: str | None = None, labels: Mapping[str, Path] | None = None
) -> Annotations:
    """Find and read the landmarks of a folder.

    Args:
        source: The user's folder.
        scans: By case id.
        frame: The user's word on the frame, for files that state none.
        labels: Landmark files by case id, where a list names them.

    Raises:
        DataError: There are none, there are both tables and files, or the frame of a table stays open.
    """
    if labels is not None:
        odd = [str(p) for p in labels.values() if not p.name.lower().endswith(FILES)]
        if odd:
            raise DataError(f"{odd[0]}: unknown kind of landmark file; known are {', '.join(FILES)}.")
        return _from_files({case: [path] for case, path in labels.items()}, frame)
    tables = [p for name in TABLES for p in (source / name, source / "landmarks" / name) if p.is_file()]
    files = _point_files(source, scans)
    if len(tables) + bool(files) > 1:
        listed = ", ".join(str(p.relative_to(source)) for p in [*tables, *files[:1]])
        raise DataError(f"{source}: landmarks in several places: {listed}. Keep one of them.")
    if tables:
        return _from_table(tables[0], scans, frame, source)
    if files:
        return _from_files(_by_case(files, scans), frame)
    raise DataError(
        f"{source}: no landmarks in it. Looked for {', '.join(TABLES)} and for CASE.mrk.json, CASE.fcsv or CASE.mps"
        " beside the scans or in landmarks/."
    )


def _point_files(source: Path, scans: dict[str, Path]) -> list[Path]:
    """In `landmarks/`, in `source` itself and beside the scans; not elsewhere, where old answers may lie."""
    folders = {source, *(p.parent for p in scans.values())}
    folders |= {Path(root) for root, _, _ in walked(source / "landmarks")}
    found = {p for folder in folders for p in folder.iterdir() if p.name.lower().endswith(FILES)}
    return sorted(p for p in found if not p.name.startswith("."))


def _from_table(path: Path, scans: dict[str, Path], frame: str | None, source: Path) -> Annotations:
    unit = "px" if any(unit_of(p) == "px" for p in scans.values()) else "mm"
    table = _table(path, scans, frame, unit)
    out = Annotations()
    table.rename(ids_by_file(scans, source))
    for case, message in other_sizes(table.sizes, scans).items():
        table.problem(case, message)
    if table.unit not in (None, unit):
        needed = "pictures are needed in px" if unit == "px" else "scans are needed in mm. Export world coordinates"
        raise DataError(f"{path}: states {table.unit}; landmarks of {needed}.")
    if unit == "px":
        table.frame = "LPS"  # a picture has no other frame: nothing is turned
    if table.frame is None and table.cases:
        table.frame, note = vote_frame(path, table, scans)
        out.findings.append(note)
    out.cases, out.observers = table.in_lps(table.frame or "LPS"), table.observers_in_lps(table.frame or "LPS")
    for case, readings in out.observers.items():
        out.findings += [_disputed(case, note) for note in agreed(readings)[1]]
    for case, messages in table.problems.items():
        more = f" (and {len(messages) - 1} more in this case)" if len(messages) > 1 else ""
        out.error("bad-annotation", case, messages[0] + more, "Correct the row; the case is left out until then.")
    return out


def _table(path: Path, scans: dict[str, Path], frame: str | None, unit: str) -> PointsTable:
    if path.name == NNLANDMARK:
        return read_nnlandmark(path, scans)
    if path.name == "keypoints.json":
        return read_coco_points(path)
    if path.suffix == ".xml":
        return read_dlib(path)
    return read_points_csv(path, frame, unit) if path.suffix == ".csv" else read_points_json(path, frame)


def _from_files(by_case: dict[str, list[Path]], frame: str | None) -> Annotations:
    out = Annotations()
    for case, paths in sorted(by_case.items()):
        exact = [p for p in paths if observer_of(p, _stem(p))[0] == case] or paths
        whose = [observer_of(p, _stem(p))[1] for p in exact]
        if len(exact) > 1 and ("" in whose or len(set(whose)) < len(whose)):
            names = " and ".join(str(p) for p in exact)
            advice = f"Keep one, named {case}{FILES[0]}; files of several observers end in _observer-NAME."
            out.error("ambiguous-annotation", case, f"{names} could both belong to it.", advice)
            continue
        try:
            said = {who: _read(path, frame, case, out) for who, path in zip(whose, exact, strict=True)}
        except DataError as error:
            out.error("bad-annotation", case, str(error), "Correct the file; the case is left out until then.")
            continue
        out.cases[case], notes = agreed(said)
        if len(said) > 1:
            out.observers[case] = said
        out.findings += [_disputed(case, note) for note in notes]
    return out


def _read(path: Path, frame: str | None, case: str, out: Annotations) -> dict[str, Position]:
    points, notes = READERS[_suffix(path)](path, frame)
    out.findings += [Finding("annotation-note", "note", case, f"{path}: {note}") for note in notes]
    return points


def _disputed(case: str, note: str) -> Finding:
    return Finding("observers-disagree", "warning", case, f"{note}.", "Look at it together, and correct the files.")


def _by_case(files: list[Path], scans: dict[str, Path]) -> dict[str, list[Path]]:
    """Each file to the longest id that its name is or starts with; by BIDS to the one scan of its subject and session;
    else to its own name."""
    sessions: dict[str, list[str]] = {}
    for case in scans:
        if match := SUBJECT.match(case):
            sessions.setdefault(match[0], []).append(case)
    by_case: dict[str, list[Path]] = {}
    for path in files:
        stem = _stem(path)
        fits = [c for c in scans if stem == c or (stem.startswith(c) and stem[len(c)] in "_-. ")]
        match = SUBJECT.match(stem)
        same = sessions.get(match[0], []) if match else []
        only = same[0] if len(same) == 1 else observer_of(path, stem)[0]
        by_case.setdefault(max(fits, key=len, default=only), []).append(path)
    return by_case


def _stem(path: Path) -> str:
    return path.name[: -len(_suffix(path))]


def _suffix(path: Path) -> str:
    return next(s for s in FILES if path.name.lower().endswith(s))
