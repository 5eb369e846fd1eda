"""Losses of values of an image as a whole; samples without a value (NaN) teach nothing of it.

Letters: B batch, C classes, L labels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def numbers_l1(said: Float[Tensor, "B 1"], truth: Float[Tensor, "B 1"], beta: float = 0.2) -> Tensor:
    """Smooth L1 in standard deviations: its least is the median, as mean absolute errors want it.

    Examples:
        >>> numbers_l1(torch.tensor([[1.1], [5.0]]), torch.tensor([[0.0], [torch.nan]])).item()
        1.0
    """
    there = torch.isfinite(truth)
    loss = functional.smooth_l1_loss(said, torch.where(there, truth, said.detach()), beta=beta, reduction="none")
    return loss.sum() / there.sum().clamp_min(1)


def classes_entropy(said: Float[Tensor, "B C"], truth: Float[Tensor, "B 1"]) -> Tensor:
    """Cross-entropy of the class."""
    there = torch.isfinite(truth[:, 0])
    wanted = torch.where(there, truth[:, 0], 0.0).long()
    loss = functional.cross_entropy(said, wanted, reduction="none")
    return (loss * there).sum() / there.sum().clamp_min(1)


def labels_entropy(said: Float[Tensor, "B L"], truth: Float[Tensor, "B L"]) -> Tensor:
    """Binary cross-entropy of each label, the mean over labels."""
    there = torch.isfinite(truth)
    wanted = torch.where(there, truth, 0.0)
    loss = functional.binary_cross_entropy_with_logits(said, wanted, reduction="none")
    return (loss * there).sum() / there.sum().clamp_min(1)
