"""The headers of NRRD and MetaImage files: complete, or refused by field."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.data.nifti_header import MAX_VOXELS
from pipeline.data.written_numbers import number_in
from pipeline.errors import DataError

LONGEST = 1 << 16  # bytes of header; an image whose header does not end by then is not one
NRRD_TYPES = {
    "i1": "signed char,int8,int8_t",
    "u1": "uchar,unsigned char,uint8,uint8_t",
    "i2": "short,short int,signed short,signed short int,int16,int16_t",
    "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
    "i4": "int,signed int,int32,int32_t",
    "u4": "uint,unsigned int,uint32,uint32_t",
    "i8": "longlong,long long,long long int,signed long long,int64,int64_t",
    "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
    "f4": "float",
    "f8": "double",
}
NRRD_SPACES = ("left-posterior-superior", "lps", "right-anterior-superior", "ras", "left-anterior-superior", "las")
META_TYPES = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"}
TRUE, FALSE = ("true", "t", "1"), ("false", "f", "0")
META_TYPES |= {"long_long": "i8", "ulong_long": "u8", "float": "f4", "double": "f8"}
META_ORDER = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
META_DATA = re.compile(rb"(?m)^ElementDataFile\s*=\s*(.*?)\s*?(?:\r?\n|\Z)")


@dataclass(frozen=True)
class ItkHeader:
    """Where the voxels are: from byte `offset` of `data` on, x fastest; compressed: "", "gzip" or "zlib"; and what its
    words say about where they lie, voxel to LPS mm, to compare with what a library makes of them."""

    path: Path
    data: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    compressed: str
    affine: Float[np.ndarray, "E E"]
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def read_itk_header(path: Path) -> ItkHeader:
    """Read the header of a .nrrd, .mha or .mhd file; raises DataError where it leaves the geometry open."""
    with open(path, "rb") as file:
        head = file.read(LONGEST)
    is_nrrd = head.startswith(b"NRRD")
    if is_nrrd and path.suffix.lower() != ".nrrd":  # SimpleITK goes by names
        raise DataError(f"{path}: is a NRRD file, called {path.suffix}. Rename it to {path.stem}.nrrd.")
    if path.suffix.lower() == ".nrrd" and not is_nrrd:
        raise DataError(f"{path}: not a NRRD file (it starts with {head[:8]!r}). Copy or export it again.")
    return (_nrrd if is_nrrd else _meta)(path, head)


def data_beside(path: Path) -> list[Path]:
    """The file of voxels that a .mha or .mhd names, if it is another one; none of a damaged header, which is told about
    where it is read."""
    try:
        with open(path, "rb") as file:
            end = META_DATA.search(file.read(LONGEST))
        named = _data_file(Path(path), end.group(1), 0)[0] if end else path
    except (DataError, OSError, ValueError):
        return []
    return [named] if named != path else []


def _nrrd(path: Path, head: bytes) -> ItkHeader:
    end = re.search(rb"\r?\n\r?\n", head)
    fields = _nrrd_fields(path, head[: end.start() if end else None].decode("latin-1"))
    if not end:
        raise DataError(f"{path}: the NRRD header does not end; the file is truncated or damaged.")
    _require_place(path, fields)
    shape = _shape(path, "sizes", fields["sizes"])
    vectors = re.findall(r"none|\([^)]*\)", fields["space directions"])
    if len(vectors) != len(shape) or any(v.count(",") != len(shape) - 1 for v in vectors):
        raise DataError(
            f"{path}: 'space directions: {fields['space directions']}' for sizes {shape}; one vector an axis is needed."
        )
    rows = [_finite(path, "space directions", v) for v in vectors if v != "none"]
    directions = np.array(rows if len({len(row) for row in rows}) == 1 else [])
    origin = np.array(_finite(path, "space origin", fields["space origin"]))
    if directions.shape != (len(shape), len(shape)) or len(origin) != len(shape):
        raise DataError(f"{path}: 'space origin: {fields['space origin']}' does not fit the sizes {shape}.")
    kind = fields["type"].lower()
    code = next((k for k, names in NRRD_TYPES.items() if kind in names.split(",")), None)
    if code is None:
        raise DataError(f"{path}: 'type: {kind}'; voxels must be whole or floating numbers. Convert the scan.")
    encoding = {"raw": "", "gzip": "gzip", "gz": "gzip"}.get(fields["encoding"].lower())
    if encoding is None:
        raise DataError(f"{path}: 'encoding: {fields['encoding']}'; raw and gzip are read. Save it again.")
    endian = fields.get("endian", "little" if code.endswith("1") else "").lower()
    if endian not in ("little", "big"):
        raise DataError(f"{path}: 'endian: {endian}'; little or big is needed. Export it again.")
    dtype = np.dtype((">" if endian == "big" else "<") + code)
    space = fields["space"].lower()
    initials = "".join(word[0] for word in space.split("-")) if "-" in space else space
    signs = np.array([1.0 if letter in "lps" else -1.0 for letter in initials[: len(shape)]])
    return ItkHeader(path, path, end.end(), shape, dtype, encoding, _affine(directions.T, origin, signs))


def _nrrd_fields(path: Path, text: str) -> dict[str, str]:
    """The fields by name; DataError where the voxels lie in another file, which then may end with its fields."""
    lines = [line for line in text.splitlines()[1:] if ":" in line and ":=" not in line and not line.startswith("#")]
    fields = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
    other = fields.get("data file", fields.get("datafile"))
    if other is not None:
        raise DataError(f"{path}: 'data file: {other}'; its voxels lie in another file. Save it as one .nrrd.")
    return fields


def _require_place(path: Path, fields: dict[str, str]) -> None:
    """DataError where they leave open where the scan lies or in which unit."""
    for name in ("line skip", "lineskip", "byte skip", "byteskip"):
        if fields.get(name, "0") != "0":
            raise DataError(f"{path}: '{name}: {fields[name]}'; data must follow the header. Save it as one .nrrd.")
    for name in ("type", "sizes", "encoding", "space", "space directions", "space origin"):
        if name not in fields:
            raise DataError(
                f"{path}: no field '{name}'; where the scan lies is unknown. Export it with its orientation."
            )
    if fields["space"].lower() not in NRRD_SPACES:
        raise DataError(f"{path}: 'space: {fields['space']}'; known are {', '.join(NRRD_SPACES[::2])}.")
    if set(re.findall(r'"([^"]*)"', fields.get("space units", ""))) - {"mm", ""}:
        raise DataError(f"{path}: 'space units: {fields['space units']}'; only mm is read. Convert the scan.")


def _meta(path: Path, head: bytes) -> ItkHeader:
    end = META_DATA.search(head)
    if not end:
        raise DataError(f"{path}: no line ElementDataFile; not a MetaImage file, or truncated.")
    lines = [line for line in re.split(r"\r?\n", head[: end.start()].decode("latin-1")) if line.strip()]
    # Programs add fields of their own: "dim[0] = 3" of a NIfTI header, "0008|0060 = CT" of DICOM.
    odd = [line for line in lines if not re.fullmatch(r"[\w.|\[\]-]+\s*=[^\x00-\x08\x0e-\x1f\x7f]*", line)]
    if odd:
        raise DataError(f"{path}: header line {odd[0][:60]!r}; 'Name = value' is needed. The header is damaged.")
    pairs = (line.split("=", 1) for line in lines)
    fields = {k.strip().lower(): v.strip() for k, v in pairs}
    for name in ("ndims", "dimsize", "elementtype", "elementspacing"):
        if name not in fields:
            raise DataError(
                f"{path}: no field '{name}'; the voxel size or how it is stored is unknown. Export it again."
            )
    shape = _shape(path, "DimSize", fields["dimsize"])
    spacing = _finite(path, "ElementSpacing", fields["elementspacing"])
    if fields["ndims"] != str(len(shape)) or len(spacing) != len(shape) or min(spacing) <= 0:
        raise DataError(
            f"{path}: NDims = {fields['ndims']}, DimSize = {shape}, ElementSpacing = {spacing}; they do not fit."
        )
    kind = fields["elementtype"].lower().removeprefix("met_")
    if kind not in META_TYPES or fields.get("elementnumberofchannels", "1") != "1":
        raise DataError(
            f"{path}: ElementType = {fields['elementtype']} with several channels or not numbers. Convert the scan."
        )
    if fields.get("binarydata", "true").lower() != "true" or fields.get("headersize", "0") not in ("0", "-1"):
        raise DataError(f"{path}: BinaryData or HeaderSize ask for a layout that is not read. Save it again as .mha.")
    if fields.get("distanceunits", "mm").lower() not in ("mm", "?"):
        raise DataError(f"{path}: DistanceUnits = {fields['distanceunits']}; only mm is read. Convert the scan.")
    affine, notes = _meta_geometry(path, fields, spacing)
    data, offset = _data_file(path, end.group(1), end.end())
    compressed = "zlib" if _is_true(path, fields, "CompressedData") else ""
    dtype = np.dtype((">" if _is_big_endian(path, fields) else "<") + META_TYPES[kind])
    return ItkHeader(path, data, offset, shape, dtype, compressed, affine, notes)


def _is_big_endian(path: Path, fields: dict[str, str]) -> bool:
    said = {_is_true(path, fields, name) for name in META_ORDER if name.lower() in fields}
    if len(said) > 1:
        raise DataError(
            f"{path}: {' and '.join(META_ORDER)} contradict each other; the order of the bytes is unknown. Export it"
            " again."
        )
    return True in said


def _is_true(path: Path, fields: dict[str, str], name: str) -> bool:
    """MetaIO looks at the first letter alone, and takes all but T, t and 1 for false."""
    word = fields.get(name.lower(), "false")
    if word.lower() not in (*TRUE, *FALSE):
        raise DataError(f"{path}: {name} = {word}; True or False is needed.")
    return word.lower() in TRUE


def _meta_geometry(path: Path, fields: dict[str, str], spacing: list[float]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Voxel to LPS mm, as the fields of a MetaImage say it, and a note where they leave it open."""
    names: tuple[str, ...] = ("transformmatrix", "rotation", "orientation", "offset", "position", "origin")
    dims, numbers = len(spacing), {n: np.array(_finite(path, n, fields[n])) for n in names if n in fields}
    turn = next((numbers[n] for n in names[:3] if n in numbers), np.eye(dims).ravel())
    origin = next((numbers[n] for n in names[3:] if n in numbers), np.zeros(dims))
    if turn.size != dims**2 or origin.size != dims:
        raise DataError(f"{path}: {', '.join(numbers)} do not fit NDims = {dims}. The header is damaged.")
    notes = () if len(numbers) >= 2 else ("no TransformMatrix or Offset: read as the identity",)
    return _affine(turn.reshape(dims, dims).T * np.array(spacing), origin), notes


def _affine(steps: np.ndarray, origin: np.ndarray, signs: np.ndarray | float = 1.0) -> np.ndarray:
    """Homogeneous, from the columns of the steps."""
    affine = np.eye(len(origin) + 1)
    affine[:-1, :-1] = steps * np.reshape(signs, (-1, 1))
    affine[:-1, -1] = origin * signs
    return affine


def _data_file(path: Path, raw: bytes, end: int) -> tuple[Path, int]:
    if raw.upper() == b"LOCAL":
        return path, end
    names = os.fsdecode(raw), raw.decode("latin-1")  # as this system writes names, or an old Windows
    name = next((n for n in names if (path.parent / n).is_file()), names[0])
    odd = "/" in name or "\\" in name or name == ".." or "%" in name
    if odd or not name.split() or name.split()[0].upper() == "LIST":
        raise DataError(f"{path}: ElementDataFile = {name!r}; the data must be one file in the same folder.")
    if not (path.parent / name).is_file():
        raise DataError(f"{path}: its data file {name!r} is not beside it. Copy both.")
    return path.parent / name, 0


def _shape(path: Path, name: str, text: str) -> tuple[int, ...]:
    words = text.split()
    if not words or not all(re.fullmatch(r"[0-9]{1,9}", w) and int(w) for w in words):
        raise DataError(f"{path}: {name} = {text!r}; whole numbers above 0 are needed. The header is damaged.")
    shape = tuple(int(w) for w in words)
    if len(shape) > 3 or int(np.prod(shape, dtype=object)) > MAX_VOXELS:
        raise DataError(
            f"{path}: {name} = {text}; not one volume, or more than {MAX_VOXELS} voxels. Save one volume as a file."
        )
    return shape


def _finite(path: Path, name: str, text: str) -> list[float]:
    words = [w for w in re.split(r"[\s,()]+", text) if w]
    numbers = [number_in(w) for w in words]
    if not numbers or not np.isfinite(numbers).all():
        raise DataError(f"{path}: {name} = {text!r}; not finite numbers. The header is damaged.")
    return numbers
