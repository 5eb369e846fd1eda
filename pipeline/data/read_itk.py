"""NRRD and MetaImage: geometry by SimpleITK, headers and voxels by ourselves.

SimpleITK fills what is missing with zeros or 1 mm, and hands out uninitialised memory where decompression
fails (a compressed .mha without CompressedDataSize), all without an exception; so voxels are unpacked here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Shaped

from pipeline.data.image import Image
from pipeline.data.itk_header import ItkHeader, read_itk_header
from pipeline.data.read_nifti import MAGIC
from pipeline.data.room import require_memory
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame

MAX_RATIO = 1040  # deflate cannot shrink further
CHUNK = 1 << 20


def read_itk(path: Path) -> Image:
    """Read voxels in the file's axis order (x first) and type.

    Raises:
        DataError: The header is incomplete, bytes are missing or damaged, or it is not a single volume of numbers.
    """
    with _readable(path):
        return _read(path)


def _read(path: Path) -> Image:
    header = read_itk_header(path)
    frame = _frame(header)
    size = header.data.stat().st_size - header.offset
    if header.compressed and header.nbytes > MAX_RATIO * size + 4096:
        raise DataError(f"{path}: {size} compressed bytes cannot hold the {header.nbytes} that its header promises.")
    if not header.compressed and size != header.nbytes:
        raise _wrong_length(header, size)
    require_memory(path, header.nbytes // header.dtype.itemsize, header.dtype.itemsize)
    raw = _inflate(header) if header.compressed else np.fromfile(header.data, np.uint8, offset=header.offset)
    voxels = raw.view(header.dtype).reshape(header.shape, order="F")
    native = header.dtype.newbyteorder("=")
    return Image(frame, voxels if header.dtype.isnative else voxels.astype(native, order="K"), header.notes)


def read_itk_frame(path: Path) -> ImageFrame:
    """The frame alone; only the header is read."""
    with _readable(path):
        return _frame(read_itk_header(path))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What the disk refuses, by the name of the scan."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _inflate(header: ItkHeader) -> Shaped[np.ndarray, " B"]:
    raw, got = np.empty(header.nbytes, np.uint8), 0
    with open(header.data, "rb") as file:
        file.seek(header.offset)
        for part in _unpacked(header, file):
            if got + len(part) > header.nbytes:
                raise _wrong_length(header, got + len(part))
            raw[got : got + len(part)] = np.frombuffer(part, np.uint8)
            got += len(part)
    if got < header.nbytes:
        raise _wrong_length(header, got)
    return raw


def _unpacked(header: ItkHeader, file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a stream, or of all those of a gzip file, behind which zeros may fill it up; zlib compares the
    checksum at the end of each, which it reads once all bytes before it are out."""
    window, packed = 31 if header.compressed == "gzip" else 15, b""
    stream = zlib.decompressobj(window)
    try:
        while packed := packed or file.read(CHUNK):
            if stream.eof:
                if not (packed := packed.lstrip(b"\0")):
                    continue
                if header.compressed != "gzip" or not MAGIC.startswith(packed[: len(MAGIC)]):
                    raise _broken(header, "its compressed data are whole, but other bytes lie behind them")
                stream = zlib.decompressobj(window)
            yield stream.decompress(packed, CHUNK)
            packed = stream.unused_data or stream.unconsumed_tail
    except zlib.error as error:
        raise _broken(header, f"damaged: {error}") from error
    if not stream.eof:
        raise _broken(header, "truncated: the compressed data stop before their end")


def _wrong_length(header: ItkHeader, got: int) -> DataError:
    what = "the header does not describe all of it" if got > header.nbytes else "truncated"
    return _broken(header, f"{what}: {got} bytes of voxels, expected {header.nbytes} for {header.shape}")


def _broken(header: ItkHeader, why: str) -> DataError:
    return DataError(f"{header.path}: {why}. Copy the file again.")


def _frame(header: ItkHeader) -> ImageFrame:
    import SimpleITK

    _placed(header, header.affine)  # first, for SimpleITK divides by the length of a step, which may be 0
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(header.path))
    if header.path.suffix in (".MHA", ".MHD"):  # it knows them by small letters alone
        reader.SetImageIO("MetaImageIO")
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise DataError(f"{header.path}: cannot be read: {str(error).strip().splitlines()[-1].strip()}") from error
    if tuple(reader.GetSize()) != header.shape:
        raise DataError(f"{header.path}: SimpleITK reads the shape {reader.GetSize()}, the header says {header.shape}.")
    affine = _affine(reader, len(header.shape))
    if not np.allclose(affine, header.affine, rtol=1e-4, atol=1e-4 * np.abs(affine[:-1, :-1]).max()):
        raise DataError(
            f"{header.path}: SimpleITK reads the geometry {affine[:-1].round(4).tolist()}, the header says"
            f" {header.affine[:-1].round(4).tolist()}. The header is damaged."
        )
    return _placed(header, affine)


def _placed(header: ItkHeader, affine: np.ndarray) -> ImageFrame:
    try:
        return ImageFrame(header.shape, affine)
    except GeometryError as error:
        field = "space directions" if header.path.suffix.lower() == ".nrrd" else "TransformMatrix"
        raise DataError(f"{header.path}: '{field}': {error}. Export it with its orientation.") from error


def _affine(reader: Any, dims: int) -> np.ndarray:
    """SimpleITK's world is LPS mm already."""
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = np.reshape(reader.GetDirection(), (dims, dims)) * np.array(reader.GetSpacing())
    affine[:-1, -1] = reader.GetOrigin()
    return affine
