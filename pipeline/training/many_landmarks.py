"""Many landmarks learn sooner with another finer network: docs/results/choices.md, "What the defaults cost"."""

from __future__ import annotations

import sys

from pipeline.training.settings import FINE, TrainingSettings

MANY = 24  # measured with 9, 26 and 51 landmarks of one set of scans: 6% worse, 12% and 16% better


def tell_many(landmarks: int, levels: int, settings: TrainingSettings) -> None:
    """Say where the finer levels of a training are as for few landmarks, though there are many.

    Args:
        landmarks: How many are asked for.
        levels: How many voxel sizes are looked at; the first is the same for few and many.
        settings: Of the training.
    """
    if landmarks >= MANY and levels > 1 and settings.fine == FINE:
        print(
            f"{landmarks} landmarks: two dozen and more err less after the same minutes with experiment=many_landmarks"
            " in place of my_landmarks; in one set of 3D scans by an eighth with 26, by a sixth with 51.",
            file=sys.stderr,
        )
