"""history.csv: one row a validation, all levels below each other."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_sealed, write_text
from pipeline.errors import DataError


def history_csv(levels: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Columns level, step, seconds, losses, and the numbers of the validation cases; by "error" the best is chosen."""
    rows = [{"level": number} | dict(row) for number, level in enumerate(levels) for row in level]
    buffer = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return buffer.getvalue()


def restore_history(run: Path, levels: int) -> None:
    """Write the history of a model of so many levels again where it is gone or damaged; not where `resume/` is gone,
    too, which has it by level."""
    path = run / "history.csv"
    try:
        told = [read_sealed(run / "resume" / f"level{number}.json")["history"] for number in range(levels)]
    except (DataError, KeyError):
        return
    content = history_csv(told)
    if not path.is_file() or path.read_bytes() != content.encode():
        write_text(path, content)
