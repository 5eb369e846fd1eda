"""Voxels of the prepared store, read where they are asked for. Letters: C channels, S voxels along the axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.errors import DataError


@dataclass(frozen=True, eq=False)
class StoredVoxels:
    """An array on disk, memory-mapped only while a part of it is in use.

    A map keeps its file open, and a training may have more cases than files may be open at once: 1,024 on many
    machines, 256 on a Mac. Mapping anew takes some hundredths of a millisecond.

    Args:
        start: Byte of the file at which the values begin.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: Any) -> np.ndarray:
        return self._mapped()[part]

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self._mapped())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._mapped(), dtype)

    def _mapped(self) -> Float[np.ndarray, " C *S"]:
        try:
            where = str(self.path)  # a Path would be resolved, which takes longer than all else
            return np.memmap(where, self.dtype, "r", self.start, self.shape)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.path}: this prepared array was there a while ago and cannot be read now ({error}). Run the same"
                " command again: it goes on where it stopped, and says whether preprocess must make the array anew."
            ) from error


def stored_voxels(path: Path) -> StoredVoxels:
    """The array of a `.npy` file, which is opened once to see that it holds what its header says."""
    voxels = np.load(path, mmap_mode="r", allow_pickle=False)
    return StoredVoxels(path, voxels.dtype, voxels.shape, voxels.offset)
