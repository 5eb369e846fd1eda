"""Networks: a trunk and its heads, chosen by name from a table.

Letters: B batch, K things that a head is asked about, P numbers that it says of each, I channels of the image, C those
of the features, S voxels along the axes, G cells along the axes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.errors import ConfigError
from pipeline.networks import local, trunks
from pipeline.networks.heads import Head
from pipeline.networks.layers import ADAPTIVE_POOL, CONV, NORM, WeighedMeans, memory_layout, pointwise
from pipeline.networks.parameters import check_parameters, instead
from pipeline.networks.receptive_field import CellGeometry, trace
from pipeline.networks.stems import Fusion, Joined, Stem, new_stem

TRUNKS: dict[str, Callable[..., nn.Sequential]] = {
    "fcn": trunks.fcn,
    "noothout2018": trunks.noothout2018,
    "noothout2020": trunks.noothout2020,
    "noothout2020_local": trunks.noothout2020_local,
    "deepface": local.deepface,
}
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
    "deepface": (),
}


WHOLE = ("deepface",)  # see an image as one patch, and can be asked of it as a whole alone


class PatchNetwork(nn.Module):
    """A trunk, and heads that say of every patch what a task wants to know.

    Args:
        trunk: From the image to features on the grid; has `channels`.
        dims: Axes of the image.
        heads: By name.
        hidden: Channels of the 1-wide layers of each head; none = one linear layer.
        groups: 1, or K where every landmark has a network of its own: then `hidden` counts a landmark's channels.
        joined: Brings in what is known beside the image; None = nothing is.
        blind: Only that is looked at, and not the image.

    `arrange` changes what it computes in; answers are float32 whatever that is. While it is `watched`, `shared` holds
    the features that all heads read of the last batch. `crop` are the voxels along each axis of what it learned from,
    where these are parts of images.
    """

    def __init__(
        self,
        trunk: nn.Sequential,
        dims: int,
        heads: Mapping[str, Head],
        hidden: tuple[int, ...] = (),
        groups: int = 1,
        joined: Joined | None = None,
        blind: bool = False,
    ) -> None:
        super().__init__()
        self.dims, self.heads, self.groups = dims, dict(heads), groups
        self.joined, self.blind = joined, blind
        self.watched = False
        self.crop: int | None = None
        self.shared: Tensor | None = None
        self.precision, self.layout = torch.float32, torch.contiguous_format
        self.trunk = trunk
        channels: tuple[int, ...] = (trunk.channels, *(groups * c for c in hidden))  # type: ignore[arg-type]
        for name, head in heads.items():
            self.add_module(name, _layers(dims, (*channels, head.channels), groups, head))

    def forward(self, inputs: Mapping[str, Float[Tensor, "B I *S"]]) -> dict[str, Tensor]:
        """What each head says: (B, K, G), or (B, K, P, G) where it says several numbers; (B, K) of the whole image."""
        image = inputs["image"]
        with self._autocast(image):
            features = self._features(image, inputs)
            self.shared = features if self.watched else None
            said = {name: self.get_submodule(name)(features).float() for name in self.heads}
        return {name: _shaped(self.heads[name], numbers) for name, numbers in said.items()}

    def features(
        self, image: Float[Tensor, "B I *S"], given: Mapping[str, Tensor] | None = None
    ) -> Float[Tensor, "B C *G"]:
        """What the heads are asked of; float32.

        Args:
            given: What is known beside the image, by name.
        """
        with self._autocast(image):
            return self._features(image, given or {}).float()

    def _features(self, image: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        if self.blind:
            channels = int(self.trunk.channels)  # type: ignore[arg-type]
            features = image.new_zeros(len(image), channels, *[1] * self.dims)
        else:
            features = self.trunk(image.contiguous(memory_format=self.layout))
        return features if self.joined is None else self.joined(features, given)

    def ask(
        self,
        head: str,
        features: Float[Tensor, "C ..."],
        which: Sequence[int],
        cells: Int[Tensor, "L M"] | None = None,
    ) -> Float[Tensor, "L P M"]:
        """What a head says of L things at M cells each: the same numbers as `forward`, and no others.

        Args:
            features: Of one image.
            which: Of the K things, by number.
            cells: C-order numbers of the cells; None = all of them.
        """
        layers, count = self.get_submodule(head), self.heads[head].count
        assert isinstance(layers, nn.Sequential)
        hidden = layers[:-1](features[None])[0].flatten(1)
        hidden = hidden.reshape(self.groups, -1, hidden.shape[1])
        last, who = dict(layers[-1].named_parameters()), torch.tensor(which, device=features.device)
        weight = last["weight"].reshape(count, -1, hidden.shape[1])[who]
        bias = last["bias"].reshape(count, -1, 1)[who]
        mine = who if self.groups > 1 else torch.zeros_like(who)  # the group that each landmark reads
        if cells is None and self.groups == 1:  # `weight @ hidden` would copy the features for each of the L
            return (weight.flatten(0, 1) @ hidden[0]).reshape(*weight.shape[:2], -1) + bias
        if cells is None:
            return weight @ hidden[who] + bias
        return weight @ hidden[mine[:, None], :, cells].transpose(1, 2) + bias

    def ask_whole(self, head: str, features: Float[Tensor, "C ..."]) -> Float[Tensor, " K"]:
        """What a head says of one image as a whole."""
        return _shaped(self.heads[head], self.get_submodule(head)(features[None]).float())[0]

    def _autocast(self, image: Tensor) -> torch.autocast:
        return torch.autocast(image.device.type, self.precision, enabled=self.precision != torch.float32)

    def arrange(self, name: str) -> None:
        """Compute in a number format and memory layout of `FORMATS` from now on; the weights stay what they are."""
        self.precision, last = FORMATS[name]
        self.layout = memory_layout(self.dims, self.precision, last)
        self.to(memory_format=self.layout)  # type: ignore[call-overload]

    @property
    def arrangement(self) -> str:
        """Its name in `FORMATS`."""
        now = (self.precision, self.layout != torch.contiguous_format)
        return next(name for name, known in FORMATS.items() if known == now)

    @property
    def sight(self) -> float:
        """Voxels to each side of a patch that have a say in what it says: no more than it could see as it learned."""
        return min(self.cells.reach, self.crop or self.cells.reach) / 2

    @cached_property
    def cells(self) -> CellGeometry:
        """Stride, first centre and reach of the patches; asked many times an image, so the layers are followed once."""
        return trace(self.trunk)


def _layers(dims: int, channels: tuple[int, ...], groups: int, head: Head) -> nn.Sequential:
    """1-wide layers; the last one over all of the head's places or means, where there are several."""
    if head.places == 1 and not head.means and not head.centred:
        return pointwise(dims, channels, groups)
    first = [] if len(channels) == 2 else [*pointwise(dims, channels[:-1], groups), nn.ELU(inplace=True)]
    gather = WeighedMeans(dims, channels[-2], head.means) if head.means else ADAPTIVE_POOL[dims](head.places)
    last = [gather, CONV[dims](max(head.means, 1) * channels[-2], channels[-1], head.places)]
    return nn.Sequential(*first, *last, *([NORM[dims](channels[-1], affine=False)] if head.centred else []))


def _shaped(head: Head, numbers: Float[Tensor, "B N *G"]) -> Tensor:
    if head.each is not None:
        numbers = numbers.reshape(len(numbers), head.count, head.each, *numbers.shape[2:])
    return numbers.flatten(2 if head.each is None else 3).mean(-1) if head.whole else numbers


def build_network(
    name: str,
    dims: int,
    channels: int,
    heads: Mapping[str, Head],
    stems: Mapping[str, Stem] | None = None,
    fusion: Fusion = "concatenation",
    blind: bool = False,
    **parameters: Any,
) -> PatchNetwork:
    """Build a network of the table.

    Args:
        channels: Of the image.
        heads: What it is asked, by name; the count of the first decides how many networks of their own there are.
        stems: What is known beside the image, by name.
        fusion: How that joins the image's features.
        blind: The image is not looked at.
        parameters: Of the network; None = its own default.

    Raises:
        ConfigError: No such network or parameter, says which there are and which is nearest; a parameter of the wrong
            kind or size; or a network is asked what it cannot say: of patches, where it has none, or of more than its
            landmarks.
    """
    if name not in TRUNKS:
        raise ConfigError(f"network.name='{name}': {instead(name, list(TRUNKS))}")
    parameters = {key: value for key, value in parameters.items() if value is not None}
    check_parameters(name, TRUNKS[name], parameters)
    if name in WHOLE and not all(head.whole for head in heads.values()):
        raise ConfigError(f"network.name='{name}' sees an image as a whole and has no patches; choose fcn")
    landmarks = next(iter(heads.values())).count
    own = {"landmarks": landmarks} if "landmarks" in inspect.signature(TRUNKS[name]).parameters else {}
    if own and landmarks > 1 and any(head.count != landmarks for head in heads.values()):
        raise ConfigError(f"network.name='{name}' has a part for each landmark and is asked of these alone; choose fcn")
    trunk = TRUNKS[name](dims, channels, **own, **parameters)
    joined = None
    if stems:
        beside = {n: new_stem(s, lambda size: TRUNKS[name](dims, size, **own, **parameters)) for n, s in stems.items()}
        joined = Joined(dims, int(trunk.channels), beside, fusion)  # type: ignore[arg-type]
    network = PatchNetwork(trunk, dims, heads, BRANCHES[name], landmarks if own else 1, joined, blind)
    for head, asked in heads.items():
        if name == "fcn" and asked.start is not None:  # the papers' networks start as theirs did
            torch.nn.init.constant_(network.get_submodule(head)[-1].bias, asked.start)  # type: ignore[index]
    return network


def count_parameters(network: nn.Module) -> int:
    """Learned numbers."""
    return sum(p.numel() for p in network.parameters())
