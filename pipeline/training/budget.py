"""How much of the time or of the steps of one level is used."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Counts from `used` seconds and `step` steps on, so a resumed run gets no more than an undisturbed one.

    Args:
        seconds: Limit, or None.
        steps: Limit, or None.
    """

    seconds: float | None
    steps: int | None
    used: float = 0.0
    step: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return self.used + time.monotonic() - self.started

    @property
    def fraction(self) -> float:
        """0 at the start, 1 when it is spent."""
        parts = [self.step / self.steps] if self.steps else []
        parts += [self.elapsed / self.seconds] if self.seconds else []
        return min(1.0, max(parts, default=1.0))


def learning_rate(fraction: float, largest: float, rise: float = 0.05) -> float:
    """A straight rise over the first `rise` of the budget, then half a cosine down to zero."""
    if fraction < rise:
        return largest * max(fraction, 1e-3) / rise
    return largest * 0.5 * (1 + math.cos(math.pi * (fraction - rise) / (1 - rise)))
