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
from typing import Any, TypeVar

import torch

from pipeline.data.atomic import fingerprint, read_json, write_json
from pipeline.errors import DataError

Name = TypeVar("Name")
BEHIND = 2.5  # times the least on a small piece: slower ones are not tried on a whole batch


def cache_file() -> Path | None:
    """`precision.json` in `$XDG_CACHE_HOME/patchvote`, by default `~/.cache/patchvote`; may be deleted at any time.
    None where the user has no home, as in a container."""
    try:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
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
    if (answer := _known(path).get(key)) in names:
        return str(answer)
    answer = probe()
    with suppress(DataError):  # where nothing can be kept, the next run tries again: some seconds
        if path:
            write_json(path, _known(path) | {key: answer})  # read anew: others may have found theirs meanwhile
    return answer


def _known(path: Path | None) -> dict[str, Any]:
    try:
        return dict(read_json(path)) if path else {}
    except (DataError, TypeError, ValueError):
        return {}


def fastest(step: Callable[[str], None], names: Sequence[str], glance: Callable[[str], None]) -> str:
    """The name with which `step` takes the least time, of five tries the best.

    Without instructions for bfloat16 some layers take a hundred times as long in it, and a single step of a whole batch
    minutes; so each is first tried on a small piece, and those that are far behind there are out.

    Args:
        step: Runs one forward and backward pass in the number format of that name; must not change the weights.
        glance: The same on a small piece of a batch.
    """
    short = least_seconds(glance, names, 4)
    likely = [name for name in names if short[name] <= BEHIND * min(short.values())]
    seconds = least_seconds(step, likely, 4) if len(likely) > 1 else short
    return min(seconds, key=lambda n: seconds[n])


def least_seconds(step: Callable[[Name], None], names: Sequence[Name], more: int) -> dict[Name, float]:
    """The least seconds that a step took under each name: tried once and so many times more, in turn, so that what else
    the machine does for a moment slows none alone; one whose first try takes far longer than the best is not tried
    again."""
    first = {name: _seconds(step, name) for name in names}
    near = [name for name in names if first[name] <= 2 * BEHIND * min(first.values())]  # a first try warms up, too
    tried = [first, *({name: _seconds(step, name) for name in near} for _ in range(more))]
    return {name: min(seconds[name] for seconds in tried if name in seconds) for name in names}


def _seconds(step: Callable[[Name], None], name: Name) -> float:
    start = time.perf_counter()
    step(name)
    return time.perf_counter() - start
