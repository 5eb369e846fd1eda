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
        whole: Said once for the image, from the mean over its patches.
        means: Of what is said of the whole: so many means, under shares that the patches claim; 0 = one plain mean.
        places: Of what is said of the whole: the patches are gathered into so many cells along each axis, and each cell
            has weights of its own. 1 = what a patch says does not depend on where it lies.
        centred: Of what is said of the whole: each number is taken relative to its mean and spread over images. Where
            all images look much alike, numbers that only say so drown the others.
    """

    count: int
    each: int | None = None
    start: float | None = None
    whole: bool = False
    means: int = 0
    places: int = 1
    centred: bool = False

    @property
    def channels(self) -> int:
        return self.count * (self.each or 1)
