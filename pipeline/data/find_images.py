"""Which files and folders below a folder are scans or pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.data.csv_rows import some
from pipeline.data.dicom_header import is_scan_file
from pipeline.data.own_output import is_answered, is_worn, is_written
from pipeline.data.read_picture import SUFFIXES as PICTURES
from pipeline.data.readers import SUFFIXES, may_be_slice, unit_of
from pipeline.data.unread_kinds import UNREAD, UNREAD_PICTURES, unread_scans
from pipeline.errors import DataError

# Folders that are never looked into are hidden, or called by one of these words, alone or before what is no letter.
NO_SCANS = re.compile(
    r"(label(map)?|mask|segmentation)s?(tr(ain(ing)?)?|ts|te(st(ing)?)?|va(l(idation)?)?)?(?![^\W\d_])", re.IGNORECASE
)
OF_DISKS = ("lost+found", "system volume information", "$recycle.bin")  # nor into those, which nobody may read


def walked(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`, links to folders followed, no folder twice: a link may lead back, or to what was met.

    Raises:
        DataError: A folder cannot be read: what is in it would be missing without a word.
    """
    ways, met = [str(folder)], set()
    while ways:
        for root, folders, names in os.walk(ways.pop(0), onerror=_closed):
            real = os.path.realpath(root)
            if real in met:
                folders.clear()
                continue
            met.add(real)
            yield root, folders, names
            ways += [way for way in (os.path.join(root, f) for f in sorted(folders)) if os.path.islink(way)]


def _closed(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        why = f"{error.filename}: cannot be read: {error.strerror}"
        raise DataError(f"{why}. Give yourself the right to read this folder, or take it away.") from error


def inside(folder: Path) -> list[Path]:
    """What lies in a folder, sorted.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return sorted(folder / name for name in os.listdir(folder))
    except OSError as error:
        _closed(error)
        raise


def find_images(
    folder: Path,
    out: Path | None = None,
    skipped: list[Path] | None = None,
    unread: list[Path] | None = None,
    unit: str | None = None,
) -> list[Path]:
    """All scans under `folder`, sorted; a folder of DICOM files is one. Where there is none, all pictures: beside scans
    they are screenshots, but an array that does not say where it lies is no scan beside them. Hidden names and label
    maps are passed over, and what the program wrote itself: runs, links that are called by codes, pictures with answers
    or something else laid on them, and those in `out`.

    Args:
        folder: Where to look.
        out: Of the answers.
        skipped: Gets what is to be told: folders of label maps, for one may be called so and hold scans (one
            without any, as of YOLO's boxes, is not told); and pictures beside scans, or scans beside pictures.
        unread: Gets the scans of kinds that are not read, to be told; and such pictures, where pictures are taken.
        unit: Of the images that are asked for, if any is of it: "px", pictures; "mm", scans.
    """
    found: list[Path] = []
    pictures: list[Path] = []
    others: list[Path] = []
    odd: list[Path] = []
    for root, folders, names in walked(folder):
        below = [f for f in folders if not f.lower().startswith((".", *OF_DISKS))]
        folders[:] = [f for f in below if not NO_SCANS.match(f) and not is_written(Path(root) / f, folder)]
        if skipped is not None:
            skipped += [Path(root) / f for f in below if NO_SCANS.match(f) and _may_hold_scans(Path(root) / f)]
        shown = [n for n in names if not n.startswith(".")]
        found += [Path(root) / n for n in shown if n.lower().endswith(SUFFIXES)]
        others += [Path(root) / n for n in shown if n.lower().endswith(UNREAD)]
        odd += [Path(root) / n for n in shown if n.lower().endswith(UNREAD_PICTURES)]
        if not is_answered(Path(root), folder, out):
            there = (Path(root) / n for n in shown if n.lower().endswith(PICTURES))
            pictures += [p for p in there if p.parent == folder or not is_worn(p)]
        if _is_series(root, shown):
            found.append(Path(root))
    of_pictures = (unit or _usual_unit(found)) == "px"
    wanted, rest = (pictures, found) if of_pictures else (found, pictures)
    if skipped is not None and wanted:
        skipped += rest
    if unread is not None:
        called = (others if unit != "px" else []) + (odd if of_pictures else [])
        unread += unread_scans(called, wanted or rest)
    return sorted(wanted or rest)


def _may_hold_scans(folder: Path) -> bool:
    """Whether a file in it or below is called as an image is, or belongs to a series."""
    kinds = (*SUFFIXES, *PICTURES, *UNREAD)
    shown = ((root, [n for n in names if not n.startswith(".")]) for root, _, names in os.walk(folder))
    return any(any(n.lower().endswith(kinds) for n in names) or _is_series(root, names) for root, names in shown)


def _is_series(folder: str, names: Iterable[str]) -> bool:
    slices = (Path(folder) / n for n in sorted(names) if may_be_slice(n))
    return any(not p.is_fifo() and is_scan_file(p) for p in slices)  # opening a pipe waits for ever


def _usual_unit(scans: Iterable[Path]) -> str:
    """What is asked for where nobody says it."""
    placed = any(p.suffix.lower() != ".npy" or p.with_suffix(".json").is_file() for p in scans)
    return "mm" if placed else "px"


def skipping(skipped: Iterable[Path]) -> str:
    """What to tell of folders of label maps, and of images of another kind than those that were taken; of these without
    their names, which may be those of patients."""
    paths = sorted(skipped)
    labels = [path for path in paths if NO_SCANS.match(path.name) and path.is_dir()]
    told = []
    if labels:
        listed = some(map(str, labels))
        told.append(f"{listed}: not looked into: folders called so hold label maps. Rename what holds scans.")
    for unit, what in (("px", "pictures beside scans"), ("mm", "scans and arrays beside pictures")):
        if count := sum(unit_of(path) == unit and path not in labels for path in paths):
            told.append(f"{what} are passed over ({count}); give those that are meant a folder of their own.")
    return " ".join(told)
