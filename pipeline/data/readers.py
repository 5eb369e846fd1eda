"""One door to every kind of scan: by the file's name to its reader, then a look at the voxels.

A scan is a file (or a picture), or a folder with one DICOM series; where a folder holds several, `FOLDER/SERIES-UID` is
one of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from pipeline.data.file_names import is_utf8, mend_utf8
from pipeline.data.image import Image
from pipeline.data.itk_header import data_beside
from pipeline.data.read_picture import SUFFIXES as PICTURES
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", ".npy")
OTHERS = (".csv", ".fcsv", ".json", ".mps", ".pts", ".raw", ".sr.dcm", ".txt", ".xml", ".zraw")
NO_SLICES = (*SUFFIXES, *PICTURES, *OTHERS)
SMALLEST, LARGEST, FARTHEST = 1e-5, 1e4, 1e5  # mm: microscopes, and more than any patient
UID = re.compile(r"[0-9]+(\.[0-9]+){2,}")


def read_image(path: Path) -> Image:
    """Read a scan: a NIfTI, NRRD, MetaImage or NumPy file, or a folder with one DICOM series.

    Raises:
        DataError: The file is missing, damaged or truncated, its geometry is unknown, or its voxels say nothing.
    """
    image = read_voxels(path)
    require_signal(image, path)
    return image


def read_voxels(path: Path) -> Image:
    """Like `read_image`, but without looking at the values."""
    path = Path(path)
    image = _read(path)
    _require_place(path, image.frame)
    return image


def _read(path: Path) -> Image:
    kind = _kind(path)
    if kind == "dicom":
        from pipeline.data.read_dicom import read_dicom

        return read_dicom(*folder_and_series(path))
    if kind == "nifti":
        from pipeline.data.read_nifti import read_nifti

        return read_nifti(path)
    if kind == "numpy":
        from pipeline.data.read_numpy import read_numpy

        return read_numpy(path)
    if kind == "picture":
        from pipeline.data.read_picture import read_picture

        return read_picture(path)
    from pipeline.data.read_itk import read_itk

    return read_itk(path)


def read_frame(path: Path, as_stored: bool = False) -> ImageFrame:
    """Where a scan lies; reads its header only.

    Args:
        as_stored: Refuse a DICOM series whose voxels are resampled to an even grid.
    """
    path = Path(path)
    frame = _read_frame(path, as_stored)
    _require_place(path, frame)
    return frame


def _require_place(path: Path, frame: ImageFrame) -> None:
    """No scanner makes such voxels or puts them there; a changed digit of a header does."""
    sizes, far = frame.spacing, float(np.abs(frame.affine[:-1, -1]).max())
    if sizes.min() < SMALLEST or sizes.max() > LARGEST or far > FARTHEST:
        raise DataError(
            f"{path}: voxels of {[float(f'{s:.4g}') for s in sizes]} {frame.unit}, the first {far:.4g} {frame.unit}"
            " from the origin. The header is damaged, or states another unit than it means."
        )


def _read_frame(path: Path, as_stored: bool) -> ImageFrame:
    kind = _kind(path)
    if kind == "dicom":
        from pipeline.data.read_dicom import read_dicom_frame

        return read_dicom_frame(*folder_and_series(path), as_stored)
    if kind == "nifti":
        from pipeline.data.read_nifti import read_nifti_frame

        return read_nifti_frame(path)
    if kind == "numpy":
        from pipeline.data.read_numpy import read_numpy_frame

        return read_numpy_frame(path)
    if kind == "picture":
        from pipeline.data.read_picture import read_picture_frame

        return read_picture_frame(path)
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


def require_file(path: Path) -> None:
    """Raise DataError where something else is called like a file: to open a pipe is to wait for ever."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise DataError(f"{path}: is no file, but a pipe, a socket or a device. Save it as a file.")


def case_name(path: Path) -> str:
    """The name of a scan without its folder and suffix; of a series, the name of its folder.

    >>> case_name(Path("images/a.b.nii.gz"))
    'a.b'
    """
    place, series = folder_and_series(Path(path))
    name = place.name if place.name not in ("", "..") else place.resolve().name  # "." and ".." name no folder
    if series is not None:
        return name
    for suffix in (*SUFFIXES, *PICTURES):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def pick_series(paths: Iterable[Path], wanted: Sequence[str]) -> list[Path]:
    """The same scans, each DICOM folder that holds wanted series replaced by these. A damaged folder stays, for whoever
    reads it to say so.

    Args:
        paths: Scans, as `find_images` gives them.
        wanted: SeriesInstanceUIDs.
    """
    from pipeline.data.dicom_series import series_of

    picked = []
    for path in paths:
        held = [uid for uid in series_of(path) if uid in wanted] if wanted and path.is_dir() else []
        picked += [path / uid for uid in held] or [path]
    return picked


def require_series(picked: Iterable[Path], wanted: Sequence[str]) -> None:
    """Raise DataError where none of the scans is of a wanted series."""
    if missing := sorted(set(wanted) - {folder_and_series(path)[1] for path in picked}):
        raise DataError(f"data.series_uid = {missing}: no folder holds it. Look the UID up again.")


def folder_and_series(path: Path) -> tuple[Path, str | None]:
    """Where the files of a DICOM series lie, and its UID if the path names one."""
    return (path.parent, path.name) if _is_series(path) else (path, None)


def place_of(path: Path) -> tuple[str, str | None]:
    """Where a scan lies, and its series: the same by whatever links it is reached, also links to its slices."""
    folder, series = folder_and_series(Path(path))
    first = next(iter(files_of(path)), folder) if folder.is_dir() else folder
    return os.path.realpath(first), series


def unit_of(path: Path) -> str:
    """ "px" of a picture, "mm" of a scan: by its name, nothing is opened."""
    return "px" if Path(path).name.lower().endswith(PICTURES) else "mm"


def may_be_slice(name: str) -> bool:
    """Whether a file of a folder may be a slice of a DICOM series: not if it is called like something else."""
    return not name.startswith(".") and name != "DICOMDIR" and not name.lower().endswith(NO_SLICES)


def files_of(path: Path) -> list[Path]:
    """The files that a scan is read from: one, all of a DICOM folder, or a header with the data beside it."""
    path = folder_and_series(Path(path))[0]
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file() and may_be_slice(p.name))
    if path.suffix.lower() == ".npy":
        return [path, *(p for p in (path.with_suffix(".json"),) if p.is_file())]
    if path.suffix.lower() in (".mha", ".mhd") and path.is_file():
        return [path, *data_beside(path)]
    return [path]


def _is_series(path: Path) -> bool:
    return UID.fullmatch(path.name) is not None and path.parent.is_dir() and not path.exists()


def _kind(path: Path) -> str:
    name = path.name.lower()
    if not is_utf8(str(path)):
        advice = mend_utf8(str(path), "Rename it.")
        raise DataError(f"{path}: its name is not UTF-8, which libraries and tables do not read. {advice}")
    if path.is_dir() or _is_series(path):
        return "dicom"
    if not path.exists():
        raise DataError(f"{path}: no such file. Check the path.")
    require_file(path)
    if name.endswith((".nii", ".nii.gz")):
        return "nifti"
    if name.endswith(".npy"):
        return "numpy"
    if name.endswith(PICTURES):
        return "picture"
    if name.endswith(SUFFIXES):
        return "itk"
    raise unknown_kind(path)


def unknown_kind(path: Path) -> DataError:
    """The error of a file that is called like no scan that is read."""
    return DataError(
        f"{path}: unknown kind of file; scans end in {', '.join(SUFFIXES)}, or are a folder of DICOM files;"
        f" pictures end in {', '.join(PICTURES)}."
    )
