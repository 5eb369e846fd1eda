"""A running average of the weights: what a short run at a high learning rate is worth, without its noise."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from pipeline.networks.network import PatchNetwork


class WeightAverage:
    """Keeps an averaged copy of a network.

    Args:
        network: Followed by `update`.
        decay: Weight of the past at each update; the first updates count more, so the start is forgotten.
    """

    def __init__(self, network: PatchNetwork, decay: float) -> None:
        self.network: PatchNetwork = copy.deepcopy(network).eval()
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update(self, network: PatchNetwork) -> None:
        """Move towards the present weights; running statistics are copied."""
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 10))
        own: list[Tensor] = list(self.network.parameters())
        now = [p.detach() for p in network.parameters()]
        torch._foreach_lerp_(own, now, 1 - decay)
        if statistics := list(self.network.buffers()):
            torch._foreach_copy_(statistics, list(network.buffers()))
