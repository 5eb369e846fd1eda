"""What a kind of question is to everything above it: a few members, one small file for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from torch import Tensor

from pipeline.data.store import LevelArray
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.asked import Asked
from pipeline.tasks.truth import Truth


class Task(Protocol):
    """Heads, losses (which encode the truth), decoding and measuring of one kind of question."""

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> Self:
        """Before it has seen a case; `settings` of training hold what can be chosen about it."""

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> Self:
        """The inverse of `content`."""

    def content(self) -> dict[str, Any]:
        """All that a model folder must say of it, as JSON has it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is answered: landmarks, classes, values."""

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """What the network of level `number` is asked of an image with so many axes."""

    def parts(self, number: int) -> dict[str, float]:
        """Parts of the loss of level `number` that are weighed against each other, and their weights; none of a loss
        that is one."""

    def at(self, patches: Sequence[float], stride: int, number: int, /) -> Task:
        """The task as level `number` has it, whose patches are `stride` voxels wide; `patches` says how wide those of
        all levels are in the world."""

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name; "total" is their weighted sum.

        Args:
            image: (B, C, S), for its shape.
            outputs: What the network said of it.
            truth: What is known of it.
        """

    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: Any = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> Any:
        """The answers of one image, given those of the coarser level."""

    def measure(self, cases: Sequence[Any], found: Mapping[str, Any]) -> dict[str, float]:
        """Numbers of answers against the truth of cases; the least "error" is best."""
