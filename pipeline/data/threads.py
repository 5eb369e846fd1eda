"""How many threads one process uses for work on voxels."""

from __future__ import annotations

import os

_limit = os.cpu_count() or 1


def limit_threads(count: int) -> None:
    """Use at most this many from now on, NumPy's BLAS included: by itself it takes all cores in every process, and
    processes side by side fight for them."""
    from threadpoolctl import threadpool_limits

    global _limit
    _limit = count
    threadpool_limits(count, "blas")


def threads() -> int:
    """The limit."""
    return _limit
