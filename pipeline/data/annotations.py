"""The landmarks that belong to a set of scans: from one table, or from one file a scan."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.coco_points import read_coco_points
from pipeline.data.csv_rows import some
from pipeline.data.datalist import NAMES as DATALISTS
from pipeline.data.dataset import Position
from pipeline.data.dlib_xml import read_dlib
from pipeline.data.fcsv import read_fcsv
from pipeline.data.findings import Finding
from pipeline.data.frame_vote import vote_frame
from pipeline.data.frames import OtherFrameError
from pipeline.data.landmark_names import spelled
from pipeline.data.markups import read_markups
from pipeline.data.mps import read_mps
from pipeline.data.nnlandmark import NAME as NNLANDMARK
from pipeline.data.nnlandmark import read_nnlandmark
from pipeline.data.observers import Readings, agreed, observer_of
from pipeline.data.own_output import own_answers
from pipeline.data.picture_size import other_sizes
from pipeline.data.point_files import FILES, files_by_case, point_files, stem_of, suffix_of
from pipeline.data.points_csv import read_points_csv
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.points_file import read_points_file
from pipeline.data.points_json import read_points_json
from pipeline.data.points_table import PointsTable
from pipeline.data.pts import read_pts
from pipeline.data.readers import require_file, unit_of
from pipeline.data.scan_ids import alike, ids_by_file
from pipeline.errors import DataError

TABLES = ("landmarks.csv", "landmarks.json", "landmarks.xml", "keypoints.json", NNLANDMARK)
READERS = dict(zip(FILES, (read_markups, read_fcsv, read_mps, read_pts, read_points_file), strict=True))
OF_PICTURES = (".pts", POINTS)  # in px


@dataclass
class Annotations:
    """`cases[id][landmark]` in LPS mm, what each observer said where there are several, what was wrong, and, where each
    scan has its own, the `files` of a case."""

    cases: dict[str, dict[str, Position]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    observers: dict[str, Readings] = field(default_factory=dict)
    files: dict[str, list[Path]] = field(default_factory=dict)

    def error(self, rule: str, case: str, message: str, advice: str) -> None:
        self.findings.append(Finding(rule, "error", case, message, advice))
        self.cases.pop(case, None)

    def spell(self, table: Path) -> None:
        """Write names that look the same alike; a case that has one twice is left out."""
        for case, points in list(self.cases.items()):
            try:
                self.cases[case] = _spelled(points, f"{table}: case '{case}'")
                if case in self.observers:
                    readings = self.observers[case]
                    self.observers[case] = {who: _spelled(said, f"{table}: {who}") for who, said in readings.items()}
            except DataError as error:
                self.error(
                    "bad-annotation",
                    case,
                    str(error),
                    "Correct the rows and import again; the case is left out until then.",
                )


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
        return _from_files({case: [path] for case, path in labels.items()}, scans, frame)
    tables, files = _tables(source), point_files(source, scans)
    if len(tables) + bool(files) > 1:
        listed = ", ".join(str(p.relative_to(source)) for p in [*tables, *files[:1]])
        raise DataError(f"{source}: landmarks in several places: {listed}. Keep one of them.")
    if tables:
        return _from_table(tables[0], scans, frame, source)
    if files:
        by_case, notes = files_by_case(files, scans, source)
        found = _from_files(by_case, scans, frame)
        found.findings += [note for note in notes if note.case in found.cases]
        return found
    raise DataError(
        f"{source}: no landmarks in it. Looked for {', '.join((*TABLES, *DATALISTS))}, and for"
        f" {', '.join(f'CASE{kind}' for kind in FILES)} beside the scans or in landmarks/."
    )


def _tables(source: Path) -> list[Path]:
    """Also what cannot be read, for whoever reads it to say so."""
    places = (p for name in TABLES for p in (source / name, source / "landmarks" / name))
    return [*filter(os.path.lexists, places)]


def _from_table(path: Path, scans: dict[str, Path], frame: str | None, source: Path) -> Annotations:
    require_file(path)
    unit = "px" if any(unit_of(p) == "px" for p in scans.values()) else "mm"
    ids = ids_by_file(scans, source)
    table = read_nnlandmark(path, scans, ids) if path.name == NNLANDMARK else _table(path, frame, unit)
    out = Annotations(findings=own_answers([path]))
    table.rename(ids)
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
    out.spell(path)
    for case, readings in out.observers.items():
        out.findings += [_disputed(case, note) for note in agreed(readings)[1]]
    for case, messages in table.problems.items():
        more = f" (and {len(messages) - 1} more in this case)" if len(messages) > 1 else ""
        out.error(
            "bad-annotation",
            case,
            messages[0] + more,
            "Correct the row and import again; the case is left out until then.",
        )
    return out


def _table(path: Path, frame: str | None, unit: str) -> PointsTable:
    if path.name == "keypoints.json":
        return read_coco_points(path)
    if path.suffix == ".xml":
        return read_dlib(path)
    return read_points_csv(path, frame, unit) if path.suffix == ".csv" else read_points_json(path, frame)


def _from_files(by_case: dict[str, list[Path]], scans: Mapping[str, Path], frame: str | None) -> Annotations:
    out = Annotations(files=by_case, findings=own_answers(path for paths in by_case.values() for path in paths))
    for case, paths in sorted(by_case.items()):
        whose = [observer_of(p, stem_of(p))[1] for p in paths]
        if len(paths) > 1 and ("" in whose or len(set(whose)) < len(whose)):
            out.error("ambiguous-annotation", case, *_ambiguous(case, paths))
            continue
        try:
            at = scans.get(case)
            said = {who: _read(path, frame, case, at, out) for who, path in zip(whose, paths, strict=True)}
        except DataError as error:
            out.error(
                "bad-annotation",
                case,
                str(error),
                "Correct the file and import again; the case is left out until then.",
            )
            continue
        out.cases[case], notes = agreed(said)
        if len(said) > 1:
            out.observers[case] = said
        out.findings += [_disputed(case, note) for note in notes]
    return out


def _ambiguous(case: str, paths: Sequence[Path]) -> tuple[str, str]:
    """What is wrong with several files of a case, and what to do."""
    listed = some(map(str, paths))
    if len({spelled(str(p)) for p in paths}) < len(paths):
        return f"{listed}: {alike(paths)}", "Rename or remove one."
    advice = f"Keep one, named {case}{FILES[0]}; files of several observers end in _observer-NAME."
    return f"{listed} could each belong to it.", advice


def _read(path: Path, frame: str | None, case: str, scan: Path | None, out: Annotations) -> dict[str, Position]:
    require_file(path)
    kind = suffix_of(path)
    if kind in OF_PICTURES and scan is not None and unit_of(scan) != "px":
        raise DataError(f"{path}: is in px of a picture; {scan} is a scan, whose landmarks are needed in mm.")
    read = READERS[kind]
    try:
        points, notes = read(path, frame)
    except OtherFrameError:  # of many files the user speaks of those that state none
        points, notes = read(path, None)
        notes = [*notes, f"states another frame and keeps it; frame={frame} is for files that state none"]
    out.findings += [Finding("annotation-note", "note", case, f"{path}: {note}") for note in notes]
    return _spelled(points, str(path))


def _spelled(points: Mapping[str, Position], where: str) -> dict[str, Position]:
    """Names as `spelled` has them; DataError for one that is there twice, or empty."""
    found = {spelled(name): point for name, point in points.items()}
    if "" in found:
        raise DataError(f"{where}: a landmark without a name. Name it.")
    if len(found) < len(points):
        names = [spelled(name) for name in points]
        twice = next(n for n in names if names.count(n) > 1)
        raise DataError(f"{where}: landmark '{twice}' occurs twice, in spellings that look the same. Remove one.")
    return found


def _disputed(case: str, note: str) -> Finding:
    return Finding("observers-disagree", "warning", case, f"{note}.", "Look at it together, and correct the files.")
