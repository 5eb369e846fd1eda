"""Folders and pictures that the program made itself, which are no input of it: a second look would answer its own
drawings, or links to scans that it was given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.data.atomic import read_json
from pipeline.data.csv_rows import some
from pipeline.data.file_names import file_stem
from pipeline.data.findings import Finding
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


def answered_in(folder: Path) -> frozenset[str]:
    """How the files are called, but for their kind, that `predict` wrote of each case into a folder."""
    try:
        return frozenset(
            map(file_stem, read_json(folder / ANSWERS)["cases"] if is_report(folder / REPORT, "predict") else ())
        )
    except (DataError, KeyError, TypeError):
        return frozenset()


def about_drawings(images: Iterable[Path]) -> str:
    """What to tell of pictures that are called as those `predict` drew its answers on and lie where it did, "" = none
    are: whoever gives such a folder itself may mean the pictures that were answered."""
    pictures = [p for p in images if p.suffix.lower() == ".png"]
    answered = {folder: answered_in(folder) for folder in {p.parent for p in pictures}}
    if not (drawn := sorted(str(p) for p in pictures if p.stem in answered[p.parent])):
        return ""
    return f"{some(drawn)}: predict wrote its answers there and drew them on these pictures, which are taken so."


def own_answers(annotations: Iterable[Path]) -> list[Finding]:
    """A warning for each folder of which files that are taken for annotations are what `predict` wrote there, by its
    name. They may have been corrected: nobody can tell but the user."""
    by_folder: dict[Path, list[Path]] = {}
    for path in annotations:
        by_folder.setdefault(path.parent, []).append(path)
    answers = {folder: _answers_among(paths, answered_in(folder)) for folder, paths in sorted(by_folder.items())}
    advice = f"Correct each by hand, or take them away; once that is done, without {ANSWERS} there this is not said."
    text = "predict wrote answers there, and they become truth."
    told = [f"{some(found)}: {text}" for found in answers.values() if found]
    return [Finding("own-answers", "warning", None, message, advice) for message in told]


def _answers_among(paths: Iterable[Path], stems: frozenset[str]) -> list[str]:
    """Those of one case are called after it, before a kind of one word or two (`.fcsv`, `.mrk.json`)."""
    called = ((p, p.name.split(".")) for p in sorted(set(paths)))
    ours = (p for p, words in called if stems & {".".join(words[:-1]), ".".join(words[:-2])} or p.name in TABLES)
    return [str(p) for p in ours] if stems else []


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
