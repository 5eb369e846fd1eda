"""NumPy arrays as scans: voxels in `NAME.npy`, and where they lie in `NAME.json` beside it, for nobody else says it.

`{"spacing": [a, b, c], "origin": [x, y, z], "direction": [[..], [..], [..]], "frame": "LPS"}`: spacing in the order of
the axes of the array, in mm; origin (of the first voxel's centre) and direction (its columns are the steps of the axes)
may be left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.atomic import read_json
from pipeline.data.frames import SIGNS, coordinate, frame_name
from pipeline.data.image import Image
from pipeline.data.nifti_header import MAX_VOXELS
from pipeline.data.room import require_memory
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame

KNOWN = ("spacing", "origin", "direction", "frame")
MOST_AXES = 3


def read_numpy(path: Path) -> Image:
    """Voxels in the array's axis order and type.

    Raises:
        DataError: No spacing is stated, the file is damaged, cut or holds objects, or it is not one volume of numbers.
    """
    frame, notes, dtype = _frame(path)
    require_memory(path, int(np.prod(frame.shape)), dtype.itemsize)
    try:
        voxels = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}. Save it again.") from error
    native = dtype.newbyteorder("=")
    return Image(frame, voxels if dtype.isnative else voxels.astype(native), notes)


def read_numpy_frame(path: Path) -> ImageFrame:
    """The frame alone; voxels are not read."""
    return _frame(path)[0]


def _frame(path: Path) -> tuple[ImageFrame, tuple[str, ...], np.dtype[Any]]:
    shape, dtype = _header(path)
    beside = path.with_suffix(".json")
    if not beside.is_file():
        raise DataError(f'{path}: no {beside.name} beside it: {{"spacing": [..]}} in mm is needed, an array has none.')
    stated = read_json(beside)
    if not isinstance(stated, dict) or "spacing" not in stated or set(stated) - set(KNOWN):
        raise DataError(f"{beside}: {', '.join(KNOWN)} are read, and spacing is needed.")
    dims = len(shape)
    spacing = _numbers(beside, "spacing", stated["spacing"], (dims,))
    origin = _numbers(beside, "origin", stated.get("origin", [0.0] * dims), (dims,))
    direction = _numbers(beside, "direction", stated.get("direction", np.eye(dims).tolist()), (dims, dims))
    if (spacing <= 0).any() or not np.allclose(direction.T @ direction, np.eye(dims), atol=1e-3):
        raise DataError(f"{beside}: spacing = {spacing.tolist()}, direction = {direction.tolist()}; sizes above 0 and"
                        " unit vectors at right angles are needed.")  # fmt: skip
    signs = np.array(SIGNS[:dims]) if frame_name(stated.get("frame", "LPS"), str(beside)) == "RAS" else np.ones(dims)
    affine = np.eye(dims + 1)
    affine[:-1, :-1], affine[:-1, -1] = signs[:, None] * direction * spacing, signs * origin
    notes = () if "direction" in stated else (f"{beside.name} states no direction: the axes are taken as x, y, z",)
    try:
        return ImageFrame(shape, affine), notes, dtype
    except GeometryError as error:
        raise DataError(f"{beside}: {error}") from error


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type, compared with the length of the file."""
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, _, dtype = read(file)
            held = path.stat().st_size - file.tell()
    except Exception as error:  # NumPy reads the header as Python: its tokenizer raises many kinds
        raise DataError(f"{path}: not readable as a NumPy array: {error}. Save it with numpy.save.") from error
    if dtype.kind not in "iuf" or not 1 <= len(shape) <= MOST_AXES or min(shape) < 1:
        raise DataError(f"{path}: shape {shape} of {dtype}; one volume of numbers is needed.")
    count = int(np.prod(shape, dtype=object))
    if count > MAX_VOXELS or held != count * dtype.itemsize:
        raise DataError(
            f"{path}: {held} bytes of voxels, expected {count * dtype.itemsize} for {shape}. Copy it again."
        )
    return tuple(int(n) for n in shape), dtype


def _numbers(path: Path, name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=object)
        numbers = [coordinate(v, f"{path}: {name}") for v in array.ravel()]
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {name} = {value!r}: {error}.") from error
    if array.shape != shape:
        raise DataError(f"{path}: {name} = {value!r}; numbers of the shape {shape} are needed.")
    return np.array(numbers).reshape(shape)
