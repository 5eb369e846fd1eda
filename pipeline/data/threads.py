"""How many threads one process uses for work on voxels."""

from __future__ import annotations

import os

ASKED_BY_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_limit = os.cpu_count() or 1


def limit_threads(count: int) -> None:
    """Use at most this many from now on, the BLAS of NumPy and SciPy included: by itself each takes all cores in every
    process, and processes side by side fight for them. A new process has loaded neither: they ask these variables."""
    from threadpoolctl import threadpool_limits

    global _limit
    _limit = count
    os.environ.update(dict.fromkeys(ASKED_BY_BLAS, str(count)))
    threadpool_limits(count, "blas")


def threads() -> int:
    """The limit."""
    return _limit
