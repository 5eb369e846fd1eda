"""How many CPU threads a level learns fastest with: its layers are small, and threads that wait for each other at the
end of every one of them can take longer than one alone. Tried like number formats, once a machine and network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from pipeline.training.precision import least_seconds

STEPS = 2  # that are timed at once, since what makes batches on the same cores works in between
ROUNDS = 2  # after the first
WORTH = 0.95  # of the time with fewer threads, or the others stay free for what else the machine does


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """torch works on so many threads meanwhile; 0 = on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def candidates(most: int) -> list[int]:
    """1, 2, 4, ... up to `most`, and `most`.

    Examples:
        >>> candidates(6)
        [1, 2, 4, 6]
    """
    return sorted({2**power for power in range(most.bit_length())} | {most})


def enough_threads(step: Callable[[], object], most: int) -> int:
    """The fewest threads, `most` or less, beside which no more would save a twentieth of a step's time.

    Args:
        step: One step of training, batch included, so that what makes batches works beside it as it will.
    """

    def steps(count: int) -> None:
        with on_threads(count):
            for _ in range(STEPS):
                step()

    least = least_seconds(steps, candidates(most), ROUNDS)
    return next(count for count in least if WORTH * least[count] <= min(least.values()))
