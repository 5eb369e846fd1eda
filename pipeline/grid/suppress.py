"""Many patches speak of one box: the most believed stays, and those that mean the same vote on where it lies."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

SAME = 0.7  # intersection over union from which two patches mean one box


def overlaps(one: Float[Tensor, "N E"], other: Float[Tensor, "M E"]) -> Float[Tensor, "N M"]:
    """Intersection over union in any dimension; a row is all low, then all high coordinates."""
    dims = one.shape[1] // 2
    low = torch.maximum(one[:, None, :dims], other[:, :dims])
    high = torch.minimum(one[:, None, dims:], other[:, dims:])
    both = (high - low).clamp_min(0).prod(-1)
    volume, others = ((boxes[:, dims:] - boxes[:, :dims]).prod(-1) for boxes in (one, other))
    return both / (volume[:, None] + others - both).clamp_min(1e-9)


def suppress(
    boxes: Float[Tensor, "N E"], belief: Float[Tensor, " N"], overlap: float
) -> tuple[Int[Tensor, " M"], Float[Tensor, "M E"]]:
    """Non-maximum suppression (MONAI's), and a vote.

    Args:
        boxes: Of one class.
        belief: Of each.
        overlap: Intersection over union above which the less believed of two goes.

    Returns:
        Numbers of the boxes that stay, the most believed first; where each lies by the votes, weighted by belief, of
        all boxes that overlap it by 0.7 and more.
    """
    from monai.data.box_utils import non_max_suppression

    kept = non_max_suppression(boxes, belief, overlap, box_overlap_metric=overlaps)
    kept = torch.as_tensor(kept, dtype=torch.long)
    votes = (overlaps(boxes[kept], boxes) >= SAME) * belief
    return kept, votes @ boxes / votes.sum(1, keepdim=True).clamp_min(1e-9)
