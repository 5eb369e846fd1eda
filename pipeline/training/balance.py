"""Weights of the parts of a loss against each other: given, or found while the network learns.

Letters: N parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from statistics import fmean

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pipeline.networks.network import PatchNetwork

SLOW = 0.05  # share by which a weight moves in a step towards what GradNorm asks for
HARDER = 0.12  # its exponent, one of the paper's alphas: one that cannot be learned must not drown the others


class Balance(nn.Module):
    """What is minimised, of several parts.

    Args:
        how: "fixed": the given weights. "uncertainty": each part's loss by a learned precision, exp(-s) L + s / 2
            (Kendall et al. 2018, arXiv 1705.07115), times the given weight. "gradnorm": weights under which all parts
            pull alike at the features they share, those that have learned less a little harder (Chen et al. 2018,
            arXiv 1711.02257), times the given ones; the weights take a small step towards that, in place of a
            gradient's.
        weights: Given, by the name of the part. Where weights are found, each is multiplied by the given one for good:
            what is found makes up for unlike losses, what is given says how much a part matters. One of weight 0 takes
            no part.
    """

    given: Tensor
    first: Tensor

    def __init__(self, how: str, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.how, self.names = how, tuple(weights)
        self.register_buffer("given", torch.tensor(list(weights.values())))
        self.learned = nn.Parameter(torch.zeros(len(weights)), requires_grad=how == "uncertainty")
        self.register_buffer("first", torch.full((len(weights),), torch.nan))

    @property
    def weights(self) -> Float[Tensor, " N"]:
        """By which each part counts now."""
        sign = -1.0 if self.how == "uncertainty" else 1.0
        return self.given * torch.exp(sign * self.learned.detach())

    @property
    def weighs(self) -> bool:
        """Whether any part counts more than another, or may."""
        return self.how != "fixed" or bool((self.given != 1).any())

    def total(self, terms: Mapping[str, Tensor], network: PatchNetwork) -> Tensor:
        """The weighted sum."""
        losses = torch.stack([terms[name] for name in self.names])
        if self.how == "uncertainty":
            fresh = self._begun(losses.detach())  # from precisions of 1, a short training would end before they fit
            self.learned.data[fresh] = (2 * self.first)[fresh].clamp_min(1e-3).log()
            own = self.given * (torch.exp(-self.learned) * losses + self.learned / 2)
            return torch.where(self._taking(losses), own, 0.0).sum()
        if self.how == "gradnorm" and network.training:
            self._move(losses, network)
        return (self.given * torch.exp(self.learned) * losses).sum()

    def _taking(self, losses: Float[Tensor, " N"]) -> Bool[Tensor, " N"]:
        """Which parts count now. One that no sample of the batch has a truth of is 0; its precision must stay, or it
        would rise at every such batch."""
        return (losses > 0) & (self.given > 0)

    def _begun(self, losses: Float[Tensor, " N"]) -> Bool[Tensor, " N"]:
        """Which parts meet their first loss now."""
        fresh = self.first.isnan() & self._taking(losses)
        self.first.copy_(torch.where(fresh, losses, self.first))
        return fresh

    def _move(self, losses: Float[Tensor, " N"], network: PatchNetwork) -> None:
        """A step of the parts that count now, to where their pulls are alike but for the given weights. Their weights
        keep their sum, and so do all: one that stands alone in a batch has nothing to be weighed against, and stays as
        it is."""
        now = losses.detach()
        self._begun(now)
        taking = self._taking(now)
        pull = (torch.exp(self.learned.detach()) * pulls(losses, network)).clamp_min(1e-12)[taking]
        left = (now / self.first)[taking]
        wanted = pull.mean() * (left / left.mean().clamp_min(1e-12)) ** HARDER
        before, given = self.learned.detach()[taking], self.given[taking].log()
        moved = before + SLOW * (wanted.clamp_min(1e-12) / pull).log()
        self.learned.data[taking] = moved - (given + moved).logsumexp(0) + (given + before).logsumexp(0)


def pulls(losses: Float[Tensor, " N"], network: PatchNetwork) -> Float[Tensor, " N"]:
    """Length of the gradient of each loss at the features that all parts share, of a watched network's last batch."""
    assert network.shared is not None
    found = [torch.autograd.grad(loss, network.shared, retain_graph=True, allow_unused=True)[0] for loss in losses]
    return torch.stack([losses.new_zeros(()) if g is None else g.detach().float().norm() for g in found])


def mean_pulls(batches: Iterable[Mapping[str, Tensor]], balance: Balance, network: PatchNetwork) -> dict[str, float]:
    """The mean `pulls` of each part over the batches that have a truth of it; a part of which none has is left out.

    Args:
        batches: Losses of one after the other, each asked for when those before are done with.
    """
    found: dict[str, list[float]] = {}
    for lengths in map(partial(_pulls_of, balance, network), batches):
        for name, length in lengths.items():
            found.setdefault(name, []).append(length)
    return {name: fmean(lengths) for name, lengths in found.items()}


def _pulls_of(balance: Balance, network: PatchNetwork, terms: Mapping[str, Tensor]) -> dict[str, float]:
    losses = torch.stack([terms[name] for name in balance.names])
    lengths = pulls(losses, network).tolist()
    network.shared = None  # or what led to it would lie in memory beside the next batch's
    return {n: length for n, loss, length in zip(balance.names, losses.tolist(), lengths, strict=True) if loss > 0}


def shares(losses: Mapping[str, float], pulled: Mapping[str, float], balance: Balance) -> dict[str, float]:
    """How the parts divide the loss and the gradient among them: `loss_share_NAME` and `pull_share_NAME`, each in sum
    1 over the parts that have a truth, under the weights of now; and these, `weight_NAME`, unless all are 1 anyway.

    Args:
        losses: Of each part the mean, 0 where it has no truth.
        pulled: As `mean_pulls` has them.
    """
    weights = dict(zip(balance.names, balance.weights.tolist(), strict=True))
    result = {f"weight_{name}": weight for name, weight in weights.items()} if balance.weighs else {}
    taught = {name: loss for name, loss in losses.items() if loss > 0}
    for kind, values in (("loss", taught), ("pull", pulled)):
        parts = {name: weights[name] * values[name] for name in balance.names if name in values}
        whole = sum(parts.values())
        result |= {f"{kind}_share_{name}": part / whole for name, part in parts.items() if whole}
    return result
