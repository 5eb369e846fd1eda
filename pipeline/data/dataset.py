"""The manifest `dataset.json`: which scans there are, whose they are, and where their landmarks lie.

A landmark of a case is a position (LPS mm; of pictures px), `null` = absent (the annotator looked: it is not in this
scan), or not listed = not annotated (nobody said). The three teach a network different things, so they stay apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.data.atomic import read_json, write_json
from pipeline.data.columns import Column, Value, checked, columns_of, is_number, require_logarithm
from pipeline.data.file_names import require_inside
from pipeline.data.frames import written_frame
from pipeline.data.landmark_names import by_known_names, spelled
from pipeline.errors import DataError
from pipeline.geometry import PointSet

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
UNITS = ("mm", "px")
Position = tuple[float, ...] | None


@dataclass(frozen=True)
class Box:
    """Something of a class, with edges along the world's axes: smallest and largest coordinates, LPS mm or px."""

    label: str
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Case:
    """One scan. `image` is relative to the dataset's root. `landmarks`: position, or None = absent; where several
    people placed them, their mean, and `observers[who]` what each said. `boxes`: all there are; None = nobody drew any.
    `values`: what a table says of it, by column. `pictures`: its other images, by what they show.
    """

    id: str
    subject: str
    image: str
    landmarks: dict[str, Position]
    split: Part | None = None
    observers: dict[str, dict[str, Position]] = field(default_factory=dict)
    boxes: tuple[Box, ...] | None = None
    values: dict[str, Value] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """All cases of a folder.

    Args:
        landmarks: The full list of names, in the order every array uses.
        edges: Pairs of them that are drawn as lines, such as the bones of a skeleton.
        inputs: Columns of values that are given to a network.
        outputs: Columns that are asked of it.
        views: How the files of a case's several images are called, "{id}" for the case; the first is its `image`.
    """

    name: str
    root: Path
    landmarks: tuple[str, ...]
    cases: tuple[Case, ...]
    unit: str = "mm"
    edges: tuple[tuple[str, str], ...] = ()
    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    views: dict[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels of all boxes, in the order of the alphabet."""
        return tuple(sorted({box.label for case in self.cases for box in case.boxes or ()}))

    def part(self, part: Part) -> tuple[Case, ...]:
        """The cases of one part of the split."""
        return tuple(c for c in self.cases if c.split == part)

    def with_pictures(self) -> Dataset:
        """The same, with every other image as a case of its own, which shows nothing that is known."""
        others = [
            Case(picture_id(c.id, name), c.subject, path, {}, c.split)
            for c in self.cases
            for name, path in c.pictures.items()
        ]
        return self.with_cases((*self.cases, *others))

    def case(self, case_id: str) -> Case:
        """Raises DataError if there is none of that id."""
        for case in self.cases:
            if case.id == case_id:
                return case
        raise DataError(f"dataset {self.name}: no case '{case_id}'; it has {len(self.cases)} cases")

    def image_path(self, case: Case) -> Path:
        return self.root / case.image

    def points(self, case: Case, dims: int) -> PointSet:
        """Landmarks in the dataset's order; NaN where there is no position."""
        return PointSet.from_dict(self.landmarks, case.landmarks, dims)

    def with_cases(self, cases: tuple[Case, ...]) -> Dataset:
        return replace(self, cases=cases)


def picture_id(case: str, name: str) -> str:
    """What another image of a case is called."""
    return f"{case}/{name}"


def write_dataset(dataset: Dataset, path: Path) -> None:
    """Write `dataset.json`."""
    cases = [
        {"id": c.id, "subject": c.subject, "image": c.image, "landmarks": c.landmarks}
        | ({"split": c.split} if c.split else {})
        | ({"observers": c.observers} if c.observers else {})
        | ({"boxes": [_box_content(b) for b in c.boxes]} if c.boxes is not None else {})
        | ({"values": c.values} if c.values else {})
        | ({"pictures": c.pictures} if c.pictures else {})
        for c in dataset.cases
    ]
    write_json(
        path,
        {
            "version": 1,
            "name": dataset.name,
            "frame": written_frame(dataset.unit),
            "unit": dataset.unit,
            "root": str(dataset.root),
            "landmarks": list(dataset.landmarks),
            "cases": cases,
        }
        | ({"edges": [list(edge) for edge in dataset.edges]} if dataset.edges else {})
        | {
            name: {column.name: column.kind for column in columns}
            for name, columns in (("inputs", dataset.inputs), ("outputs", dataset.outputs))
            if columns
        }
        | ({"views": dataset.views} if dataset.views else {}),
    )


def _box_content(box: Box) -> dict[str, Any]:
    return {"class": box.label, "low": box.low, "high": box.high}


def read_dataset(path: Path) -> Dataset:
    """Read `dataset.json`; `root` defaults to the file's own folder. Names that look the same are one.

    Raises:
        DataError: Names the file and the field that is missing or of the wrong kind, or what is there twice.
    """
    content = read_json(path)
    try:
        if content["unit"] not in UNITS:
            raise DataError(f"{path}: unit = {content['unit']!r}; this program reads {' and '.join(UNITS)}")
        frame = written_frame(content["unit"])
        if content["version"] != 1 or content["frame"] != frame:
            raise DataError(
                f"{path}: version {content['version']}, frame {content['frame']}; this program reads version 1, {frame}"
            )
        root = Path(content.get("root", "."))
        inputs, outputs = (columns_of(content.get(name, {}), f"{path}: {name}") for name in ("inputs", "outputs"))
        landmarks = _names(content["landmarks"], path)
        cases = tuple(_case(c, path, (*inputs, *outputs)) for c in content["cases"])
        _require_once(path, "landmarks", landmarks)
        _require_once(path, "cases", [case.id for case in cases])
        return Dataset(
            name=content["name"],
            root=root if root.is_absolute() else Path(path).parent / root,
            landmarks=landmarks,
            cases=cases,
            unit=content["unit"],
            edges=tuple((spelled(str(one)), spelled(str(other))) for one, other in content.get("edges", ())),
            inputs=inputs,
            outputs=outputs,
            views={str(name): str(files) for name, files in content.get("views", {}).items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{path}: not a dataset manifest: {error!r}. Make it with `patchvote import`.") from error


def _require_once(path: Path, field: str, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: {field}: '{twice[0]}' is there twice. Rename or remove one.")


def _names(said: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise DataError(f"{path}: landmarks = {said!r}; a list of names is needed.")
    return tuple(map(spelled, said))


def _case(content: dict[str, Any], path: Path, columns: tuple[Column, ...]) -> Case:
    for name in ("id", "subject"):
        if not isinstance(content[name], str) or not content[name]:
            raise DataError(f"{path}: case {content['id']!r}: {name} = {content[name]!r}; a text is needed")
    where = f"{path}: case {content['id']}"
    pictures = {str(name): str(image) for name, image in content.get("pictures", {}).items()}
    for image in (content["image"], *pictures.values()):
        require_inside(image, f"{where}: image")
    split = content.get("split")
    if split not in (None, *PARTS):
        raise DataError(f"{where}: split='{split}'; choose one of {', '.join(PARTS)}")
    readings = content.get("observers", {})
    observers = {who: _positions(p, f"{where}: observers: {who}") for who, p in readings.items()}
    landmarks = _positions(content["landmarks"], f"{where}: landmarks")
    boxes = None if content.get("boxes") is None else tuple(_box(b, f"{where}: boxes") for b in content["boxes"])
    said = by_known_names(content.get("values") or {}, [column.name for column in columns], f"{where}: values")
    values = {column.name: _value(column, said[column.name], where) for column in columns if column.name in said}
    facts = (content["id"], content["subject"], content["image"])
    return Case(*facts, landmarks, split, observers, boxes, values, pictures)


def _value(column: Column, said: Any, where: str) -> Value:
    try:
        value = checked(column, said)
        require_logarithm(column, value)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    return value


def _box(content: dict[str, Any], where: str) -> Box:
    low, high = (_numbers(content[end], f"{where}: {end}") for end in ("low", "high"))
    if len(low) != len(high):
        raise DataError(f"{where}: low = {content['low']}, high = {content['high']}; as many numbers are needed.")
    return Box(spelled(str(content["class"])), low, high)


def _positions(content: dict[str, Any], where: str) -> dict[str, Position]:
    return {spelled(n): None if p is None else _numbers(p, f"{where}: {n}") for n, p in content.items()}


def _numbers(said: Any, where: str) -> tuple[float, ...]:
    if not isinstance(said, list) or not said or not all(map(is_number, said)):
        raise DataError(f"{where} = {said!r}; a list of finite numbers is needed.")
    return tuple(map(float, said))
