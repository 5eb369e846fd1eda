"""nnLandmark's two files: landmarks in voxels of each scan (x, y, z as stored, from 0; of a DICOM series column, row,
slice, as programs stack it), and the voxel sizes they mean.

`all_landmarks_voxel.json` is `{CASE: {LANDMARK: [x, y, z]}}`, `spacing.json` beside it
`{CASE: {"image_spacing": [..] or null, "annotation_spacing": [..] or null}}` (nnLandmark's readme).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.atomic import read_json, write_json
from pipeline.data.frames import NULL, coordinate
from pipeline.data.points_table import PointsTable
from pipeline.data.readers import folder_and_series, read_frame
from pipeline.data.scan_ids import under_ids
from pipeline.errors import DataError, UnevenError
from pipeline.geometry import ImageFrame

NAME = "all_landmarks_voxel.json"
SPACINGS = "spacing.json"
TOLERANCE = 0.01  # relative: by how much a stated voxel size may differ from the scan's


def read_nnlandmark(path: Path, scans: Mapping[str, Path], ids: Mapping[str, str] | None = None) -> PointsTable:
    """All cases in LPS mm; voxels become world positions by the scan's own frame.

    Args:
        path: `all_landmarks_voxel.json`.
        scans: By case id; a case without a scan gets no position, and is told about elsewhere.
        ids: By what else a case may be called.

    Raises:
        DataError: Not such a file. What is wrong with one case is a problem of that case.
    """
    content, spacings = read_json(path), under_ids(_spacings(path.with_name(SPACINGS)), ids or {})[0]
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise DataError(f"{path}: {{CASE: {{LANDMARK: [x, y, z]}}}} is needed.")
    table = PointsTable(frame="LPS")
    for case, landmarks in content.items():
        table.cases[case] = {}
        known = (ids or {}).get(case, case)
        if known not in scans:
            continue
        try:
            frame = counted_frame(scans[known])
            _require_spacing(path, case, spacings.get(known), frame)
            for name, voxel in landmarks.items():
                table.add(case, name, _world(voxel, frame, f"{path}: {case}.{name}"), str(path))
        except DataError as error:
            table.problem(case, str(error))
    return table


def write_nnlandmark(path: Path, cases: Mapping[str, Mapping[str, Any]], scans: Mapping[str, Path]) -> None:
    """Write positions (LPS mm) as voxels of their scans, and `spacing.json` beside them; None is left out, and so is a
    case whose voxels lie on no even grid: `counted_frame` says so where it is asked alone."""
    frames = {}
    for case in cases:
        with suppress(UnevenError):
            frames[case] = counted_frame(scans[case])
    voxels = {
        case: {
            name: frame.world_to_voxel(np.array([p]))[0].tolist() for name, p in cases[case].items() if p is not None
        }
        for case, frame in frames.items()
    }
    write_json(path, voxels)
    spacings = {c: {"image_spacing": frame.spacing.tolist(), "annotation_spacing": None} for c, frame in frames.items()}
    write_json(path.with_name(SPACINGS), spacings)


def counted_frame(scan: Path) -> ImageFrame:
    """Of the voxels as nnLandmark counts them: here a DICOM series is (slice, row, column).

    Raises:
        UnevenError: A DICOM series is tilted or changes its step.
    """
    frame = read_frame(scan, as_stored=True)
    if not folder_and_series(scan)[0].is_dir():
        return frame
    back = [*reversed(range(frame.dims)), frame.dims]
    return ImageFrame(frame.shape[::-1], frame.affine[:, back], frame.unit)


def _world(voxel: Any, frame: ImageFrame, where: str) -> tuple[float, ...] | None:
    if voxel is None:
        return None
    if not isinstance(voxel, list) or len(voxel) != frame.dims:
        raise DataError(f"{where}: {voxel!r}; {frame.dims} voxel numbers are needed.")
    numbers = [coordinate(v, where, NULL) for v in voxel]
    return tuple(float(v) for v in frame.voxel_to_world(np.array([numbers]))[0])


def _spacings(path: Path) -> dict[str, Any]:
    content = read_json(path) if path.is_file() else {}
    if not isinstance(content, dict):
        raise DataError(f"{path}: {{CASE: {{image_spacing, annotation_spacing}}}} is needed.")
    return content


def _require_spacing(path: Path, case: str, stated: Any, frame: ImageFrame) -> None:
    """Points were placed on voxels of this size: a scan that says another was published with a wrong header."""
    if stated is None:
        return
    where = f"{path.with_name(SPACINGS)}: {case}"
    if not isinstance(stated, dict):
        raise DataError(f"{where}: {stated!r}; {{image_spacing, annotation_spacing}} is needed.")
    for field in ("image_spacing", "annotation_spacing"):
        sizes = stated.get(field)
        if sizes is not None and not np.allclose(
            _sizes(sizes, frame.dims, f"{where}.{field}"), frame.spacing, rtol=TOLERANCE, atol=0
        ):
            raise DataError(
                f"{where}.{field} = {sizes}, but its scan says {frame.spacing.round(4).tolist()}. Correct the one that"
                " is wrong: errors in mm depend on it."
            )


def _sizes(stated: Any, dims: int, where: str) -> list[float]:
    if not isinstance(stated, list) or len(stated) != dims:
        raise DataError(f"{where} = {stated!r}; a list of {dims} voxel sizes is needed, or null where nobody knows.")
    return [coordinate(v, where, NULL) for v in stated]
