"""Whether what comes next fits into memory and onto the disk, said before and not half-way."""

from __future__ import annotations

import math
from pathlib import Path

from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

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
        # up and down, so that the two differ
        need, there = math.ceil(100 * nbytes / 2**30) / 100, math.floor(100 * have / 2**30) / 100
        raise DataError(
            f"{folder}: need {need:.2f} GiB on the disk, have {there:.2f} GiB."
            " Free some, or choose another folder. Nothing was written."
        )
