"""One DICOM series: its slices sorted by where they lie, its values after each slice's own scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from pipeline.data.dicom_header import Slice, read_dataset, understood
from pipeline.data.dicom_series import read_series
from pipeline.data.dicom_stack import plan_stack
from pipeline.data.image import Image
from pipeline.data.room import require_memory
from pipeline.errors import DataError, UnevenError
from pipeline.geometry import ImageFrame

SHORTS = np.iinfo(np.int16)
SCALE = ("RescaleSlope", "RescaleIntercept")


def read_dicom(folder: Path, series: str | None = None) -> Image:
    """Read a series as (slice, row, column), values after the rescale slope and intercept.

    Args:
        folder: Where its files lie.
        series: SeriesInstanceUID, needed where there are several.

    Raises:
        DataError: More than one series, missing, doubled or odd slices, a missing tag or an undecodable slice.
    """
    slices, notes = read_series(folder, series)
    stack = plan_stack(folder, slices)
    require_memory(folder, int(np.prod(stack.frame.shape)), slices[0].bits[0] // 8 + (0 if stack.even else 8))
    planes = np.stack([read_plane(piece) for piece in slices])
    _require_scale(slices)
    scales = {_scale(piece) for piece in slices}
    if len(scales) > 1:
        notes.append(f"{len(scales)} rescale slopes and intercepts in one series: each slice has its own")
    return Image(stack.frame, stack.bring(planes), (*notes, *stack.notes))


def read_dicom_frame(folder: Path, series: str | None = None, as_stored: bool = False) -> ImageFrame:
    """The frame alone; pixels are not read.

    Args:
        as_stored: Of the voxels as they are stored, not as they are resampled.

    Raises:
        UnevenError: They are resampled.
    """
    stack = plan_stack(folder, read_series(folder, series)[0])
    if as_stored and not stack.even:
        raise UnevenError(
            f"{folder}: {'; '.join(stack.notes)}: the voxels of its slices lie on no even grid, and landmarks in voxels"
            " (nnLandmark) are neither read nor written. Use positions in mm, such as .mrk.json."
        )
    return stack.frame


def read_plane(piece: Slice) -> Shaped[np.ndarray, "R C"]:
    """The values of one slice, which are read now: whole numbers where they fit 16 bits, else float32.

    Raises:
        DataError: Bytes are missing or too many, the compression is not known, or the scale is.
    """
    with understood(piece.path):
        return _plane(piece)


def _plane(piece: Slice) -> Shaped[np.ndarray, "R C"]:
    data = read_dataset(piece.path, pixels=True)
    syntax = getattr(getattr(data, "file_meta", None), "TransferSyntaxUID", None)
    _require_length(piece, data, syntax)
    try:
        pixels = data.pixel_array
    except Exception as error:  # pydicom and its plugins raise many kinds
        said = (str(error).splitlines() or [repr(error)])[0]
        raise DataError(
            f"{piece.path}: pixels cannot be read ({getattr(syntax, 'name', syntax)}): {said} Copy the file again;"
            " if it is compressed, pip install 'patchvote[dicom]' or convert the series to NIfTI."
        ) from error
    if pixels.shape != piece.size:
        raise DataError(f"{piece.path}: pixels have the shape {pixels.shape}, Rows and Columns say {piece.size}.")
    slope, inter = _scale(piece)
    if slope == 1 and inter.is_integer():
        # The ends say whether they fit, without a copy of all in 64 bits.
        low, high = (int(end) + int(inter) for end in (pixels.min(), pixels.max()))
        if SHORTS.min <= low and high <= SHORTS.max:
            return np.add(pixels, int(inter), dtype=np.int32).astype(np.int16)
        return (pixels.astype(np.int64) + int(inter)).astype(np.float32)
    return pixels.astype(np.float32) * np.float32(slope) + np.float32(inter)


def _require_length(piece: Slice, data: Any, syntax: object) -> None:
    """Plain pixels must be as many bytes as the header says; a library would cut or fill them."""
    if "PixelData" not in data:
        raise DataError(f"{piece.path}: no PixelData: the pixels cannot be read; truncated? Copy the file again.")
    if getattr(syntax, "is_compressed", False):
        return
    got, expected = len(data.PixelData), piece.size[0] * piece.size[1] * piece.bits[0] // 8
    if got != expected + expected % 2:
        raise DataError(
            f"{piece.path}: pixels cannot be read: {got} bytes of them, expected {expected} for {piece.size[0]} x"
            f" {piece.size[1]} of {piece.bits[0]} bits. Copy the file again."
        )


def _require_scale(slices: Sequence[Slice]) -> None:
    """In all slices or in none: one that lost its scale would lie a thousand Hounsfield units beside the others."""
    for name in SCALE:
        there = [piece.data.get(name) not in (None, "") for piece in slices]
        if any(there) and not all(there):
            bare, whole = slices[there.index(False)], slices[there.index(True)]
            raise DataError(
                f"{bare.path}: no {name}, but {whole.path.name} has {whole.data[name].value}; the scale of its values"
                " is unknown. Export the series again."
            )


def _scale(piece: Slice) -> tuple[float, float]:
    if piece.data.get("ModalityLUTSequence"):
        raise DataError(
            f"{piece.path}: ModalityLUTSequence: its values go through a table, which is not applied here. Convert the"
            " series to NIfTI with a program that does."
        )
    slope, inter = (piece.data.get(name) for name in SCALE)
    try:
        values = float(1 if slope in (None, "") else slope), float(0 if inter in (None, "") else inter)
    except (TypeError, ValueError):
        values = (float("nan"), 0.0)
    if not np.isfinite(values).all() or values[0] == 0:
        raise DataError(
            f"{piece.path}: RescaleSlope = {slope}, RescaleIntercept = {inter}; the scale of the values is unknown."
        )
    return values
