"""NRRD and MetaImage through SimpleITK, after a look of our own at the header and at every byte.

SimpleITK fills what is missing with zeros or with 1 mm and says nothing, so nothing reaches it before
the header is complete and the data have the length and checksum that it promises.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.image import Image
from pipeline.data.itk_header import ItkHeader, check_payload, read_itk_header
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame


def read_itk(path: Path) -> Image:
    """Read voxels in the file's axis order (x first) and type.

    Raises:
        DataError: The header is incomplete, bytes are missing or damaged, or it is not a single volume of numbers.
    """
    import SimpleITK

    header = read_itk_header(path)
    check_payload(header)
    try:
        image = SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        raise DataError(f"{path}: cannot be read: {_last_line(error)}") from error
    voxels = np.asarray(SimpleITK.GetArrayFromImage(image)).T
    frame = _frame(header, image)
    if voxels.shape != frame.shape:
        raise DataError(
            f"{path}: {image.GetNumberOfComponentsPerPixel()} values a voxel; one is needed. Convert the scan."
        )
    return Image(frame, voxels, header.notes)


def read_itk_frame(path: Path) -> ImageFrame:
    """The frame alone; only the header is read."""
    import SimpleITK

    header = read_itk_header(path)
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise DataError(f"{path}: cannot be read: {_last_line(error)}") from error
    return _frame(header, reader)


def _frame(header: ItkHeader, image: Any) -> ImageFrame:
    shape = tuple(int(n) for n in image.GetSize())
    dims = len(shape)
    if shape != header.shape:
        raise DataError(f"{header.path}: SimpleITK reads the shape {shape}, the header says {header.shape}.")
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = np.reshape(image.GetDirection(), (dims, dims)) * np.array(image.GetSpacing())
    affine[:-1, -1] = image.GetOrigin()
    try:
        return ImageFrame(shape, affine)
    except GeometryError as error:
        raise DataError(f"{header.path}: {error}") from error


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip()
