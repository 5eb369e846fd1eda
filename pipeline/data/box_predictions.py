"""`predictions.json` of boxes: what the program answers for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.answer_fields import (
    MAKE,
    failures_of,
    fields_of,
    made_by,
    place_in,
    read_answered,
    require_frame,
    require_numbers,
)
from pipeline.data.atomic import write_json
from pipeline.data.dataset import Box
from pipeline.data.frames import written_frame
from pipeline.data.landmark_names import spelled
from pipeline.errors import DataError

TASKS = ("boxes", "one_object")


@dataclass(frozen=True)
class FoundBox:
    """One box that was answered.

    Args:
        box: Class and place, world.
        belief: 0 to 1.
        found: Whether it is an answer; the others are kept for curves of precision and recall alone.
    """

    box: Box
    belief: float
    found: bool


@dataclass(frozen=True)
class BoxPredictions:
    """All answers of one run of predict, the most believed first; `failures[id]` says why a case has none. `classes`
    names those of all answers, and may name more. Of the task "one_object" each case has one box, which is an answer
    if a thing is believed to be there at all."""

    model: str
    cases: dict[str, tuple[FoundBox, ...]]
    classes: tuple[str, ...]
    unit: str = "px"
    task: str = TASKS[0]
    failures: dict[str, str] = field(default_factory=dict)
    model_sha256: str | None = None


def box_content(found: FoundBox) -> dict[str, Any]:
    """As JSON has it."""
    ends = {"low": list(found.box.low), "high": list(found.box.high)}
    return {"class": found.box.label, **ends, "belief": found.belief, "found": found.found}


def box_of(content: Mapping[str, Any], where: str = "box") -> FoundBox:
    """The inverse of `box_content`; classes that look the same are one.

    Args:
        where: File and case.

    Raises:
        DataError: A field is of another type: others write such files, too.
    """
    label, found, stated = content["class"], content["found"], f"low is {content['low']}, high is {content['high']}"
    low, high = (place_in(content, end, where) for end in ("low", "high"))
    require_numbers([("belief", content["belief"])], where)
    for right, told in (
        (isinstance(label, str), f"class is {label!r}; a text is needed"),
        (isinstance(found, bool), f"found is {found!r}; true or false is needed"),
        (len(low) == len(high), f"{stated}; as many numbers are needed"),
        (all(a <= b for a, b in zip(low, high, strict=False)), f"{stated}; low ends come first"),
    ):
        if not right:
            raise DataError(f"{where}: {told}. {MAKE}")
    return FoundBox(Box(spelled(label), low, high), float(content["belief"]), found)


def boxes_of(content: Mapping[str, Any], where: str) -> tuple[FoundBox, ...]:
    """All boxes of an image, under "boxes".

    Args:
        where: File and case.

    Raises:
        DataError: As `box_of` does, or there are none.
    """
    with fields_of(where):
        boxes = tuple(box_of(box, where) for box in content["boxes"])
    return boxes


def write_box_predictions(predictions: BoxPredictions, path: Path) -> None:
    """Write `predictions.json`."""
    cases = {case: {"boxes": [box_content(b) for b in boxes]} for case, boxes in predictions.cases.items()}
    head = {"version": 1, "task": predictions.task, "frame": written_frame(predictions.unit), "unit": predictions.unit}
    content = head | {**made_by(predictions), "classes": list(predictions.classes), "cases": cases}
    write_json(path, content | ({"failures": predictions.failures} if predictions.failures else {}))


def read_box_predictions(path: Path) -> BoxPredictions:
    """Read `predictions.json`.

    Raises:
        DataError: The file is not one of boxes, is of another version, or has a field of another type.
    """
    content = read_answered(path)
    try:
        require_frame(content, path, "boxes")
        if content["task"] not in TASKS:
            raise DataError(f"{path}: task {content['task']}; expected {' or '.join(TASKS)}")
        cases = {case: boxes_of(said, f"{path}: {case}") for case, said in content["cases"].items()}
        labels = [found.box.label for boxes in cases.values() for found in boxes]  # others may not list them all
        classes = tuple(dict.fromkeys([*_classes(content, path), *labels]))
        facts = (classes, content["unit"], content["task"], failures_of(content, path))
        return BoxPredictions(content["model"], cases, *facts, content.get("model_sha256"))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not predictions of boxes: {error!r}. Make them with `patchvote predict`.") from error


def _classes(content: Mapping[str, Any], path: Path) -> list[str]:
    classes = content["classes"]
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise DataError(f"{path}: classes is {classes!r}; a list of names is needed. {MAKE}")
    return [spelled(name) for name in classes]


def answers_only(boxes: Sequence[FoundBox]) -> list[Box]:
    """The boxes that are answers."""
    return [found.box for found in boxes if found.found]
