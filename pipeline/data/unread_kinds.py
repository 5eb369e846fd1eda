"""Scans and pictures of kinds that are known and not read: passed over without a word, cases would be lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.data.readers import case_name, files_of

UNREAD = (".nhdr", ".hdr", ".img", ".img.gz", ".mgz", ".mgh", ".gipl", ".vtk", ".nii.bz2", ".nii.zip", ".mnc")
UNREAD_PICTURES = (".gif", ".jfif", ".jpe", ".heic", ".heif", ".avif", ".jp2", ".tga", ".pnm", ".pbm")
MESHES = ".vtk"  # which holds surfaces more often than images
VOXELS, HEAD = b"structured_points", 1 << 10  # what an image of that kind says, and within how many bytes


def is_unread(path: Path) -> bool:
    """Whether it is called like such a scan or picture."""
    return path.name.lower().endswith((*UNREAD, *UNREAD_PICTURES))


def bare_name(path: Path) -> str:
    """Its name without the ending.

    >>> bare_name(Path("images/a.b.img.gz"))
    'a.b'
    """
    return next(path.name[: -len(end)] for end in (*UNREAD, *UNREAD_PICTURES) if path.name.lower().endswith(end))


def unread_scans(files: Iterable[Path], read: Sequence[Path]) -> list[Path]:
    """The scans and pictures among files that are called so, sorted: of a header and its data the header alone, and
    none that belongs to a scan that is read, or that lies beside one of its name, and is it again.

    Args:
        files: That are called so, of a folder and those below.
        read: Scans and pictures there.
    """
    if not (called := sorted(files, key=_rank)):
        return []
    belonging = {file for path in read for file in files_of(path)}
    again = {(path.parent, case_name(path)) for path in read}
    found: dict[tuple[Path, str], Path] = {}
    for path in called:
        place = path.parent, bare_name(path)
        if path not in belonging and place not in again and _has_voxels(path):
            found.setdefault(place, path)
    return sorted(found.values())


def _rank(path: Path) -> int:
    return next(rank for rank, end in enumerate((*UNREAD, *UNREAD_PICTURES)) if path.name.lower().endswith(end))


def _has_voxels(path: Path) -> bool:
    if path.suffix.lower() != MESHES or not path.is_file():  # opening a pipe waits for ever
        return True
    try:
        with path.open("rb") as file:
            return VOXELS in file.read(HEAD).lower()
    except OSError:
        return True
