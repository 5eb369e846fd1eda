"""Networks: a trunk and its heads, chosen by name from a table.

Letters: B batch, K landmarks, D dimensions, C channels, S voxels along the axes, G cells along the axes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.errors import ConfigError
from pipeline.networks import trunks
from pipeline.networks.layers import CHANNELS_LAST, pointwise
from pipeline.networks.receptive_field import CellGeometry, trace

TRUNKS: dict[str, Callable[..., nn.Sequential]] = {
    "fcn": trunks.fcn,
    "noothout2018": trunks.noothout2018,
    "noothout2020": trunks.noothout2020,
    "noothout2020_local": trunks.noothout2020_local,
}
START_BELIEF = -6.0
FORMATS = {  # number format of the layers, and whether their channels come last in memory
    "float32": (torch.float32, False),
    "bfloat16": (torch.bfloat16, False),
    "float32_channels_last": (torch.float32, True),
    "bfloat16_channels_last": (torch.bfloat16, True),
}
BRANCHES: dict[str, tuple[int, ...]] = {  # hidden channels of each head
    "fcn": (),
    "noothout2018": (96, 144),
    "noothout2020": (256, 256),
    "noothout2020_local": (64, 64),
}


class PatchNetwork(nn.Module):
    """For every patch and landmark: how much it believes, and where the landmark lies from its centre.

    Args:
        trunk: From the image to features on the grid; has `channels`.
        dims: Axes of the image.
        landmarks: K.
        hidden: Channels of the 1-wide layers of each branch; none = one linear layer.
        groups: 1, or K where every landmark has a network of its own: then `hidden` counts a landmark's channels.

    `arrange` changes what it computes in; answers are float32 whatever that is.
    """

    def __init__(
        self, trunk: nn.Sequential, dims: int, landmarks: int, hidden: tuple[int, ...] = (), groups: int = 1
    ) -> None:
        super().__init__()
        self.dims, self.landmarks, self.groups = dims, landmarks, groups
        self.precision, self.layout = torch.float32, torch.contiguous_format
        self.trunk = trunk
        channels: tuple[int, ...] = (trunk.channels, *(groups * c for c in hidden))  # type: ignore[arg-type]
        self.belief = pointwise(dims, (*channels, landmarks), groups)
        self.displacement = pointwise(dims, (*channels, landmarks * dims), groups)

    def forward(self, inputs: Mapping[str, Float[Tensor, "B C *S"]]) -> dict[str, Tensor]:
        """Logits (B, K, G) under "belief"; displacements in strides (B, K, D, G) under "displacement"."""
        image = inputs["image"].contiguous(memory_format=self.layout)
        with self._autocast(image):
            features = self.trunk(image)
            belief, displacement = self.belief(features).float(), self.displacement(features).float()
        shape = (len(belief), self.landmarks, self.dims, *belief.shape[2:])
        return {"belief": belief, "displacement": displacement.reshape(shape)}

    def features(self, image: Float[Tensor, "B 1 *S"]) -> Float[Tensor, "B C *G"]:
        """What the heads are asked of; float32."""
        with self._autocast(image):
            return self.trunk(image.contiguous(memory_format=self.layout)).float()

    def ask(
        self, features: Float[Tensor, "C ..."], landmarks: Sequence[int], cells: Int[Tensor, "L M"] | None = None
    ) -> tuple[Float[Tensor, "L M"], Float[Tensor, "L D M"]]:
        """Belief and displacement of L landmarks at M cells each: the same numbers as `forward`, and no others.

        Args:
            features: Of one image.
            cells: C-order numbers of the cells; None = all of them.
        """
        belief = self._head(self.belief, features, landmarks, cells)
        return belief[:, 0], self._head(self.displacement, features, landmarks, cells)

    def _head(
        self, head: nn.Sequential, features: Tensor, landmarks: Sequence[int], cells: Tensor | None
    ) -> Float[Tensor, "L P M"]:
        hidden = head[:-1](features[None])[0].flatten(1)
        hidden = hidden.reshape(self.groups, -1, hidden.shape[1])
        last, who = dict(head[-1].named_parameters()), torch.tensor(landmarks, device=features.device)
        weight = last["weight"].reshape(self.landmarks, -1, hidden.shape[1])[who]
        bias = last["bias"].reshape(self.landmarks, -1, 1)[who]
        mine = who if self.groups > 1 else torch.zeros_like(who)  # the group that each landmark reads
        if cells is None:
            return weight @ (hidden[who] if self.groups > 1 else hidden) + bias
        return weight @ hidden[mine[:, None], :, cells].transpose(1, 2) + bias

    def _autocast(self, image: Tensor) -> torch.autocast:
        return torch.autocast(image.device.type, self.precision, enabled=self.precision != torch.float32)

    def arrange(self, name: str) -> None:
        """Compute in a number format and memory layout of `FORMATS` from now on; the weights stay what they are."""
        self.precision, last = FORMATS[name]
        self.layout = CHANNELS_LAST[self.dims] if last else torch.contiguous_format
        self.to(memory_format=self.layout)  # type: ignore[call-overload]

    @property
    def arrangement(self) -> str:
        """Its name in `FORMATS`."""
        now = (self.precision, self.layout != torch.contiguous_format)
        return next(name for name, known in FORMATS.items() if known == now)

    @property
    def cells(self) -> CellGeometry:
        """Stride, first centre and reach of the patches."""
        return trace(self.trunk)


def build_network(name: str, dims: int, channels: int, landmarks: int, **parameters: Any) -> PatchNetwork:
    """Build a network of the table.

    Args:
        parameters: Of the network; None = its own default.

    Raises:
        ConfigError: No such network or parameter; says which there are and which is nearest.
    """
    if name not in TRUNKS:
        raise ConfigError(f"network.name='{name}': {_instead(name, list(TRUNKS))}")
    parameters = {key: value for key, value in parameters.items() if value is not None}
    wanted = inspect.signature(TRUNKS[name]).parameters
    known = [p for p in wanted if p not in ("dims", "inputs", "landmarks")]
    for key in parameters:
        if key not in known:
            raise ConfigError(
                f"network.{key}={parameters[key]!r}: {name} has no such parameter; {_instead(key, known)}"
            )
    own = {"landmarks": landmarks} if "landmarks" in wanted else {}
    trunk = TRUNKS[name](dims, channels, **own, **parameters)
    network = PatchNetwork(trunk, dims, landmarks, BRANCHES[name], landmarks if own else 1)
    if name == "fcn":  # in a softmax over thousands of patches and "absent", zero would start at "surely there"
        torch.nn.init.constant_(network.belief[-1].bias, START_BELIEF)  # type: ignore[arg-type]
    return network


def count_parameters(network: nn.Module) -> int:
    """Learned numbers."""
    return sum(p.numel() for p in network.parameters())


def _instead(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"choose one of {known}" + (f"; did you mean '{near[0]}'?" if near else "")


def pad_to_stride(
    voxels: Float[Tensor, "*S"], stride: int, margin: Sequence[int] | np.ndarray, value: float
) -> Float[Tensor, "*P"]:
    """Pad each axis by its `margin` in front, and behind by a stride and up to a whole number of strides."""
    pads = [(int(m), stride + int(-(n + m)) % stride) for n, m in zip(voxels.shape, margin, strict=True)]
    flat = [p for pair in reversed(pads) for p in pair]
    return torch.nn.functional.pad(voxels, flat, value=value)
