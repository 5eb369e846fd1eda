"""Whether scans can be reached: a folder that was moved, or a drive that is not mounted, is no fault of theirs, and
costs nothing that was made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.data.readers import files_of
from pipeline.errors import ConfigError


def is_there(scan: Path) -> bool:
    """Whether any file of a scan is there; a link to one that is gone is none."""
    return any(path.exists() for path in files_of(scan))


def require_any(scans: Iterable[Path], dataset: Path) -> None:
    """Refuse to look at scans of which not one is there.

    Args:
        scans: Of one data set.
        dataset: Its `dataset.json`.

    Raises:
        ConfigError: Names the folder that is gone.
    """
    asked = list(scans)
    if asked and not any(map(is_there, asked)):
        raise ConfigError(
            f"{dataset}: not one of {len(asked)} scans is there, for there is no {_gone(asked[0])}. Connect the drive"
            " that holds it or put it back, or import from where the scans lie now:\n"
            f"  patchvote import run={dataset.parent} source=FOLDER"
        )


def _gone(scan: Path) -> Path:
    """The outermost folder on the way to a scan that is not there."""
    place = Path(os.path.realpath(scan))
    return next((p for p in reversed(place.parents) if not p.exists()), place)
