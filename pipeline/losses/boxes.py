"""Losses of boxes. Letters: B batch, N boxes, M patches near a box, D dimensions, P patches, C classes."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from pipeline.grid.box_code import BoxTargets


def soft_focal(logits: Float[Tensor, "B P"], targets: BoxTargets, gamma: float = 2.0) -> Tensor:
    """Cross-entropy of the belief against the boxes' weights, times |target - belief|^gamma, a box.

    The quality focal loss of Li et al. 2020 (arXiv 2006.04388), whose targets may lie between 0 and 1.
    """
    truth = torch.zeros_like(logits)
    truth.scatter_reduce_(1, targets.near.cells.flatten(1), targets.weight.flatten(1).to(truth.dtype), "amax")
    loss = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    focus = (truth - logits.sigmoid()).abs() ** gamma
    return (loss * focus).sum() / targets.near.known.sum().clamp_min(1)


def middle_and_size(
    offset: Float[Tensor, "B D P"], size: Float[Tensor, "B D P"], targets: BoxTargets, beta: float = 0.1
) -> Tensor:
    """Smooth L1 of where the middle lies and of the logarithms of the edges, in strides, at the patches of each box."""
    said_offset, said_size = (_at(said, targets) for said in (offset, size))
    truth = targets.near.displacement.transpose(-1, -2)
    loss = functional.smooth_l1_loss(said_offset, truth, beta=beta, reduction="none")
    edges = targets.size[..., None].expand_as(said_size)
    loss = (loss + functional.smooth_l1_loss(said_size, edges, beta=beta, reduction="none")).sum(2)
    return (loss * targets.weight).sum() / targets.weight.sum().clamp_min(1e-6)


def class_entropy(logits: Float[Tensor, "B C P"], labels: Int[Tensor, "B N"], targets: BoxTargets) -> Tensor:
    """Cross-entropy of the class at the patches of each box."""
    said = _at(logits, targets).log_softmax(2)
    wanted = labels.clamp_min(0)[:, :, None, None].expand(-1, -1, 1, said.shape[-1])
    loss = -torch.gather(said, 2, wanted)[:, :, 0]
    return (loss * targets.weight).sum() / targets.weight.sum().clamp_min(1e-6)


def _at(said: Float[Tensor, "B Q P"], targets: BoxTargets) -> Float[Tensor, "B N Q M"]:
    """What is said at the patches of each box."""
    cells = targets.near.cells[:, :, None].expand(-1, -1, said.shape[1], -1)
    return torch.gather(said[:, None].expand(-1, cells.shape[1], -1, -1), 3, cells)
