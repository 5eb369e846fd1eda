"""Values of images as a whole, as a table of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.page import Listing


def value_listing(values: Mapping[str, Any]) -> Listing:
    """One line a number; `values` of summary.json."""
    rows = []
    for name, numbers in values.items():
        for key, value in numbers.items():
            if isinstance(value, float):
                blind = numbers["without_looking"].get(f"always_{key}")
                rows.append(
                    (name, key, f"{value:.4g}", "" if blind is None else f"{blind:.4g}", str(numbers["images"]))
                )
    note = "Without looking: the median of the training cases is answered always, or their commonest class."
    if failed := max((numbers.get("failed", 0) for numbers in values.values()), default=0):
        note += f" Without an answer: {failed}; classes count it as wrong, labels as missed, numbers leave it out."
    return Listing(("value", "number", "this model", "without looking", "images"), tuple(rows), note)
