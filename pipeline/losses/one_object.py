"""Losses of "one object or none": y = [p, b_1 .. b_2D, c_1 .. c_n], coordinates as shares of the image.

Letters: B batch, D dimensions, C classes.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def gated_squares(said: Float[Tensor, "B Y"], truth: Float[Tensor, "B Y"]) -> Tensor:
    """The sum of all squared differences where an object is there, that of p alone where none is.

    The loss as the classic course on localisation has it: L = sum_i (y_hat_i - y_i)^2 if y_1 = 1,
    (y_hat_1 - y_1)^2 if y_1 = 0.

    Args:
        said: [p, middle (D), edges (D), classes (C)] of each image.
        truth: The same; beyond p anything where p is 0.

    Examples:
        >>> none = torch.tensor([[0.5, 9.0, 9.0, 1.0]]), torch.tensor([[0.0, 0.0, 0.0, 0.0]])
        >>> there = torch.tensor([[0.5, 0.4, 0.2, 1.0]]), torch.tensor([[1.0, 0.4, 0.1, 0.0]])
        >>> [round(gated_squares(*pair).item(), 4) for pair in (none, there)]
        [0.25, 1.26]
    """
    squares = (said - truth).square()
    there = truth[:, 0] > 0.5
    rest = torch.where(there[:, None], squares[:, 1:], torch.zeros_like(squares[:, 1:])).sum(1)
    return (squares[:, 0] + rest).mean()


def entropy_and_overlap(
    logits: Float[Tensor, "B C"],
    box: Float[Tensor, "B E"],
    label: Int[Tensor, " B"],
    truth: Float[Tensor, "B E"],
) -> tuple[Tensor, Tensor]:
    """Cross-entropy over background and classes, and 1 - GIoU plus the absolute differences of boxes that are there.

    GIoU: Rezatofighi et al. 2019 (arXiv 1902.09630).

    Args:
        logits: Background first.
        box: Middle and edges, as shares of the image.
        label: 0 = background.
        truth: Middle and edges; anything where there is no object.
    """
    kind = functional.cross_entropy(logits, label)
    there = label > 0
    if not there.any():
        return kind, box.sum() * 0
    missing = 1 - generalised_iou(box[there], truth[there])
    return kind, (missing + (box[there] - truth[there]).abs().sum(1)).mean()


def generalised_iou(one: Float[Tensor, "B E"], other: Float[Tensor, "B E"]) -> Float[Tensor, " B"]:
    """Intersection over union, less the share of the box around both that neither fills; -1 to 1, in any dimension.

    Examples:
        >>> box = torch.tensor([[0.5, 0.5, 1.0, 1.0]])
        >>> generalised_iou(box, box).item(), generalised_iou(box, box + torch.tensor([1.0, 0, 0, 0])).item()
        (1.0, 0.0)
    """
    dims = one.shape[1] // 2
    lows = [box[:, :dims] - box[:, dims:] / 2 for box in (one, other)]
    highs = [box[:, :dims] + box[:, dims:] / 2 for box in (one, other)]
    both = (torch.minimum(*highs) - torch.maximum(*lows)).clamp_min(0).prod(1)
    volumes = [(high - low).clamp_min(0).prod(1) for low, high in zip(lows, highs, strict=True)]
    union = (volumes[0] + volumes[1] - both).clamp_min(1e-9)
    around = (torch.maximum(*highs) - torch.minimum(*lows)).prod(1).clamp_min(1e-9)
    return both / union - (around - union) / around
