"""Which number format this machine trains faster in: bfloat16 is several times faster with the instructions for it
and slower without them, so it is tried."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def choose_precision(step: Callable[[torch.dtype], None], wanted: str) -> torch.dtype:
    """Time `step` in both formats, once each after a warm-up, unless one is asked for.

    Args:
        step: Runs one forward and backward pass in the format given; must not change the weights.
    """
    if wanted != "auto":
        return {"bfloat16": torch.bfloat16, "float32": torch.float32}[wanted]
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        step(dtype)
        start = time.perf_counter()
        step(dtype)
        seconds[dtype] = time.perf_counter() - start
    return min(seconds, key=lambda d: seconds[d])
