"""Trunks: from an image to features on the grid of patches."""

from __future__ import annotations

from torch import nn

from pipeline.errors import ConfigError
from pipeline.networks.layers import MAX_POOL, MEAN_POOL, NORM, Hourglass, ResidualBlock, convolution, settled


def fcn(
    dims: int,
    inputs: int,
    stride: int = 8,
    width: int = 24,
    growth: int = 24,
    depth: int = 4,
    hourglass: int = 0,
    norm: int = 1,
) -> nn.Sequential:
    """Our default: a strided stem, then halvings with a residual block each, then `depth` blocks on the grid.

    The stem works at half resolution, an eighth of the cost of a full-resolution first layer in 3D; the blocks on the
    grid are dilated by ..., 4, 2, 1, so that a cell sees well past its patch: each further block doubles how far.

    Args:
        dims: Axes of the image.
        inputs: Channels of the image.
        stride: Voxels between patches: 2, 4, 8, 16.
        width: Channels of the stem.
        growth: Channels added at each halving.
        depth: Residual blocks on the grid.
        hourglass: Channels at half the grid's resolution, which take the place of the first of these blocks and of the
            dilations; 0 = none.
        norm: 1 = batch normalisations; 0 = none, kernels keep their length instead, and a step takes a fifth less.

    Raises:
        ConfigError: `stride` is not one of those.
    """
    if stride not in (2, 4, 8, 16):
        raise ConfigError(f"network.stride={stride}: choose 2, 4, 8 or 16")
    norms = bool(norm)
    layers = [*settled(dims, convolution(dims, inputs, width, 4, stride=2), norms), nn.ReLU(inplace=True)]
    channels = width
    for _ in range(stride.bit_length() - 2):
        wider = channels + growth
        layers += [*settled(dims, convolution(dims, channels, wider, 2, stride=2), norms), nn.ReLU(inplace=True)]
        layers += [ResidualBlock(dims, wider, normalised=norms)]
        channels = wider
    if hourglass:
        layers += [Hourglass(dims, channels, hourglass, norms)]
        layers += [ResidualBlock(dims, channels, normalised=norms) for _ in range(depth - 1)]
    else:
        layers += [ResidualBlock(dims, channels, 2**block, normalised=norms) for block in reversed(range(depth))]
    trunk = nn.Sequential(*layers)
    trunk.channels = channels  # type: ignore[assignment]
    return trunk


def noothout2018(dims: int, inputs: int, stride: int = 8, width: int = 48) -> nn.Sequential:
    """The trunk of Noothout et al. 2018: stride 8, a cell sees 38 voxels.

    With its two branches and six landmarks it has the 229,032 parameters of the authors' class, which fixes one
    normalisation, after the first convolution, and none after the others.

    Raises:
        ConfigError: `stride` is not 8.
    """
    if stride != 8:
        raise ConfigError(f"network.stride={stride}: noothout2018 has stride 8")
    layers: list[nn.Module] = [convolution(dims, inputs, width, 3), nn.ELU(inplace=True), NORM[dims](width)]
    for _ in range(3):
        layers += [MAX_POOL[dims](2), convolution(dims, width, width, 3), nn.ELU(inplace=True)]
    trunk = nn.Sequential(*layers)
    trunk.channels = width  # type: ignore[assignment]
    return trunk


def noothout2020(dims: int, inputs: int, stride: int = 8) -> nn.Sequential:
    """The trunk of the global network of Noothout et al. 2020: a residual network of stride 8.

    With its two branches and eight landmarks it has 16.13 million parameters, as stated (16,133,184; how its
    authors normalise is not stated to the last weight).

    Raises:
        ConfigError: `stride` is not 8.
    """
    if stride != 8:
        raise ConfigError(f"network.stride={stride}: noothout2020 has stride 8")
    layers: list[nn.Module] = [convolution(dims, inputs, 16, 7, stride=2), NORM[dims](16), nn.ReLU(inplace=True)]
    channels = 16
    for pooled, blocks, wider in ((True, 3, 32), (True, 4, 64), (False, 6, 128), (False, 3, 256)):
        layers += [MEAN_POOL[dims](2)] if pooled else []
        layers += [ResidualBlock(dims, wider, inputs=channels)]
        layers += [ResidualBlock(dims, wider) for _ in range(blocks - 1)]
        channels = wider
    trunk = nn.Sequential(*layers)
    trunk.channels = channels  # type: ignore[assignment]
    return trunk


def noothout2020_local(dims: int, inputs: int, landmarks: int, stride: int = 2) -> nn.Sequential:
    """The trunks of the local networks of Noothout et al. 2020, one a landmark, side by side in groups.

    Each has 267,364 parameters with its two branches.

    Raises:
        ConfigError: `stride` is not 2.
    """
    if stride != 2:
        raise ConfigError(f"network.stride={stride}: noothout2020_local has stride 2")
    layers: list[nn.Module] = []
    channels, groups = inputs, 1  # every landmark's network sees the image; from there on they do not mix
    for width in (32, 32, 32, 32, 0, 64, 64):
        if width == 0:
            layers += [MEAN_POOL[dims](2)]
            continue
        wide = width * landmarks
        layers += [convolution(dims, channels, wide, 3, groups=groups), NORM[dims](wide), nn.ReLU(inplace=True)]
        channels, groups = wide, landmarks
    trunk = nn.Sequential(*layers)
    trunk.channels = channels  # type: ignore[assignment]
    return trunk
