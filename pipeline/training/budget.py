"""How much of the time or of the steps of one level is used."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
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

    @property
    def expected(self) -> float:
        """Steps that it will hold: as many as were asked for, or as the speed so far lets expect; infinity before."""
        if self.steps:
            return float(self.steps)
        return self.step / self.fraction if self.step else math.inf


FIRST_LEVEL = 60.0  # seconds that the first level gets, or half of all if that is less


def seconds_of_levels(seconds: float, shares: Sequence[float], least: float = FIRST_LEVEL) -> list[float]:
    """Wall time of each level: by its share, but enough for the first to tell the landmarks apart, since what it takes
    for another no finer level puts right.

    Args:
        least: Seconds of the first level, if they are no more than half; 0 where levels do not look around each other.

    Examples:
        >>> seconds_of_levels(600.0, [0.5, 1.0]), seconds_of_levels(60.0, [0.5, 1.0])
        ([200.0, 400.0], [30.0, 30.0])
    """
    rest = sum(shares[1:])
    if not rest:
        return [seconds]
    first = max(seconds * shares[0] / sum(shares), min(least, seconds / 2))
    return [first, *((seconds - first) * share / rest for share in shares[1:])]


RISE = 0.05  # share of the budget


def learning_rate(fraction: float, largest: float, hold: float | None = None) -> float:
    """A straight rise, the largest rate until `hold` of the budget, and straight down to zero (Hu et al. 2024, "WSD");
    without `hold`, half a cosine from the rise on."""
    if fraction < RISE:
        return largest * max(fraction, 1e-3) / RISE
    if hold is None:
        return largest * 0.5 * (1 + math.cos(math.pi * (fraction - RISE) / (1 - RISE)))
    return largest * min(1.0, (1 - fraction) / max(1 - hold, 1e-9))


class ValidationClock:
    """When to validate: `times` over the budget, the last at its end; used as a context around each validation.

    Under a time budget a validation is left out while the ones before took more than a tenth of the time, so that
    short runs learn instead of measuring. Under a step budget nothing depends on the clock on the wall.
    """

    def __init__(self, times: int, budget: Budget) -> None:
        self.times, self.budget = times, budget
        self.done = self._number()
        self.spent = 0.0

    def _number(self) -> int:
        return int(self.budget.fraction * self.times + 1e-9)

    def is_due(self) -> bool:
        """Ask after each step."""
        if self.budget.fraction >= 1:
            return True
        if self._number() <= self.done:
            return False
        self.done = self._number()
        return self.budget.steps is not None or self.spent <= 0.1 * self.budget.elapsed

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.spent += time.monotonic() - self.started
