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
        voxels: Array in the axis order of the frame, a picture in colours with one more axis for them; any real dtype,
            often a view of a Fortran-ordered file.
        notes: What the reader had to decide, in words ("units in metres: converted").
        beyond: Where in the world the whole image lies along the axes that its frame lacks, as far as the file says it.
    """

    frame: ImageFrame
    voxels: Shaped[ndarray, "*S"] | Shaped[ndarray, "*S C"]
    notes: tuple[str, ...] = field(default=())
    beyond: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        dims = self.frame.dims
        if self.voxels.shape[:dims] != self.frame.shape or len(self.voxels.shape) > dims + 1:
            raise GeometryError(f"voxels have shape {self.voxels.shape}, their frame {self.frame.shape}")

    @property
    def channels(self) -> tuple[Shaped[ndarray, "*S"], ...]:
        """One array of `frame.shape` a channel: of a scan or a grey picture one."""
        if len(self.voxels.shape) > self.frame.dims:
            return tuple(self.voxels[..., number] for number in range(self.voxels.shape[-1]))
        return (self.voxels,)
