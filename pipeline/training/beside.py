"""Levels that learn at once: the finest in this process, each coarser one in a process of its own.

A level's crops do not depend on what a coarser one answers; its validations do, and take the best answers so far. The
layers are small: two threads that share the work of one level take little less time than one, and two levels side by
side take half.
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

import torch

from pipeline.data.threads import limit_threads
from pipeline.errors import CheckpointError, PatchvoteError
from pipeline.training.allocator import keep_freed_memory
from pipeline.training.checkpoint import load_level
from pipeline.training.few_threads import on_threads
from pipeline.training.settings import TrainingSettings

if TYPE_CHECKING:
    from pipeline.training.cascade import Cascade

LEAST = 0.5  # minutes: a process takes some seconds to begin
TRIES = 3  # at a state that is being replaced


def can_learn_at_once(settings: TrainingSettings, levels: int, device: str, question: str) -> bool:
    """Whether every level gets a CPU thread of its own, there is time enough, and nothing must repeat to the bit.

    Vectors of several levels are compared after a normalisation that looks at all training images again.
    """
    enough = 1 < levels <= torch.get_num_threads()
    return enough and device == "cpu" and (settings.minutes or 0) >= LEAST and question != "embedding"


def learn_at_once(cascade: Cascade) -> None:
    """Train all levels within the time of the whole run; each leaves its state in the resume folder.

    Raises:
        PatchvoteError: A process died, or none can be started.
        ConfigError: A loss is no number any more.
    """
    from pebble import ProcessPool

    *coarser, finest = range(len(cascade.spacings))
    threads, begun = torch.get_num_threads() // (finest + 1), time.monotonic()
    # spawn: a forked copy of a process that has loaded torch may hang on its threads
    with ProcessPool(finest, context=get_context("spawn"), initializer=limit_threads, initargs=[threads]) as pool:
        others = {n: _begun(pool, cascade, n, threads, begun) for n in coarser}
        try:
            with on_threads(threads):
                cascade.learn(finest, partial(best_so_far, cascade, finest, lambda: _raise_lost(others)))
            for number, other in others.items():
                _raise_lost({number: other}, wait=True)
        finally:
            pool.stop()


def _begun(pool: Any, cascade: Cascade, number: int, threads: int, begun: float) -> Any:
    try:
        return pool.schedule(_learn, args=[cascade, number, threads, begun])
    except (OSError, RuntimeError) as error:  # no process, or no lock, or the pool broke meanwhile
        raise _lost(number) from error


def _raise_lost(others: Mapping[int, Any], wait: bool = False) -> None:
    from pebble import ProcessExpired

    for number, other in others.items():
        try:
            if wait or other.done():
                other.result()
        except (ProcessExpired, BrokenProcessPool) as error:  # the latter where it died before it took its level
            raise _lost(number) from error


def _lost(number: int) -> PatchvoteError:
    return PatchvoteError(
        f"the process that trained level {number + 1} died, or could not begin (out of memory?). Run the same command"
        " again: it goes on where it was saved; with threads=1 the levels learn one after the other, in one process."
    )


def _learn(cascade: Cascade, number: int, threads: int, begun: float) -> None:
    """In a process of its own: train one level, whose time runs since `begun`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    keep_freed_memory()
    cascade.learn(number, partial(best_so_far, cascade, number), time.monotonic() - begun, io.StringIO())


def _end_with_parent() -> None:
    """A run that is killed is taken up again, and then another writes to its folder."""
    if parent := parent_process():
        parent.join()
        os._exit(1)


def best_so_far(cascade: Cascade, number: int, check: Callable[[], None] = lambda: None) -> dict[str, Any] | None:
    """What the levels before one answer on the validation cases with their best weights that are saved; None = one of
    them has none yet.

    Args:
        check: Raises if one of them will learn no more.
    """
    check()
    found: dict[str, Any] = {}
    for coarser in range(number):
        state = cascade.fresh(coarser)
        if not _loaded(cascade, coarser, state) or not state.best:
            return None
        state.average.network.load_state_dict(state.best)
        _, found = cascade.answered(coarser, state, found)
    return found


def _loaded(cascade: Cascade, number: int, state: Any) -> bool:
    for _ in range(TRIES - 1):
        with suppress(CheckpointError):  # its file of weights was replaced since its facts were read
            return load_level(cascade.resume, number, cascade.identity, state)
    return load_level(cascade.resume, number, cascade.identity, state)
