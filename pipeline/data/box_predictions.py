"""`predictions.json` of boxes: what the program answers for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.answer_fields import MAKE, made_by, require_numbers
from pipeline.data.atomic import read_json, write_json
from pipeline.data.dataset import Box
from pipeline.data.frames import written_frame
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
    """The inverse of `box_content`.

    Args:
        where: File and case.

    Raises:
        DataError: A field is of another type: others write such files, too.
    """
    label, found, low, high = (content[name] for name in ("class", "found", "low", "high"))
    require_numbers([("belief", content["belief"]), *(("low", v) for v in low), *(("high", v) for v in high)], where)
    for right, told in (
        (isinstance(label, str), f"class is {label!r}; a text is needed"),
        (isinstance(found, bool), f"found is {found!r}; true or false is needed"),
        (len(low) == len(high), f"low is {low}, high is {high}; as many numbers are needed"),
    ):
        if not right:
            raise DataError(f"{where}: {told}. {MAKE}")
    return FoundBox(Box(label, tuple(map(float, low)), tuple(map(float, high))), float(content["belief"]), found)


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
    content = read_json(path)
    try:
        if content["version"] != 1 or content["task"] not in TASKS:
            raise DataError(f"{path}: version {content['version']}, task {content['task']}; expected 1, {TASKS}")
        told = {case: said["boxes"] for case, said in content["cases"].items()}
        cases = {case: tuple(box_of(box, f"{path}: {case}") for box in boxes) for case, boxes in told.items()}
        labels = [found.box.label for boxes in cases.values() for found in boxes]  # others may not list them all
        classes = tuple(dict.fromkeys([*content["classes"], *labels]))
        facts = (classes, content["unit"], content["task"], content.get("failures", {}))
        return BoxPredictions(content["model"], cases, *facts, content.get("model_sha256"))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not predictions of boxes: {error!r}. Make them with `patchvote predict`.") from error


def answers_only(boxes: Sequence[FoundBox]) -> list[Box]:
    """The boxes that are answers."""
    return [found.box for found in boxes if found.found]
