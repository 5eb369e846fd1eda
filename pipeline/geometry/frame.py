"""Where an image lies in the world: shape, affine, unit, and the frames derived from it.

Letters: D dimensions, N points. World is LPS millimetres (photographs: pixels, x right, y down).
Voxel centres lie at integers; a box of n voxels spans [-0.5, n - 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.errors import GeometryError


@dataclass(frozen=True, eq=False)
class ImageFrame:
    """The voxel grid of an image, without its voxels.

    Args:
        shape: Voxels along each array axis, D numbers.
        affine: (D+1, D+1) matrix from homogeneous voxel to world coordinates; column a is the
            world step of one voxel along array axis a.
        unit: "mm" for scans, "px" for photographs.

    Raises:
        GeometryError: The affine is not (D+1, D+1), not finite, or singular.

    Examples:
        >>> frame = ImageFrame((4, 3), np.array([[0, 2.0, 10], [1.5, 0, 20], [0, 0, 1]]))
        >>> frame.spacing.tolist(), frame.voxel_to_world(np.array([[1, 2]])).tolist()
        ([1.5, 2.0], [[14.0, 21.5]])
    """

    shape: tuple[int, ...]
    affine: Float[np.ndarray, "E E"]
    unit: str = "mm"

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        size = len(self.shape) + 1
        if affine.shape != (size, size):
            raise GeometryError(f"affine has shape {affine.shape}; an image of shape {self.shape} needs {(size, size)}")
        if not np.isfinite(affine).all():
            raise GeometryError(f"affine holds values that are not finite: {affine.tolist()}")
        steps = affine[:-1, :-1]
        lengths = np.linalg.norm(steps, axis=0)
        if not lengths.all() or abs(np.linalg.det(steps / lengths)) < 1e-3:
            raise GeometryError(f"affine is singular: {affine.tolist()}; two axes point the same way or a step is 0")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def dims(self) -> int:
        return len(self.shape)

    @property
    def spacing(self) -> Float[np.ndarray, " D"]:
        """World length of one voxel step along each array axis."""
        return np.linalg.norm(self.affine[:-1, :-1], axis=0)

    @property
    def direction(self) -> Float[np.ndarray, "D D"]:
        """Unit world step of each array axis, as columns."""
        return self.affine[:-1, :-1] / self.spacing

    def voxel_to_world(self, points: Shaped[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
        """World coordinates of voxel coordinates (array axis order)."""
        return np.asarray(points, np.float64) @ self.affine[:-1, :-1].T + self.affine[:-1, -1]

    def world_to_voxel(self, points: Shaped[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
        """Voxel coordinates (array axis order, may be fractional or outside) of world points."""
        return np.linalg.solve(self.affine[:-1, :-1], (np.asarray(points, np.float64) - self.affine[:-1, -1]).T).T

    def contains(self, points: Shaped[np.ndarray, "N D"]) -> Shaped[np.ndarray, " N"]:
        """Whether each world point lies in the box of voxels."""
        voxel = self.world_to_voxel(points)
        inside: np.ndarray = (voxel >= -0.5) & (voxel < np.array(self.shape) - 0.5)
        return np.all(inside, axis=1)

    def depth(self, points: Shaped[np.ndarray, "N D"]) -> Shaped[np.ndarray, " N"]:
        """How far each world point lies from the nearest face of the box of voxels, world units; below 0 beyond it."""
        voxel = self.world_to_voxel(points) + 0.5
        beside: np.ndarray = np.minimum(voxel, self.shape - voxel) * self.spacing
        return np.min(beside, axis=1)

    def crop(self, start: tuple[int, ...], shape: tuple[int, ...]) -> ImageFrame:
        """The frame of a box of `shape` voxels whose first voxel is voxel `start` of this frame."""
        return self._moved(np.array(start, np.float64), np.ones(self.dims), shape)

    def at_spacing(self, spacing: float | tuple[float, ...]) -> ImageFrame:
        """The same axes and first edge at another voxel size; the last voxel may reach past the far edge."""
        factor = np.broadcast_to(np.asarray(spacing, np.float64), (self.dims,)) / self.spacing
        shape = tuple(max(1, int(np.ceil(n / f - 1e-3))) for n, f in zip(self.shape, factor, strict=True))
        return self._moved((factor - 1) / 2, factor, shape)

    def _moved(self, first: np.ndarray, factor: np.ndarray, shape: tuple[int, ...]) -> ImageFrame:
        step = np.eye(self.dims + 1)
        step[:-1, :-1] = np.diag(factor)
        step[:-1, -1] = first
        return ImageFrame(shape, self.affine @ step, self.unit)

    def same_as(self, other: ImageFrame, tolerance: float = 1e-6) -> bool:
        """Equal shape and unit, affines within `tolerance` (world units)."""
        return (
            self.shape == other.shape
            and self.unit == other.unit
            and np.allclose(self.affine, other.affine, 0, tolerance)
        )
