"""The optimiser: orthogonalised updates of the trunk's kernels, AdamW for all else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    A kernel is taken as a matrix of its first axis (output channels; where it is transposed, input channels) by all
    else. All its singular directions move alike, where Adam follows the few that the gradients share. The update is as
    large as AdamW's (Liu et al. 2025), so that one rate and decay suit both.

    Args:
        params: Groups of parameters, each with "orthogonal": true or false.
        lr: Largest rate.
        weight_decay: As of AdamW.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of all parameters that have a gradient."""
        for group in self.param_groups:
            kernels = [p for p in group["params"] if p.grad is not None] if group.get("orthogonal") else []
            if kernels:
                self._turn(kernels, group)
        return super().step(closure)

    def _turn(self, kernels: list[Tensor], group: dict[str, Any]) -> None:
        updates = orthogonal([update.flatten(1) for update in self._momenta(kernels)])
        sizes = [group["lr"] * ADAM_RMS * max(update.shape) ** 0.5 for update in updates]
        torch._foreach_mul_(kernels, 1 - group["lr"] * group["weight_decay"])
        for kernel, update, size in zip(kernels, updates, sizes, strict=True):
            kernel.sub_(update.view_as(kernel), alpha=size)
            kernel.grad = None  # AdamW passes over what has none

    def _momenta(self, kernels: list[Tensor]) -> Sequence[Tensor]:
        """Nesterov's: each gradient drawn towards the running mean of all before it."""
        gradients = [kernel.grad for kernel in kernels if kernel.grad is not None]
        for kernel, gradient in zip(kernels, gradients, strict=True):
            if not self.state[kernel]:  # AdamW, when it is loaded, looks for a step in every state
                self.state[kernel].update(step=torch.zeros(()), momentum=torch.zeros_like(gradient))
        means = [self.state[kernel]["momentum"] for kernel in kernels]
        torch._foreach_lerp_(means, gradients, 1 - MOMENTUM)
        return torch._foreach_lerp(gradients, means, MOMENTUM)


def orthogonal(matrices: Sequence[Float[Tensor, "A B"]]) -> list[Float[Tensor, "A B"]]:
    """The nearest matrices whose singular values are all about 1 (0.7 to 1.2), by five Newton-Schulz iterations.

    All iterates are a polynomial of the small Gram matrix times the matrix, so only that polynomial is iterated, for
    all Gram matrices of one size together. In float32: bfloat16, which suffices, is emulated on many CPUs.
    """
    wide = [m if m.shape[0] <= m.shape[1] else m.mT for m in matrices]
    turned: dict[int, Tensor] = {}
    for size in {len(m) for m in wide}:
        alike = [n for n, m in enumerate(wide) if len(m) == size]
        factors = _towards_one(torch.stack([wide[n] @ wide[n].mT for n in alike]))
        turned |= {n: factor @ wide[n] for n, factor in zip(alike, factors, strict=True)}
    return [turned[n] if m.shape[0] <= m.shape[1] else turned[n].mT for n, m in enumerate(matrices)]


def _towards_one(gram: Float[Tensor, "N A A"]) -> Float[Tensor, "N A A"]:
    """What the matrices must be multiplied by, from their Gram matrices."""
    a, b, c = QUINTIC
    norm = gram.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].sqrt().clamp(min=1e-7)
    gram = gram / norm**2
    one = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    turned = one / norm
    for iteration in range(ITERATIONS):
        factor = torch.baddbmm(a * one + b * gram, gram, gram, alpha=c)
        turned = factor @ turned
        if iteration < ITERATIONS - 1:
            gram = factor @ gram @ factor
    return turned


def new_optimizer(network: nn.Module, trunk: nn.Module, name: str, rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW ("adamw"), or with the trunk's kernels turned ("muon"); those of networks side by side are no matrix.

    Args:
        trunk: A part of the network, or all of it.
    """
    if name == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay, fused=True)
    kernels = {m.weight for m in trunk.modules() if isinstance(m, nn.modules.conv._ConvNd) and m.groups == 1}
    turned = [p for p in network.parameters() if p in kernels]
    others = [p for p in network.parameters() if p not in kernels]
    groups = [{"params": turned, "orthogonal": True}, {"params": others, "orthogonal": False}]
    return Muon(groups, lr=rate, weight_decay=decay, fused=True)
