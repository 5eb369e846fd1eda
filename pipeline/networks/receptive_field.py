"""Which voxels a cell sees, worked out from the layers instead of written down beside them.

For a chain of layers with kernel k, stride s, padding p, dilation d (per axis): a cell of the output stands
s times as far from its neighbour, and its centre lies (d (k - 1) / 2 - p) steps of the layer's input after
the first input cell. Branches of a residual block must keep the centre; `trace` checks that they do.

Letters: C channels, S voxels along the axes, P those of the padded image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipeline.errors import ConfigError
from pipeline.networks.layers import CONV, MAX_POOL, MEAN_POOL, Hourglass, ResidualBlock

WINDOWED = (*CONV.values(), *MAX_POOL.values(), *MEAN_POOL.values())


@dataclass(frozen=True)
class CellGeometry:
    """Along every axis alike, in voxels of the input.

    Args:
        stride: Step from one cell to the next.
        first: Centre of cell 0; voxel centres at integers.
        reach: Voxels a cell sees along one axis.
        windows: (kernel extent, stride, padding) of each layer, in order.
        period: An image moved by so many voxels is said the same about, moved: a stride, but for an hourglass, which
            takes two cells for one, so that which two matters.
    """

    stride: int
    first: float
    reach: int
    windows: tuple[tuple[int, int, int], ...]
    period: int

    def cells(self, voxels: int) -> int:
        """Number of cells along an axis of `voxels` voxels."""
        for extent, stride, padding in self.windows:
            voxels = (voxels + 2 * padding - extent) // stride + 1
        return voxels


def trace(network: nn.Module) -> CellGeometry:
    """Follow the convolutions and poolings of a network in the order in which they were added.

    Raises:
        ConfigError: A layer inside a residual path moves the centre, or a layer differs between axes.
    """
    for block in network.modules():
        if isinstance(block, ResidualBlock) and ((inner := trace(block.path)).first or inner.stride != 1):
            raise ConfigError(
                f"a residual path has stride {inner.stride} and moves the centre by {inner.first} voxels; "
                "its sum with what goes beside it needs stride 1 and 0"
            )
    step, first, reach, period = 1, 0.0, 1, 1
    windows = []
    for layer in _windowed(network):
        extent, stride, padding = _window(layer)
        first += step * ((extent - 1) / 2 - padding)
        reach += step * (extent - 1)
        step *= stride
        period = max(period, 2 * step if isinstance(layer, Hourglass) else step)
        windows.append((extent, stride, padding))
    return CellGeometry(step, first, reach, tuple(windows), period)


def _windowed(network: nn.Module) -> Iterator[nn.Module]:
    if isinstance(network, (*WINDOWED, Hourglass)):
        yield network
        return
    for part in network.children():
        yield from _windowed(part)


def _window(layer: nn.Module) -> tuple[int, int, int]:
    if isinstance(layer, Hourglass):  # two neighbours share a cell at half the resolution, whose centre is between them
        extent = trace(layer.path).reach | 1
        return extent, 1, extent // 2
    size, stride, padding, dilation = (
        _one(getattr(layer, a, 1)) for a in ("kernel_size", "stride", "padding", "dilation")
    )
    return dilation * (size - 1) + 1, stride, padding


def _one(value: int | tuple[int, ...]) -> int:
    numbers = {value} if isinstance(value, int) else set(value)
    if len(numbers) != 1:
        raise ConfigError(f"a layer has {value} along its axes; patches need the same along all")
    return numbers.pop()


def pad_to_stride(
    voxels: Float[Tensor, " C *S"], stride: int, margin: Sequence[int] | np.ndarray, value: float
) -> Float[Tensor, " C *P"]:
    """Pad each axis but the first by its `margin` in front, behind by a stride and up to a whole number of strides."""
    pads = [(int(m), stride + int(-(n + m)) % stride) for n, m in zip(voxels.shape[1:], margin, strict=True)]
    flat = [p for pair in reversed(pads) for p in pair]
    return torch.nn.functional.pad(voxels, flat, value=value)


def at_least(size: int, voxels: Tensor, dims: int) -> Tensor:
    """The same with 0 before and behind, so that each of the last `dims` axes has `size` voxels or more; what is long
    enough stays as it is."""
    lacking = [max(0, size - n) for n in voxels.shape[-dims:]]
    if not any(lacking):
        return voxels
    return torch.nn.functional.pad(voxels, [side for n in reversed(lacking) for side in (n // 2, n - n // 2)])
