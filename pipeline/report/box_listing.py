"""Boxes of each class, as a table of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.page import Listing

COLUMNS = ("boxes", "answers", "ap50", "precision", "recall", "mean_iou")


def box_listing(boxes: Mapping[str, Any]) -> Listing:
    """One line a class; `boxes` has "classes" and "overall", as in summary.json. Empty where there are none."""
    if not boxes:
        return Listing()
    lines = (*boxes["classes"].items(), ("all classes", boxes["overall"]))
    rows = tuple((name, *(box_number(numbers[c]) for c in COLUMNS)) for name, numbers in lines)
    note = (
        "An answer is right if it overlaps by a half (intersection over union) a box of its class that no more believed"
        " answer took. ap50: area under precision over recall; mean iou: overlap of the boxes that were found."
    )
    return Listing(("class", *(c.replace("_", " ") for c in COLUMNS)), rows, note)


def box_number(value: float | int | None) -> str:
    """In words."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
