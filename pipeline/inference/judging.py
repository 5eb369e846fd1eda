"""Which of the best positions of a case are answers: predict gives these, and calibration counts these.

Letters: K landmarks, D dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from pipeline.geometry import ImageFrame
from pipeline.inference.model import Model
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask

PRESENT = 0.5  # belief of the whole image below which no landmark is found in it


@dataclass(frozen=True, eq=False)
class Judgement:
    """What speaks for each position, and against it.

    Args:
        believed: Enough, and inside the scan.
        outside: The patches point out of the scan.
        strange: It lies to the other landmarks as in no training case.
        alone: Those that lie beside it were not found, though the scan shows their places.
        nothing: The image as a whole shows none of the landmarks.
    """

    believed: Bool[np.ndarray, " K"]
    outside: Bool[np.ndarray, " K"]
    strange: Bool[np.ndarray, " K"]
    alone: Bool[np.ndarray, " K"]
    nothing: bool

    @property
    def refused(self) -> Bool[np.ndarray, " K"]:
        """Those that are no answers, however much they are believed."""
        return self.outside | self.strange | self.alone | self.nothing

    @property
    def given(self) -> Bool[np.ndarray, " K"]:
        """Those that are answers."""
        return self.believed & ~self.refused


def judged(model: Model, found: Found, frame: ImageFrame, threshold: float) -> Judgement:
    """Judge the positions of one case. Nothing is moved.

    Args:
        frame: Of the scan.
        threshold: Belief from which a landmark counts as found; who is found judges the others.
    """
    outside = ~frame.contains(found.world)
    believed = (found.belief >= threshold) & ~outside
    strange = alone = np.zeros_like(believed)
    shape = model.task.constellation if isinstance(model.task, LandmarksTask) else None
    if shape is not None:
        strange = shape.implausible(found.world, believed)
        alone = shape.alone(found.world, believed & ~strange, frame)
    nothing = found.presence is not None and found.presence < PRESENT
    return Judgement(believed, outside, strange, alone, nothing)
