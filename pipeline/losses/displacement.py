"""Losses of the displacement. Letters: B batch, K landmarks, M patches near a landmark, D dimensions, N cells."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from pipeline.grid.encode import Targets
from pipeline.grid.patch_grid import PatchGrid


def near_smooth_l1(displacement: Float[Tensor, "B K D N"], targets: Targets, beta: float = 0.1) -> Tensor:
    """Smooth L1 of d in strides, patches weighted by exp(-d^2 / 2): what is said far away hardly counts.

    Args:
        beta: Where the loss turns from square to absolute, in strides.
    """
    cells = targets.cells[:, :, None].expand(-1, -1, displacement.shape[2], -1)
    said = torch.gather(displacement, -1, cells)
    loss = functional.smooth_l1_loss(said, targets.displacement.transpose(-1, -2), beta=beta, reduction="none").sum(2)
    weight = torch.exp(-targets.displacement.square().sum(-1) / 2) * targets.inside
    return (loss * weight).sum() / weight.sum().clamp_min(1e-6)


def mean_absolute(
    displacement: Float[Tensor, "B K D N"], points: Float[Tensor, "B K D"], grid: PatchGrid, logarithm: bool = False
) -> Tensor:
    """Mean absolute error over all patches alike (the papers' regression, every patch counts).

    Landmarks without a position are left out.

    Args:
        displacement: In strides (2018); with `logarithm` what `to_logarithm` makes of voxels (2020).
    """
    present = torch.isfinite(points).all(-1)
    spots = torch.where(present[..., None], points, torch.zeros_like(points))
    voxels = spots[..., None] - grid.centres().to(points.device)
    error = (displacement - (to_logarithm(voxels) if logarithm else voxels / grid.stride)).abs().mean((2, 3))
    return (error * present).sum() / present.sum().clamp_min(1)


def to_logarithm(voxels: Tensor) -> Tensor:
    """sign(d) log10(|d| + 1): far patches need not be exact (Noothout et al. 2020).

    Examples:
        >>> to_logarithm(torch.tensor([9.0, -99.0])).tolist()
        [1.0, -2.0]
    """
    return voxels.sign() * torch.log10(voxels.abs() + 1)


def from_logarithm(said: Tensor) -> Tensor:
    """The inverse of `to_logarithm`, voxels; beyond 10,000 it is cut off."""
    return said.sign() * (10 ** said.abs().clamp_max(4) - 1)
