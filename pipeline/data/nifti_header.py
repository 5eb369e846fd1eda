"""The header of a NIfTI file, read with suspicion: every field that places or scales a voxel is checked.

Both libraries of this field accept files whose geometry is broken (zero pixdim becomes 1 mm, an all-zero
sform gives a singular affine, metres stay metres), so their success proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame

MAX_VOXELS = 2**31  # a body at 0.4 mm; a header that says more is broken
REAL_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
OTHER_TYPES = {1: "bits", 32: "complex", 1792: "complex", 2048: "complex", 128: "RGB colour", 2304: "RGBA colour"}
UNITS = {0: (1.0, "unit not stated: read as mm"), 1: (1000.0, "unit is metre: converted"), 2: (1.0, "")}
UNITS[3] = (0.001, "unit is micrometre: converted")
SHEAR = 0.01  # largest cosine between two axes; above it the file is not a scan on a grid

LOST = 6e-7  # of a sum of squares in float32: 3.6e-7 nibabel takes for nothing, the rest is lost by rounding
DIFFER = "sform and qform differ by"
ALIKE = 0.01  # voxels: what rounding alone makes of two forms of one geometry
MAX_OFFSET = 2**26  # bytes before the voxels; the largest known extensions have a few millions


@dataclass(frozen=True)
class NiftiHeader:
    """What a reader needs. `nbytes` of voxels in Fortran order start at `offset`; value = voxel * slope + inter;
    `beyond` as in `Image`."""

    frame: ImageFrame
    dtype: np.dtype[Any]
    offset: int
    slope: float
    inter: float
    notes: tuple[str, ...]
    beyond: tuple[float, ...] = ()

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.frame.shape, dtype=object)) * self.dtype.itemsize


def header_size(path: Path, head: bytes) -> int:
    """348 or 540 bytes, for NIfTI 1 and 2; raises DataError for anything else."""
    if head[:4] in (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c") and head[344:348] == b"n+1\0":
        return 348
    if head[:4] in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c") and head[4:8] == b"n+2\0":
        return 540
    if head[344:348] == b"ni1\0":
        raise DataError(f"{path}: the header of a .hdr/.img pair. Convert it to one .nii.gz file.")
    raise DataError(
        f"{path}: not a NIfTI file (it starts with {head[:8]!r}, {len(head)} bytes). Export the scan again."
    )


def parse_header(path: Path, head: bytes) -> NiftiHeader:
    """Check and translate a header; the frame is LPS mm.

    Raises:
        DataError: Names the field and its value.
    """
    import nibabel

    size = header_size(path, head)
    if len(head) < size:
        raise DataError(f"{path}: truncated: {len(head)} bytes, its header alone has {size}. Copy the file again.")
    kind = nibabel.Nifti1Header if size == 348 else nibabel.Nifti2Header
    big = head[0] == 0
    raw = kind(head[:size], endianness=">" if big else "<", check=False)
    shape = _shape(path, raw)
    dtype = _dtype(path, raw, big)
    slope, inter = _scale(path, raw)
    scaled = (f"values are scaled: times {slope:g}, plus {inter:g}",) if (slope, inter) != (1.0, 0.0) else ()
    offset = float(raw["vox_offset"])
    if not (size + 4 <= offset <= MAX_OFFSET and offset.is_integer()):
        raise DataError(f"{path}: vox_offset = {offset:g}; voxels start at byte {size + 4} or later. Export it again.")
    frame, beyond, notes = _frame(path, raw, shape)
    return NiftiHeader(frame, dtype, int(offset), slope, inter, (*notes, *scaled), beyond)


def _shape(path: Path, raw: Any) -> tuple[int, ...]:
    dim = [int(n) for n in raw["dim"]]
    if not 1 <= dim[0] <= 7:
        raise DataError(f"{path}: dim[0] = {dim[0]}; a NIfTI image has 1 to 7 axes. The header is damaged.")
    shape = dim[1 : dim[0] + 1]
    if min(shape) < 1:
        raise DataError(f"{path}: dim = {shape}; every axis needs at least one voxel. The header is damaged.")
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) > 3:
        raise DataError(f"{path}: dim = {shape}; a series in time or with channels. Save one volume as its own file.")
    if int(np.prod(shape, dtype=object)) > MAX_VOXELS:
        raise DataError(
            f"{path}: dim = {shape}; more than {MAX_VOXELS} voxels. The header is damaged, or crop the scan."
        )
    return tuple(shape)


def _dtype(path: Path, raw: Any, big: bool) -> np.dtype[Any]:
    code = int(raw["datatype"])
    if code not in REAL_TYPES:
        what = OTHER_TYPES.get(code, "unknown")
        raise DataError(
            f"{path}: datatype = {code} ({what}); voxels must be whole or floating numbers. Convert the scan."
        )
    dtype = np.dtype((">" if big else "<") + REAL_TYPES[code])
    if int(raw["bitpix"]) != 8 * dtype.itemsize:
        raise DataError(f"{path}: bitpix = {int(raw['bitpix'])} but datatype {code} has {8 * dtype.itemsize} bits.")
    return dtype


def _scale(path: Path, raw: Any) -> tuple[float, float]:
    slope, inter = float(raw["scl_slope"]), float(raw["scl_inter"])
    if not (np.isfinite(slope) and np.isfinite(inter)):
        raise DataError(f"{path}: scl_slope = {slope:g}, scl_inter = {inter:g}; the scale of the values is unknown.")
    if slope == 0 and inter != 0:  # one library adds the intercept, the other does not: two different HU scales
        raise DataError(
            f"{path}: scl_slope = 0 with scl_inter = {inter:g}; readers disagree on it. Set slope to 1 or inter to 0."
        )
    return (slope, inter) if slope else (1.0, 0.0)


def _frame(path: Path, raw: Any, shape: tuple[int, ...]) -> tuple[ImageFrame, tuple[float, ...], tuple[str, ...]]:
    notes = []
    code = int(raw["xyzt_units"]) & 7
    if code not in UNITS:
        raise DataError(f"{path}: xyzt_units = {code}; lengths are in metre (1), mm (2) or micrometre (3).")
    factor, note = UNITS[code]
    notes += [note] if note else []
    step = _steps(path, raw, len(shape))
    if (np.array(raw["pixdim"])[1 : len(shape) + 1] < 0).any():
        notes.append("pixdim has a negative size: the sform is used, which has its own directions")
    affine, found = _affine(path, raw, step, len(shape), factor)
    notes += found
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine  # RAS to LPS: here and nowhere else
    affine[:3] *= factor
    dims = len(shape)
    if np.abs(affine[dims:3, :dims]).max(initial=0) > 1e-4 * np.abs(affine[:dims, :dims]).max():
        raise DataError(
            f"{path}: {dims} axes that leave the world's first {dims}; store the image as a scan with 3 axes."
        )
    index = [*range(dims), 3]
    beyond = tuple((affine[dims:3, 3] + 0.0).tolist())  # -0 becomes 0
    try:
        return ImageFrame(shape, affine[np.ix_(index, index)]), beyond, tuple(notes)
    except GeometryError as error:
        raise DataError(f"{path}: {error}. Export the scan again.") from error


def _steps(path: Path, raw: Any, dims: int) -> np.ndarray:
    """Voxel sizes; axes that the file does not have get 1."""
    step = np.ones(3)
    step[:dims] = np.array(raw["pixdim"], np.float64)[1 : dims + 1]
    for axis in range(dims):
        if not np.isfinite(step[axis]) or step[axis] == 0:
            raise DataError(
                f"{path}: pixdim[{axis + 1}] = {step[axis]:g}; the voxel size is unknown. Export the scan again."
            )
    if (step < 0).any() and int(raw["sform_code"]) <= 0:
        raise DataError(f"{path}: pixdim = {step.tolist()}; a voxel size cannot be negative.")
    return np.abs(step)


def _affine(path: Path, raw: Any, step: np.ndarray, dims: int, factor: float) -> tuple[np.ndarray, list[str]]:
    """Voxel to RAS in the file's unit: the sform if there is one, else the qform."""
    has_sform, has_qform = int(raw["sform_code"]) > 0, int(raw["qform_code"]) > 0
    if not has_sform and not has_qform:
        raise DataError(
            f"{path}: sform_code = qform_code = 0; where the scan lies is not said, and readers guess differently."
            " Export it with its orientation."
        )
    if not has_sform:
        return _qform(path, raw), []
    affine = np.eye(4)
    affine[:3] = [raw["srow_x"], raw["srow_y"], raw["srow_z"]]
    notes = _check_sform(path, affine, step, dims)
    if has_qform:
        try:
            shape = [int(n) for n in raw["dim"][1 : dims + 1]]
            far, open_by = (
                _apart(affine, _qform(path, raw), shape),
                _open(raw) * float(np.linalg.norm(step[:dims] * shape)),
            )
            differs = far > ALIKE * step.min() + open_by
            notes += [f"{DIFFER} {far * factor:.3g} mm: the sform is used"] if differs else []
        except DataError:
            notes.append("the qform is damaged: the sform is used")
    return affine, notes


def _apart(one: Float[np.ndarray, "4 4"], other: Float[np.ndarray, "4 4"], shape: list[int]) -> float:
    """How far two forms are from each other at most; that is at a corner, and no two corners show every rotation."""
    corners = product(*((0, n) for n in shape), *((0,) for _ in range(3 - len(shape))), (1,))
    return max(float(np.linalg.norm((one - other) @ corner)) for corner in corners)


def _open(raw: Any) -> float:
    """By which angle, in radians, the numbers of a qform leave its turn open: the real part of its quaternion is what
    the others are short of 1, which float32 cannot tell from 0 in turns of nearly 180 degrees: of axial scans."""
    short = 1 - sum(float(raw[f"quatern_{part}"]) ** 2 for part in "bcd")
    return 2 * LOST**0.5 if short <= LOST else LOST / short**0.5


def _check_sform(path: Path, affine: Float[np.ndarray, "4 4"], step: np.ndarray, dims: int) -> list[str]:
    """Look at the columns of the axes that the file has."""
    columns = affine[:3, :dims]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(affine).all() or not lengths.all():
        raise DataError(f"{path}: sform = {affine[:3].tolist()}; it is singular or not finite. Export the scan again.")
    direction = columns / lengths
    cosine = float(np.abs(direction.T @ direction - np.eye(dims)).max())
    if cosine > SHEAR:
        angle = np.degrees(np.arcsin(min(cosine, 1)))
        raise DataError(f"{path}: sform is sheared: {angle:.2f} degrees off a right angle. Resample the scan.")
    if not np.allclose(lengths, step[:dims], rtol=0.01):
        raise DataError(
            f"{path}: pixdim = {step[:dims].tolist()}, the sform has {np.round(lengths, 5).tolist()}; one is wrong."
        )
    return [f"sform is slightly sheared (cosine {cosine:.1g})"] if cosine > 1e-3 else []


def _qform(path: Path, raw: Any) -> Float[np.ndarray, "4 4"]:
    from nibabel.spatialimages import HeaderDataError

    if raw["pixdim"][0] == 0:
        raw = raw.copy()
        raw["pixdim"][0] = 1  # so nifti1.h has it read
    try:
        affine = np.asarray(raw.get_qform(coded=False), np.float64)
    except (ValueError, HeaderDataError) as error:
        raise DataError(f"{path}: qform: {error}. Export the scan again.") from error
    if not np.isfinite(affine).all():
        raise DataError(f"{path}: qform = {affine[:3].tolist()}; it is not finite. Export the scan again.")
    return affine
