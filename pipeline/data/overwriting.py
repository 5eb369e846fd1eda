"""No file of the user's is replaced: what a command is about to write is looked for before it does any work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.errors import ConfigError


def refuse_overwriting(
    targets: Iterable[Path], inputs: Iterable[Path], ours: Callable[[Path], bool], folder: str = "-o FOLDER"
) -> None:
    """Do nothing where every file that is about to be written is new, or one of an earlier call.

    Args:
        targets: Files that are about to be written.
        inputs: Files that are about to be read: they are never replaced, whatever they are called.
        ours: Whether the folder shows that a file is of an earlier call.
        folder: How another folder is asked for.

    Raises:
        ConfigError: A file would be replaced that is not; names it.
    """
    read = {_identity(path) for path in inputs if path.exists()}
    for path in targets:
        if not path.exists():
            continue
        if _identity(path) in read:
            raise ConfigError(f"{path}: is read, and would be replaced by what is written. Choose another {folder}.")
        if not ours(path):
            raise ConfigError(
                f"{path}: is in the way, and nothing here shows that an earlier call wrote it. Choose another {folder}"
                " or move this file away."
            )


def _identity(path: Path) -> tuple[int, int]:
    """The same for all names and links of one file."""
    found = path.stat()
    return found.st_dev, found.st_ino
