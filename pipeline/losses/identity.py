"""Losses that bring images of one identity together and those of others apart.

Letters: B batch, F features of an embedding, of length 1; d = squared distance, 0 to 4.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional


def squared_distances(vectors: Float[Tensor, "B F"]) -> Float[Tensor, "B B"]:
    """||f_i - f_j||^2 of all pairs."""
    return (2 - 2 * vectors @ vectors.T).clamp_min(0)


def _pairs(who: Int[Tensor, " B"]) -> tuple[Bool[Tensor, "B B"], Bool[Tensor, "B B"]]:
    """Which pairs are of one identity (no image with itself), and which of two."""
    same = who[:, None] == who
    return same & ~torch.eye(len(who), dtype=torch.bool, device=who.device), ~same


def contrastive(vectors: Float[Tensor, "B F"], who: Int[Tensor, " B"], margin: float = 1.0) -> Tensor:
    """Mean of d over pairs of one identity, and of max(0, margin - sqrt d)^2 over pairs of two (Hadsell et al. 2006).

    Examples:
        >>> contrastive(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0, 1])).item()
        0.0
    """
    distance = squared_distances(vectors)
    same, other = _pairs(who)
    apart = (margin - (distance + 1e-9).sqrt()).clamp_min(0).square()
    return _mean(distance, same) + _mean(apart, other)


def triplet(vectors: Float[Tensor, "B F"], who: Int[Tensor, " B"], margin: float = 0.2) -> Tensor:
    """Mean of max(0, d(a, p) - d(a, n) + margin) over all anchors and positives, with the nearest negative that is
    farther than the positive (semi-hard), or the farthest of all where none is (Schroff et al. 2015, 1503.03832)."""
    distance = squared_distances(vectors)
    same, other = _pairs(who)
    positive = distance[:, :, None]  # anchor, positive, negative
    negative = distance[:, None, :].expand(-1, len(who), -1)
    harder = other[:, None, :] & (negative > positive)
    nearest = negative.masked_fill(~harder, torch.inf).amin(2)
    farthest = distance.masked_fill(~other, -torch.inf).amax(1, keepdim=True).expand_as(nearest)
    chosen = torch.where(nearest.isfinite(), nearest, farthest)
    return _mean((distance - chosen + margin).clamp_min(0), same & chosen.isfinite())


def cosine_margin(
    vectors: Float[Tensor, "B F"], who: Int[Tensor, " B"], margin: float = 0.2, scale: float = 16.0
) -> Tensor:
    """Cross-entropy of scale (cos - margin for the right identity) over the identities of the batch (Wang et al. 2018,
    arXiv 1801.09414); each stands for itself by the mean of its images, the image itself left out (Wan et al. 2018,
    arXiv 1710.10467), so that no identity needs weights of its own and new ones are no other than those of training."""
    people, number = who.unique(return_inverse=True)
    mine = functional.one_hot(number, len(people)).to(vectors.dtype)  # B, P
    sums = mine.T @ vectors
    without = sums[number] - vectors  # of the image's own identity
    cosine = vectors @ functional.normalize(sums, dim=1).T
    own = (vectors * functional.normalize(without, dim=1)).sum(1)
    cosine = torch.where(mine > 0, own[:, None] - margin, cosine)
    known = mine.sum(0)[number] > 1  # an identity with one image has nothing to stand for it
    loss = functional.cross_entropy(scale * cosine, number, reduction="none")
    return (loss * known).sum() / known.sum().clamp_min(1)


def _mean(values: Float[Tensor, "B B"], which: Bool[Tensor, "B B"]) -> Tensor:
    return torch.where(which, values, torch.zeros_like(values)).sum() / which.sum().clamp_min(1)
