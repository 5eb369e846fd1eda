"""Layers by dimension. The one place that knows that a convolution over D axes has a name for each D."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.networks.dilated import DilatedConvolution

FEW = 4  # channels of an image, for which a convolution in bfloat16 takes several times as long as in float32


class Convolution3d(nn.Conv3d):
    """The same numbers as `nn.Conv3d`, up to rounding, sooner on a CPU (torch 2.13, oneDNN).

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


def _of_autocast(features: Tensor) -> torch.dtype | None:
    """What layers compute in on a CPU, where that is not what their weights are."""
    if features.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return None
    return torch.get_autocast_dtype("cpu")


CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: Convolution3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
ADAPTIVE_POOL = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
MEAN_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
CHANNELS_LAST = {1: torch.contiguous_format, 2: torch.channels_last, 3: torch.channels_last_3d}  # none at D = 1
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
LENGTH = 2**0.5  # of a kernel whose outputs vary as its inputs do, of which a ReLU left half (He et al. 2015)


def memory_layout(dims: int, precision: torch.dtype, last: bool) -> torch.memory_format:
    """Of what the layers compute: channels last in memory where that is asked for and sound.

    At D = 2 a dilated convolution in bfloat16 with channels last ends the process, or says NaN (torch 2.13 on a CPU
    with AMX); in the usual order it is sound. May go when such a layer passes tests/networks/test_formats.py.
    """
    sound = dims != 2 or precision == torch.float32
    return CHANNELS_LAST[dims] if last and sound else torch.contiguous_format


def convolution(
    dims: int, inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Module:
    """A convolution over `dims` axes whose cells stay centred: padding is what is left of the size after the stride."""
    padding = (dilation * (size - 1) + 2 - stride) // 2
    return CONV[dims](inputs, outputs, size, stride, padding, dilation, groups)


def settled(dims: int, layer: nn.Module, normalised: bool) -> list[nn.Module]:
    """A convolution whose outputs neither grow nor shrink from layer to layer.

    Args:
        normalised: A batch normalisation follows; or else the kernel of each output keeps its length as it learns
            (`keep_lengths`), which costs next to nothing, where a batch of two crops says little of all others.
    """
    if normalised:
        return [layer, NORM[dims](layer.out_channels)]  # type: ignore[arg-type]
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # type: ignore[arg-type]
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    layer.keeps_length = True  # type: ignore[assignment]
    return [layer]


def silent(dims: int, layer: nn.Module, normalised: bool) -> list[nn.Module]:
    """The last convolution beside an identity: it says 0 at first, so that a block starts as the identity."""
    if normalised:
        norm = NORM[dims](layer.out_channels)  # type: ignore[arg-type]
        nn.init.zeros_(norm.weight)
        return [layer, norm]
    nn.init.zeros_(layer.weight)  # type: ignore[arg-type]
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return [layer]


@torch.no_grad()
def keep_lengths(network: nn.Module) -> None:
    """After a step of the optimiser: bring kernels that keep their length back to it, output by output."""
    for part in network.modules():
        if getattr(part, "keeps_length", False):
            kernel: Tensor = part.weight  # type: ignore[assignment]
            length = torch.linalg.vector_norm(kernel, dim=tuple(range(1, kernel.dim())), keepdim=True)
            kernel.mul_(LENGTH / length)


class ResidualBlock(nn.Module):
    """Two 3-wide convolutions beside an identity: normalisation and activation first, so the sum stays linear.

    Args:
        inputs: Channels that come in; other than `channels`, a 1-wide convolution takes the identity's place.
        normalised: See `settled`.
    """

    def __init__(
        self, dims: int, channels: int, dilation: int = 1, inputs: int | None = None, normalised: bool = True
    ) -> None:
        super().__init__()
        inputs = inputs or channels
        self.path = nn.Sequential(
            *settled(dims, convolution(dims, inputs, channels, 3, dilation=dilation), normalised),
            nn.ReLU(inplace=True),
            *silent(dims, convolution(dims, channels, channels, 3), normalised),
        )
        self.beside = nn.Identity() if inputs == channels else CONV[dims](inputs, channels, 1)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Same shape out as in, but for the channels."""
        return self.activation(self.path(features).add_(self.beside(features)))


class Hourglass(nn.Module):
    """Two residual blocks at half the resolution, and back, beside an identity (after Newell et al. 2016).

    Half the cells along each axis cost an eighth in 3D, so what surrounds a cell is read with more channels there.

    Args:
        channels: That come in and go out.
        inner: Channels at half the resolution.
        normalised: See `settled`.
    """

    def __init__(self, dims: int, channels: int, inner: int, normalised: bool = True) -> None:
        super().__init__()
        self.path = nn.Sequential(
            *settled(dims, convolution(dims, channels, inner, 2, stride=2), normalised),
            nn.ReLU(inplace=True),
            ResidualBlock(dims, inner, dilation=2, normalised=normalised),
            ResidualBlock(dims, inner, normalised=normalised),
        )
        self.back = nn.Sequential(*silent(dims, TRANSPOSED[dims](inner, channels, 2, stride=2), normalised))
        self.activation = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Same shape out as in; where cells are odd in number, one of zeros is added behind them and taken away."""
        shape = features.shape[2:]
        even = nn.functional.pad(features, [pad for n in reversed(shape) for pad in (0, n % 2)])
        back = self.back(self.path(even))
        if back.shape != features.shape:
            back = back[(..., *(slice(n) for n in shape))]
        return self.activation(back.add_(features))


class WeighedMeans(nn.Module):
    """Means over all patches, side by side; in each a patch has the share that it claims by what it sees.

    A plain mean hears a bright ventricle no louder than all else of a chest (attention pooling, Ilse et al. 2018,
    arXiv 1802.04712, in its linear form). Several means, since one may claim for the wrong thing and stay there.

    Args:
        means: M, how many.
    """

    def __init__(self, dims: int, channels: int, means: int) -> None:
        super().__init__()
        self.claim = CONV[dims](channels, means, 1)

    def forward(self, features: Float[Tensor, "B C *G"]) -> Float[Tensor, "B MC ..."]:
        shares = self.claim(features).flatten(2).softmax(2)
        means: Tensor = shares @ features.flatten(2).transpose(1, 2)
        return means.reshape(len(features), -1, *[1] * (features.dim() - 2))


def pointwise(dims: int, channels: tuple[int, ...], groups: int = 1) -> nn.Sequential:
    """1-wide convolutions with ELU between them: `channels` from input to output, in `groups` that do not mix."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [CONV[dims](inputs, outputs, 1, groups=groups), nn.ELU(inplace=True)]
    return nn.Sequential(*layers[:-1])
