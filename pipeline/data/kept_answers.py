"""The folder that `predict` writes into: which files it holds, and `cases/`, what each answer was made of."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.data.answer_fields import failures_of
from pipeline.data.atomic import read_json, read_sealed, write_sealed, write_text
from pipeline.data.boxes_yolo import CLASSES
from pipeline.data.file_names import file_stem
from pipeline.data.nnlandmark import NAME as NNLANDMARK
from pipeline.data.nnlandmark import SPACINGS
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.points_csv import csv_line
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.reachable import is_there
from pipeline.data.run_report import REPORT, is_report, require_free_report
from pipeline.data.scan_facts import has_digest, stamp_of
from pipeline.data.write_answers import TABLE
from pipeline.errors import DataError

ENDINGS = {  # of the file an image, by format
    "mrk.json": ".mrk.json",
    "fcsv": ".fcsv",
    "points.json": POINTS,
    "png": ".png",
    "dicom-sr": ".sr.dcm",
    "voc": ".xml",
    "yolo": ".txt",
}
TABLES: dict[str, dict[str, tuple[str, ...]]] = {  # of all images, by kind of answers and format
    "points": {"csv": (TABLE,), "nnlandmark": (NNLANDMARK, SPACINGS)},
    "boxes": {"csv": ("boxes.csv",), "coco": ("boxes.json",), "yolo": (CLASSES,)},
}
PREDICTIONS = "predictions.json"
VALUES = "values.csv"
FAILURES = "failures.csv"  # only where there are any


@dataclass(frozen=True)
class AnswerFiles:
    """Names of the files that answers are written into.

    Args:
        kind: Of the answers: points, boxes, values, vectors.
        formats: What is asked for.
        boxes: Format of the boxes beside points, in a folder of their own.
        values: Whether there is a table of values.
    """

    kind: str
    formats: tuple[str, ...] = ()
    boxes: str | None = None
    values: bool = False

    def of_case(self, case: str) -> list[str]:
        """One file an image for each format that has one."""
        stem = file_stem(case)
        beside = [f"boxes/{stem}{ENDINGS[self.boxes]}"] if self.boxes else []
        return [f"{stem}{ENDINGS[name]}" for name in self.formats if name in ENDINGS] + beside

    def tables(self) -> list[str]:
        """What shows the answers to all images."""
        asked = [name for key, names in TABLES.get(self.kind, {}).items() if key in self.formats for name in names]
        return [*asked, *([VALUES] if self.values else [])]

    def of_all(self) -> list[str]:
        """What holds all images."""
        return [PREDICTIONS, REPORT, FAILURES, *self.tables()]


@dataclass(frozen=True)
class KeptAnswers:
    """The answers of earlier calls in a folder: of each case a sealed file, which also names the files it wrote."""

    out: Path

    def place(self, case: str) -> Path:
        """The sealed file of a case."""
        return self.out / "cases" / f"{file_stem(case)}.json"

    def read(self, case: str) -> dict[str, Any]:
        """What was kept of a case; empty where nothing was, or it is damaged."""
        return _sealed(self.place(case))

    def write(self, case: str, content: Mapping[str, Any], scan: Path, files: Sequence[str]) -> None:
        """Keep the answers to a scan, and its sums, before its `files` are written. Files of an earlier call
        show the same answers, or are removed: a new one may fail to be written."""
        before = self.read(case)
        earlier = set(before.get("files", ()))
        same = earlier if before.get("made_of") == content["made_of"] else set[str]()
        told = {*files, *same}
        whole = {**content, "case": case, "scan": self._told(scan), "files": sorted(told)}
        if whole != before:
            write_sealed(self.place(case), whole, indent=None)
        for name in earlier - same:
            (self.out / name).unlink(missing_ok=True)

    def remove(self, case: str, files: Sequence[str]) -> None:
        """Answers that no longer hold, and what showed them; `files` where an early folder does not say."""
        if kept := self.read(case):
            for name in kept.get("files", files):
                (self.out / name).unlink(missing_ok=True)
            self.place(case).unlink()

    def others(self, cases: Container[str]) -> dict[str, dict[str, Any]]:
        """What was kept of other cases."""
        kept = {path.stem: _sealed(path) for path in sorted((self.out / "cases").glob("*.json"))}
        named = {content.get("case", stem): content for stem, content in kept.items() if content}
        return {case: content for case, content in named.items() if case not in cases}

    def scan_of(self, kept: Mapping[str, Any]) -> Path | None:
        """The scan that was answered; None where it changed, is gone, or was never told."""
        scan = self.out / kept.get("scan", "")
        try:
            return scan if "scan" in kept and stamp_of(scan) == kept["stamp"] else None
        except OSError:
            return None

    def exchanged(self, case: str, scan: Path, views: Mapping[str, Path]) -> list[Path]:
        """Those images of a case that are not the ones that were answered, as far as they are there to be read and the
        answers say what theirs were; early ones do not, or not of its other images. Bytes are read only where the stamp
        is another one, which that of a copy is, too.

        Args:
            scan: The first image.
            views: The others, by what they show.
        """
        kept = self.read(case)
        told = [(scan, kept), *((path, kept.get("views", {}).get(view, {})) for view, path in views.items())]
        return [path for path, facts in told if _is_other(path, facts)]

    def tables(self, by: str | None = None) -> set[str]:
        """Tables of answers that earlier calls wrote and that are there still; of this model and program, if given."""
        kept = [content for content in self.others(()).values() if by in (None, content.get("by"))]
        told = {name for content in kept for name in content.get("files", ())}
        known = {VALUES, *(name for kind in TABLES for names in holding(kind).values() for name in names)}
        return {name for name in told & known if (self.out / name).is_file()}

    def remove_tables(self, but: Container[str]) -> None:
        """Tables that were not written with `predictions.json`, and so may hold other cases."""
        for name in self.tables():
            if name not in but:
                (self.out / name).unlink()

    def failures(self) -> dict[str, str]:
        """Why scans of earlier calls have no answers."""
        try:
            return failures_of(read_json(self.out / PREDICTIONS), self.out / PREDICTIONS)
        except (DataError, AttributeError):  # none yet, or damaged
            return {}

    def write_failures(self, failures: Mapping[str, str], scans: Mapping[str, Path]) -> None:
        """Write `failures.csv`: which scans did not come through, and why; nothing where all did."""
        lines = [csv_line((case, self._told(scans[case]), why)) for case, why in sorted(failures.items())]
        if lines:
            write_text(self.out / FAILURES, "\n".join(["case,scan,reason", *lines]) + "\n")
        else:
            (self.out / FAILURES).unlink(missing_ok=True)

    def _told(self, scan: Path) -> str:
        """A link in the folder by its code, for whose it is nobody may know."""
        place, out = Path(os.path.abspath(scan)), Path(os.path.abspath(self.out))
        return str(place.relative_to(out) if place.is_relative_to(out) else place)

    def require_free(self, files: AnswerFiles, cases: Iterable[str], read: Iterable[Path]) -> None:
        """Make sure that no file of the user's would be replaced.

        Raises:
            ConfigError: One would be.
        """
        whose: dict[Path, str | None] = {self.out / name: None for name in files.of_all()}
        for case in cases:
            whose |= {path: case for path in (self.place(case), *(self.out / name for name in files.of_case(case)))}
        begun = self.begun()
        if not begun:
            require_free_report(self.out, "predict")

        def ours(path: Path) -> bool:
            case = whose[path]
            return begun if case is None else self.wrote(case, path)

        refuse_overwriting(whose, read, ours)

    def wrote(self, case: str, path: Path) -> bool:
        """Whether an earlier call wrote this file of a case; one whose sealed file is damaged did, in our folder."""
        kept = self.read(case)
        if not kept or path == self.place(case):
            return bool(kept) or (self.place(case).exists() and self.reported())
        name = path.relative_to(self.out).as_posix()
        return name in kept.get("files", [name])  # early folders do not say

    def reported(self) -> bool:
        """Whether a call came to its end here."""
        return is_report(self.out / REPORT, "predict")

    def begun(self) -> bool:
        """Whether a call answered anything here, or was about to say that it had not."""
        try:
            told = read_json(self.out / PREDICTIONS)
        except DataError:  # not there; or damaged, which does not show whose it is
            told = None
        if isinstance(told, dict) and {"version", "model", "cases", "failures"} <= told.keys():
            return True
        return self.reported() or any(_sealed(path) for path in sorted((self.out / "cases").glob("*.json")))


def holding(kind: str) -> dict[str, tuple[str, ...]]:
    """Of each format the tables that hold answers; the one of YOLO names classes alone."""
    return {key: names for key, names in TABLES.get(kind, {}).items() if key not in ENDINGS}


def _is_other(scan: Path, kept: Mapping[str, Any]) -> bool:
    try:
        if not kept.get("sha256") or not is_there(scan) or stamp_of(scan) == kept["stamp"]:
            return False
        return not has_digest(scan, kept["sha256"])
    except OSError:
        return False


def _sealed(path: Path) -> dict[str, Any]:
    try:
        return read_sealed(path)
    except DataError:
        return {}
