"""The slices of one series in a folder; what else lies there is left out and said, and never followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.dicom_header import CAPTURE, SCOUT, SLICE, Slice, kind_of, open_dicom, read_slice, uid_of, understood
from pipeline.errors import DataError

KINDS = (SLICE, SCOUT, CAPTURE)  # what is left out where there is one of those before
SAME = ("size", "bits", "spacing", "cosines")
TAGS = {
    "size": "Rows, Columns",
    "bits": "BitsAllocated, BitsStored, PixelRepresentation, HighBit",
    "spacing": "PixelSpacing",
    "cosines": "ImageOrientationPatient",
}
CROSSING = np.cos(np.radians(30))  # slices steeper than this to all others are scouts


def read_series(folder: Path, series: str | None = None) -> tuple[list[Slice], list[str]]:
    """The slices of a series, sorted along their normal, and notes on what was left out; pixels are not read.

    Args:
        folder: Where they lie; folders in it are not looked into, a DICOMDIR is not followed.
        series: SeriesInstanceUID, needed where there are several.

    Raises:
        DataError: No slice, several series, or a slice that is damaged or does not belong to the others.
    """
    files, notes = _pictures(folder)
    chosen = _chosen(folder, files, series)
    slices = [read_slice(path, data) for path, data in chosen]
    slices = _without_scouts(slices, notes)
    _require_same(slices)
    notes += _repeated(slices)
    if len(slices) < 2:
        raise DataError(f"{folder}: one slice; at least 2 are needed to know their distance.")
    normal = slices[0].normal
    return sorted(slices, key=lambda s: float(normal @ s.position)), notes


def slices_in(folder: Path, series: str | None = None) -> list[Path]:
    """The files that `read_series` takes its slices from, sorted by name; scouts that do not say so are among them.

    Raises:
        DataError: No slice, several series, or a file that is damaged.
    """
    return [path for path, _ in _chosen(folder, _pictures(folder)[0], series)]


def series_of(folder: Path) -> list[str]:
    """UIDs of the series in a folder, by the files that can be read: reading the series names the others."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for path in files_in(folder):
        with suppress(DataError):
            data = open_dicom(path)
            if data is not None and (kind := kind_of(path, data)) in found:
                found[kind].add(uid_of(path, data))
    return sorted(next((uids for uids in found.values() if uids), ()))


def _pictures(folder: Path) -> tuple[list[tuple[Path, Any]], list[str]]:
    """The headers of all files with pixels of a scan, and what the others were."""
    found: dict[str, list[tuple[Path, Any]]] = {kind: [] for kind in KINDS}
    others = Counter[str]()
    for path in files_in(folder):
        data = open_dicom(path)
        kind = "not DICOM" if data is None else kind_of(path, data)
        if kind in found:
            found[kind].append((path, data))
        else:
            others[kind if data is None else f"DICOM, but {kind}"] += 1
    notes = [f"{n} files are {what}: left out" for what, n in sorted(others.items())]
    taken = next((kind for kind in found if found[kind]), None)
    if taken is None:
        raise DataError(f"{folder}: no DICOM slices in it. Give the folder of one series.")
    notes += [f"{p.name} is a {kind}: left out" for kind in found if kind != taken for p, _ in found[kind]]
    return found[taken], notes


def files_in(folder: Path) -> list[Path]:
    """What may be of a series, also links that lead nowhere: a slice may be lost. DataError where the folder cannot be
    read."""
    try:
        files = sorted(p for p in folder.iterdir() if p.is_file() or (p.is_symlink() and not p.exists()))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}.") from error
    return [p for p in files if not p.name.startswith(".") and p.name != "DICOMDIR"]


def _chosen(folder: Path, files: Sequence[tuple[Path, Any]], series: str | None) -> list[tuple[Path, Any]]:
    by_uid: dict[str, list[tuple[Path, Any]]] = {}
    for path, data in files:
        by_uid.setdefault(uid_of(path, data), []).append((path, data))
    if series is None and len(by_uid) == 1:
        return list(files)
    if series in by_uid:
        return by_uid[series]
    listed = "".join(f"\n  {uid}: {_described(items)}" for uid, items in sorted(by_uid.items()))
    what = f"{len(by_uid)} series" if series is None else f"no series {series}"
    raise DataError(f"{folder}: {what} in it. Choose with data.series_uid=[UID] one of:{listed}")


def _described(items: Sequence[tuple[Path, Any]]) -> str:
    """What tells series apart and names nobody."""
    path, data = items[0]
    size = f"{data.get('Rows')} x {data.get('Columns')}"
    with understood(path):
        return f"number {data.get('SeriesNumber', '?')}, {data.get('Modality', '?')}, {len(items)} slices of {size}"


def _without_scouts(slices: list[Slice], notes: list[str]) -> list[Slice]:
    """Few slices that cross all others are scouts that do not say so."""
    usual = slices[_commonest([tuple(s.cosines.round(3)) for s in slices])].normal
    across = [s for s in slices if abs(float(s.normal @ usual)) < CROSSING]
    if len(across) > len(slices) / 3:
        return slices
    for scout in across:
        angle = np.degrees(np.arccos(min(1.0, abs(float(scout.normal @ usual)))))
        notes.append(f"{scout.path.name} crosses the others at {angle:.0f} degrees, a localizer: left out")
    return [s for s in slices if all(s is not a for a in across)]


def _require_same(slices: Sequence[Slice]) -> None:
    """All like the most; the one that differs is named."""
    for field in SAME:
        values = [np.asarray(getattr(s, field), np.float64) for s in slices]
        usual = _commonest([tuple(v.round(4)) for v in values])
        for piece, value in zip(slices, values, strict=True):
            if not np.allclose(value, values[usual], rtol=0, atol=1e-4):
                raise DataError(
                    f"{piece.path}: {TAGS[field]} = {value.tolist()}, but {slices[usual].path.name} has"
                    f" {values[usual].tolist()}. Take out what does not belong to the stack."
                )


def _repeated(slices: Sequence[Slice]) -> list[str]:
    numbers = [s.number for s in slices if s.number is not None]
    return ["InstanceNumbers repeat: sorted by where they lie"] if len(set(numbers)) < len(numbers) else []


def _commonest(values: Sequence[tuple[float, ...]]) -> int:
    return list(values).index(Counter(values).most_common(1)[0][0])
