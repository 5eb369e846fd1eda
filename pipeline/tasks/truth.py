"""What is known of the samples of a batch, on the device of the network. Letters: B batch, P landmarks,
N boxes, V their corners, D dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
