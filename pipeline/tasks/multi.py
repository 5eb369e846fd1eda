"""The multi task: landmarks and values of the image as a whole, from one network.

The first level is asked about everything; finer ones about the landmarks alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from pipeline.data.store import LevelArray
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.asked import Asked
from pipeline.tasks.attributes import AttributesTask
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.truth import Truth
from pipeline.tasks.values_found import ValuesFound

LANDMARKS = "landmarks"  # the name of their loss among those of the values


@dataclass(frozen=True)
class MultiTask(LandmarksTask):
    """Landmarks, and beside them:

    Args:
        attributes: The values.
    """

    attributes: AttributesTask = field(default_factory=lambda: AttributesTask(()))

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> MultiTask:
        values = AttributesTask(asked.outputs, replace(settings.attributes, places=1))
        return cls(settings.loss, settings.decode, None, asked.landmarks, values)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> MultiTask:
        plain = LandmarksTask.of_content(content)
        values = AttributesTask.of_content(content)
        return cls(plain.loss, plain.decode, plain.constellation, plain.names, values)

    def content(self) -> dict[str, Any]:
        return super().content() | self.attributes.content()

    @property
    def parts(self) -> dict[str, float]:
        return {LANDMARKS: self.attributes.settings.weights.get(LANDMARKS, 1.0), **self.attributes.parts}

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """What the network of level `number` is asked."""
        return super().heads(dims, number) | (self.attributes.heads(dims, number) if number == 0 else {})

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name; "total" is the sum of the parts by their weights."""
        of_landmarks = super().losses(network, image, outputs, truth)
        if not self.attributes.heads(network.dims, 0).keys() <= outputs.keys():
            return of_landmarks
        of_values = self.attributes.losses(network, image, outputs, truth)
        total = self.parts[LANDMARKS] * of_landmarks["total"] + of_values["total"]
        return of_landmarks | of_values | {LANDMARKS: of_landmarks["total"], "total": total}

    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: Found | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> Found:
        """Where the landmarks of one image lie; what was said of the image as a whole stays the first level's."""
        found = super().locate(network, level, prior, search, blend, least)
        return found if prior is None else replace(found, said=prior.said)

    def values_of(self, found: Found) -> ValuesFound:
        """The values of one image."""
        return self.attributes.decoded({name: said[None] for name, said in found.said.items()})

    def measure(self, cases: Sequence[Any], found: Mapping[str, Found]) -> dict[str, float]:
        """Errors of the landmarks and numbers of the values; "error" is that of the landmarks, larger by as much as the
        values are short of perfect."""
        of_landmarks = super().measure(cases, found)
        of_values = self.attributes.measure(cases, {name: self.values_of(one) for name, one in found.items()})
        error = of_landmarks["error"] * (1 + of_values.pop("error"))
        return of_landmarks | of_values | {"landmarks_error": of_landmarks["error"], "error": error}
