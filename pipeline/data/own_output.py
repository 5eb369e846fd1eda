"""Folders and pictures that the program made itself, which are no input of it: a second look would answer its own
drawings, or links to scans that it was given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.data.atomic import read_json
from pipeline.data.csv_rows import some
from pipeline.data.file_names import file_stem
from pipeline.data.findings import Finding
from pipeline.data.kept_answers import KeptAnswers
from pipeline.data.run_report import REPORT, is_report
from pipeline.errors import DataError

ANSWERS = "predictions.json"
MEANT = "Give the pictures that it was given."  # in place of its drawings
TABLES = ("all_landmarks_voxel.json", "boxes.csv", "boxes.json", "values.csv")  # of all cases, which `import` reads
PREPARED = "prepared"  # of a run
PRIVATE = "private"  # beside what goes by codes
KEY = "key"  # in it, what codes are made with
WORN = ("Software", "patchvote overlay")  # in the head of each PNG of `overlay`
NEAR, FAR = 1 << 13, 1 << 20  # bytes within which the pixels of a PNG begin, and do behind a long colour profile


def is_written(folder: Path, top: Path) -> bool:
    """Whether it is a run, the prepared scans of one, links that are called by codes, or what `align` made, unless that
    is `top` as it was given."""
    run = folder.parent if folder.name == PREPARED else folder
    aligned = folder.name == "images" and folder.parent != top and (folder.parent / "aligned.csv").is_file()
    return aligned or is_linked(folder) or ((run / "config.yaml").is_file() and (run / PREPARED).is_dir())


def is_linked(folder: Path) -> bool:
    """Whether it holds links that call scans by codes."""
    return folder.name == PRIVATE and (folder / KEY).is_file()


def is_answered(folder: Path, top: Path, out: Path | None) -> bool:
    """Whether pictures in it show answers: a call of ours ended there or above, though not in `top` as it was given; or
    answers are about to go there. Answers to scans may lie beside their scans, so those are taken all the same."""
    ended = any(
        all((p / name).is_file() for name in (ANSWERS, REPORT))
        for p in (folder, folder.parent)
        if p != top and top in p.parents
    )
    return ended or (out is not None and folder != top and folder.resolve() == out.resolve())


@dataclass(frozen=True)
class Written:
    """What `predict` wrote into a folder.

    Args:
        names: Of files.
        stems: How files of a case are called but for their kind, where nothing tells which kinds were written.
    """

    names: frozenset[str]
    stems: frozenset[str]

    def has(self, path: Path) -> bool:
        """Whether this file of the folder is among it. Those of one case are called after it, before a kind of one word
        or two (`.fcsv`, `.mrk.json`)."""
        words = path.name.split(".")
        stems = {".".join(words[:-1]), ".".join(words[:-2])}
        return path.name in self.names or bool(self.stems & stems or (self.stems and path.name in TABLES))


def written_in(folder: Path) -> Written:
    """What was kept of each case names its files, also of a call that did not end; early calls kept no names, or the
    user took that away, and then every kind may have been written."""
    kept = KeptAnswers(folder).others(())
    names = frozenset(name for content in kept.values() for name in content.get("files", ()))
    untold = {case for case, content in kept.items() if "files" not in content}
    return Written(names, frozenset(map(file_stem, untold if kept else _cases_told(folder))))


def _cases_told(folder: Path) -> Iterable[str]:
    try:
        return list(read_json(folder / ANSWERS)["cases"]) if is_report(folder / REPORT, "predict") else []
    except (DataError, KeyError, TypeError):
        return []


def about_drawings(images: Iterable[Path]) -> str:
    """What to tell of pictures that are called as those `predict` drew its answers on and lie where it did, "" = none
    are: whoever gives such a folder itself may mean the pictures that were answered."""
    pictures = [p for p in images if p.suffix.lower() == ".png"]
    written = {folder: written_in(folder) for folder in {p.parent for p in pictures}}
    if not (drawn := sorted(str(p) for p in pictures if written[p.parent].has(p))):
        return ""
    return f"{some(drawn)}: predict wrote its answers there and drew them on these pictures, which are taken so."


def own_answers(annotations: Iterable[Path]) -> list[Finding]:
    """A warning for each folder of which files that are taken for annotations are what `predict` wrote there. They may
    have been corrected: nobody can tell but the user."""
    by_folder: dict[Path, list[Path]] = {}
    for path in sorted(set(annotations)):
        by_folder.setdefault(path.parent, []).append(path)
    advice = f"Correct each by hand, or take them away; once that is done, without cases/ and {ANSWERS} there"
    findings = []
    for folder, paths in by_folder.items():
        written = written_in(folder)
        if found := [str(path) for path in paths if written.has(path)]:
            text = f"{some(found)}: predict wrote answers there, and they become truth."
            findings.append(Finding("own-answers", "warning", None, text, f"{advice} this is not said."))
    return findings


def is_worn(path: Path) -> bool:
    """Whether `overlay` made a picture: before its pixels a PNG says so."""
    try:
        if path.suffix.lower() != ".png" or not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(NEAR)
            head += b"" if b"IDAT" in head else file.read(FAR)
    except OSError:  # said by whoever reads it
        return False
    return b"tEXt" + "\0".join(WORN).encode() in head.partition(b"IDAT")[0]
