"""What a training step frees is there for the next one."""

import platform
import subprocess
import sys

import pytest

# Blocks of the C library and its own count of what it holds free: page faults depend on what torch happens to leave
# behind its arrays, and not every kernel counts them.
STEPS = """
import ctypes, sys
from pipeline.training.allocator import keep_freed_memory

if "keep" in sys.argv:
    assert keep_freed_memory()

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype, LIBC.malloc.argtypes, LIBC.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
LIBC.mallinfo.restype = type("Mallinfo", (ctypes.Structure,), {"_fields_": [(n, ctypes.c_int) for n in FIELDS.split()]})

for _ in range(3):
    layers = [LIBC.malloc(8_000_000) for _ in range(20)]
    for layer in reversed(layers):
        LIBC.free(layer)
print(LIBC.mallinfo().fordblks)
"""
STEP = 20 * 8_000_000  # bytes: far more than importing leaves free


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep what is freed")
def test_what_a_step_frees_is_kept_for_the_next_one():
    def free(*how: str) -> int:
        command = [sys.executable, "-c", STEPS, *how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert free() < STEP / 2
    assert free("keep") >= STEP
