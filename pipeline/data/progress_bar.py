"""A progress bar that is fit for a terminal and for a log, or for somebody who wants none."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from typing import Any, TextIO

SECONDS = 10.0  # between two lines of a log; a terminal redraws one line ten times a second
MOMENT = 1.0  # seconds
_wanted = True  # in this program: the door says so


def show_progress(wanted: bool) -> None:
    """Whether the bars that are made from now on are drawn."""
    global _wanted
    _wanted = wanted


def progress_bar(*what: Any, file: TextIO, mininterval: float = 0.1, disable: bool = False, **how: Any) -> Any:
    """`tqdm` on `file`; where nobody watches, it tells seldom: thousands of small images were megabytes of log.

    Args:
        what, how: As of tqdm.
        mininterval: Seconds between two updates on a terminal.
        disable: There is nothing to show.
    """
    from tqdm import tqdm

    if not hasattr(tqdm, "_lock"):  # its own one holds a semaphore, which leaks where a process is stopped
        tqdm.set_lock(threading.RLock())
    seconds = mininterval if file.isatty() else SECONDS
    return tqdm(*what, file=file, mininterval=seconds, disable=disable or not _wanted, **how)


def watched(cases: Iterable[Any], what: str) -> Any:
    """The cases one by one, with a bar on standard error if that takes longer than a moment, as thousands do."""
    return progress_bar(cases, what, unit="image", file=sys.stderr, delay=MOMENT)
