"""One image in memory: voxels and the frame that says where they lie."""

from __future__ import annotations

from dataclasses import dataclass, field

from jaxtyping import Shaped
from numpy import ndarray

from pipeline.errors import GeometryError
from pipeline.geometry import ImageFrame


@dataclass(frozen=True, eq=False)
class Image:
    """Voxels with `frame.shape`, in the value scale of the file (HU for CT).

    Args:
        frame: Where the voxels lie, LPS.
        voxels: Array in the axis order of the frame; any real dtype, often a view of a Fortran-ordered file.
        notes: What the reader had to decide, in words ("units in metres: converted").
    """

    frame: ImageFrame
    voxels: Shaped[ndarray, "*S"]
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.voxels.shape != self.frame.shape:
            raise GeometryError(f"voxels have shape {self.voxels.shape}, their frame {self.frame.shape}")
