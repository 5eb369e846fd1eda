"""Memory that a step frees stays with the process: the next step asks for the same again."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of mallopt, as malloc.h numbers them
LARGEST = 32 << 20  # bytes: glibc's own limit for what it cuts from memory that it holds
KEPT = 1 << 30  # bytes that may be free at the end of that before they are given back


def keep_freed_memory() -> bool:
    """Whether the C library could be told so; only glibc can.

    By itself it gives back what lies free at the end of its memory after nearly every layer of a first level, and is
    handed it again page by page: 2,000 page faults a step, which take as long as its normalisations do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return bool(mallopt and mallopt(MMAP_THRESHOLD, LARGEST) and mallopt(TRIM_THRESHOLD, KEPT))
