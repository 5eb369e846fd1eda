"""One writer a folder: whoever comes second waits, and says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK = ".lock"


def held(folder: Path) -> bool:
    """Whether somebody holds a folder now; this process counts, and another account that keeps it closed."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except (Timeout, PermissionError):
        return True


@contextmanager
def claimed_folder(folder: Path) -> Iterator[None]:
    """Hold a folder; another process that holds it is waited for. A process that dies lets go."""
    from filelock import Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = locked(folder, 0)
    except Timeout:
        print(f"{folder}: another patchvote writes there; waiting for it", file=sys.stderr)
        lock = locked(folder, -1)
    try:
        yield
    finally:
        lock.release()


def locked(folder: Path, seconds: float) -> BaseFileLock:
    """The lock of a folder, held.

    Args:
        seconds: To wait for another process; -1 = as long as it takes.

    Raises:
        Timeout: Another process holds it.
        DataError: Another account made it, and did not open it to this one.
    """
    from filelock import FileLock

    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=seconds)
    except PermissionError as error:
        whose = _owner(folder)
        raise DataError(
            f"{folder / LOCK}: is {whose}'s, and you may not write to it. Let {whose} open the folder to you"
            f" (chmod -R g+rwX {folder}), or choose another."
        ) from error
    return lock


def _owner(folder: Path) -> str:
    path = folder / LOCK if (folder / LOCK).exists() else folder
    try:
        return path.owner()
    except KeyError:  # an account that this machine does not know
        return f"user {path.stat().st_uid}"
