"""A 3D convolution that goes around what is slow in those of torch on a CPU (torch 2.13, oneDNN).

Letters: B batch, I and O channels in and out, S cells along the axes.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

FEW = 4  # channels of an image, for which a convolution in bfloat16 takes several times as long as in float32


class Convolution3d(nn.Conv3d):
    """The same numbers as `nn.Conv3d`, up to rounding, sooner.

    - torch hands a float32 image that comes alone and has no more than 20,480 numbers in all planes of its first two
      axes to a loop of its own (`use_mkldnn` in aten/src/ATen/native/Convolution.cpp), which takes 8 to 15 times as
      long as oneDNN. A small scan, or what a finer level looks at, is just that; without gradients it goes to oneDNN.
    - The gradient of the kernel of a dilated convolution takes 2 to 10 times as long as that of a plain one: see
      `DilatedConvolution`.
    - In bfloat16 the gradient of the kernel of an image of one channel takes 4 to 8 times as long as in float32; so
      such a layer stays in float32, and grey values keep all their digits.
    """

    def forward(self, features: Tensor) -> Tensor:
        """As `nn.Conv3d`."""
        precision = _of_autocast(features)
        if precision and self.in_channels < FEW:
            with torch.autocast("cpu", enabled=False):
                return super().forward(features.float()).to(precision)
        learns = self.bias is not None and features.device.type == "cpu" and torch.is_grad_enabled()
        if learns and self._is_dilated:
            given = [part.to(precision or part.dtype) for part in (features, *self.parameters())]
            return DilatedConvolution.apply(*given, self.dilation[0])
        if isinstance(self.padding, str) or not self._is_slow(features):
            return super().forward(features)
        where = (self.padding, self.stride, self.dilation, self.groups)
        return torch.mkldnn_convolution(features, self.weight, self.bias, *where)

    @property
    def _is_dilated(self) -> bool:
        """Whether it is 3 wide with the padding that keeps its cells, dilated alike along all axes."""
        step = self.dilation[0]
        alike = self.kernel_size == (3, 3, 3) and self.dilation == self.padding == (step, step, step)
        return step > 1 and alike and self.stride == (1, 1, 1) and self.groups == 1

    def _is_slow(self, features: Tensor) -> bool:
        alone = features.dim() == 5 and len(features) == 1 and max(self.kernel_size) > 1
        plain = features.device.type == "cpu" and features.dtype == self.weight.dtype == torch.float32
        free = not (torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"))
        return alone and plain and free and torch.backends.mkldnn.is_available()


class DilatedConvolution(torch.autograd.Function):
    """A dilated 3-wide convolution whose gradients take no longer than those of a plain one.

    oneDNN has a slow way alone for the kernel's gradient where the first axis is dilated. A convolution dilated by d is
    d of them along that axis, each over every d-th plane; put side by side as further images, they are not dilated
    along it.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, step: int) -> Tensor:
        """(B, I, S) to (B, O, S)."""
        ctx.save_for_backward(features, weight)
        ctx.step = step
        return nn.functional.conv3d(features, weight, bias, padding=step, dilation=step)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        """Of the features, the kernel and the bias."""
        features, weight = ctx.saved_tensors
        step, wanted = ctx.step, ctx.needs_input_grad[0]
        everywhere = [step] * 3
        of_features = _gradients(grad, features, weight, everywhere, [True, False, False])[0] if wanted else None
        first = [1, step, step]
        apart = _planes_apart(grad, step), _planes_apart(features, step)
        _, of_weight, of_bias = _gradients(*apart, weight, first, [False, True, True])
        return of_features, of_weight, of_bias, None


def _gradients(grad: Tensor, features: Tensor, weight: Tensor, step: list[int], which: list[bool]) -> Any:
    """torch's own, of features, kernel and bias, with padding as wide as the dilation."""
    rest = False, [0] * 3, 1, which
    return torch.ops.aten.convolution_backward(grad, features, weight, [len(weight)], [1] * 3, step, step, *rest)


def _planes_apart(features: Float[Tensor, "B C X Y Z"], step: int) -> Float[Tensor, "E C W Y Z"]:
    """Every `step`-th plane of the first axis in images of their own; where planes are too few, one of zeros more."""
    lacking = -features.shape[2] % step
    whole = nn.functional.pad(features, [0, 0, 0, 0, 0, lacking]) if lacking else features
    images = whole.unflatten(2, (-1, step)).movedim(3, 1).flatten(0, 1)
    last = features.is_contiguous(memory_format=torch.channels_last_3d)
    return images.contiguous(memory_format=torch.channels_last_3d if last else torch.contiguous_format)


def _of_autocast(features: Tensor) -> torch.dtype | None:
    """What layers compute in on a CPU, where that is not what their weights are."""
    if features.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return None
    return torch.get_autocast_dtype("cpu")
