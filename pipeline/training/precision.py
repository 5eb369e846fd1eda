"""Which number format and memory layout this machine trains fastest in: bfloat16 is several times faster with the
instructions for it and slower without them, and some layers are many times slower in one layout. So it is tried, once
a machine and network: what was found is kept in the user's cache folder."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from pipeline.data.atomic import fingerprint, read_json, write_json
from pipeline.errors import DataError


def cache_file() -> Path:
    """`precision.json` in `$XDG_CACHE_HOME/patchvote`, by default `~/.cache/patchvote`; may be deleted at any time."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "patchvote" / "precision.json"


def remembered(names: Sequence[str], what: Sequence[Any], probe: Callable[[], str]) -> str:
    """What `probe` once found on this machine for the same work, or finds now.

    Args:
        names: The answers that are possible; another one in the cache is not believed.
        what: Describes the work: network, shape of a batch, device.
        probe: Asked only if nothing is known.
    """
    machine = [platform.node(), platform.processor(), os.cpu_count(), torch.get_num_threads(), torch.__version__]
    key, path = fingerprint([*machine, *what])[:24], cache_file()
    try:
        known = dict(read_json(path))
    except (DataError, TypeError, ValueError):
        known = {}
    if known.get(key) not in names:
        known[key] = probe()
        with suppress(DataError):  # where nothing can be kept, the next run tries again: some seconds
            write_json(path, known)
    return str(known[key])


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
