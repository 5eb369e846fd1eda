"""Values found of one image. Letters: W numbers that stand for a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Said = Mapping[str, Float[np.ndarray, " W"]]  # by the name of the value


@dataclass(frozen=True, eq=False)
class ValuesFound:
    """What was said, by the name of the value: a number as standard deviations from the training mean, the chance of
    each class, or of each label; the mean over so many networks. `parts` is what was said to all that is known, and to
    less, before it was chosen how these are mixed."""

    said: Said
    parts: tuple[Said, ...] = ()
    networks: int = 1

    def with_another(self, other: ValuesFound) -> ValuesFound:
        """The mean over the networks of both."""
        count = self.networks + other.networks

        def mean(mine: Said, others: Said) -> Said:
            return {n: (self.networks * mine[n] + other.networks * others[n]) / count for n in mine}

        parts = tuple(mean(mine, others) for mine, others in zip(self.parts, other.parts, strict=True))
        return ValuesFound(mean(self.said, other.said), parts, count)
