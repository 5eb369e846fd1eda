"""From boxes to what each patch should say, and back: side by side, since both speak of middles and sizes in strides.

d = (middle - centre) / stride, s = log(size / stride). Letters: B batch, N boxes, M patches near a box, D dimensions,
P patches.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pipeline.grid.encode import Targets, encode
from pipeline.grid.patch_grid import PatchGrid

LEAST = 0.05  # strides; the logarithm of a smaller edge means nothing
MOST = 8.0  # of the logarithm that is said


@dataclass(frozen=True)
class BoxTargets:
    """What the patches around the middle of each box should say.

    Args:
        near: The patches, and where the middle lies from each.
        weight: 1 for the patch nearest to the middle, which two boxes may share (3 in a thousand of blood cells), less
            around it, 0 where another box weighs more. Of a middle beyond the grid, the patches at its border are the
            nearest ones.
        size: Logarithm of the edges, in strides.
    """

    near: Targets
    weight: Float[Tensor, "B N M"]
    size: Float[Tensor, "B N D"]


def encode_boxes(
    grid: PatchGrid,
    low: Float[Tensor, "B N D"],
    high: Float[Tensor, "B N D"],
    there: Bool[Tensor, "B N"],
    sigma: float = 0.7,
    reach: int = 2,
) -> BoxTargets:
    """Targets of all boxes.

    Args:
        low: Smallest coordinates, voxels; anything where `there` is False.
        high: Largest.
        there: Which rows are boxes.
        sigma: Width of the weight, strides.
        reach: Cells to each side of the middle.
    """
    middle = torch.where(there[..., None], (low + high) / 2, torch.nan)
    near = encode(grid, middle, there, reach)
    exponent = -near.displacement.square().sum(-1) / (2 * sigma**2)
    largest = exponent.masked_fill(~near.inside, -torch.inf).amax(-1, keepdim=True)  # -inf: no patch is near
    weight = torch.exp((exponent - largest).clamp_max(0.0)) * near.inside  # shifted, a narrow one does not vanish
    size = torch.log(((high - low) / grid.stride).clamp_min(LEAST))
    return BoxTargets(near, _nearest(weight, near, grid), torch.where(there[..., None], size, 0.0))


def _nearest(weight: Float[Tensor, "B N M"], near: Targets, grid: PatchGrid) -> Float[Tensor, "B N M"]:
    """Each patch speaks for the box that weighs most on it."""
    cells = 1
    for count in grid.shape:
        cells *= count
    largest = weight.new_zeros(len(weight), cells)
    largest.scatter_reduce_(1, near.cells.flatten(1), weight.flatten(1), "amax")
    mine = torch.gather(largest, 1, near.cells.flatten(1)).reshape(weight.shape)
    return torch.where(weight >= mine, weight, torch.zeros_like(weight))


def decode_boxes(
    centres: Float[Tensor, "D P"], stride: int, offset: Float[Tensor, "D P"], size: Float[Tensor, "D P"]
) -> tuple[Float[Tensor, "P D"], Float[Tensor, "P D"]]:
    """Low and high of the box that each patch speaks of, voxels.

    Examples:
        >>> one = torch.tensor([[0.25]])
        >>> [v.tolist() for v in decode_boxes(torch.tensor([[6.0]]), 4, one, torch.log(torch.tensor([[2.0]])))]
        [[[3.0]], [[11.0]]]
    """
    middle, half = centres + stride * offset, stride * torch.exp(size.clamp_max(MOST)) / 2
    return (middle - half).T, (middle + half).T
