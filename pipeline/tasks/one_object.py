"""The one-object task: is there a thing in the image, of which class, and where? One at most.

Every patch believes more or less that it should be heard, and says class and box; the image's answer is the average of
what all say, weighted by belief. Letters: B batch, D dimensions, P patches, C classes, E = 2 D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.data.landmark_names import spelled
from pipeline.data.store import LevelArray
from pipeline.geometry.boxes import iou
from pipeline.losses.one_object import entropy_and_overlap, gated_squares
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import ask_all, grid_over
from pipeline.tasks.asked import Asked
from pipeline.tasks.boxes_found import BoxesFound, box_ends
from pipeline.tasks.settings import ObjectSettings
from pipeline.tasks.truth import Truth, no_losses

TERMS = {"gated_squares": ("squares",), "entropy_and_overlap": ("class", "place")}  # of each loss


@dataclass(frozen=True)
class OneObjectTask:
    """How the one thing is taught and answered.

    Args:
        classes: Their names.
        settings: Which loss.
        untaught: Classes that no training case shows, which are never answered; none of an early model, which did not
            know them.
    """

    classes: tuple[str, ...]
    settings: ObjectSettings = field(default_factory=ObjectSettings)
    untaught: tuple[str, ...] = ()

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> OneObjectTask:
        return cls(asked.classes, settings.one_object, asked.untaught)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> OneObjectTask:
        classes, untaught = tuple(map(spelled, content["classes"])), tuple(content.get("untaught", ()))
        return cls(classes, ObjectSettings(**content["one_object"]), untaught)

    def content(self) -> dict[str, Any]:
        return {"classes": list(self.classes), "untaught": list(self.untaught), "one_object": asdict(self.settings)}

    @property
    def names(self) -> tuple[str, ...]:
        return self.classes

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """What the network is asked; class 0 is the background."""
        return {"belief": Head(1), "offset": Head(1, dims), "size": Head(1, dims), "class": Head(len(self.classes) + 1)}

    def parts(self, number: int) -> dict[str, float]:
        """None: there is one loss."""
        return {}

    def at(self, patches: Sequence[float], stride: int, number: int) -> OneObjectTask:
        """The task of one of several levels: all are taught alike."""
        return self

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name over the images of which it is known what they show; "total" is their sum."""
        truth, outputs = truth.of_known_boxes(outputs)
        assert truth.labels is not None and truth.corners is not None
        if not len(truth.labels):
            return no_losses(outputs, *TERMS[self.settings.loss])
        shape = torch.tensor(image.shape[2:], device=image.device)
        grid = grid_over(network, tuple(image.shape[2:]))
        flat = {name: said.flatten(-grid.dims) for name, said in outputs.items()}
        centres = grid.centres().to(image.device)
        said = (flat["belief"][:, 0], flat["offset"][:, 0], flat["size"][:, 0], flat["class"])
        logits, box = _heard(*said, centres, network.cells.stride)
        corners = truth.corners.reshape(len(truth.labels), -1, 2**grid.dims, grid.dims)[:, 0]
        there = truth.labels[:, 0] >= 0
        low, high = (torch.where(there[:, None], ends, 0.0) for ends in (corners.amin(1), corners.amax(1)))
        wanted = torch.cat([(low + high) / 2 / shape, (high - low) / shape], 1)
        label = torch.where(there, truth.labels[:, 0] + 1, 0)
        place = box / shape.repeat(2)
        if self.settings.loss == "gated_squares":
            kinds = torch.nn.functional.one_hot(label, logits.shape[1])[:, 1:]
            y = torch.cat([there[:, None].float(), wanted, kinds], 1)
            chance = logits.softmax(1)
            total = gated_squares(torch.cat([1 - chance[:, :1], place, chance[:, 1:]], 1), y)
            return {"squares": total, "total": total}
        kind, overlap = entropy_and_overlap(logits, place, label, wanted)
        return {"class": kind, "place": overlap, "total": kind + overlap}

    @torch.no_grad()
    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: BoxesFound | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> BoxesFound:
        """The most likely class and box of one image; its belief is the chance of any class but the background."""
        frame, (seen, said) = level.frame, ask_all(network, level, margin=0)
        heard = (said["belief"][:, 0], said["offset"], said["size"], said["class"][None, :, 0])
        logits, box = _heard(*heard, seen.grid.centres(), network.cells.stride)
        chance = logits.softmax(1)[0].numpy().astype(float)
        middle, edges = (v.double().numpy() for v in box.tensor_split(2, 1))
        ends = [frame.voxel_to_world(middle + side * edges / 2) for side in (-1, 1)]
        taught = [name not in self.untaught for name in self.classes]
        label = np.array([int(np.where(taught, chance[1:], -1.0).argmax())])
        return BoxesFound(np.minimum(*ends), np.maximum(*ends), np.array([1 - chance[0]]), label)

    def measure(self, cases: Sequence[Any], found: Mapping[str, BoxesFound]) -> dict[str, float]:
        """Share of the images whose class (or that there is nothing) is right, and the mean overlap of things, over the
        images of which it is known."""
        right, overlaps = [], []
        for case in (case for case in cases if case.boxes_known):
            said = found[case.id].within(case.levels[-1].frame)
            there, called = len(case.labels) > 0, len(said.label) > 0 and bool(said.belief[0] >= 0.5)
            right.append(called == there and (not there or said.label[0] == case.labels[0]))
            if there:
                overlaps.append(float(iou(*box_ends(case.corners), said.low, said.high).sum()))
        accuracy, overlap = float(np.mean(right)), float(np.mean(overlaps)) if overlaps else 0.0
        return {"error": 2 - accuracy - overlap, "accuracy": accuracy, "mean_iou": overlap}


def _heard(
    belief: Tensor, offset: Tensor, size: Tensor, kind: Tensor, centres: Tensor, stride: int
) -> tuple[Tensor, Tensor]:
    """Logits (B, C + 1), and middle and edges (B, E) in voxels: averages over the patches, weighted by belief.

    Args:
        belief: (B, P).
        offset: (B, D, P), strides.
        size: (B, D, P), logarithms of strides.
        kind: (B, C + 1, P).
        centres: (D, P), voxels.
    """
    weight = belief.softmax(1)
    places = torch.cat([centres + stride * offset, stride * size.clamp_max(8.0).exp()], 1)
    return (kind * weight[:, None]).sum(2), (places * weight[:, None]).sum(2)
