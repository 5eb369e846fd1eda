"""Values found of one image. Letters: W numbers that stand for a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class ValuesFound:
    """What was said, by the name of the value: a number as standard deviations from the training mean, the chance of
    each class, or of each label."""

    said: Mapping[str, Float[np.ndarray, " W"]]
