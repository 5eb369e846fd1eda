"""The prepared store: for every case and level one normalised array on disk, memory-mapped where read.

`index.json` names the arrays; each array is named after what it was made from, so a changed scan or setting makes
a new file and an unchanged one is found again. Beside each array lies its sha256.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import numpy as np
from jaxtyping import Float

from pipeline.data.atomic import atomic_file, read_sealed, sha256_of, write_sealed
from pipeline.data.image import Image
from pipeline.data.intensity import Normalisation, normalise
from pipeline.data.resample import level_frame, resample
from pipeline.data.room import require_level_memory
from pipeline.data.stored_voxels import stored_voxels
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import reorient

Spacing = float | None  # None = the scan's own


@dataclass(frozen=True, eq=False)
class LevelArray:
    """One case at one level: normalised voxels (about 0..1, outside 0), channels first, and their frame; `given` is
    what is known beside the image, by name, as a network reads it (NaN where it is missing)."""

    frame: ImageFrame
    voxels: Float[np.ndarray, " C *S"]
    given: Mapping[str, Float[np.ndarray, " ..."]] = field(default_factory=dict)


def make_level(
    image: Image, spacing: Spacing, normalisation: Normalisation, part: ImageFrame | None = None
) -> LevelArray:
    """Resample and normalise a scan; the one function behind preprocess and predict.

    Args:
        part: A part of the level's frame; None = all of it.

    Raises:
        DataError: It does not fit into memory.
    """
    low, high = normalisation.range_of(*(reorient(c, image.frame)[0] for c in image.channels))
    frame = part or level_frame(image.frame, spacing)
    seen = normalisation.channels_of(image.channels)
    require_level_memory(image.frame, frame, len(seen) * math.prod(frame.shape) * np.dtype(np.float16).itemsize)
    voxels = np.empty((len(seen), *frame.shape), np.float16)
    for target, channel in zip(voxels, seen, strict=True):
        target[:] = normalise(resample(channel, image.frame, frame, outside=low), low, high)
    return LevelArray(frame, voxels)


def save_array(folder: Path, key: str, level: LevelArray) -> None:
    """Write `key.npy` and then `key.json`, whose presence says that the array is whole."""
    path = folder / f"{key}.npy"
    with atomic_file(path) as file:
        # A file itself NumPy writes past Python, and of a full disk it tells no more than how many bytes got there.
        through = cast(IO[bytes], SimpleNamespace(write=file.write))
        np.save(through, level.voxels, allow_pickle=False)
    frame = {"shape": level.frame.shape, "affine": level.frame.affine.tolist(), "unit": level.frame.unit}
    write_sealed(folder / f"{key}.json", {"sha256": sha256_of(path), "frame": frame})


def is_whole(folder: Path, key: str) -> bool:
    """Whether the array is there and has the bytes that were written."""
    path = folder / f"{key}.npy"
    try:
        return bool(read_sealed(folder / f"{key}.json")["sha256"] == sha256_of(path))
    except (DataError, OSError, KeyError, TypeError):
        return False


@dataclass(frozen=True)
class PreparedStore:
    """What `preprocess` left: level spacings, normalisation, and the key of every case's arrays."""

    folder: Path
    unit: str
    spacings: tuple[Spacing, ...]
    normalisation: Normalisation
    keys: dict[str, tuple[str, ...]]

    def level(self, case_id: str, level: int) -> LevelArray:
        """One array, of which nothing is read yet.

        Raises:
            DataError: It is not there; says to run preprocess again.
        """
        key = self.keys[case_id][level]
        try:
            frame = read_sealed(self.folder / f"{key}.json")["frame"]
            shown = ImageFrame(tuple(frame["shape"]), np.array(frame["affine"]), frame["unit"])
            return LevelArray(shown, stored_voxels(self.folder / f"{key}.npy"))  # type: ignore[arg-type]
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.folder / key}.npy: prepared array of case {case_id} {_fault(error)}") from error

    def looked_at(self, times: int) -> PreparedStore:
        """The same arrays, the finest of them so often in a row as levels of their own."""
        again = times - 1
        keys = {case: k + k[-1:] * again for case, k in self.keys.items()}
        return replace(self, spacings=self.spacings + self.spacings[-1:] * again, keys=keys)

    def without(self, cases: Collection[str]) -> PreparedStore:
        """The same, but for the arrays of these cases."""
        return replace(self, keys={case: k for case, k in self.keys.items() if case not in cases})

    def damaged(self, case_ids: Sequence[str]) -> list[str]:
        """Cases of which an array no longer has the bytes that were written."""
        return [c for c in case_ids if not all(is_whole(self.folder, k) for k in self.keys[c])]

    def write(self) -> None:
        """Write `index.json`."""
        content = asdict(self) | {"version": 2, "folder": None}
        write_sealed(self.folder / "index.json", content)


def _fault(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return f"cannot be opened ({error.strerror}). Let more files be open at once, as by ulimit -n 4096, and go on."
    return f"is damaged ({error}). Run preprocess again."


def read_store(folder: Path) -> PreparedStore:
    """Raises DataError when `folder` holds no prepared data of this version."""
    path = Path(folder) / "index.json"
    content: dict[str, Any] = read_sealed(path)
    try:
        if content["version"] != 2:
            raise DataError(
                f"{path}: version {content['version']}; this program reads version 2. Run preprocess again."
            )
        keys = {case: tuple(k) for case, k in content["keys"].items()}
        normalisation = Normalisation(**content["normalisation"])
        return PreparedStore(Path(folder), content["unit"], tuple(content["spacings"]), normalisation, keys)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not an index of prepared data: {error!r}. Run preprocess again.") from error
