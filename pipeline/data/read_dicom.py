"""One DICOM series in a folder: slices sorted by where they lie, and refused if they are not an even stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.data.image import Image
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame

NEEDED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
SAME = ("Rows", "Columns", "PixelSpacing", "ImageOrientationPatient")


def read_dicom(folder: Path) -> Image:
    """Read a series as (slice, row, column), values after the rescale slope and intercept.

    Raises:
        DataError: More than one series, missing, doubled or tilted slices, a missing tag or an undecodable slice.
    """
    slices, notes = _slices(folder, pixels=True)
    frame = _stack_frame(folder, slices)
    planes = [_plane(path, data) for path, data in slices]
    kind = (
        np.int16 if all(p.dtype.kind in "iu" and p.min() >= -32768 and p.max() <= 32767 for p in planes) else np.float32
    )
    return Image(frame, np.stack(planes).astype(kind), notes)


def read_dicom_frame(folder: Path) -> ImageFrame:
    """The frame alone; pixels are not read."""
    return _stack_frame(folder, _slices(folder, pixels=False)[0])


def _slices(folder: Path, pixels: bool) -> tuple[list[tuple[Path, Any]], tuple[str, ...]]:
    """The slices in a folder and their tags, sorted along the normal; other files are left out with a note."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    found, ignored = [], 0
    for path in sorted(
        p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".") and p.name != "DICOMDIR"
    ):
        try:
            data = pydicom.dcmread(path, stop_before_pixels=not pixels)
        except (InvalidDicomError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
            if path.suffix.lower() in (".dcm", ".ima"):
                raise DataError(f"{path}: not readable as DICOM: {error}. Copy it again.") from error
            ignored += 1
            continue
        _check_slice(path, data)
        found.append((path, data))
    if not found:
        raise DataError(f"{folder}: no DICOM slices in it. Give the folder of one series.")
    _one_series(folder, found)
    row, column = _orientation(found[0][1])
    normal = np.cross(row, column)
    found.sort(key=lambda item: float(normal @ _vector(item[1].ImagePositionPatient)))
    return found, ((f"{ignored} files are not DICOM: left out",) if ignored else ())


def _check_slice(path: Path, data: Any) -> None:
    for name in NEEDED:
        if data.get(name) in (None, "", []):
            raise DataError(f"{path}: no {name}; where the slice lies is unknown. Export the series again.")
    spacing, sizes = (
        _vector(data.PixelSpacing),
        {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2},
    )
    for name, size in sizes.items():
        if len(data[name].value) != size or not np.isfinite(_vector(data[name].value)).all():
            raise DataError(f"{path}: {name} = {data[name].value}; {size} finite numbers are needed.")
    if (spacing <= 0).any():
        raise DataError(
            f"{path}: PixelSpacing = {spacing.tolist()}; sizes above 0 are needed. Export the series again."
        )
    colour = data.get("PhotometricInterpretation", "MONOCHROME2")
    if int(data.get("SamplesPerPixel", 1)) != 1 or colour != "MONOCHROME2":
        raise DataError(f"{path}: PhotometricInterpretation = {colour}; a grey scan (MONOCHROME2) is needed.")
    if int(data.get("NumberOfFrames", 1) or 1) > 1:
        raise DataError(f"{path}: {data.NumberOfFrames} frames in one file. Convert it to NIfTI or NRRD.")


def _one_series(folder: Path, found: list[tuple[Path, Any]]) -> None:
    series: dict[str, int] = {}
    for _, data in found:
        uid = str(data.get("SeriesInstanceUID", "none"))
        series[uid] = series.get(uid, 0) + 1
    if len(series) > 1:
        listed = ", ".join(f"{uid} ({n} slices)" for uid, n in sorted(series.items()))
        raise DataError(f"{folder}: {len(series)} series: {listed}. Put each in its own folder.")
    first_path, first = found[0]
    for path, data in found:
        for name in SAME:
            if not np.allclose(_vector(data[name].value), _vector(first[name].value), rtol=0, atol=1e-4):
                raise DataError(
                    f"{path}: {name} = {data[name].value}, but {first_path.name} has {first[name].value}."
                    " Take out what does not belong to the stack (a localizer, another size)."
                )
    if len(found) < 2:
        raise DataError(f"{folder}: one slice; at least 2 are needed to know their distance.")


def _stack_frame(folder: Path, slices: list[tuple[Path, Any]]) -> ImageFrame:
    """LPS frame of (slice, row, column); DICOM is LPS mm already."""
    first = slices[0][1]
    row, column = _orientation(first)
    origins = np.array([_vector(data.ImagePositionPatient) for _, data in slices])
    spacing = _vector(first.PixelSpacing)  # between rows, between columns
    step = _step(folder, slices, origins, np.cross(row, column), float(spacing.min()))
    affine = np.eye(4)
    affine[:3] = np.column_stack([step, column * spacing[0], row * spacing[1], origins[0]])
    try:
        return ImageFrame((len(slices), int(first.Rows), int(first.Columns)), affine)
    except GeometryError as error:
        raise DataError(f"{folder}: ImageOrientationPatient: {error}") from error


def _step(folder: Path, slices: list[tuple[Path, Any]], origins: np.ndarray, normal: np.ndarray, pixel: float) -> Any:
    """The even step from slice to slice; DataError if it is not even."""
    heights = origins @ normal
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    for index, gap in enumerate(gaps):
        between = f"between {slices[index][0].name} and {slices[index + 1][0].name}"
        if gap < 0.01 * max(usual, 0.01):
            raise DataError(
                f"{folder}: two slices at {heights[index]:.3f} mm, {between}. Keep one phase, or remove the copy."
            )
        if abs(gap - usual) > 0.01 * usual + 0.01:
            raise DataError(
                f"{folder}: {gap:.3f} mm {between}, elsewhere {usual:.3f} mm: slices are missing or unevenly spaced."
                " Export the whole series, or resample it."
            )
    step = (origins[-1] - origins[0]) / (len(origins) - 1)
    drift = float(np.linalg.norm((step - normal * (step @ normal)) * (len(origins) - 1)))
    if drift > pixel / 2:
        angle = np.degrees(np.arccos(np.clip(step @ normal / np.linalg.norm(step), -1, 1)))
        raise DataError(
            f"{folder}: gantry tilt: slices are stacked {angle:.2f} degrees off their normal. Resample it first."
        )
    if np.abs(origins - (origins[0] + np.outer(np.arange(len(origins)), step))).max() > pixel / 2:
        raise DataError(f"{folder}: slices do not lie on one line. Export the series again.")
    return step


def _plane(path: Path, data: Any) -> Shaped[np.ndarray, "R C"]:
    try:
        pixels = data.pixel_array
    except Exception as error:  # pydicom and its plugins raise many kinds
        syntax = getattr(data.file_meta, "TransferSyntaxUID", None)
        raise DataError(
            f"{path}: pixels cannot be read ({getattr(syntax, 'name', syntax)}): {str(error).splitlines()[0]}"
            " Copy the file again; if it is compressed, install patchvote[dicom] or convert the series to NIfTI."
        ) from error
    slope, inter = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
    if not (np.isfinite(slope) and np.isfinite(inter)) or slope == 0:
        raise DataError(
            f"{path}: RescaleSlope = {slope:g}, RescaleIntercept = {inter:g}; the scale of the values is unknown."
        )
    if slope == 1 and inter.is_integer():
        return pixels.astype(np.int64) + int(inter)
    return pixels.astype(np.float32) * np.float32(slope) + np.float32(inter)


def _orientation(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors along a row (column index grows) and along a column (row index grows)."""
    cosines = _vector(data.ImageOrientationPatient)
    return cosines[:3], cosines[3:]


def _vector(value: Any) -> Float[np.ndarray, " N"]:
    return np.atleast_1d(np.asarray(value, np.float64))
