"""The grid of patches over an image: where each patch's centre lies. Voxel units throughout.

Letters: B batch, K landmarks, D dimensions, G cells along the axes, N cells in all,
M whatever stands before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class PatchGrid:
    """Cells along each axis, the step between them and the centre of the first (voxel centres at integers).

    Examples:
        Three convolution-and-pool stages: patches of 8 voxels, the first centred between voxels 3 and 4.

        >>> PatchGrid(shape=(3,), stride=8, first=3.5).centres().tolist()
        [[3.5, 11.5, 19.5]]
    """

    shape: tuple[int, ...]
    stride: int
    first: float

    @property
    def dims(self) -> int:
        return len(self.shape)

    def centres(self) -> Float[Tensor, "D N"]:
        """Centre of every patch, cells in C order."""
        axes = [self.first + self.stride * torch.arange(n, dtype=torch.float32) for n in self.shape]
        return torch.stack([a.flatten() for a in torch.meshgrid(*axes, indexing="ij")])

    def cell_of(self, points: Float[Tensor, "*M D"]) -> Int[Tensor, "*M D"]:
        """Index of the cell whose patch holds each point; may lie outside the grid."""
        return torch.floor((points - self.first) / self.stride + 0.5).long()

    def flat(self, cells: Int[Tensor, "*M D"]) -> Int[Tensor, "*M"]:
        """C-order number of each cell; cells must lie inside."""
        number = torch.zeros_like(cells[..., 0])
        for axis, size in enumerate(self.shape):
            number = number * size + cells[..., axis]
        return number

    def around(
        self, points: Float[Tensor, "*M D"], reach: int
    ) -> tuple[Int[Tensor, "*M N"], Bool[Tensor, "*M N"], Float[Tensor, "*M N D"]]:
        """The (2 reach + 1)^D cells about each point: C-order numbers (0 off the grid), whether on it, and centres."""
        steps = torch.arange(-reach, reach + 1, device=points.device)
        offsets = torch.cartesian_prod(*[steps] * self.dims).reshape(-1, self.dims)
        cells = self.cell_of(points)[..., None, :] + offsets
        on_grid = ((cells >= 0) & (cells < torch.tensor(self.shape, device=points.device))).all(-1)
        numbers = torch.where(on_grid, self.flat(cells), torch.zeros_like(cells[..., 0]))
        return numbers, on_grid, (self.first + self.stride * cells).float()
