"""The optimiser: orthogonalised updates of the trunk's kernels, AdamW for all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

MOMENTUM = 0.95
QUINTIC = (3.4445, -4.7750, 2.0315)  # a s + b s^3 + c s^5 drives singular values s in (0, 1] to about 1; Jordan 2024
ITERATIONS = 5
ADAM_RMS = 0.2  # of a typical update of AdamW at rate 1; Liu et al. 2025


class Muon(torch.optim.AdamW):
    """AdamW; but parameters of a group with `orthogonal` move by their momentum made orthogonal (Jordan 2024, Muon).

    A kernel is taken as a matrix of output channels by all else. All its singular directions move alike, where Adam
    follows the few that the gradients share. The update is as large as AdamW's (Liu et al. 2025), so that one rate
    and decay suit both.

    Args:
        params: Groups of parameters, each with "orthogonal": true or false.
        lr: Largest rate.
        weight_decay: As of AdamW.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of all parameters that have a gradient."""
        for group in self.param_groups:
            for alike in self._by_shape(group["params"] if group.get("orthogonal") else ()):
                self._turn(alike, group)
        return super().step(closure)

    def _by_shape(self, kernels: Sequence[Tensor]) -> Iterable[list[Tensor]]:
        """Those with a gradient; kernels of one shape are one piece of work, not many small ones."""
        alike: dict[torch.Size, list[Tensor]] = {}
        for kernel in kernels:
            if kernel.grad is not None:
                alike.setdefault(kernel.shape, []).append(kernel)
        return alike.values()

    def _turn(self, kernels: list[Tensor], group: dict[str, Any]) -> None:
        updates = orthogonal(torch.stack([self._momentum(kernel) for kernel in kernels]).flatten(2))
        size = group["lr"] * ADAM_RMS * max(updates.shape[1:]) ** 0.5
        for kernel, update in zip(kernels, updates, strict=True):
            kernel.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update.view_as(kernel), alpha=size)
            kernel.grad = None  # AdamW passes over what has none

    def _momentum(self, kernel: Tensor) -> Tensor:
        """Nesterov's: the gradient drawn towards the running mean of all."""
        state, gradient = self.state[kernel], kernel.grad
        assert gradient is not None
        if not state:  # AdamW, when it is loaded, looks for a step in every state
            state.update(step=torch.zeros(()), momentum=torch.zeros_like(gradient))
        return gradient.lerp(state["momentum"].lerp_(gradient, 1 - MOMENTUM), MOMENTUM)


def orthogonal(matrices: Float[Tensor, "*N A B"]) -> Float[Tensor, "*N A B"]:
    """The nearest matrices whose singular values are all about 1 (0.7 to 1.2), by five Newton-Schulz iterations.

    All iterates are a polynomial of the small Gram matrix times the matrix, so only that polynomial is iterated. In
    float32: bfloat16, which suffices, is emulated on many CPUs.
    """
    a, b, c = QUINTIC
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    wide = wide / wide.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    gram = wide @ wide.mT
    one = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    turned = one
    for iteration in range(ITERATIONS):
        factor = a * one + b * gram + c * gram @ gram
        turned = factor @ turned
        if iteration < ITERATIONS - 1:
            gram = factor @ gram @ factor
    wide = turned @ wide
    return wide if matrices.shape[-2] <= matrices.shape[-1] else wide.mT


def new_optimizer(network: nn.Module, trunk: nn.Module, name: str, rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW ("adamw"), or with the trunk's kernels turned ("muon"); those of networks side by side are no matrix.

    Args:
        trunk: A part of the network, or all of it.
    """
    if name == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    kernels = {m.weight for m in trunk.modules() if isinstance(m, nn.modules.conv._ConvNd) and m.groups == 1}
    turned = [p for p in network.parameters() if p in kernels]
    others = [p for p in network.parameters() if p not in kernels]
    groups = [{"params": turned, "orthogonal": True}, {"params": others, "orthogonal": False}]
    return Muon(groups, lr=rate, weight_decay=decay)
