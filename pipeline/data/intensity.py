"""From the value scale of a scanner to about 0..1, the same way before training and before prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.errors import DataError

SAMPLES = 1_000_000  # voxels looked at for the percentiles of a scan
HOUNSFIELD_BELOW = -200.0  # a scale that reaches below this in most scans is Hounsfield units


@dataclass(frozen=True)
class Normalisation:
    """How values become 0..1.

    Args:
        kind: "window" = `low`..`high` of the file's scale for every scan (CT, where the scale means something);
            "percentile" = each scan's own: percentile `low` of all voxels, and percentile `high` of the bright
            ones (MR and everything without a scale). Bright = above `bright_from`; so the amount of background, the
            air around a patient or the corners that a resampled copy fills, hardly moves the upper end.
        channels: That a network sees. An image with one is shown in all of them, one with several as their mean
            where one is wanted. All channels share one range, so that colours stay what they are.
    """

    kind: Literal["window", "percentile"]
    low: float
    high: float
    channels: int = 1

    def range_of(self, *channels: Shaped[np.ndarray, "*S"]) -> tuple[float, float]:
        """The two values of this scan that become 0 and 1; its channels in canonical order, so that every
        orientation of a scan gives the same."""
        if self.kind == "window":
            return self.low, self.high
        sample = sample_of(*channels)
        low = float(np.percentile(sample, self.low))
        high = float(np.percentile(sample[sample >= bright_from(sample)], self.high))
        return low, high if high > low else low + 1.0

    def channels_of(self, channels: Sequence[Shaped[np.ndarray, "*S"]]) -> list[Shaped[np.ndarray, "*S"]]:
        """The channels that a network sees, of those that an image has.

        Raises:
            DataError: It has another number than is wanted, and neither is one.
        """
        if len(channels) == self.channels:
            return list(channels)
        if len(channels) == 1:
            return [channels[0]] * self.channels
        if self.channels == 1:
            return [np.asarray(np.mean(channels, axis=0, dtype=np.float32))]
        raise DataError(f"an image with {len(channels)} channels, {self.channels} are wanted; convert it.")


def sample_of(*channels: Shaped[np.ndarray, "*S"]) -> Shaped[np.ndarray, " N"]:
    """Values of all channels, evenly spread, at most a million of each."""
    step = max(1, int(np.ceil((channels[0].size / SAMPLES) ** (1 / channels[0].ndim))))
    return np.concatenate([c[(slice(None, None, step),) * c.ndim].ravel() for c in channels])


def bright_from(sample: Shaped[np.ndarray, "*S"]) -> float:
    """The value half-way between the mean of what lies above it and the mean of what lies below.

    Ridler and Calvard 1978. The few brightest voxels (metal, spikes) count as the 99.9th percentile, so that they do
    not become a class of their own.
    """
    values = np.minimum(sample.ravel(), np.percentile(sample, 99.9))
    split = (float(values.min()) + float(values.max())) / 2
    for _ in range(20):
        above = values >= split
        if above.all() or not above.any():
            break
        split = (float(values[above].mean(dtype=np.float64)) + float(values[~above].mean(dtype=np.float64))) / 2
    return split


def normalise(array: Float[np.ndarray, "*S"], low: float, high: float) -> Float[np.ndarray, "*S"]:
    """(array - low) / (high - low), clipped to -0.5..2.0 so that metal and overflow cannot drown the rest."""
    return np.clip((array - np.float32(low)) / np.float32(high - low), -0.5, 2.0)


def derive_normalisation(ranges: Sequence[tuple[float, float]], channels: Sequence[int] = (1,)) -> Normalisation:
    """A window where the data look like Hounsfield units, else percentiles of each scan.

    Args:
        ranges: 0.5th and 99.5th percentile of each scan.
        channels: Of each scan; what most have is what all are shown in.
    """
    usual = Counter(channels).most_common(1)[0][0]
    table = np.asarray(ranges, np.float64)
    low, high = np.median(table, axis=0)
    if low < HOUNSFIELD_BELOW:
        return Normalisation("window", float(max(low, -1024.0)), float(high), usual)
    return Normalisation("percentile", 0.5, 98.0, usual)
