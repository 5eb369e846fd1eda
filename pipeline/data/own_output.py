"""Folders that the program wrote itself, which are no input of it: a second look would answer its own drawings."""

from __future__ import annotations

from pathlib import Path

PREPARED = "prepared"  # of a run


def is_written(folder: Path, top: Path) -> bool:
    """Whether it is a run, the prepared scans of one, or what `align` made, unless that is `top` as it was given."""
    run = folder.parent if folder.name == PREPARED else folder
    aligned = folder.name == "images" and folder.parent != top and (folder.parent / "aligned.csv").is_file()
    return aligned or ((run / "config.yaml").is_file() and (run / PREPARED).is_dir())


def is_answered(folder: Path, top: Path, out: Path | None) -> bool:
    """Whether pictures in it show answers: a call of ours ended there or above, though not in `top` as it was given; or
    answers are about to go there. Answers to scans may lie beside their scans, so those are taken all the same."""
    ended = any(
        all((p / name).is_file() for name in ("predictions.json", "run_report.json"))
        for p in (folder, folder.parent)
        if p != top and top in p.parents
    )
    return ended or (out is not None and folder != top and folder.resolve() == out.resolve())
