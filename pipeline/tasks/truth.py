"""What is known of the samples of a batch, on the device of the network. Letters: B batch, P landmarks,
N boxes, V their corners, D dimensions, W numbers that stand for a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

UNKNOWN = -2  # in the place of the first box's class: nobody said what boxes the image has


@dataclass(frozen=True)
class Truth:
    """Points, and what a task makes of them.

    Args:
        points: Landmarks by number, voxels; NaN without a position.
        known: Annotated, or known to be absent.
        labels: Class of each box, -1 beyond the last one, `UNKNOWN` where they are not known; None where none are.
        corners: Of one box after the other, voxels.
        values: Encoded, by column; NaN where a value is missing.
    """

    points: Float[Tensor, "B P D"]
    known: Bool[Tensor, "B P"]
    labels: Int[Tensor, "B N"] | None = None
    corners: Float[Tensor, "B V D"] | None = None
    values: Mapping[str, Float[Tensor, "B W"]] = field(default_factory=dict)

    def of_known_boxes(self, outputs: Mapping[str, Tensor]) -> tuple[Truth, dict[str, Tensor]]:
        """This, and what was said, of samples whose boxes are known: the others may show any, and must not teach that
        there is none."""
        assert self.labels is not None and self.corners is not None
        rows = self.labels[:, 0] != UNKNOWN
        points, known, labels, corners = (part[rows] for part in (self.points, self.known, self.labels, self.corners))
        values = {name: part[rows] for name, part in self.values.items()}
        here = replace(self, points=points, known=known, labels=labels, corners=corners, values=values)
        return here, {name: part[rows] for name, part in outputs.items()}


def no_losses(outputs: Mapping[str, Tensor], *names: str) -> dict[str, Tensor]:
    """Losses of 0 where no sample has a truth, and "total"; every output keeps its place in the gradient."""
    nothing = torch.stack([part.float().sum() for part in outputs.values()]).sum() * 0
    return dict.fromkeys((*names, "total"), nothing)
