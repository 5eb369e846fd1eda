"""The boxes task: any number of things of several classes in an image.

Letters: B batch, N boxes, D dimensions, C classes, P patches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.data.landmark_names import spelled
from pipeline.data.store import LevelArray
from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import BoxSet
from pipeline.grid.box_code import decode_boxes, encode_boxes
from pipeline.grid.suppress import suppress
from pipeline.losses.boxes import class_entropy, middle_and_size, soft_focal
from pipeline.metrics.detection import mean_average_precision
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import ask_all, grid_over
from pipeline.tasks.asked import Asked
from pipeline.tasks.boxes_found import BoxesFound, box_ends, joined
from pipeline.tasks.settings import BoxSettings
from pipeline.tasks.truth import Truth, no_losses

NEVER = -1.0  # below any belief that is asked for
START_BELIEF = -4.6  # one patch in a hundred: most show no middle of anything


@dataclass(frozen=True)
class BoxesTask:
    """How boxes are taught and answered.

    Args:
        classes: Their names.
        settings: Losses and decoding.
        edges: Voxels of the level: it speaks of boxes whose longest edge lies between these.
        untaught: Classes that no training case shows, which are never answered; none of an early model, which did not
            know them.
    """

    classes: tuple[str, ...]
    settings: BoxSettings = field(default_factory=BoxSettings)
    edges: tuple[float, float] = (0.0, np.inf)
    untaught: tuple[str, ...] = ()

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> BoxesTask:
        return cls(asked.classes, settings.boxes, untaught=asked.untaught)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> BoxesTask:
        classes, untaught = tuple(map(spelled, content["classes"])), tuple(content.get("untaught", ()))
        return cls(classes, BoxSettings(**content["boxes"]), untaught=untaught)

    def content(self) -> dict[str, Any]:
        return {"classes": list(self.classes), "untaught": list(self.untaught), "boxes": asdict(self.settings)}

    @property
    def names(self) -> tuple[str, ...]:
        return self.classes

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """What every network is asked."""
        asked = {"belief": Head(1, start=START_BELIEF), "offset": Head(1, dims), "size": Head(1, dims)}
        return asked | {"class": Head(len(self.classes))}

    def parts(self, number: int) -> dict[str, float]:
        """None: there is one loss."""
        return {}

    def at(self, patches: Sequence[float], stride: int, number: int) -> BoxesTask:
        """The task of one of several levels: each speaks of things that are about as large on its grid, from where the
        next one ends."""
        largest = self.settings.cells * stride
        low = largest * patches[number + 1] / patches[number] if number + 1 < len(patches) else 0.0
        return replace(self, edges=(low, largest if number else np.inf))

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name over the images whose boxes are known; "total" is their weighted sum."""
        truth, outputs = truth.of_known_boxes(outputs)
        assert truth.labels is not None and truth.corners is not None
        if not len(truth.labels):
            return no_losses(outputs, "belief", "place", "class")
        grid = grid_over(network, tuple(image.shape[2:]))
        corners = truth.corners.reshape(len(truth.labels), -1, 2**grid.dims, grid.dims)
        low, high = corners.amin(2), corners.amax(2)
        longest = (high - low).amax(-1)
        there = (truth.labels >= 0) & (longest > self.edges[0]) & (longest <= self.edges[1])
        targets = encode_boxes(grid, low, high, there, self.settings.sigma)
        belief = soft_focal(outputs["belief"].flatten(1), targets)
        place = middle_and_size(outputs["offset"][:, 0].flatten(2), outputs["size"][:, 0].flatten(2), targets)
        kind = class_entropy(outputs["class"].flatten(2), truth.labels, targets)
        total = belief + self.settings.place * place + self.settings.kind * kind
        return {"belief": belief, "place": place, "class": kind, "total": total}

    @torch.no_grad()
    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: BoxesFound | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
        prefix: str = "",
    ) -> BoxesFound:
        """The boxes of one image, with those that a coarser level found; they are looked for everywhere.

        Args:
            prefix: Of the names of the heads, where the network is asked about more than boxes.
        """
        frame, stride = level.frame, network.cells.stride
        seen, said = ask_all(network, level, margin=stride, prefix=prefix)
        score = said["belief"][0, 0].sigmoid() * said["class"][:, 0].softmax(0)  # C, P
        score[[self.classes.index(name) for name in self.untaught]] = NEVER
        centres = seen.grid.centres() + seen.origin[:, None]
        low, high = decode_boxes(centres, stride, said["offset"][0], said["size"][0])
        found = [self._of_class(c, score[c], torch.cat([low, high], 1), frame) for c in range(len(score))]
        return joined([*found, *([prior] if prior else [])], self.settings.overlap if prior else None)

    def _of_class(
        self, label: int, score: Float[Tensor, " P"], boxes: Float[Tensor, "P E"], frame: ImageFrame
    ) -> BoxesFound:
        order = score.argsort(descending=True, stable=True)[: self.settings.most]
        order = order[score[order] >= self.settings.least]
        kept, voted = suppress(boxes[order], score[order], self.settings.overlap)
        ends = [frame.voxel_to_world(v.double().numpy()) for v in voted.tensor_split(2, 1)]
        belief = score[order][kept].double().numpy()
        return BoxesFound(np.minimum(*ends), np.maximum(*ends), belief, np.full(len(kept), label))

    def measure(self, cases: Sequence[Any], found: Mapping[str, BoxesFound]) -> dict[str, float]:
        """What is missing to an average precision of 1 at an overlap of a half; and that precision. Of cases whose
        boxes are known."""
        cases = [case for case in cases if case.boxes_known]
        truth = [self.named(*box_ends(c.corners), c.labels) for c in cases]
        answers = [found[c.id].within(c.levels[-1].frame) for c in cases]
        said = [(self.named(f.low, f.high, f.label), f.belief) for f in answers]
        precision = mean_average_precision(truth, said, self.classes)["all"] or 0.0
        return {"error": 1 - precision, "ap50": precision}

    def named(self, low: np.ndarray, high: np.ndarray, label: np.ndarray) -> BoxSet:
        return BoxSet(tuple(self.classes[n] for n in label), low, high)
