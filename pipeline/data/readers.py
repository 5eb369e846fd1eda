"""One door to every kind of scan: by the file's name to its reader, then a look at the voxels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from pipeline.data.image import Image
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

NO_SCANS = (".", "label", "mask", "segmentation")  # folders that are never looked into
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")


def read_image(path: Path) -> Image:
    """Read a scan: a NIfTI, NRRD or MetaImage file, or a folder with one DICOM series.

    Raises:
        DataError: The file is missing, damaged or truncated, its geometry is unknown, or its voxels say nothing.
    """
    image = read_voxels(path)
    require_signal(image, path)
    return image


def read_voxels(path: Path) -> Image:
    """Like `read_image`, but without looking at the values."""
    path = Path(path)
    kind = _kind(path)
    if kind == "dicom":
        from pipeline.data.read_dicom import read_dicom

        return read_dicom(path)
    if kind == "nifti":
        from pipeline.data.read_nifti import read_nifti

        return read_nifti(path)
    from pipeline.data.read_itk import read_itk

    return read_itk(path)


def read_frame(path: Path) -> ImageFrame:
    """Where a scan lies; reads its header only."""
    path = Path(path)
    kind = _kind(path)
    if kind == "dicom":
        from pipeline.data.read_dicom import read_dicom_frame

        return read_dicom_frame(path)
    if kind == "nifti":
        from pipeline.data.read_nifti import read_nifti_frame

        return read_nifti_frame(path)
    from pipeline.data.read_itk import read_itk_frame

    return read_itk_frame(path)


def require_signal(image: Image, path: Path) -> None:
    """Raise DataError if voxels are not finite or all equal."""
    voxels = image.voxels
    low, high = voxels.min(), voxels.max()  # NaN and Inf come through min and max
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(voxels.size - np.isfinite(voxels).sum())
        raise DataError(
            f"{path}: {bad} of {voxels.size} voxels are NaN or infinite. Export the scan again or leave it out."
        )
    if low == high:
        raise DataError(f"{path}: all {voxels.size} voxels are {low}. Export the scan again or leave it out.")


def case_name(path: Path) -> str:
    """The name of a scan without its folder and suffix.

    >>> case_name(Path("images/a.b.nii.gz"))
    'a.b'
    """
    name = Path(path).name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def find_images(folder: Path) -> list[Path]:
    """All scans under `folder`, sorted; a folder of DICOM files is one. Hidden names and label maps are skipped."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.lower().startswith(NO_SCANS)]
        shown = [n for n in names if not n.startswith(".")]
        found += [Path(root) / n for n in shown if n.lower().endswith(SUFFIXES)]
        if any(_is_dicom(Path(root) / n) for n in shown):
            found.append(Path(root))
    return sorted(found)


def _is_dicom(path: Path) -> bool:
    """By the suffix; names without one (or with a number, as UIDs end) by the mark in byte 128."""
    suffix = path.suffix.lower()
    if suffix and not suffix[1:].isdigit():
        return suffix in (".dcm", ".ima")
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def _kind(path: Path) -> str:
    name = path.name.lower()
    if path.is_dir():
        return "dicom"
    if not path.exists():
        raise DataError(f"{path}: no such file. Check the path.")
    if name.endswith((".nii", ".nii.gz")):
        return "nifti"
    if name.endswith(SUFFIXES):
        return "itk"
    raise DataError(
        f"{path}: unknown kind of file; scans end in {', '.join(SUFFIXES)}, or are a folder of DICOM files."
    )
