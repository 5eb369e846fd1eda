"""history.csv: one row a validation, all levels below each other."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def history_csv(levels: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Columns level, step, seconds, losses, and the validation error in world units."""
    rows = [{"level": number} | dict(row) for number, level in enumerate(levels) for row in level]
    buffer = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return buffer.getvalue()
