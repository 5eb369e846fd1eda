"""What a kind of question is to everything above it: a few members, one small file for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from pipeline.data.store import LevelArray
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.truth import Truth


class Task(Protocol):
    """Heads, losses (which encode the truth), decoding and measuring of one kind of question."""

    def heads(self, names: int, dims: int, number: int) -> dict[str, Head]:
        """What the network of level `number` is asked about so many landmarks, or classes."""

    def at(self, spacings: Sequence[float], stride: int, number: int) -> Task:
        """The task as level `number` of those voxel sizes has it."""

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name; "total" is their weighted sum."""

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
