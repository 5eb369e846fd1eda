"""NIfTI: write an image so that every reader puts it where its frame says. The same image gives the same bytes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from pipeline.data.atomic import atomic_file
from pipeline.data.image import Image
from pipeline.errors import DataError

LEVEL = 1  # voxels of a scan are noise: higher levels take three times as long and save 2 %
KINDS = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64")
CHUNK = 1 << 24  # bytes that are turned to file order at a time
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])  # LPS to RAS: here and nowhere else in writing


def write_nifti(image: Image, path: Path) -> None:
    """Write `.nii` or `.nii.gz`, whole or not at all; sform and qform say the same.

    Args:
        image: In LPS mm; its array axes become the file's i, j, k in this order.
        path: Ends in `.nii` or `.nii.gz`.

    Raises:
        DataError: A type that NIfTI does not know, a unit other than mm, another ending, more axes than a scan has.
    """
    path = Path(path)
    _check(image, path)
    header = _header(image)
    with atomic_file(path) as raw, _packed(raw, path) as file:
        file.write(header.binaryblock + b"\0" * 4)
        for piece in _pieces(image.voxels):
            file.write(piece)


def nearest_kind(kind: np.dtype[Any], values: Sequence[np.ndarray]) -> np.dtype[Any]:
    """The type itself where NIfTI keeps it, else int32 for whole numbers that fit, or float32."""
    if kind.name in KINDS:
        return kind
    most = np.iinfo(np.int32).max  # as float32 it is 2**31, which does not fit
    fits = kind.kind in "iu" and all(np.abs(part).max() < most for part in values)
    return np.dtype(np.int32 if fits else np.float32)


def _check(image: Image, path: Path) -> None:
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        raise DataError(f"{path}: the name must end in .nii or .nii.gz.")
    if image.voxels.dtype.name not in KINDS:
        raise DataError(f"{path}: voxels are {image.voxels.dtype}; NIfTI keeps {', '.join(KINDS)}. Convert them first.")
    if image.frame.unit != "mm" or image.frame.dims > len(TO_RAS) - 1:
        raise DataError(
            f"{path}: the image has {image.frame.dims} axes in {image.frame.unit}; NIfTI is for scans in mm."
        )


def _header(image: Image) -> Any:
    import nibabel

    dims = image.frame.dims
    affine = np.eye(len(TO_RAS))
    affine[:dims, :dims] = image.frame.affine[:-1, :-1]
    affine[:dims, -1] = image.frame.affine[:-1, -1]
    header = nibabel.Nifti1Header()
    header.set_data_dtype(image.voxels.dtype)
    header.set_data_shape(image.frame.shape)
    header.set_xyzt_units("mm")
    header.set_qform(TO_RAS @ affine, code="scanner")
    header.set_sform(TO_RAS @ affine, code="scanner")
    header["pixdim"][1 : 1 + dims] = image.frame.spacing
    header["vox_offset"] = header.single_vox_offset
    header["scl_slope"], header["scl_inter"] = 1.0, 0.0
    return header


@contextmanager
def _packed(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if not path.name.lower().endswith(".gz"):
        yield raw
        return
    with gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as file:  # no name, no time: the same bytes every time
        yield cast("IO[bytes]", file)


def _pieces(voxels: np.ndarray) -> Iterator[bytes]:
    """The voxels, first axis fastest, little endian, a few slices at a time."""
    slices = max(1, CHUNK // max(1, voxels[..., 0].nbytes))
    little = voxels.dtype.newbyteorder("<")
    for k in range(0, voxels.shape[-1], slices):
        yield voxels[..., k : k + slices].astype(little, copy=False).tobytes(order="F")
