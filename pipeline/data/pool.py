"""Many jobs on several processes, where a job that kills its process or never ends costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import TimeoutError as TooSlow
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from pipeline.data.threads import limit_threads
from pipeline.errors import PatchvoteError

SECONDS = 900.0  # for one job; the largest scans take a minute


class LostJob(Exception):
    """A job without a result: its process died twice, or did not end in time."""


def run_each(
    function: Callable[..., Any], jobs: Mapping[str, tuple[Any, ...]], workers: int, seconds: float = SECONDS
) -> Iterator[tuple[str, Any]]:
    """Call `function(*job)` for every job; the function and what it takes and gives must cross processes.

    Args:
        function: At the top of a module.
        jobs: Arguments by name.
        workers: Processes, each held to one thread; 0 works in this one, where nothing is caught but exceptions.
        seconds: A job that takes longer is given up.

    Yields:
        Name and result, as they come; instead of a result what the job raised, or `LostJob`.

    Raises:
        PatchvoteError: No process can be started.
    """
    if workers < 1:
        for name, job in jobs.items():
            yield name, _here(function, job)
        return
    again = {}
    for name, result in _in_pool(function, jobs, min(workers, len(jobs)), seconds):
        if isinstance(result, LostJob) and "died" in str(result):
            again[name] = jobs[name]
        else:
            yield name, result
    for name, job in again.items():  # one at a time: two large scans together may have been too much for the memory
        yield from _in_pool(function, {name: job}, 1, seconds)


def _here(function: Callable[..., Any], job: tuple[Any, ...]) -> Any:
    try:
        return function(*job)
    except Exception as error:
        return error


def _in_pool(
    function: Callable[..., Any], jobs: Mapping[str, tuple[Any, ...]], workers: int, seconds: float
) -> Iterator[tuple[str, Any]]:
    from pebble import ProcessExpired, ProcessPool

    if not jobs:
        return
    # spawn: a forked copy of a process that has loaded torch may hang on its threads
    with ProcessPool(workers, context=get_context("spawn"), initializer=limit_threads, initargs=[1]) as pool:
        futures = _scheduled(pool, function, jobs, seconds)
        try:
            for future in as_completed(futures):
                try:
                    result = future.result()
                except (ProcessExpired, BrokenProcessPool):  # the latter where one died before it took a job
                    result = LostJob("the process died (out of memory, or a fault in a library)")
                except TooSlow:
                    result = LostJob(f"no result in {seconds:g} s")
                except Exception as error:
                    result = error
                yield futures[future], result
        finally:
            pool.stop()  # whoever stops listening, or Ctrl-C, ends the work that nobody waits for


def _scheduled(
    pool: Any, function: Callable[..., Any], jobs: Mapping[str, tuple[Any, ...]], seconds: float
) -> dict[Any, str]:
    try:
        return {pool.schedule(function, args=list(job), timeout=seconds): name for name, job in jobs.items()}
    except (OSError, RuntimeError) as error:  # no process, or no lock, or the pool broke meanwhile
        raise PatchvoteError(
            "no process can be started to work on the images (out of memory, or too many processes?). Close other"
            " programs and run the same command again."
        ) from error
