"""Folders that the program wrote itself, which are no input of it: a second look would answer its own drawings."""

from __future__ import annotations

from pathlib import Path

PREPARED = "prepared"  # of a run


def is_written(folder: Path, out: Path | None) -> bool:
    """Whether it is a run, the prepared scans of one, or where answers are about to go."""
    run = folder.parent if folder.name == PREPARED else folder
    made = (run / "config.yaml").is_file() and (run / PREPARED).is_dir()
    return made or (out is not None and folder.resolve() == out.resolve())


def is_answered(folder: Path, top: Path) -> bool:
    """Whether pictures in it show answers: `predictions.json` lies there or above, though not in `top` as it was given.
    Answers to scans may lie beside their scans, so those are taken all the same."""
    return any((p / "predictions.json").is_file() for p in (folder, folder.parent) if p != top and top in p.parents)
