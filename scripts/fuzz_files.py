"""Small whole files of every kind that is read, for `fuzz_inputs.py` to damage."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from dicom_files import write_slice  # the tests draw the same slices

SHAPE = (7, 6, 5)
VOXELS = np.random.default_rng(0).integers(-1000, 1500, SHAPE).astype(np.int16)
TURN = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
STEPS, ORIGIN = np.array([0.5, 0.75, 1.25]), np.array([-12.0, 34.0, -56.0])
POINTS = {"left": (1.5, -2.25, 3.0), "right": (10.0, 20.0, -30.0)}


@dataclass(frozen=True)
class Made:
    """A file to damage.

    Args:
        path: What is read.
        damaged: What is changed: the same, or one slice of a folder.
        part: Bytes that may be changed; None = all.
        read: Reader of points; None = an image.
        fields: First byte and name of each field, in order.
        single: Fields that nothing else in the file repeats or guards.
    """

    path: Path
    damaged: Path
    part: tuple[int, int] | None
    read: Callable[[Path], dict[str, Any]] | None
    fields: tuple[tuple[int, str], ...]
    single: tuple[str, ...]

    def field_at(self, content: bytes, at: int) -> str:
        return next((name for start, name in reversed(self.fields) if at >= start), "start")

    def alone(self, field: str) -> bool:
        return field in self.single


def nifti(folder: Path, suffix: str) -> Made:
    import nibabel

    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = TURN * STEPS, ORIGIN
    image = nibabel.Nifti1Image(VOXELS, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    path = folder / f"scan{suffix}"
    nibabel.save(image, path)
    dtype = image.header.template_dtype
    fields = tuple((dtype.fields[name][1], name) for name in dtype.names)
    packed = suffix.endswith(".gz")
    # Bytes 348 to 352 announce extensions; the voxels of a plain file are guarded by nothing.
    return Made(path, path, None if packed else (0, 352), None, () if packed else fields, ("datatype", "bitpix"))


def itk(folder: Path, suffix: str, packed: bool) -> Made:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(VOXELS)
    image.SetSpacing(STEPS.tolist())
    image.SetOrigin(ORIGIN.tolist())
    image.SetDirection(TURN.ravel().tolist())
    path = folder / f"scan{suffix}"
    SimpleITK.WriteImage(image, str(path), useCompression=packed)
    content = path.read_bytes()
    head = content.index(b"\n\n") + 2 if suffix == ".nrrd" else content.index(b"ElementDataFile")
    lines = content[:head].split(b"\n")
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    marks = (b":", b"=")
    names = [line.split(marks[suffix != ".nrrd"])[0].decode().strip() for line in lines]
    fields = (*zip(starts.tolist(), names, strict=False), (head, "data"))
    # Nothing in these headers is said twice: a changed digit of a direction is another direction.
    single = ("space directions", "space origin", "space", "type", "endian", "space units",
              "TransformMatrix", "Offset", "ElementSpacing", "ElementType", "BinaryDataByteOrderMSB",
              "ElementByteOrderMSB", "CenterOfRotation", "AnatomicalOrientation")  # fmt: skip
    return Made(path, path, None if packed else (0, head), None, fields, single)


def array(folder: Path) -> Made:
    path = folder / "scan.npy"
    np.save(path, VOXELS)
    stated = {"spacing": STEPS.tolist(), "origin": ORIGIN.tolist(), "direction": TURN.tolist()}
    path.with_suffix(".json").write_text(json.dumps(stated))
    head = path.read_bytes().index(b"\n")
    # Type and order are said once; the voxels are guarded by nothing but their number.
    return Made(path, path, (0, head + 1), None, ((0, "magic"), (6, "version"), (8, "length"), (10, "text")), ("text",))


def dicom(folder: Path) -> Made:
    import pydicom

    column, row = TURN[0], TURN[1]
    normal = np.cross(row, column)
    for index, pixels in enumerate(VOXELS):
        place = ORIGIN + 1.25 * index * normal
        write_slice(folder / f"{index}.dcm", index, pixels, place, (0.5, 0.75), (*row, *column))
    path = folder / "6.dcm"  # an end of the stack: its loss leaves no gap
    read = pydicom.dcmread(path)
    fields = [(0, "preamble"), (128, "file meta")]
    fields += [(int(e.file_tell) - 8, pydicom.datadict.keyword_for_tag(e.tag)) for e in read]
    pixels = next(start for start, name in fields if name == "PixelData")
    return Made(folder, path, (128, pixels - 4), None, tuple(sorted(fields)), ())


def points(folder: Path, kind: str) -> Made:
    from pipeline.data.fcsv import read_fcsv, write_fcsv
    from pipeline.data.markups import read_markups, write_markups
    from pipeline.data.points_csv import read_points_csv, write_points_csv

    path = folder / f"case.{kind}"
    if kind == "csv":
        write_points_csv(path, [{"case": "c", "landmark": n, "position": p} for n, p in POINTS.items()])
    else:
        {"mrk.json": write_markups, "fcsv": write_fcsv}[kind](path, POINTS)

    def read(path: Path) -> dict[str, Any]:
        if kind == "csv":
            table = read_points_csv(path)
            if table.frame is None:  # import then asks the scans, or the user
                return {"points": {}, "notes": ["no frame"]}
            found, notes = table.in_lps(table.frame), [m for ms in table.problems.values() for m in ms]
        else:
            found, notes = {"mrk.json": read_markups, "fcsv": read_fcsv}[kind](path)
        return {"points": json.loads(json.dumps(found)), "notes": notes}

    # A coordinate, a name or a frame is said once; nothing in such a file guards it.
    return Made(path, path, None, read, ((0, "text"),), ("text",))


KINDS: dict[str, Callable[[Path], Made]] = {
    "nii": lambda folder: nifti(folder, ".nii"),
    "nii.gz": lambda folder: nifti(folder, ".nii.gz"),
    "nrrd": lambda folder: itk(folder, ".nrrd", packed=False),
    "nrrd-gzip": lambda folder: itk(folder, ".nrrd", packed=True),
    "mha": lambda folder: itk(folder, ".mha", packed=False),
    "mha-zlib": lambda folder: itk(folder, ".mha", packed=True),
    "npy": array,
    "dicom": dicom,
    "mrk.json": lambda folder: points(folder, "mrk.json"),
    "fcsv": lambda folder: points(folder, "fcsv"),
    "csv": lambda folder: points(folder, "csv"),
}
