"""Linear maps folded into the layers before them.

What a head says, so that a model needs no further field for it; and normalisations, which need not be computed any more
once a network has learned.

Letters: F numbers that the head says.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CONVOLUTION, TRANSPOSED = nn.modules.conv._ConvNd, nn.modules.conv._ConvTransposeNd


@torch.no_grad()
def fold(layers: nn.Sequential, shift: Float[Tensor, " F"], matrix: Float[Tensor, "F F"]) -> None:
    """Have a centred head say (numbers - shift) @ matrix from now on, when it is not training.

    Args:
        layers: Of the head; they end with a convolution and the normalisation of what it says.
        shift: Float64, as is the matrix.
    """
    last = {**dict(layers[-2].named_parameters()), **dict(layers[-1].named_buffers())}
    weight, bias, mean, variance = (last[name] for name in ("weight", "bias", "running_mean", "running_var"))
    eps = float(layers[-1].eps)  # type: ignore[arg-type]
    turned = ((variance.double() + eps).rsqrt()[:, None] * matrix).T  # of what the convolution says
    bias.copy_(turned @ (bias.double() - mean.double()) - shift @ matrix)
    weight.copy_(torch.tensordot(turned, weight.double(), 1))
    mean.zero_()
    variance.fill_(1 - eps)


def fold_norms(network: nn.Module) -> None:
    """Leave out normalisations that follow a convolution, which then does both; the network cannot learn any more."""
    for layers in [part for part in network.modules() if isinstance(part, nn.Sequential)]:
        for n in range(1, len(layers)):
            before, norm = layers[n - 1], layers[n]
            if isinstance(before, CONVOLUTION) and isinstance(norm, nn.modules.batchnorm._BatchNorm):
                layers[n - 1] = fuse_conv_bn_eval(before, norm, isinstance(before, TRANSPOSED))
                layers[n] = nn.Identity()
