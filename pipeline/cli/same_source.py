"""Whether a source is the one that a run was made from, and whether that is still where it was."""

from __future__ import annotations

import os
from pathlib import Path


def as_called(source: Path) -> str:
    """The whole path, links as they are, for one may lead to another place later; but `..` behind a link is not what it
    looks like."""
    called, real = os.path.abspath(source), os.path.realpath(source)
    return called if os.path.realpath(called) == real else real


def is_other(recorded: str | None, asked: str | None) -> bool:
    """Whether two sources were named that are not one folder by two paths."""
    return bool(recorded and asked) and os.path.realpath(str(recorded)) != os.path.realpath(str(asked))


def is_gone(folder: str) -> bool:
    """Whether it was moved, or holds nothing, as where a drive is not mounted. One that is closed is there."""
    try:
        return not os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
