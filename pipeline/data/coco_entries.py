"""The three lists of a COCO file, of boxes or of keypoints, and what the ids in them stand for.

Lists that were joined without numbering them anew have an id of several pictures: nobody can say whose annotations
those of this id are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pipeline.data.boxes_table import BoxesTable
from pipeline.data.points_table import PointsTable
from pipeline.data.written_numbers import whole_in
from pipeline.errors import DataError

LISTS = ("images", "annotations", "categories")
IDS = ("id", "image_id", "category_id")
Entry = dict[str, Any]
Named = TypeVar("Named")


def coco_entries(path: Path, content: Any) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Images, annotations and categories.

    Raises:
        DataError: There is no such list, or something in it is no entry.
    """
    images, annotations, categories = (_entries(path, content, name) for name in LISTS)
    return images, annotations, categories


def _entries(path: Path, content: Any, name: str) -> list[Entry]:
    entries = content.get(name) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise DataError(f"{path}: not a COCO file: no list `{name}` in it; {', '.join(LISTS)} are needed.")
    for number, entry in enumerate(entries):
        where = f"{path}: {name}[{number}]"
        if not isinstance(entry, dict):
            raise DataError(f"{where}: {entry!r} is not an entry with fields, {{...}}. Correct or remove it.")
        if odd := [f"{key} = {entry[key]!r}" for key in IDS if isinstance(entry.get(key), list | dict)]:
            raise DataError(f"{where}: {odd[0]}; a number is needed. Correct it.")
    return entries


def coco_files(path: Path, images: Sequence[Entry], table: BoxesTable | PointsTable) -> dict[Any, str]:
    """File names of pictures by id; those that share one are a problem each, and it stands for the first."""
    found = _by_id(f"{path}: images", images, _file)
    for key, files in found.items():
        text = f"{path}: id {key!r} is of several images: {', '.join(files)}. Give each its own, as image_id too."
        for file in files if len(files) > 1 else ():
            table.problem(file, text)
    return {key: files[0] for key, files in found.items()}


def coco_picture(
    said: Entry, files: Mapping[Any, str], table: BoxesTable | PointsTable, stray: Any, where: str
) -> str | None:
    """File of the picture of an annotation. None where its id is none of theirs: an id that is one as text is a problem
    of that picture, which would else show nothing, and another is of a case without scan, of which `stray` is noted."""
    key = said.get("image_id")
    if key in files:
        return files[key]
    if (case := files.get(_retyped(key))) is not None:
        text = f"{where}: image_id = {key!r}, and the id of {case} is {_retyped(key)!r}: one is text, one a number."
        table.problem(case, f"{text} Write both alike.")
    else:
        table.cases.setdefault(f"image_id {key}", stray)
    return None


def _retyped(key: Any) -> Any:
    """An id as the other type would have it: 5 of "5", and "5" of 5."""
    try:
        return whole_in(key) if isinstance(key, str) else None if key is None else str(key)
    except ValueError:
        return None


def _file(image: Entry, where: str) -> str:
    return text_of(image.get("file_name"), f"{where}: no file_name")


def coco_categories(path: Path, categories: Sequence[Entry], name: Callable[[Entry, str], Named]) -> dict[Any, Named]:
    """What `name` says of each category, by id.

    Raises:
        DataError: Two of one id differ.
    """
    found = _by_id(f"{path}: categories", categories, name)
    for key, names in found.items():
        if len(names) > 1:
            both = f"{names[0]!r} and {names[1]!r}"
            raise DataError(
                f"{path}: id {key!r} is of several categories: {both}. Give each its own, as category_id too."
            )
    return {key: names[0] for key, names in found.items()}


def _by_id(where: str, entries: Sequence[Entry], name: Callable[[Entry, str], Named]) -> dict[Any, list[Named]]:
    found: dict[Any, list[Named]] = {}
    for number, entry in enumerate(entries):
        if entry.get("id") is None:
            raise DataError(f"{where}[{number}]: no id. Add it.")
        named, known = name(entry, f"{where}[{number}]"), found.setdefault(entry["id"], [])
        if named not in known:
            known.append(named)
    return found


def text_of(value: Any, message: str) -> str:
    """A name as text; str() would call one that is not there "None".

    Args:
        value: Of a field.
        message: What is wrong where there is none.
    """
    if value is None or isinstance(value, list | dict):
        raise DataError(f"{message}. Add it.")
    return str(value)
