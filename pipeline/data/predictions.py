"""`predictions.json`: what the program answers for each case and landmark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.answer_fields import (
    failures_of,
    fields_of,
    made_by,
    numbers_in,
    object_in,
    place_in,
    read_answered,
    require_frame,
    require_numbers,
)
from pipeline.data.atomic import write_json
from pipeline.data.box_predictions import FoundBox, box_content, boxes_of
from pipeline.data.columns import Column, columns_of
from pipeline.data.frames import written_frame
from pipeline.data.landmark_names import spelled
from pipeline.data.value_predictions import Answers, answers_content, answers_of
from pipeline.errors import DataError


@dataclass(frozen=True)
class Answer:
    """One landmark of one case.

    Args:
        position: World position; None unless found.
        found: Whether enough patches believed.
        belief: 0 to 1, that the landmark is in the scan.
        spread: Root mean square distance of the votes to their average, world unit.
        votes: How many patches voted.
        radius95: The landmark lies within this radius with probability 0.95 (calibrated), or None.
        guess: Where it would be if it were there, when not found; never an answer.
        reason: Why it was not found, in words.
    """

    position: tuple[float, ...] | None
    found: bool
    belief: float
    spread: float | None
    votes: int
    radius95: float | None = None
    guess: tuple[float, ...] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        for name in ("position", "guess"):  # JSON knows lists only
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, tuple(value))


@dataclass(frozen=True)
class Predictions:
    """All answers of one run of predict; `cases[id][landmark]`. `failures[id]` says why a case has none, or not all
    files that show them; `presence[id]` is the belief that the image shows any of the landmarks, of models that were
    taught to say it, and `values[id]` what was said of the image as a whole, of models that are asked for `columns`;
    `boxes[id]` what was found beside the landmarks, of models that were taught boxes, too. `model_sha256` is of its
    model.json; None where another program answered, or an early version."""

    model: str
    cases: dict[str, dict[str, Answer]]
    unit: str = "mm"
    failures: dict[str, str] = field(default_factory=dict)
    presence: dict[str, float] = field(default_factory=dict)
    values: dict[str, Answers] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    boxes: dict[str, tuple[FoundBox, ...]] = field(default_factory=dict)
    model_sha256: str | None = None


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write `predictions.json`; optional fields only where they say something."""
    cases = {
        case: {
            n: {k: v for k, v in vars(a).items() if v is not None or k not in ("guess", "reason")}
            for n, a in landmarks.items()
        }
        for case, landmarks in predictions.cases.items()
    }
    frame = written_frame(predictions.unit)
    content = {"version": 1, "frame": frame, "unit": predictions.unit, **made_by(predictions), "cases": cases}
    more: dict[str, Any] = {name: getattr(predictions, name) for name in ("presence", "failures")}
    more["values"] = {case: answers_content(said) for case, said in predictions.values.items()}
    more["boxes"] = {case: [box_content(box) for box in boxes] for case, boxes in predictions.boxes.items()}
    more["columns"] = {column.name: column.kind for column in predictions.columns}
    write_json(path, content | {name: said for name, said in more.items() if said})


def read_predictions(path: Path, known: Iterable[Column] = ()) -> Predictions:
    """Read `predictions.json`.

    Args:
        known: Columns of values whose spelling those take that look the same.

    Raises:
        DataError: The file is not one of landmarks, is of another version or frame, or has a field of another type.
    """
    content = read_answered(path)
    if isinstance(content, dict) and (task := content.get("task", "landmarks")) not in ("landmarks", "multi"):
        raise DataError(f"{path}: holds answers of task={task}; those of a model that finds landmarks are needed here.")
    try:
        presence, values, drawn = (object_in(content, name, path) for name in ("presence", "values", "boxes"))
        require_frame(content, path, "points", *(["boxes"] if drawn else []))
        cases = {case: _answers(said, f"{path}: {case}") for case, said in content["cases"].items()}
        columns = columns_of(object_in(content, "columns", path), f"{path}: columns", known)
        require_numbers(presence.items(), f"{path}: presence")
        said = {case: answers_of(answers, columns, f"{path}: {case}") for case, answers in values.items()}
        boxes = {case: boxes_of({"boxes": found}, f"{path}: {case}") for case, found in drawn.items()}
        facts = (failures_of(content, path), presence, said, columns, boxes, content.get("model_sha256"))
        return Predictions(content["model"], cases, content["unit"], *facts)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a predictions file: {error!r}. Make it with `patchvote predict`.") from error


def _answers(content: dict[str, Any], where: str) -> dict[str, Answer]:
    with fields_of(where):
        answers = {spelled(name): _answer(said, f"{where}, {name}") for name, said in content.items()}
    return answers


def _answer(content: dict[str, Any], where: str) -> Answer:
    """Raises DataError where a field is of another type: others write such files, too."""
    with fields_of(where):
        for name, read in (("position", place_in), ("guess", numbers_in)):  # a guess is never measured
            if content.get(name) is not None:
                read(content, name, where)
        answer = Answer(**content)
    optional = [(n, v) for n in ("spread", "radius95") if (v := getattr(answer, n)) is not None]
    require_numbers([("belief", answer.belief), ("votes", answer.votes), *optional], where)
    if answer.found is not (answer.position is not None):
        raise DataError(f"{where}: found is {answer.found!r}, position is {answer.position}; true has one.")
    return answer
