"""What one scan is: read whole, looked at once, and summed up so that nobody has to open it again to plan."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from pipeline.data.atomic import fingerprint, sha256_of
from pipeline.data.dicom_series import slices_in
from pipeline.data.image import Image
from pipeline.data.intensity import sample_of
from pipeline.data.readers import files_of, folder_and_series, read_voxels, require_file, require_signal
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import axis_letters, reorient

Facts = dict[str, Any]
MANY = 1000  # different values; nobody asks for more
BODY = "lowest_but_padding"
VERSION = 3  # of what facts say: those of another version are made anew


def inspect_scan(path: str, known: Facts | None = None) -> Facts:
    """Facts of a scan, or `{"rule", "message"}` if it cannot be used. Raises nothing, so it crosses processes.

    Args:
        path: A scan file or a DICOM folder.
        known: Facts of an earlier look; returned if the bytes are still the same.
    """
    scan = Path(path)
    try:
        require_file(scan)
        stamp = _stamp(scan)
        digest = digest_of(scan)
        if known and known.get("sha256") and (known["sha256"] == digest or known["sha256"] == _early_digest(scan)):
            return known | stamp
        image = read_voxels(scan)
    except (DataError, GeometryError) as error:
        return {"rule": "unreadable", "message": str(error)}
    except OSError as error:
        return {"rule": "unreadable", "message": f"{path}: cannot be read: {error.strerror or error}."}
    except Exception as error:  # a fault of a library must not cost the other scans
        return {"rule": "unreadable", "message": f"{path}: reading failed: {error!r}."}
    try:
        require_signal(image, scan)
    except DataError as error:
        return {"rule": "no-signal", "message": str(error)}
    return stamp | {"sha256": digest} | _describe(image)


def unchanged(path: Path, known: Facts) -> bool:
    """Whether the files of the scan are those of the earlier look, by what the disk says of them."""
    try:
        return all(known.get(k) == v for k, v in _stamp(path).items())
    except OSError:
        return False


def require_same(path: Path, known: Facts) -> None:
    """Ask this after reading: a scan that is exchanged meanwhile is noticed, too.

    Raises:
        DataError: The bytes are others than those of the earlier look.
    """
    if not unchanged(path, known) and not has_digest(path, known["sha256"]):
        raise DataError(f"{path}: changed since check; run check again.")


def stamp_of(path: Path) -> str:
    """Another one when files of a scan were written, exchanged or replaced, or another series of its folder is meant.
    Size and time are not enough: two scans unpacked together may have the same, and a name that another file is given
    keeps both."""
    stats, series = [p.stat() for p in files_of(path) if p.exists()], folder_and_series(path)[1]
    told = [[s.st_size, s.st_mtime_ns, s.st_ino, s.st_ctime_ns] for s in stats]
    return fingerprint([*told, *([series] if series else [])])


def digest_of(path: Path) -> str:
    """Of the bytes of a scan; of a DICOM folder those of its slices alone, for what else comes to lie there changes
    nothing."""
    return _sum_of(path, _read_from(path))


def has_digest(path: Path, digest: str) -> bool:
    """Whether a scan has the bytes that an earlier look summed, which may have been one of an early version."""
    return digest == digest_of(path) or digest == _early_digest(path)


def _early_digest(path: Path) -> str | None:
    """The sum that early versions made: of all that lies in a DICOM folder. None where that is what is read."""
    there = files_of(path)
    return None if there == _read_from(path) else _sum_of(path, there)


def _sum_of(path: Path, files: Sequence[Path]) -> str:
    digests, series = [sha256_of(file) for file in files], folder_and_series(path)[1]
    return digests[0] if len(digests) == 1 else fingerprint([*digests, *([series] if series else [])])


def _read_from(path: Path) -> list[Path]:
    """The files of a scan, of a DICOM folder the slices; where that cannot be read, all that may be some: a slice that
    came to lie there may be why."""
    folder, series = folder_and_series(path)
    with suppress(DataError):
        if folder.is_dir():
            return slices_in(folder, series)
    return files_of(path)


def digest_at(path: Path, stamp: str) -> str | None:
    """The digest of the scan that had this stamp; None where it was exchanged since, or cannot be read any more."""
    try:
        digest = digest_of(path)
        return digest if stamp_of(path) == stamp else None  # asked after reading, as in `require_same`
    except (DataError, OSError):
        return None


def frame_of(facts: Facts) -> ImageFrame:
    """The frame that the facts describe."""
    return ImageFrame(tuple(facts["shape"]), np.array(facts["affine"]), facts["unit"])


def glance(image: Image) -> Facts:
    """The facts that rules about one scan alone ask for."""
    return _glance(image, sample_of(*_canonical(image)))


def _glance(image: Image, sample: Shaped[np.ndarray, " N"]) -> Facts:
    return {
        "shape": list(image.frame.shape),
        "min": float(image.voxels.min()),
        "max": float(image.voxels.max()),
        "distinct": int(min(len(np.unique(sample)), MANY)) if image.voxels.dtype.kind in "iu" else MANY,
        "notes": list(image.notes),
    }


def _canonical(image: Image) -> list[np.ndarray]:
    return [reorient(channel, image.frame)[0] for channel in image.channels]


def _describe(image: Image) -> Facts:
    """Percentiles are of at most a million voxels, evenly spread in canonical order."""
    channels = _canonical(image)
    sample = sample_of(*channels)
    low, middle, high = (float(v) for v in np.percentile(sample, [0.5, 50, 99.5]))
    return _glance(image, sample) | {
        "version": VERSION,
        "spacing": [round(float(s), 6) for s in image.frame.spacing],
        "orientation": axis_letters(image.frame),
        "affine": image.frame.affine.tolist(),
        "unit": image.frame.unit,
        "channels": len(channels),
        "dtype": str(image.voxels.dtype),
        BODY: _above(sample, low),
        "percentiles": {"0.5": low, "50": middle, "99.5": high},
        "voxels_sha256": _voxel_digest(channels),
    }


def _above(sample: Shaped[np.ndarray, " N"], low: float) -> float:
    """Where the values of what was scanned begin: around it scanners pad with one value below. Interpolation smears it
    along the rim, which is the first hundredths of the rest."""
    rest = sample[sample > low]
    return float(np.percentile(rest, 5)) if rest.size else low


def _voxel_digest(channels: Sequence[np.ndarray]) -> str:
    """The same for the same voxels whatever the file's format, name, axis order or type of numbers."""
    digest = hashlib.sha256(f"{channels[0].shape}".encode())
    with np.errstate(over="ignore"):  # what is no scanner's scale becomes infinite
        for plane in chain(*channels):
            digest.update((np.ascontiguousarray(plane, np.float32) + np.float32(0)).data)  # -0 becomes 0
    return digest.hexdigest()


def _stamp(path: Path) -> Facts:
    stats = [p.stat() for p in files_of(path)]
    size, time = sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)
    return {"bytes": size, "mtime_ns": time, "stamp": stamp_of(path)}
