"""The landmarks that belong to a set of scans: from one table, or from one file a scan."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.dataset import Position
from pipeline.data.fcsv import read_fcsv
from pipeline.data.findings import Finding
from pipeline.data.frame_vote import vote_frame
from pipeline.data.markups import read_markups
from pipeline.data.points_csv import read_points_csv
from pipeline.data.points_json import read_points_json
from pipeline.errors import DataError

TABLES = ("landmarks.csv", "landmarks.json")
FILES = (".mrk.json", ".fcsv")


@dataclass
class Annotations:
    """`cases[id][landmark]` in LPS mm, and what was wrong."""

    cases: dict[str, dict[str, Position]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def error(self, rule: str, case: str, message: str, advice: str) -> None:
        self.findings.append(Finding(rule, "error", case, message, advice))
        self.cases.pop(case, None)


def read_annotations(source: Path, scans: dict[str, Path], frame: str | None = None) -> Annotations:
    """Find and read the landmarks of a folder.

    Raises:
        DataError: There are none, there are both tables and files, or the frame of a table stays open.
    """
    tables = [p for name in TABLES for p in (source / name, source / "landmarks" / name) if p.is_file()]
    files = _point_files(source, scans)
    if len(tables) + bool(files) > 1:
        listed = ", ".join(str(p.relative_to(source)) for p in [*tables, *files[:1]])
        raise DataError(f"{source}: landmarks in several places: {listed}. Keep one of them.")
    if tables:
        return _from_table(tables[0], scans, frame)
    if files:
        return _from_files(files, scans, frame)
    raise DataError(
        f"{source}: no landmarks in it. Looked for {', '.join(TABLES)} and for CASE.mrk.json or CASE.fcsv"
        " beside the scans or in landmarks/."
    )


def _point_files(source: Path, scans: dict[str, Path]) -> list[Path]:
    """In `landmarks/`, in `source` itself and beside the scans; not elsewhere, where old answers may lie."""
    folders = {source, *(p.parent for p in scans.values())}
    folders |= {Path(root) for root, _, _ in os.walk(source / "landmarks")}
    found = {p for folder in folders for p in folder.iterdir() if p.name.lower().endswith(FILES)}
    return sorted(p for p in found if not p.name.startswith("."))


def _from_table(path: Path, scans: dict[str, Path], frame: str | None) -> Annotations:
    table = read_points_csv(path, frame) if path.suffix.lower() == ".csv" else read_points_json(path, frame)
    out = Annotations()
    if table.frame is None and table.cases:
        table.frame, note = vote_frame(path, table, scans)
        out.findings.append(note)
    out.cases = table.in_lps(table.frame or "LPS")
    for case, messages in table.problems.items():
        more = f" (and {len(messages) - 1} more in this case)" if len(messages) > 1 else ""
        out.error("bad-annotation", case, messages[0] + more, "Correct the row; the case is left out until then.")
    return out


def _from_files(files: list[Path], scans: dict[str, Path], frame: str | None) -> Annotations:
    out = Annotations()
    for case, paths in sorted(_by_case(files, scans).items()):
        exact = [p for p in paths if _stem(p) == case] or paths
        if len(exact) > 1:
            names = " and ".join(str(p) for p in exact)
            out.error(
                "ambiguous-annotation", case, f"{names} could both belong to it.", f"Keep one, named {case}{FILES[0]}."
            )
            continue
        try:
            read = read_fcsv if exact[0].suffix.lower() == ".fcsv" else read_markups
            out.cases[case], notes = read(exact[0], frame)
        except DataError as error:
            out.error("bad-annotation", case, str(error), "Correct the file; the case is left out until then.")
            continue
        out.findings += [Finding("annotation-note", "note", case, f"{exact[0]}: {note}") for note in notes]
    return out


def _by_case(files: list[Path], scans: dict[str, Path]) -> dict[str, list[Path]]:
    """Each file to the longest id that its name is or starts with; to its own name if there is none."""
    by_case: dict[str, list[Path]] = {}
    for path in files:
        stem = _stem(path)
        fits = [c for c in scans if stem == c or (stem.startswith(c) and stem[len(c)] in "_-. ")]
        by_case.setdefault(max(fits, key=len, default=stem), []).append(path)
    return by_case


def _stem(path: Path) -> str:
    return next(path.name[: -len(s)] for s in FILES if path.name.lower().endswith(s))
