"""Stage: pictures, the landmarks found in them, and a filter -> the pictures with the filter on."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.atomic import swept_folder, write_bytes
from pipeline.data.file_names import file_stem
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.own_output import WORN, is_worn
from pipeline.data.predictions import read_predictions
from pipeline.data.read_picture import DEEP, opened_picture
from pipeline.data.readers import unit_of
from pipeline.data.run_report import require_free_report, write_report
from pipeline.data.scan_files import asked_scans
from pipeline.data.write_picture import shown_pixels
from pipeline.errors import ConfigError, DataError, PatchvoteError
from pipeline.report.overlay import Filter, lay_over, read_filter

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


def overlay(
    predictions: Path, inputs: Sequence[Path], worn: Path, out: Path, names: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str]]:
    """Write `ID.png` into `out` for every picture whose landmarks were found, and remove an earlier one of the others;
    `run_report.json` says why.

    Args:
        predictions: `predictions.json` of the pictures.
        inputs: Pictures or folders of pictures.
        worn: The filter's PNG; a JSON of the same name beside it says where its anchors are.
        names: What the model calls an anchor, where the two differ.

    Returns:
        How many pictures are written; those that are not, and why.

    Raises:
        ConfigError: A file would be replaced that is read, or that no earlier call wrote; or `names` speaks of no
            anchor, lays two on one landmark, or leaves one out that the model calls otherwise.
        DataError: No picture, or no such filter.
    """
    answers = read_predictions(predictions)
    loaded = _called(read_filter(worn), worn, names or {})
    known = {name for case in answers.cases.values() for name in case}
    unknown = [name for name in loaded.anchors if name not in known]
    if unknown and known:  # without any answer each picture says so
        raise ConfigError(
            f"{worn}: anchor '{unknown[0]}' is no landmark of {predictions}; it has {', '.join(sorted(known))}."
            " Say which is meant: overlay.names={ANCHOR: LANDMARK}"
        )
    started = time.time()
    failed: dict[str, str] = {}
    require_free_report(out, "overlay")
    pictures = _pictures(inputs, out)
    targets = [_place(out, case) for case in pictures]
    refuse_overwriting(targets, [*pictures.values(), predictions, worn, worn.with_suffix(".json")], is_worn)
    with swept_folder(out):
        for case, path in pictures.items():
            try:
                _write(case, path, answers.cases.get(case), loaded, out)
            except (PatchvoteError, OSError) as error:
                failed[case] = str(error)
                _place(out, case).unlink(missing_ok=True)  # made here, or it would have been refused
        write_report(out, "overlay", started, failed, {})
    return len(pictures) - len(failed), failed


def _called(worn: Filter, path: Path, names: Mapping[str, str]) -> Filter:
    """With its anchors called as the model calls them."""
    if strange := [name for name in names if name not in worn.anchors]:
        there = ", ".join(worn.anchors)
        raise ConfigError(f"overlay.names: '{strange[0]}' is no anchor of {path}; it has {there}.")
    anchors: dict[str, tuple[float, ...]] = {}
    for anchor, at in worn.anchors.items():
        name = names.get(anchor, anchor)
        if name in anchors:
            why = f"two anchors of {path} would lie on landmark '{name}': give each its own."
            raise ConfigError(f"overlay.names: {why}")
        anchors[name] = at
    return Filter(worn.picture, anchors)


def _write(case: str, path: Path, answers: Mapping[str, object] | None, worn: Filter, out: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    if answers is None:
        raise DataError(f"{path}: no answers for it in the predictions. Predict it first.")
    at = {name: getattr(answers.get(name), "position", None) for name in worn.anchors}
    missing = [name for name, position in at.items() if position is None]
    if missing:
        raise DataError(f"{path}: {', '.join(missing)} not found, so nobody knows where the filter belongs.")
    with opened_picture(path) as opened:
        picture = _shown(opened)
    content = io.BytesIO()
    mark = PngInfo()
    mark.add_text(*WORN)
    laid = lay_over(picture, worn, {name: tuple(p) for name, p in at.items() if p is not None})
    laid.save(content, "PNG", pnginfo=mark)
    write_bytes(_place(out, case), content.getvalue())


def _place(out: Path, case: str) -> Path:
    return out / f"{file_stem(case)}.png"


def _shown(opened: Picture) -> Picture:
    """Upright and in colours. Pillow would cut values off that are above 255."""
    import PIL.Image
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(opened)
    if upright.mode in DEEP:
        upright = PIL.Image.fromarray(shown_pixels(np.asarray(upright)))
    return upright.convert("RGB")


def _pictures(inputs: Sequence[Path], out: Path) -> dict[str, Path]:
    found = {name: path for name, path in asked_scans(inputs, out, unit="px").items() if unit_of(path) == "px"}
    if not found:
        raise DataError(f"{', '.join(map(str, inputs))}: no picture there; give -i PICTURE_OR_FOLDER")
    return found
