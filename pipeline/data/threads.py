"""How many threads one process uses for work on voxels."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

ASKED_BY_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of CPU, or "max", in so many microseconds


def cores() -> int:
    """CPU cores that this process may use: the machine's, or as many as taskset, Slurm or a container leave it."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such file, or "max": no limit
        quota, period = map(int, CPU_MAX.read_text(encoding="utf-8").split())
        allowed = min(allowed, max(1, -(-quota // period)))
    return allowed


_limit = cores()


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
