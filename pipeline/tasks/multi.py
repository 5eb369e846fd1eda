"""The multi task: landmarks, boxes and values of the image as a whole, from one network.

The first level, which sees all of an image, is asked about the boxes and the values, too; finer ones look around
landmarks alone. What is not known of an image masks that part alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.data.store import LevelArray
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.asked import Asked
from pipeline.tasks.attributes import AttributesTask
from pipeline.tasks.boxes import BoxesTask
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.names import BOXES, LANDMARKS, LENGTH
from pipeline.tasks.truth import Truth
from pipeline.tasks.values_found import ValuesFound

PREFIX = "box_"  # of the names of heads that are asked about boxes


@dataclass(frozen=True)
class MultiTask(LandmarksTask):
    """Landmarks, and beside them:

    Args:
        attributes: The values.
        boxes: The boxes; none are asked for where it has no classes.
    """

    attributes: AttributesTask = field(default_factory=lambda: AttributesTask(()))
    boxes: BoxesTask = field(default_factory=lambda: BoxesTask(()))

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> MultiTask:
        values = AttributesTask(asked.outputs, replace(settings.attributes, places=None))
        boxes = BoxesTask.new(asked, settings)
        return cls(settings.loss, settings.decode, names=asked.landmarks, attributes=values, boxes=boxes)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> MultiTask:
        plain, values = LandmarksTask.of_content(content), AttributesTask.of_content(content)
        boxes = BoxesTask.of_content(content)
        known = plain.constellation, plain.names, plain.shape, plain.veto
        return cls(plain.loss, plain.decode, *known, values, boxes)

    def content(self) -> dict[str, Any]:
        return super().content() | self.attributes.content() | self.boxes.content()

    def parts(self, number: int) -> dict[str, float]:
        """Parts of the loss of level `number`, and their weights."""
        if number:
            return super().parts(number)
        weights, beside = self.attributes.settings.weights, (BOXES,) if self.boxes.classes else ()
        return {name: weights.get(name, 1.0) for name in (LANDMARKS, *beside)} | self.attributes.parts(number)

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """What the network of level `number` is asked."""
        if number:
            return super().heads(dims, number)
        boxes = self.boxes.heads(dims, 0) if self.boxes.classes else {}
        named = {PREFIX + name: head for name, head in boxes.items()}
        return super().heads(dims, number) | named | self.attributes.heads(dims, number)

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name; "total" is the sum of the parts by their weights."""
        of_landmarks = super().losses(network, image, outputs, truth)
        if not self.heads(network.dims, 0).keys() <= outputs.keys():
            return of_landmarks
        terms = of_landmarks | {LANDMARKS: of_landmarks["total"]}
        if self.boxes.classes:
            terms[BOXES] = self._of_boxes(network, image, outputs, truth)
        if self.attributes.outputs:
            terms |= self.attributes.losses(network, image, outputs, truth)
        return terms | {"total": torch.stack([weight * terms[name] for name, weight in self.parts(0).items()]).sum()}

    def _of_boxes(self, network: PatchNetwork, image: Tensor, outputs: Mapping[str, Tensor], truth: Truth) -> Tensor:
        """The loss of the boxes."""
        said = {name.removeprefix(PREFIX): part for name, part in outputs.items() if name.startswith(PREFIX)}
        return self.boxes.losses(network, image, said, truth)["total"]

    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: Found | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> Found:
        """Where the landmarks of one image lie; what was said of the rest of it stays the first level's."""
        found = super().locate(network, level, prior, search, blend, least)
        if prior is not None:
            return replace(found, said=prior.said, boxes=prior.boxes)
        boxes = self.boxes.locate(network, level, prefix=PREFIX) if self.boxes.classes else None
        return replace(found, boxes=boxes)

    def values_of(self, found: Found) -> ValuesFound:
        """The values of one image."""
        return self.attributes.decoded({name: said[None] for name, said in found.said.items()})

    def measure(self, cases: Sequence[Any], found: Mapping[str, Found]) -> dict[str, float]:
        """Errors of the landmarks and numbers of the rest; "error" is that of the landmarks, larger by as much as boxes
        and values are short of perfect, and so no length; `LENGTH` is."""
        of_landmarks = super().measure(cases, found)
        rest = self.attributes.measure(cases, {name: self.values_of(one) for name, one in found.items()})
        error = of_landmarks["error"] * (1 + rest.pop("error"))
        if self.boxes.classes and any(case.boxes_known for case in cases):
            of_boxes = self.boxes.measure(cases, {name: one.boxes for name, one in found.items() if one.boxes})
            rest["ap50"], error = of_boxes["ap50"], error + of_landmarks["error"] * of_boxes["error"]
        return of_landmarks | rest | {LENGTH: of_landmarks["error"], "error": error}
