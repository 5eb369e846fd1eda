"""Annotations state the size of the picture that they were drawn on; on one of another size they lie elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.readers import read_frame
from pipeline.errors import DataError

Size = tuple[int, ...]  # width and height


def coco_sizes(images: Sequence[Mapping[str, Any]]) -> dict[str, Size]:
    """By file name, of the `images` of a COCO file; those that state none are left out."""
    sizes = {str(image["file_name"]): (image.get("width"), image.get("height")) for image in images}
    return {f: (w, h) for f, (w, h) in sizes.items() if isinstance(w, int) and isinstance(h, int) and w > 0 and h > 0}


def other_sizes(stated: Mapping[str, Size], scans: Mapping[str, Path]) -> dict[str, str]:
    """What is wrong, of each case whose picture has another size than is stated.

    Args:
        stated: By case id.
        scans: By case id.
    """
    wrong = {}
    for case in sorted(stated.keys() & scans.keys()):
        try:
            shape = read_frame(scans[case]).shape
        except DataError:
            continue  # the check stage reads the picture and says what is wrong with it
        if shape != stated[case]:
            drawn, met = (" x ".join(map(str, size)) for size in (stated[case], shape))
            wrong[case] = f"{scans[case].name} has {met} pixels; it was annotated at {drawn}. Annotate this one."
    return wrong
