"""Standard output and error as the program finds them: closed, full, or in an alphabet that lacks a sign."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from pipeline.errors import DataError


class Heedless:
    """A stream that swallows what cannot be written to it, and all behind that: a terminal may go while work goes on,
    or the disk of a log be full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As of any stream; returns how many signs were taken."""
        try:
            return self._stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        """As of any stream."""
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """What waits to be written goes nowhere, too, or the program would fail as it ends."""
        silence(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare_streams() -> None:
    """What is printed shall not stop the work: a closed stream swallows it, a sign that a stream lacks becomes "?", and
    remarks that cannot be written are lost."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the whole program
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not isinstance(sys.stderr, Heedless):
        sys.stderr = cast("TextIO", Heedless(sys.stderr))


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


def silence(stream: TextIO | None = None) -> None:
    """Nothing more is written to a stream (None = standard output), also not as the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
