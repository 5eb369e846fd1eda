"""From landmark positions to what each patch should say. The inverse is decode.py; both speak of displacements in
strides: d = (landmark - centre) / stride.

Only patches near a landmark carry a target, so the cost of the loss does not grow with the image: `Targets` lists
those patches for every landmark.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pipeline.grid.patch_grid import PatchGrid


@dataclass(frozen=True)
class Targets:
    """Per sample B and landmark K, the M patches around the landmark.

    Args:
        cells: C-order numbers of the patches; a patch outside the grid has number 0 and `inside` False.
        inside: Whether the patch is on the grid.
        displacement: From the patch's centre to the landmark, in strides.
        known: The landmark is annotated, or known to be absent; others teach nothing.
        present: The landmark has a position (inside the crop or near it).
    """

    cells: Int[Tensor, "B K M"]
    inside: Bool[Tensor, "B K M"]
    displacement: Float[Tensor, "B K M D"]
    known: Bool[Tensor, "B K"]
    present: Bool[Tensor, "B K"]


def encode(grid: PatchGrid, points: Float[Tensor, "B K D"], known: Bool[Tensor, "B K"], reach: int = 3) -> Targets:
    """List the patches within `reach` cells of each landmark.

    Args:
        points: Landmarks in voxels; NaN = absent, or not annotated where `known` is False.
        known: Whether anything is known about the landmark in this sample.
        reach: Cells to each side.

    Examples:
        >>> grid = PatchGrid((4,), stride=8, first=3.5)
        >>> targets = encode(grid, torch.tensor([[[13.5]]]), torch.tensor([[True]]), reach=1)
        >>> targets.cells.tolist(), targets.displacement[0, 0, :, 0].tolist()
        ([[[0, 1, 2]]], [1.25, 0.25, -0.75])
    """
    present = torch.isfinite(points).all(-1) & known
    spots = torch.where(present[..., None], points, torch.zeros_like(points))
    cells, on_grid, centres = grid.around(spots, reach)
    inside = on_grid & present[..., None]
    displacement = (spots[..., None, :] - centres) / grid.stride
    numbers = torch.where(inside, cells, torch.zeros_like(cells))
    return Targets(numbers, inside, displacement.float(), known, present)
