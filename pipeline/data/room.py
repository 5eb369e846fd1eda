"""Whether what comes next fits into memory and onto the disk, said before and not half-way."""

from __future__ import annotations

import math
from pathlib import Path

from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

UNITS = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}
FLOATS = 4  # bytes a voxel of the copies that are worked on
SPARE = 0.9  # of what is free


def require_memory(path: Path, voxels: int, itemsize: int) -> None:
    """Raise DataError if a scan of so many voxels, and one copy in float32 beside it, do not fit into free memory."""
    import psutil

    need, have = voxels * (itemsize + FLOATS), psutil.virtual_memory().available
    if need > SPARE * have:
        raise DataError(
            f"{path}: {voxels} voxels need {need / 2**30:.1f} GiB of memory, {have / 2**30:.1f} GiB are free."
            " Crop the scan, close other programs, or use a machine with more."
        )


def require_level_memory(scan: ImageFrame, level: ImageFrame, nbytes: int) -> None:
    """Raise DataError if a scan on the voxels of a level, `nbytes` and a channel in float32 beside them, does not fit
    into free memory: mostly its own voxel size is stated wrongly."""
    import psutil

    need, have = nbytes + math.prod(level.shape) * FLOATS, psutil.virtual_memory().available
    if need > SPARE * have:
        sizes, wanted = ([float(f"{s:.4g}") for s in frame.spacing] for frame in (scan, level))
        raise DataError(
            f"a scan of {scan.shape} voxels of {sizes} {scan.unit} becomes {level.shape} of {wanted}: they need"
            f" {need / 2**30:.1f} GiB of memory, {have / 2**30:.1f} GiB are free. Is its voxel size right? If it is,"
            " crop the scan, or use a machine with more."
        )


def require_disk(folder: Path, nbytes: int) -> None:
    """Raise DataError if the disk that holds `folder` has not so many bytes free."""
    import shutil

    place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    have = shutil.disk_usage(place).free
    if nbytes > have:
        need, there = told_apart(nbytes, have)
        raise DataError(
            f"{folder}: need {need} on the disk, have {there}."
            " Free some, or choose another folder. Nothing was written."
        )


def told_apart(more: int, less: int) -> tuple[str, str]:
    """Two numbers of bytes in the largest unit in which they differ.

    Examples:
        >>> told_apart(3 * 2**30, 5 * 2**20), told_apart(49152, 10176)
        (('3.00 GiB', '0.00 GiB'), ('48.00 KiB', '9.94 KiB'))
        >>> told_apart(2**30 + 1, 2**30)
        ('1073741825 bytes', '1073741824 bytes')
    """
    for unit, size in UNITS.items():
        one, other = f"{more / size:.2f} {unit}", f"{less / size:.2f} {unit}"
        if more >= size and one != other:
            return one, other
    return f"{more} bytes", f"{less} bytes"
