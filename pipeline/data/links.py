"""Links that call a scan by a code: no part of its own name is left, nor of the names of its slices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.data.dicom_header import SUFFIXES as SLICES
from pipeline.data.dicom_series import files_in
from pipeline.data.read_picture import SUFFIXES as PICTURES
from pipeline.data.readers import NO_SLICES, SUFFIXES, files_of, folder_and_series
from pipeline.errors import DataError


def link_of(folder: Path, code: str, path: Path) -> Path:
    """Where `link_scan` puts the link to a scan."""
    place, series = folder_and_series(path)
    if place.is_dir():
        return folder / code / series if series else folder / code
    return folder / f"{code}{_suffix(place)}"


def link_scan(folder: Path, code: str, path: Path) -> Path:
    """A link in `folder` to a scan; of a DICOM folder a folder of links, called by the number of the file.

    Raises:
        DataError: The header names another file by its name, or the disk takes no links.
    """
    place, link = folder_and_series(path)[0], link_of(folder, code, path)
    if place.is_dir():
        _link_slices(folder / code, place)
        return link
    suffix, others = _suffix(place), files_of(place)[1:]
    if suffix == ".mhd" or (others and suffix == ".mha"):
        raise DataError(f"{path}: its voxels lie in a file of their own, which has a name, too. Make it one .mha.")
    _point(link, place)
    for beside in others:
        _point(folder / f"{code}{beside.suffix}", beside)
    return link


def _suffix(path: Path) -> str:
    """Of a scan; one that is not known may be part of a name."""
    return next((s for s in (*SUFFIXES, *PICTURES) if path.name.lower().endswith(s)), "")


def _link_slices(link: Path, folder: Path) -> None:
    files = {f"{number:05d}{_ending(path)}": path for number, path in enumerate(files_in(folder), 1)}
    with _linking(link):
        if link.is_symlink():  # earlier versions led to the folder itself
            link.unlink()
        link.mkdir(exist_ok=True)
        for gone in set(os.listdir(link)) - files.keys():
            (link / gone).unlink()
    for name, path in files.items():
        _point(link / name, path)


def _ending(path: Path) -> str:
    """What readers go by in the name of a file; the rest may be part of a person's."""
    known = (suffix for suffix in (*NO_SLICES, *SLICES) if path.name.lower().endswith(suffix))
    return next(known, ".other" if any(letter.isalpha() for letter in path.suffix) else "")


def _point(link: Path, target: Path) -> None:
    target = Path(os.path.realpath(target))
    if link.is_symlink() and link.readlink() == target:
        return
    with _linking(link):
        link.unlink(missing_ok=True)
        link.symlink_to(target)


@contextmanager
def _linking(link: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{link}: cannot link there: {error.strerror}. Choose a run folder on another disk.") from error
