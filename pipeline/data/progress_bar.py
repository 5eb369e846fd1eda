"""A progress bar that is fit for a terminal and for a log."""

from __future__ import annotations

from typing import Any, TextIO

SECONDS = 10.0  # between two lines of a log; a terminal redraws one line ten times a second


def progress_bar(*what: Any, file: TextIO, mininterval: float = 0.1, **how: Any) -> Any:
    """`tqdm` on `file`; where nobody watches, it tells seldom: thousands of small images were megabytes of log.

    Args:
        what, how: As of tqdm.
        mininterval: Seconds between two updates on a terminal.
    """
    from tqdm import tqdm

    return tqdm(*what, file=file, mininterval=mininterval if file.isatty() else SECONDS, **how)
