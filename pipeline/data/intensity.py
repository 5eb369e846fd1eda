"""From the value scale of a scanner to about 0..1, the same way before training and before prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

SAMPLES = 1_000_000  # voxels looked at for the percentiles of a scan
HOUNSFIELD_BELOW = -200.0  # a scale that reaches below this in most scans is Hounsfield units


@dataclass(frozen=True)
class Normalisation:
    """How values become 0..1.

    Args:
        kind: "window" = `low`..`high` of the file's scale for every scan (CT, where the scale means something);
            "percentile" = each scan's own percentiles `low`..`high` (MR and everything without a scale).
    """

    kind: Literal["window", "percentile"]
    low: float
    high: float

    def range_of(self, voxels: Shaped[np.ndarray, "*S"]) -> tuple[float, float]:
        """The two values of this scan that become 0 and 1; `voxels` in canonical order, so that every
        orientation of a scan gives the same."""
        if self.kind == "window":
            return self.low, self.high
        step = max(1, int(np.ceil((voxels.size / SAMPLES) ** (1 / voxels.ndim))))
        sample = voxels[(slice(None, None, step),) * voxels.ndim]
        low, high = np.percentile(sample, [self.low, self.high])
        return float(low), float(high) if high > low else float(low) + 1.0


def normalise(array: Float[np.ndarray, "*S"], low: float, high: float) -> Float[np.ndarray, "*S"]:
    """(array - low) / (high - low), clipped to -0.5..2.0 so that metal and overflow cannot drown the rest."""
    return np.clip((array - np.float32(low)) / np.float32(high - low), -0.5, 2.0)


def derive_normalisation(ranges: Sequence[tuple[float, float]]) -> Normalisation:
    """A window where the data look like Hounsfield units, else percentiles of each scan.

    Args:
        ranges: 0.5th and 99.5th percentile of each scan.
    """
    table = np.asarray(ranges, np.float64)
    low, high = np.median(table, axis=0)
    if low < HOUNSFIELD_BELOW:
        return Normalisation("window", float(max(low, -1024.0)), float(high))
    return Normalisation("percentile", 0.5, 99.5)
