"""Stems of inputs beside the image: each makes a vector, and together they join the image's features.

Letters: B batch, W numbers of an input, F features of a stem, C features of the image, G cells along the axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pipeline.data.inputs import HIDDEN
from pipeline.networks.layers import CONV
from pipeline.networks.receptive_field import at_least, trace

FEATURES = 32  # of each stem
Fusion = Literal["concatenation", "film"]


@dataclass(frozen=True)
class Stem:
    """One input.

    Args:
        kind: "numbers": values that count; "class": the number of a word; "text": numbers of words, 0 where it ends;
            "picture": another image.
        size: Numbers that come in; words that there are; channels of the picture.
    """

    kind: Literal["numbers", "class", "text", "picture"]
    size: int


class StemOr(nn.Module):
    """A stem, and what it says where its input is missing (NaN), which is learned."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.missing = nn.Parameter(torch.zeros(FEATURES))

    def forward(self, numbers: Float[Tensor, " B *W"]) -> Float[Tensor, "B F"]:
        there: Bool[Tensor, " B"] = torch.isfinite(numbers.flatten(1)).all(1)
        if not there.any():  # nobody knows, either, how large an image would have been
            return self.missing.expand(len(numbers), -1)
        known = torch.where(there.reshape(-1, *[1] * (numbers.ndim - 1)), numbers, torch.zeros_like(numbers))
        return torch.where(there[:, None], self.inner(known).float(), self.missing)


class WordsOf(nn.Module):
    """A text: words as vectors, three neighbours at a time, and of each feature the largest."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words + 2, FEATURES, padding_idx=0)  # 0 = the text has ended, 1 = an unknown word
        self.mix = CONV[1](FEATURES, FEATURES, 3, padding=1)

    def forward(self, numbers: Float[Tensor, "B W"]) -> Float[Tensor, "B F"]:
        said: Tensor = self.mix(self.words(numbers.long()).transpose(1, 2))
        return said.relu().amax(2)


class ClassOf(nn.Module):
    """A vector for each word."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(max(words, 1), FEATURES)

    def forward(self, numbers: Float[Tensor, "B 1"]) -> Float[Tensor, "B F"]:
        vectors: Tensor = self.words(numbers[:, 0].long())
        return vectors


class PictureOf(nn.Module):
    """The mean over the cells of a trunk of its own; a picture shorter than a patch lies in the middle of one."""

    def __init__(self, trunk: nn.Sequential) -> None:
        super().__init__()
        self.trunk = trunk
        self.patch = trace(trunk).stride
        self.last = nn.Linear(int(trunk.channels), FEATURES)  # type: ignore[arg-type]

    def forward(self, image: Float[Tensor, "B I *S"]) -> Float[Tensor, "B F"]:
        image = at_least(self.patch, image, image.dim() - 2)
        said: Tensor = self.last(self.trunk(image).flatten(2).mean(2))
        return said.relu()


def new_stem(stem: Stem, trunk_of: Callable[[int], nn.Sequential]) -> StemOr:
    """Build one.

    Args:
        trunk_of: Makes the trunk of a picture of so many channels.
    """
    if stem.kind == "text":
        return StemOr(WordsOf(stem.size))
    if stem.kind == "class":
        return StemOr(ClassOf(stem.size))
    if stem.kind == "picture":
        return StemOr(PictureOf(trunk_of(stem.size)))
    layers = (nn.Linear(stem.size, FEATURES), nn.ReLU(), nn.Linear(FEATURES, FEATURES), nn.ReLU())
    return StemOr(nn.Sequential(*layers))


class Joined(nn.Module):
    """The image's features together with those of the stems, at every cell.

    "concatenation": side by side, mixed by one 1-wide layer. "film": each feature of the image is scaled and shifted as
    the other inputs say (Perez et al. 2018, arXiv 1709.07871).
    """

    def __init__(self, dims: int, channels: int, stems: Mapping[str, nn.Module], fusion: Fusion) -> None:
        super().__init__()
        self.stems = nn.ModuleList(stems.values())  # in a list: names of columns may hold a dot
        self.names, self.fusion = tuple(stems), fusion
        inputs = FEATURES * len(self.names)
        if fusion == "film":
            self.scale_and_shift = nn.Linear(inputs, 2 * channels)
            nn.init.zeros_(self.scale_and_shift.weight)
            nn.init.zeros_(self.scale_and_shift.bias)
        else:
            self.mix = CONV[dims](channels + inputs, channels, 1)

    def forward(self, features: Float[Tensor, "B C *G"], inputs: Mapping[str, Tensor]) -> Float[Tensor, "B C *G"]:
        if HIDDEN in inputs:
            features = features * (1 - inputs[HIDDEN]).reshape(-1, *[1] * (features.ndim - 1))
        said = torch.cat([stem(inputs[name]) for name, stem in zip(self.names, self.stems, strict=True)], 1)
        everywhere = (*said.shape[:1], -1, *[1] * (features.ndim - 2))
        if self.fusion == "film":
            scale, shift = self.scale_and_shift(said).reshape(everywhere).chunk(2, 1)
            return features * (1 + scale) + shift
        spread = said.reshape(everywhere).expand(-1, -1, *features.shape[2:])
        mixed: Tensor = self.mix(torch.cat([features, spread], 1))
        return mixed.relu()
