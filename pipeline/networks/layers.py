"""Layers by dimension. The one place that knows that a convolution over D axes has a name for each D."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def convolution(dims: int, inputs: int, outputs: int, size: int, stride: int = 1, dilation: int = 1) -> nn.Module:
    """A convolution over `dims` axes whose cells stay centred: padding is what is left of the size after the stride."""
    padding = (dilation * (size - 1) + 1 - stride) // 2
    return CONV[dims](inputs, outputs, size, stride, padding, dilation)


class ResidualBlock(nn.Module):
    """Two 3-wide convolutions beside an identity: normalisation and activation first, so the sum stays linear."""

    def __init__(self, dims: int, channels: int, dilation: int = 1) -> None:
        super().__init__()
        last = NORM[dims](channels)
        nn.init.zeros_(last.weight)  # a block starts as the identity
        self.path = nn.Sequential(
            convolution(dims, channels, channels, 3, dilation=dilation),
            NORM[dims](channels),
            nn.ReLU(inplace=True),
            convolution(dims, channels, channels, 3),
            last,
        )
        self.activation = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Same shape out as in."""
        return self.activation(features + self.path(features))


def pointwise(dims: int, channels: tuple[int, ...]) -> nn.Sequential:
    """1-wide convolutions with ELU between them: `channels` from input to output."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [CONV[dims](inputs, outputs, 1), nn.ELU(inplace=True)]
    return nn.Sequential(*layers[:-1])
