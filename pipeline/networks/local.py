"""Locally connected layers: a convolution whose weights are its own at every position.

Letters: B batch, C channels in, O channels out, N positions, S cells along the axes, T those of the result.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.errors import ConfigError
from pipeline.networks.layers import ADAPTIVE_POOL, CONV, MAX_POOL, NORM


class LocallyConnected(nn.Module):
    """Windows of `size` cells, `stride` apart, each with weights of its own (Taigman et al. 2014).

    Args:
        dims: Axes.
        inputs: Channels in.
        outputs: Channels out.
        cells: Along every axis of the input; no other number fits.
        size: Cells of a window along every axis.
        stride: From window to window.
    """

    def __init__(self, dims: int, inputs: int, outputs: int, cells: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.dims, self.size, self.stride = dims, size, stride
        self.cells = (cells - size) // stride + 1
        seen = inputs * size**dims
        self.weight = nn.Parameter(torch.empty(self.cells**dims, outputs, seen))
        self.bias = nn.Parameter(torch.zeros(outputs, self.cells**dims))
        nn.init.normal_(self.weight, std=math.sqrt(2 / seen))

    def forward(self, features: Float[Tensor, "B C *S"]) -> Float[Tensor, "B O *T"]:
        windows = features
        for axis in range(self.dims):
            windows = windows.unfold(2 + axis, self.size, self.stride)
        places, within = range(2, 2 + self.dims), range(2 + self.dims, 2 + 2 * self.dims)
        flat = windows.permute(0, *places, 1, *within).reshape(len(features), self.cells**self.dims, -1)
        said = torch.einsum("bnc,noc->bon", flat, self.weight) + self.bias
        return said.reshape(len(features), -1, *[self.cells] * self.dims)


def deepface(dims: int, inputs: int, edge: int = 152, width: int = 32, features: int = 4096) -> nn.Sequential:
    """The trunk of DeepFace (Taigman et al. 2014): convolution, pooling, convolution, three locally connected layers
    and a fully connected one; the second fully connected layer is the head.

    At its full size, with a head of 4,030 people on 152 x 152 pixels, it has the sizes of the paper's figure 2. An
    image of another size is brought to `edge` cells first.

    Args:
        edge: Pixels along every axis that are looked at.
        width: Channels of the first convolution; half of it later.
        features: Of the fully connected layer.

    Raises:
        ConfigError: `edge` leaves nothing for the last layer.
    """
    half = max(1, width // 2)
    after = [(edge - 10 - 1) // 2 + 1 - 8]  # 11-wide convolution, pooling by 2, 9-wide convolution
    layers: list[nn.Module] = [ADAPTIVE_POOL[dims](edge), CONV[dims](inputs, width, 11), nn.ReLU(inplace=True)]
    layers += [MAX_POOL[dims](3, 2, 1), CONV[dims](width, half, 9), NORM[dims](half), nn.ReLU(inplace=True)]
    for size, stride in ((9, 1), (7, 2), (5, 1)):
        if after[-1] < size:
            raise ConfigError(f"network.edge={edge}: too few pixels for deepface; 71 or more are needed")
        local = LocallyConnected(dims, half, half, after[-1], size, stride)
        layers += [local, NORM[dims](half), nn.ReLU(inplace=True)]
        after.append(local.cells)
    layers += [CONV[dims](half, features, after[-1]), NORM[dims](features), nn.ReLU(inplace=True)]
    trunk = nn.Sequential(*layers)
    trunk.channels = features  # type: ignore[assignment]
    return trunk
