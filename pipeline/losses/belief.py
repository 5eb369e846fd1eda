"""Losses of the belief. Letters: B batch, K landmarks, M patches near a landmark, N cells."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from pipeline.grid.encode import Targets


def softmax_cross_entropy(logits: Float[Tensor, "B K N"], targets: Targets, sigma: float = 0.6) -> Tensor:
    """Cross-entropy of a small Gaussian of patches against a softmax over all patches and one "absent" entry.

    The target is q proportional to exp(-d^2 / (2 sigma^2)), d in strides. A landmark whose q sums to less than
    0.3 on the grid lies outside: all mass goes to "absent", whose logit is fixed at 0. Landmarks of which nothing
    is known are left out.

    Args:
        sigma: Width of the target, in strides.
    """
    q = torch.exp(-targets.displacement.square().sum(-1) / (2 * sigma**2)) * targets.inside
    mass = q.sum(-1, keepdim=True)
    q = torch.where(mass >= 0.3, q / mass.clamp_min(1e-9), torch.zeros_like(q))
    total = torch.logsumexp(functional.pad(logits, (0, 1)), -1)
    near = torch.gather(logits, -1, targets.cells)
    return _mean_of_known(total - (q * near).sum(-1), targets)


def binary_cross_entropy(logits: Float[Tensor, "B K N"], targets: Targets, balance: float = 1.0) -> Tensor:
    """The papers' independent sigmoids: the patch that holds the landmark is positive, all others negative.

    Args:
        balance: Weight of a positive patch; 1 = as it stands. Each landmark's loss is the mean over its patches.
    """
    d = targets.displacement  # a patch holds its first edge and not its last, as in PatchGrid.cell_of
    holds = ((d >= -0.5) & (d < 0.5)).all(-1) & targets.inside
    truth = torch.zeros_like(logits).scatter_add(-1, targets.cells, holds.float()).clamp_max(1)
    loss = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    weight = torch.where(truth > 0, balance, 1.0)
    return _mean_of_known((loss * weight).mean(-1), targets)


def presence_cross_entropy(
    logits: Float[Tensor, "B 1"], points: Float[Tensor, "B K D"], known: Bool[Tensor, "B K"], shape: Sequence[int]
) -> Tensor:
    """Whether an image shows any landmark. One that shows none, while of some nothing is known, is left out.

    Args:
        points: Voxels; NaN without a position.
        shape: Voxels of the image along its axes.
    """
    size = torch.tensor(shape, device=points.device)
    shown = ((points >= -0.5) & (points < size - 0.5)).all(-1).any(1)
    told = shown | known.all(1)
    loss = functional.binary_cross_entropy_with_logits(logits[:, 0], shown.float(), reduction="none")
    return (loss * told).sum() / told.sum().clamp_min(1)


def _mean_of_known(loss: Float[Tensor, "B K"], targets: Targets) -> Tensor:
    return (loss * targets.known).sum() / targets.known.sum().clamp_min(1)
