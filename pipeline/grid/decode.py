"""From what the patches say to one position a landmark. The inverse of encode.py.

Letters: K landmarks, D dimensions, N cells asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Votes:
    """One location a landmark, voxels.

    Args:
        location: Average vote; always given, whether it may be called an answer is decided from `belief`.
        belief: That the landmark is there, 0 to 1.
        spread: Root mean square distance of the votes to the location.
        count: Patches that voted.
    """

    location: Float[Tensor, "K D"]
    belief: Float[Tensor, " K"]
    spread: Float[Tensor, " K"]
    count: Float[Tensor, " K"]


def softmax_belief(
    logits: Float[Tensor, "K N"],
    allowed: Bool[Tensor, "K N"],
    grids: int = 1,
    rest: Float[Tensor, " K"] | None = None,
) -> tuple[Float[Tensor, "K N"], Float[Tensor, " K"]]:
    """Belief of each patch when patches and one "absent" entry of logit 0 compete, and the belief in any of these.

    Args:
        grids: That the patches come from; each has as much to say as "absent" does.
        rest: Logit of all patches together that compete, too, and are not listed; None = there are none.
    """
    logits = logits.masked_fill(~allowed, -torch.inf)
    said = logits if rest is None else torch.cat([logits, rest[:, None]], 1)
    total = torch.logsumexp(torch.nn.functional.pad(said - math.log(grids), (0, 1)), 1, keepdim=True)
    logits = logits - math.log(grids)
    patches = torch.exp(logits - total)
    return patches, patches.sum(1)


def sigmoid_belief(
    logits: Float[Tensor, "K N"], allowed: Bool[Tensor, "K N"], *_: object
) -> tuple[Float[Tensor, "K N"], Float[Tensor, " K"]]:
    """Belief of each patch on its own (the papers), and the largest of them, whatever the others say."""
    patches = torch.sigmoid(logits).masked_fill(~allowed, 0.0)
    return patches, patches.amax(1)


BELIEFS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {"softmax": softmax_belief, "sigmoid": sigmoid_belief}


def votes(
    centres: Float[Tensor, "A D N"],
    stride: int,
    belief: Float[Tensor, "K N"],
    total: Float[Tensor, " K"],
    displacement: Float[Tensor, "K D N"],
    weighting: str = "belief",
    share: float = 0.1,
    threshold: float = 0.0,
    near: float | None = None,
    places: int = 1,
) -> list[Votes]:
    """Average the positions that the believing patches point to.

    Args:
        centres: Of the patches, voxels; A = K, or 1 where all landmarks are asked of the same patches.
        stride: Voxels between patches.
        belief: Of each patch, 0 to 1.
        total: Belief that the landmark is there at all.
        displacement: From each patch's centre to the landmark, in strides.
        weighting: "belief" weighs each vote by its patch's belief (2020), "equal" counts heads (2018).
        share: A patch votes if it believes at least this share of what the most believing patch does.
        threshold: ... and at least this much; where nobody does, the most believing patch votes alone.
        near: ... and if its vote lies within this many strides of the most believing patch's, so that two places that
            look alike are not averaged to one between them; belief is then what speaks for this place. None = anywhere.
        places: How many places are wanted, the most believed first. Votes for an earlier one have no say in a later.

    Examples:
        Two patches, centred on voxels 2 and 6, point at voxel 4.

        >>> centres, said = torch.tensor([[[2.0, 6.0]]]), torch.tensor([[[0.5, -0.5]]])
        >>> [result] = votes(centres, 4, torch.tensor([[0.9, 0.9]]), torch.tensor([0.9]), said)
        >>> result.location.tolist(), result.spread.tolist(), result.count.tolist()
        ([[4.0]], [0.0], [2.0])
    """
    position = centres + stride * displacement
    result = []
    for _ in range(places):
        beside = _beside_the_surest(position, belief, torch.inf if near is None else stride * near)
        here = total * (belief * beside).sum(1) / belief.sum(1).clamp_min(1e-30)
        best = belief.amax(1, keepdim=True)
        voting = (belief >= torch.maximum(share * best, torch.full_like(best, threshold))) | (belief == best)
        voting &= beside
        result.append(_average(position, voting * (belief if weighting == "belief" else 1.0), voting, here))
        belief, total = belief.masked_fill(beside, 0.0), total - here
    return result


def _beside_the_surest(
    position: Float[Tensor, "K D N"], belief: Float[Tensor, "K N"], reach: float
) -> Bool[Tensor, "K N"]:
    peak = belief.argmax(1)[:, None, None].expand(-1, position.shape[1], 1)
    return (position - position.gather(2, peak)).square().sum(1).sqrt() <= reach


def _average(
    position: Float[Tensor, "K D N"],
    weight: Float[Tensor, "K N"],
    voting: Bool[Tensor, "K N"],
    belief: Float[Tensor, " K"],
) -> Votes:
    weight = weight / weight.sum(1, keepdim=True).clamp_min(1e-30)
    location = (position * weight[:, None]).sum(-1)
    square = ((position - location[..., None]) ** 2).sum(1)
    spread = (square * weight).sum(1).clamp_min(0).sqrt()
    return Votes(location, belief, spread, voting.sum(1).float())
