"""What a training step frees is there for the next one."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import torch
from pipeline.training.allocator import keep_freed_memory

if "keep" in sys.argv:
    assert keep_freed_memory()

def step():
    layers = [torch.ones(300_000) for _ in range(10)]

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep what is freed")
def test_steps_are_not_handed_the_same_memory_page_by_page():
    def faults(*how: str) -> int:
        command = [sys.executable, "-c", STEPS, *how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert faults("keep") < faults() / 10
