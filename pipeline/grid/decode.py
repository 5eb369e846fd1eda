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

PEAKS = 8  # most believing patches, one of whose votes marks the place


@dataclass(frozen=True)
class Votes:
    """One location a landmark, voxels.

    Args:
        location: Average vote; always given, whether it may be called an answer is decided from `belief`.
        belief: That the landmark is there, 0 to 1.
        spread: Root mean square distance of the votes to the location along each axis, whose voxels may be of unlike
            length in the world.
        count: Patches that voted.
    """

    location: Float[Tensor, "K D"]
    belief: Float[Tensor, " K"]
    spread: Float[Tensor, "K D"]
    count: Float[Tensor, " K"]


def softmax_belief(
    logits: Float[Tensor, "K N"],
    allowed: Bool[Tensor, "K N"],
    grids: int = 1,
    every: Float[Tensor, " K"] | None = None,
) -> tuple[Float[Tensor, "K N"], Float[Tensor, " K"]]:
    """Belief of each patch when patches and one "absent" entry of logit 0 compete, and the belief in any of these.

    Args:
        grids: That the patches come from; each has as much to say as "absent" does.
        every: Logit of all patches together that compete, those that are not listed, too; None = all are listed.
    """
    logits = logits.masked_fill(~allowed, -torch.inf)
    together = (logits.logsumexp(1) if every is None else every) - math.log(grids)
    total = torch.logaddexp(together, torch.zeros_like(together))[:, None]
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
    agree: float | None = None,
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
        near: Patches vote whose votes lie within this many strides of one place, that for which most belief speaks, so
            that two places that look alike are not averaged to one between them. None = all do.
        share: ... and of these who believe at least this share of what the most believing one does.
        threshold: ... and at least this much; where nobody does, the most believing patch votes alone.
        agree: Belief in the location is that of the patches whose votes lie within this many strides of it: votes that
            lie around a place and not at it do not know it. None = of all who speak for the place.
        places: How many places are wanted, the most believed first. Votes for an earlier one have no say in a later.

    Examples:
        Two patches, centred on voxels 2 and 6, point at voxel 4.

        >>> centres, said = torch.tensor([[[2.0, 6.0]]]), torch.tensor([[[0.5, -0.5]]])
        >>> [result] = votes(centres, 4, torch.tensor([[0.9, 0.9]]), torch.tensor([0.9]), said)
        >>> result.location.tolist(), result.spread.tolist(), result.count.tolist()
        ([[4.0]], [[0.0]], [2.0])
    """
    position = centres + stride * displacement
    sum_of_all, result = belief.sum(1).clamp_min(1e-30), []
    for _ in range(places):
        beside = torch.ones_like(belief, dtype=torch.bool)
        if near is not None:
            beside = _beside_one_place(position, belief, share, stride * near)
        best = (belief * beside).amax(1, keepdim=True)
        voting = (belief >= torch.maximum(share * best, torch.full_like(best, threshold))) | (belief == best)
        voting &= beside
        location, spread = _average(position, voting * (belief if weighting == "belief" else 1.0))
        speaking = beside if agree is None else _apart(location[:, :, None], position)[:, 0] <= (stride * agree) ** 2
        here = total * (belief * speaking).sum(1) / sum_of_all
        result.append(Votes(location, here, spread, voting.sum(1).float()))
        belief = belief.masked_fill(beside, 0.0)
    return result


def _beside_one_place(
    position: Float[Tensor, "K D N"], belief: Float[Tensor, "K N"], share: float, reach: float
) -> Bool[Tensor, "K N"]:
    """Votes within `reach` of one of the most believing patches', of that beside which most belief gathers."""
    peak, number = belief.topk(min(PEAKS, belief.shape[1]), 1)
    place = position.gather(2, number[:, None].expand(-1, position.shape[1], -1))
    beside = _apart(place, position) <= reach**2
    gathered = (beside * belief[:, None]).sum(2)
    most = gathered.masked_fill(peak < share * peak[:, :1], -1.0).argmax(1)
    return beside[torch.arange(len(most), device=most.device), most]


def _apart(some: Float[Tensor, "K D M"], others: Float[Tensor, "K D N"]) -> Float[Tensor, "K M N"]:
    """Squared distances, not by the product of the positions, which is inexact far from the origin; axis by axis, in
    place, which takes a quarter of the time of torch.cdist."""
    result = (some[:, 0, :, None] - others[:, 0, None]).square_()
    for axis in range(1, some.shape[1]):
        result += (some[:, axis, :, None] - others[:, axis, None]).square_()
    return result


def _average(
    position: Float[Tensor, "K D N"], weight: Float[Tensor, "K N"]
) -> tuple[Float[Tensor, "K D"], Float[Tensor, "K D"]]:
    """Weighted mean, and the root mean square distance to it along each axis."""
    weight = (weight / weight.sum(1, keepdim=True).clamp_min(1e-30))[:, None]
    location = (position * weight).sum(-1)
    square = (position - location[..., None]) ** 2
    return location, (square * weight).sum(-1).clamp_min(0).sqrt()
