"""Boxes in scans as regions of interest (ROI) that 3D Slicer opens over them: `ID.mrk.json`, LPS mm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.data.atomic import write_json
from pipeline.data.dataset import Box
from pipeline.data.markups import SCHEMA

UPRIGHT = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]  # edges along the world's axes

NOTHING = {"type": "Fiducial", "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": []}


def write_rois(path: Path, boxes: Sequence[Box], words: Sequence[str], beyond: Sequence[float] = ()) -> None:
    """Write one ROI a box.

    Args:
        path: Ends in `.mrk.json`.
        boxes: LPS mm; fewer than three axes get `beyond`, and zeros for the rest. None = an empty list of points, for
            3D Slicer opens no file without a markup.
        words: Said of each, such as its belief.
        beyond: Where all lie along the axes that they lack.
    """
    rois = [_roi(b, w, beyond) for b, w in zip(boxes, words, strict=True)]
    write_json(path, {"@schema": SCHEMA, "markups": rois or [NOTHING]})


def _roi(box: Box, word: str, beyond: Sequence[float]) -> dict[str, Any]:
    low, high = ([*end, *beyond, 0.0, 0.0][:3] for end in (box.low, box.high))
    centre = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    point = {
        "id": "1",
        "label": box.label,
        "description": word,
        "associatedNodeID": "",
        "position": centre,
        "selected": True,
        "locked": False,
        "visibility": True,
        "positionStatus": "defined",
    }
    return {
        "type": "ROI",
        "name": box.label,  # shown in the list of the scene and beside the box; without it Slicer numbers them
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "labelFormat": "%N",
        "lastUsedControlPointNumber": 1,
        "roiType": "Box",
        "center": centre,
        "orientation": UPRIGHT,
        "size": [b - a for a, b in zip(low, high, strict=True)],
        "insideOut": False,
        "controlPoints": [point],
        "measurements": [],
    }
