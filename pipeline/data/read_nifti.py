"""NIfTI: `.nii` and `.nii.gz`, the whole file or an error, never zeros where bytes are missing."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
from isal import igzip, isal_zlib
from jaxtyping import Shaped

from pipeline.data.image import Image
from pipeline.data.nifti_header import NiftiHeader, header_size, parse_header
from pipeline.data.room import require_memory
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

MAX_RATIO = 1040  # deflate cannot shrink further, so a header that promises more is a lie
CHUNK = 1 << 22
MAGIC = b"\x1f\x8b"  # with which compressed data begin


def read_nifti(path: Path) -> Image:
    """Read voxels in the file's order and type (float32 if the file scales them).

    Raises:
        DataError: The header says something impossible, bytes are missing or too many, or the checksum is wrong.
    """
    with _opened(path) as (file, packed):
        header, skip = _header(path, file)
        _refuse_lie(path, header, packed)
        require_memory(Path(path), header.nbytes // header.dtype.itemsize, header.dtype.itemsize)
        raw = _payload(path, file, header, skip)
    voxels = raw.view(header.dtype).reshape(header.frame.shape, order="F")
    notes = header.notes + (() if packed == Path(path).name.lower().endswith(".gz") else (_misnamed(packed),))
    return Image(header.frame, _scaled(voxels, header), notes, header.beyond)


def read_nifti_frame(path: Path) -> ImageFrame:
    """The frame alone; only the header is read."""
    with _opened(path) as (file, _):
        return _header(path, file)[0].frame


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], bool]]:
    """The uncompressed bytes, and whether the file is compressed: by its first bytes, since names lie."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == MAGIC
            file.seek(0)
            yield (cast("IO[bytes]", igzip.IGzipFile(fileobj=file)) if packed else file), packed
    except EOFError as error:
        raise _broken(path, "truncated: the compressed data stop before their end") from error
    except (gzip.BadGzipFile, isal_zlib.error) as error:  # type: ignore[misc]
        raise _broken(path, f"damaged: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _broken(path: Path, why: str) -> DataError:
    if _is_followed(path):
        why = "its compressed data are whole, but other bytes lie behind them"
    return DataError(f"{path}: {why}. Copy the file again.")


def _is_followed(path: Path) -> bool:
    """Where the compressed data end, readers look for more of them: what lies there looks cut or damaged to them."""
    stream = zlib.decompressobj(31)
    try:
        with open(path, "rb") as file:
            while not stream.eof and (chunk := stream.unconsumed_tail or file.read(CHUNK)):
                stream.decompress(chunk, CHUNK)
    except (OSError, zlib.error):
        return False
    return stream.eof and not stream.unused_data.startswith(MAGIC)


def _header(path: Path, file: IO[bytes]) -> tuple[NiftiHeader, int]:
    """The header, and how many bytes lie between what was read and the voxels."""
    head = file.read(348)
    rest = header_size(path, head) + 4 - len(head)
    head += file.read(rest)
    header = parse_header(path, head)
    return header, header.offset - len(head)


def _refuse_lie(path: Path, header: NiftiHeader, packed: bool) -> None:
    """Compare what the header promises with what the file can hold, before any memory is asked for."""
    expected, size = header.offset + header.nbytes, os.path.getsize(path)
    if packed and expected > MAX_RATIO * size + 4096:
        raise DataError(f"{path}: {size} compressed bytes cannot hold the {expected} that its header promises.")
    if not packed and expected != size:
        what = "truncated" if size < expected else "the header does not describe all of it"
        raise DataError(
            f"{path}: {what}: {size} bytes, expected {expected} for {header.frame.shape}. Copy the file again."
        )


def _payload(path: Path, file: IO[bytes], header: NiftiHeader, skip: int) -> Shaped[np.ndarray, " B"]:
    """All voxel bytes; reading on to the end of a compressed file makes its checksum be compared."""
    skipped = len(file.read(skip))
    raw = np.empty(header.nbytes, np.uint8)
    view, got = raw.data, 0
    while got < len(raw) and (n := file.readinto(view[got : got + CHUNK])):  # type: ignore[attr-defined]
        got += n
    if skipped < skip or got < len(raw):
        raise DataError(f"{path}: truncated: {got} bytes of voxels, expected {len(raw)} for {header.frame.shape}.")
    if file.read(1):
        raise DataError(f"{path}: more bytes than the {len(raw)} of {header.frame.shape}. The header is damaged.")
    return raw


def _scaled(voxels: Shaped[np.ndarray, "*S"], header: NiftiHeader) -> Shaped[np.ndarray, "*S"]:
    native = voxels if voxels.dtype.isnative else voxels.astype(voxels.dtype.newbyteorder("="), order="K")
    if (header.slope, header.inter) == (1.0, 0.0):
        return native
    kind = np.float64 if native.dtype == np.float64 else np.float32
    return (native * kind(header.slope) + kind(header.inter)).astype(kind, order="K", copy=False)


def _misnamed(packed: bool) -> str:
    return (
        "compressed, though its name does not end in .gz" if packed else "not compressed, though its name ends in .gz"
    )
