"""What a network says of each patch, or of the image as a whole. A task lists its heads; networks build them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """One kind of answer.

    Args:
        count: Things that are asked about: landmarks, classes.
        each: Numbers that are said of each, along an axis of their own; None = one, without that axis.
        start: What it says before it has learned anything; None = about 0.
        whole: Said once for the image, as the mean over its patches.
    """

    count: int
    each: int | None = None
    start: float | None = None
    whole: bool = False

    @property
    def channels(self) -> int:
        return self.count * (self.each or 1)
