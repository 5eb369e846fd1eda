"""Standard output and error as the program finds them: closed, full, or in an alphabet that lacks a sign."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import DataError


def prepare_streams() -> None:
    """What is printed shall not stop the work: a closed stream swallows it, a sign that a stream lacks becomes "?"."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the whole program
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def onto_output() -> Iterator[None]:
    """Print inside it to standard output.

    Raises:
        DataError: That takes no more, as where the disk is full.
        BrokenPipeError: Nobody reads on.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        raise DataError(f"standard output cannot be written: {error.strerror}. Send it elsewhere.") from error


def say(text: str) -> None:
    """Print a text."""
    with onto_output():
        print(text)


def silence() -> None:
    """Nothing more is written to standard output, also not as the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
