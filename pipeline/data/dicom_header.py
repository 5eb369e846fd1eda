"""One DICOM file looked at before any pixel is used: is it a slice, is it whole, do its numbers make sense."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from pipeline.errors import DataError

MARK = slice(128, 132)  # where a DICOM file says "DICM"
SUFFIXES = (".dcm", ".dicom", ".ima")
NEEDED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
LARGEST = 1e5  # mm: no patient lies further from the scanner's origin
SCREENSHOTS = "1.2.840.10008.5.1.4.1.1.7"  # storage class, and what those of several frames begin with
SLICE, SCOUT, CAPTURE, OTHER = "slice", "localizer", "secondary capture", "not a scan"


@dataclass(frozen=True, eq=False)
class Slice:
    """What a stack needs to know of one slice; LPS mm.

    Args:
        path: The file.
        number: Its InstanceNumber, or None. Never used to sort: numbers are repeated and missing in real series.
        position: Centre of its first pixel.
        cosines: Unit vectors along a row (the column index grows) and along a column, one after the other.
        spacing: Between rows, between columns.
        size: Rows and columns.
        bits: BitsAllocated, BitsStored, PixelRepresentation and HighBit, which all slices must share.
        data: The data set as pydicom reads it, without its pixels.
    """

    path: Path
    number: int | None
    position: Float[np.ndarray, " 3"]
    cosines: Float[np.ndarray, " 6"]
    spacing: Float[np.ndarray, " 2"]
    size: tuple[int, int]
    bits: tuple[int, ...]
    data: Any

    @property
    def normal(self) -> Float[np.ndarray, " 3"]:
        return np.cross(self.cosines[:3], self.cosines[3:])


def open_dicom(path: Path) -> Any | None:
    """The data set of a file without its pixels, or None where the file is of another kind.

    Raises:
        DataError: It is DICOM, or what a cut DICOM file begins with, and cannot be read.
    """
    named = path.suffix.lower() in SUFFIXES
    as_slices = named or _bare(path)  # how it is called
    try:
        with open(path, "rb") as file:
            start = file.read(MARK.stop)
    except OSError as error:
        why = f"cannot be read: {error.strerror}. Give yourself the right to, or copy it."
        if not os.path.exists(path):
            if not as_slices:
                return None
            why = "a link that leads nowhere: a slice may be lost. Copy it again, or take it out."
        raise DataError(f"{path}: {why}") from error
    if start[MARK] == b"DICM":
        return read_dataset(path, pixels=False)
    cut = len(start) < MARK.stop and b"DICM".startswith(start[MARK]) and not any(start[: MARK.start])
    if cut and as_slices:
        raise DataError(f"{path}: {len(start)} bytes, cut or empty: a slice may be lost. Copy it again.")
    if named:
        where = f"no 'DICM' at byte {MARK.start}"
        raise DataError(f"{path}: not readable as DICOM: {where}. Copy or export it again, or take it out.")
    return None


def read_dataset(path: Path, pixels: bool) -> Any:
    """What pydicom makes of a file that says it is DICOM.

    Raises:
        DataError: It cannot be read.
    """
    import pydicom

    try:
        quiet()
        return pydicom.dcmread(path, stop_before_pixels=not pixels)
    except Exception as error:  # pydicom raises many kinds on damaged files
        raise DataError(f"{path}: not readable as DICOM: {str(error).rstrip('.')}. Copy it again.") from error


def is_scan_file(path: Path) -> bool:
    """Whether a file belongs to a scan: a picture, or a damaged file that says it is DICOM, to be named later."""
    try:
        data = open_dicom(path)
        return data is not None and kind_of(path, data) != OTHER
    except DataError:
        return path.suffix.lower() in SUFFIXES


def kind_of(path: Path, data: Any) -> str:
    """SLICE, SCOUT, CAPTURE, or OTHER for reports, contours, masks and doses; by the storage class.

    Raises:
        DataError: It should be a picture, or does not say what it is, and has no rows: cut.
    """
    with understood(path):
        return _kind(path, data)


def uid_of(path: Path, data: Any) -> str:
    """SeriesInstanceUID; DataError where it is damaged."""
    with understood(path):
        return str(data.get("SeriesInstanceUID", "none"))


def read_slice(path: Path, data: Any) -> Slice:
    """The numbers of a slice.

    Raises:
        DataError: A tag is missing or says something impossible; names file, tag and value.
    """
    with understood(path):
        return _slice(path, data)


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """What pydicom raises on the first look at a damaged value, as one DataError."""
    try:
        quiet()
        yield
    except DataError:
        raise
    except Exception as error:  # many kinds
        why = str(error).rstrip(".")
        raise DataError(f"{path}: its header cannot be understood: {why}. Copy or export it again.") from error


def quiet() -> None:
    """pydicom and highdicom warn of odd values one by one, in words that hold the values, a patient's name among them;
    what matters is refused or noted by us.

    Not for one block alone: what warnings.catch_warnings restores it takes from other threads, and one reads the next
    scan while another writes a report. At each use, for another library may have restored what was before.
    """
    warnings.filterwarnings("ignore", module="pydicom|highdicom")


def _kind(path: Path, data: Any) -> str:
    from pydicom.uid import UID

    meta = getattr(data, "file_meta", {})
    kind = UID(str(data.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or ""))
    known, picture = kind.name != str(kind), "Image Storage" in kind.name  # a maker's own class has no name
    if "Rows" not in data and (picture or not known):
        raise DataError(f"{path}: no Rows: cut before its picture, or not one. Copy it again.")
    if not picture and known:
        return OTHER
    if _is_screenshot(kind):
        return CAPTURE
    return SCOUT if "LOCALIZER" in _words(data, "ImageType") else SLICE


def _is_screenshot(kind: str) -> bool:
    """Photographs and slides begin alike, `...1.1.77`."""
    return kind == SCREENSHOTS or kind.startswith(f"{SCREENSHOTS}.")


def _slice(path: Path, data: Any) -> Slice:
    _refuse_odd(path, data)  # first: such pictures have no position, or keep it elsewhere
    for name in NEEDED:
        if data.get(name) in (None, "", []):
            raise DataError(f"{path}: no {name}; where the slice lies is unknown. Export the series again.")
    position, cosines, spacing = (
        _numbers(path, data, name, size)
        for name, size in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2))
    )
    if (spacing <= 0).any():
        raise DataError(
            f"{path}: PixelSpacing = {spacing.tolist()}; sizes above 0 are needed. Export the series again."
        )
    if np.abs(position).max() > LARGEST:
        raise DataError(f"{path}: ImagePositionPatient = {position.tolist()}: further than {LARGEST:g} mm away.")
    across = np.array([cosines[:3] @ cosines[:3], cosines[3:] @ cosines[3:], 1 + cosines[:3] @ cosines[3:]])
    if np.abs(across - 1).max() > 1e-3:
        raise DataError(f"{path}: ImageOrientationPatient = {cosines.tolist()}: not two unit vectors at right angles.")
    number, size = data.get("InstanceNumber"), (int(data.Rows), int(data.Columns))
    if min(size) < 1:
        raise DataError(f"{path}: Rows = {size[0]}, Columns = {size[1]}; sizes above 0 are needed.")
    return Slice(
        path=path,
        number=None if number in (None, "") else int(cast("int", number)),
        position=position,
        cosines=cosines,
        spacing=spacing,
        size=size,
        bits=_bits(path, data),
        data=data,
    )


def _bits(path: Path, data: Any) -> tuple[int, ...]:
    """pydicom takes the lowest BitsStored bits whatever HighBit says: values that lie higher would wrap."""
    bits = tuple(int(data.get(n, 0) or 0) for n in ("BitsAllocated", "BitsStored", "PixelRepresentation", "HighBit"))
    if data.get("HighBit") is not None and bits[3] != bits[1] - 1:
        raise DataError(
            f"{path}: HighBit = {bits[3]}, BitsStored = {bits[1]}; where HighBit is not BitsStored - 1, the bits of"
            " the values are unknown. Export the series again."
        )
    return bits


def _refuse_odd(path: Path, data: Any) -> None:
    """Pictures that are not one grey slice."""
    colour = data.get("PhotometricInterpretation", "MONOCHROME2")
    if int(data.get("SamplesPerPixel", 1)) != 1 or colour != "MONOCHROME2":
        raise DataError(f"{path}: PhotometricInterpretation = {colour}; a grey scan (MONOCHROME2) is needed.")
    if _is_screenshot(str(data.get("SOPClassUID", ""))):
        raise DataError(f"{path}: a secondary capture (a screenshot), not a scan. Give the original series.")
    if int(data.get("NumberOfFrames", 1) or 1) > 1:
        raise DataError(f"{path}: {data.NumberOfFrames} frames in one file. Convert it to NIfTI or NRRD.")
    if "MOSAIC" in _words(data, "ImageType"):
        raise DataError(f"{path}: ImageType says MOSAIC: many slices tiled in one picture. Convert it to NIfTI.")


def _numbers(path: Path, data: Any, name: str, size: int) -> Float[np.ndarray, " N"]:
    values = np.asarray(data[name].value, np.float64).reshape(-1)
    if values.shape != (size,) or not np.isfinite(values).all():
        raise DataError(f"{path}: {name} = {data[name].value}; {size} finite numbers are needed.")
    return values


def _words(data: Any, name: str) -> tuple[str, ...]:
    value = data.get(name) or ()
    return (value,) if isinstance(value, str) else tuple(str(v) for v in value)


def _bare(path: Path) -> bool:
    """No suffix, or a number as UIDs end with."""
    return not any(letter.isalpha() for letter in path.suffix)
