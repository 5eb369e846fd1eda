"""Folders and pictures that the program made itself, which are no input of it: a second look would answer its own
drawings, or links to scans that it was given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.data.atomic import read_json
from pipeline.data.csv_rows import some
from pipeline.data.run_report import REPORT, is_report
from pipeline.errors import DataError

ANSWERS = "predictions.json"
MEANT = "Give the pictures that it was given."  # in place of its drawings
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
    """Ids of the cases whose answers `predict` wrote into a folder."""
    try:
        return frozenset(read_json(folder / ANSWERS)["cases"]) if is_report(folder / REPORT, "predict") else frozenset()
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
