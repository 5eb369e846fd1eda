"""Boxes in the formats that other programs read, and drawn. Only answers are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline.data.box_predictions import FoundBox, answers_only
from pipeline.data.boxes_coco import write_coco
from pipeline.data.boxes_csv import write_boxes_csv
from pipeline.data.boxes_voc import write_voc
from pipeline.data.boxes_yolo import CLASSES, write_classes, write_yolo
from pipeline.data.dataset import Box
from pipeline.data.file_names import file_stem
from pipeline.data.readers import read_frame
from pipeline.data.roi_markups import write_rois
from pipeline.data.write_picture import write_boxed_picture

FORMATS = {
    "mm": ("mrk.json",),
    "px": ("png", "voc", "yolo", "coco", "csv"),
}  # of scans and of pictures; the first is usual


def write_box_case(
    out: Path,
    case: str,
    boxes: Sequence[FoundBox],
    picture: Path,
    formats: Sequence[str],
    classes: Sequence[str],
    beyond: Sequence[float] = (),
) -> None:
    """One file an image, for each format that has one: "mrk.json" of scans, "png", "voc" and "yolo" of pictures.
    `beyond` as in `write_case` of landmarks."""
    found, stem = answers_only(boxes), file_stem(case)
    beliefs = [f"{b.belief:.2f}" for b in boxes if b.found]
    with ExitStack() as each:  # is written though another fails
        if "mrk.json" in formats:
            words = [f"belief {belief}" for belief in beliefs]
            each.callback(write_rois, out / f"{stem}.mrk.json", found, words, beyond)
        if "png" in formats:
            each.callback(write_boxed_picture, out / f"{stem}.png", picture, found, beliefs, classes)
        if "voc" in formats:
            each.callback(write_voc, out / f"{stem}.xml", picture.name, read_frame(picture).shape, found)
        if "yolo" in formats:
            each.callback(write_yolo, out / f"{stem}.txt", read_frame(picture).shape, found, classes)


def write_box_sets(
    out: Path,
    cases: Mapping[str, Sequence[Box]],
    pictures: Mapping[str, Path],
    formats: Sequence[str],
    classes: Sequence[str],
) -> None:
    """The files that hold all pictures: "coco", "csv", and the names of YOLO's classes."""
    called = _called(cases, pictures)
    if "coco" in formats:
        sizes = {case: read_frame(pictures[case]).shape for case in cases}
        write_coco(out / "boxes.json", {called[c]: (sizes[c], boxes) for c, boxes in cases.items()})
    if "csv" in formats:
        write_boxes_csv(out / "boxes.csv", {called[case]: boxes for case, boxes in cases.items()})
    if "yolo" in formats:
        write_classes(out / CLASSES, classes)


def _called(cases: Iterable[str], pictures: Mapping[str, Path]) -> dict[str, str]:
    """What a file of all pictures calls each: its name, or where folders hold several of that name its id. Either is
    found again by `import`."""
    names = {case: pictures[case].name for case in cases}
    count = Counter(names.values())
    return {case: name if count[name] == 1 else case for case, name in names.items()}
