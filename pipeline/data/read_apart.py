"""Compressed scans are unpacked by libraries in C, which a damaged file can kill: they are read in a process apart."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from pipeline.data.dicom_header import open_dicom
from pipeline.data.image import Image
from pipeline.data.pool import LostJob, run_each
from pipeline.data.readers import files_of, folder_and_series, read_image
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame


def read_safely(path: Path) -> Image:
    """`read_image`, in a process of its own where a fault of a library could end this one.

    Raises:
        DataError: As `read_image`; or the process died or did not end in time.
    """
    if not is_compressed_dicom(path):
        return read_image(path)
    with tempfile.TemporaryDirectory(prefix="patchvote-") as folder:
        kept = Path(folder) / "voxels.npy"
        ((_, result),) = run_each(_read_into, {"scan": (path, kept)}, 1)
        if isinstance(result, LostJob):
            raise DataError(f"{path}: reading it failed: {result}. Convert the series to NIfTI.") from result
        if isinstance(result, Exception):
            raise result
        frame, notes = result
        return Image(frame, np.load(kept, allow_pickle=False), notes)


def is_compressed_dicom(path: Path) -> bool:
    """Whether the first slice of a DICOM series that can be read is compressed; a series has one syntax."""
    if not folder_and_series(path)[0].is_dir():
        return False
    for file in files_of(path):
        try:
            data = open_dicom(file)
            if data is not None:
                return bool(data.file_meta.TransferSyntaxUID.is_compressed)
        except (DataError, AttributeError, ValueError):
            continue
    return False


def _read_into(path: Path, kept: Path) -> tuple[ImageFrame, tuple[str, ...]]:
    image = read_image(path)
    np.save(kept, image.voxels, allow_pickle=False)
    return image.frame, image.notes
