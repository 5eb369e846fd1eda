"""What is known of the samples of a batch, on the device of the network. Letters: B batch, P points, D dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Truth:
    """Points, and what a task makes of them.

    Args:
        points: Voxels; NaN without a position: landmarks by number, or the corners of one box after the other.
        known: Annotated, or known to be absent.
        labels: Class of each box, -1 beyond the last one; None where there are no boxes.
        values: Encoded, by column; NaN where a value is missing.
    """

    points: Float[Tensor, "B P D"]
    known: Bool[Tensor, "B P"]
    labels: Int[Tensor, "B N"] | None = None
    values: Mapping[str, Float[Tensor, "B W"]] = field(default_factory=dict)
