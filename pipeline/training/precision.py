"""Which number format and memory layout this machine trains fastest in: bfloat16 is several times faster with the
instructions for it and slower without them, and some layers are many times slower in one layout. So it is tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def fastest(step: Callable[[str], None], names: Sequence[str]) -> str:
    """The name with which `step` takes the least time: the best of three, after one to warm up.

    Args:
        step: Runs one forward and backward pass in the number format of that name; must not change the weights.
    """
    seconds = {}
    for name in names:
        step(name)
        seconds[name] = min(_seconds(step, name) for _ in range(3))
    return min(seconds, key=lambda n: seconds[n])


def _seconds(step: Callable[[str], None], name: str) -> float:
    start = time.perf_counter()
    step(name)
    return time.perf_counter() - start
