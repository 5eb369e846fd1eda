"""What `evaluate` leaves in a folder: its tables, and `summary.json` with their sums, sealed: one edit of any of them
shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.data.atomic import sha256_of, write_sealed, write_text

SUMMARY = "summary.json"
SUMS = "tables"  # the field of it; summaries of early versions have none


def write_measured(out: Path, summary: Mapping[str, Any], tables: Mapping[str, str]) -> dict[str, Any]:
    """Write the tables, and then the summary that vouches for them.

    Args:
        out: Folder.
        summary: What was measured.
        tables: Text of each by its file's name.

    Returns:
        The content of `summary.json`.
    """
    for name, text in tables.items():
        write_text(out / name, text)
    content = {**summary, SUMS: {name: sha256_of(out / name) for name in tables}}
    write_sealed(out / SUMMARY, content)
    return content


def edited_table(folder: Path, summary: Mapping[str, Any]) -> Path | None:
    """The first table in the folder that is not as it was written; one that is gone shows nothing."""
    sums = {folder / name: told for name, told in summary.get(SUMS, {}).items()}
    return next((path for path, told in sums.items() if path.is_file() and sha256_of(path) != told), None)
