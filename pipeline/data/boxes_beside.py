"""Boxes of a file a picture, Pascal VOC or YOLO: whose each of them is, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pipeline.data.boxes_table import BoxesTable
from pipeline.data.boxes_voc import is_voc, read_voc
from pipeline.data.boxes_yolo import CLASSES, SETTINGS, is_yolo, read_classes, read_yolo
from pipeline.data.find_images import inside, walked
from pipeline.data.landmark_names import spelled
from pipeline.data.readers import case_name, read_frame
from pipeline.errors import DataError

FOLDERS = ("Annotations", "annotations", "labels", "boxes")
VOC, YOLO = ".xml", ".txt"  # in any capitals


def files_beside(source: Path, scans: Mapping[str, Path]) -> dict[str, list[Path]]:
    """One file a picture, or one of each format where it has boxes in both."""
    return {case: _one_of_each(files) for case, files in _candidates(source, scans).items()}


def _one_of_each(files: Sequence[Path]) -> list[Path]:
    xml = [path for path in files if not _is_text(path)]
    texts = [path for path in files if _is_text(path) and (not xml or is_yolo(path))]  # beside XML, others are notes
    return [next(filter(Path.is_file, same), same[0]) for same in (xml, texts) if same]


def read_beside(source: Path, scans: Mapping[str, Path], files: Mapping[str, Sequence[Path]]) -> BoxesTable:
    """Boxes from a file a picture; one that could be of two pictures is of neither, and of two files none is taken."""
    table, shared = BoxesTable(), Counter(path for same in files.values() for path in same)
    classes = {folder: _classes(source, folder) for folder in {path.parent for path in shared if _is_text(path)}}
    for case, (path, *more) in files.items():
        if shared[path] > 1:
            others = " and ".join(sorted(c for c, same in files.items() if path in same))
            table.problem(case, f"{path} could be of {others}. Put it beside its picture, or rename both.")
            continue
        try:
            if more:
                raise DataError(f"boxes in several places: {path}, {more[0]}. Keep one of them.")
            if _is_text(path):
                read_yolo(path, case, read_frame(scans[case]).shape, classes[path.parent], table)
            else:
                read_voc(path, case, table)
        except DataError as error:
            table.problem(case, str(error))
    return table


def boxes_without_picture(source: Path, scans: Mapping[str, Path]) -> list[str]:
    """Files of boxes that are of no picture, by their way without suffix, from the folder of boxes where they lie in
    one. Only what reads as such is one: names of classes and notes lie there, too."""
    taken = {path for files in _candidates(source, scans).values() for path in files}
    below = {Path(root) for name in FOLDERS for root, _, _ in walked(source / name)}
    folders = below.union(*(_places(source, scan) for scan in scans.values()))
    astray = {path for folder in folders for same in _by_name(folder).values() for path in same} - taken
    return sorted({_way(path, source) for path in astray if (is_yolo if _is_text(path) else is_voc)(path)})


def _way(path: Path, source: Path) -> str:
    """As a table may call a picture of these boxes."""
    *folders, name = path.with_suffix("").relative_to(source).parts if path.is_relative_to(source) else (path.stem,)
    return "/".join([*(folders[1:] if folders and folders[0] in FOLDERS else folders), name])


def _candidates(source: Path, scans: Mapping[str, Path]) -> dict[str, list[Path]]:
    """Files of each picture: of its id, as answers are called, or its name; beside it or in a folder for it."""
    named, found = cache(_by_name), {}
    for case, scan in scans.items():
        names = dict.fromkeys((case, case_name(scan)))
        there = (path for place in _places(source, scan) for name in names for path in named(place).get(name, ()))
        if files := list(dict.fromkeys(there)):
            found[case] = files
    return found


def _places(source: Path, scan: Path) -> list[Path]:
    return [scan.parent, *_mirrored(scan.parent, source), *(source / folder for folder in FOLDERS)]


def _mirrored(place: Path, source: Path) -> list[Path]:
    """Folders of boxes in place of those of pictures: labels/train of images/train, train/labels of train/images."""
    way = place.relative_to(source).parts if place.is_relative_to(source) else ()
    at = max((n for n, folder in enumerate(way) if folder.lower() == "images"), default=-1)
    return [source.joinpath(*way[: max(at, 0)], folder, *way[at + 1 :]) for folder in FOLDERS]


def _by_name(folder: Path) -> dict[str, list[Path]]:
    """What may be files of boxes in a folder, XML first; a link that leads nowhere is one, for reading it to say so."""
    found: dict[str, list[Path]] = {}
    for suffix in (VOC, YOLO):
        for path in reversed(inside(folder) if folder.is_dir() else []):  # small letters first
            if path.suffix.lower() == suffix and not path.is_dir():
                found.setdefault(path.stem, []).append(path)
    return found


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == YOLO


def _classes(source: Path, folder: Path) -> Sequence[str]:
    """Of files in a folder: tools write the names beside them, or once for all.

    Raises:
        DataError: A number has another name in `data.yaml`, so boxes would be of each other's class.
    """
    places = [folder, source, *(source / name for name in FOLDERS)]
    listed = next((path for path in (place / CLASSES for place in places) if path.is_file()), None)
    settings = source / SETTINGS if (source / SETTINGS).is_file() else None
    if listed is None:
        return read_classes(settings) if settings else []
    names = read_classes(listed)
    for number, (name, other) in enumerate(zip(names, _other_names(settings), strict=False)):
        if name and other and spelled(name) != spelled(other):
            raise DataError(
                f"{listed}: class {number} is '{name}', in {settings} it is '{other}'. Correct one, or take it away."
            )
    return names


def _other_names(settings: Path | None) -> Sequence[str]:
    """To compare alone: of a file that names classes in another way than ours nothing is needed."""
    try:
        return read_classes(settings) if settings else []
    except DataError:
        return []
