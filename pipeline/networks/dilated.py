"""A dilated convolution whose gradients take no longer than those of a plain one.

Letters: B and E batch, I and O channels in and out, C either, S cells along the axes.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class DilatedConvolution(torch.autograd.Function):
    """Dilated alike along all axes, 3 wide, with the padding that keeps its cells.

    oneDNN (torch 2.13 on a CPU) has a slow way alone for the gradient of a kernel over three axes whose first axis is
    dilated. A convolution dilated by d is d of them along that axis, each over every d-th plane; put side by side as
    further images, they are not dilated along it.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, step: int) -> Tensor:
        """(B, I, S) to (B, O, S)."""
        ctx.save_for_backward(features, weight)
        ctx.everywhere = [step] * (features.dim() - 2)
        return torch.convolution(features, weight, bias, *_kept_cells(ctx.everywhere))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        """Of the features, the kernel and the bias."""
        features, weight = ctx.saved_tensors
        of_features = None
        if ctx.needs_input_grad[0]:
            of_features = _gradients(grad, features, weight, ctx.everywhere, [True, False, False])[0]
        step, *others = ctx.everywhere
        apart = _planes_apart(grad, step), _planes_apart(features, step)
        _, of_weight, of_bias = _gradients(*apart, weight, [1, *others], [False, True, True])
        return of_features, of_weight, of_bias, None


def _kept_cells(steps: list[int]) -> tuple[list[int], list[int], list[int], bool, list[int], int]:
    """How torch convolves without losing cells: stride, padding, dilation; neither transposed nor in groups."""
    return [1] * len(steps), steps, steps, False, [0] * len(steps), 1


def _gradients(grad: Tensor, features: Tensor, weight: Tensor, steps: list[int], which: list[bool]) -> Any:
    """torch's own, of features, kernel and bias."""
    how = _kept_cells(steps)
    return torch.ops.aten.convolution_backward(grad, features, weight, [len(weight)], *how, which)


def _planes_apart(features: Float[Tensor, "B C *S"], step: int) -> Float[Tensor, "E C ..."]:
    """Every `step`-th plane of the first axis in images of their own; where planes are too few, some of zeros more."""
    lacking = -features.shape[2] % step
    whole = nn.functional.pad(features, [0, 0] * (features.dim() - 3) + [0, lacking]) if lacking else features
    images = whole.unflatten(2, (-1, step)).movedim(3, 1).flatten(0, 1)
    if features.stride(1) == 1:  # channels last in memory
        return images.movedim(1, -1).contiguous().movedim(-1, 1)
    return images.contiguous()
