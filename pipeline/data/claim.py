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


def held(folder: Path, locks: str = LOCK) -> bool:
    """Whether somebody holds a folder now; this process counts, and another account that keeps it closed.

    Args:
        locks: Which files of it are asked; a pattern.
    """
    return any(_is_held(path) for path in folder.glob(locks) if path.is_file())


def _is_held(path: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=0):
            return False
    except (Timeout, PermissionError):
        return True


@contextmanager
def claimed_folder(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Hold a folder; another process that holds it is waited for. A process that dies lets go.

    Args:
        name: Of the file that is held: one who holds another does not wait.
    """
    from filelock import Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = locked(folder, 0, name)
    except Timeout:
        print(f"{folder}: another patchvote writes there; waiting for it", file=sys.stderr)
        lock = locked(folder, -1, name)
    try:
        yield
    finally:
        lock.release()


def locked(folder: Path, seconds: float, name: str = LOCK) -> BaseFileLock:
    """The lock of a folder, held.

    Args:
        seconds: To wait for another process; -1 = as long as it takes.
        name: Of the file that is held.

    Raises:
        Timeout: Another process holds it.
        DataError: Another account made it, and did not open it to this one.
    """
    from filelock import FileLock

    lock = FileLock(folder / name)
    try:
        lock.acquire(timeout=seconds)
    except PermissionError as error:
        whose = _owner(folder / name)
        raise DataError(
            f"{folder / name}: is {whose}'s, and you may not write to it. Let {whose} open the folder to you"
            f" (chmod -R g+rwX {folder}), or choose another."
        ) from error
    return lock


def _owner(lock: Path) -> str:
    path = lock if lock.exists() else lock.parent
    try:
        return path.owner()
    except KeyError:  # an account that this machine does not know
        return f"user {path.stat().st_uid}"
