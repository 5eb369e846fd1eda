"""`predictions.json` of values: what the program says of each image as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json, write_json
from pipeline.data.columns import Column, Value, checked
from pipeline.data.frames import written_frame
from pipeline.errors import DataError


@dataclass(frozen=True)
class ValueAnswer:
    """One value of one image.

    Args:
        value: A number, a class, or labels.
        beliefs: Of each class or label, 0 to 1; none of a number.
        low: The number lies between this ...
        high: ... and this with probability 0.95 (calibrated), or None.
    """

    value: Value
    beliefs: Mapping[str, float] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None


Answers = dict[str, ValueAnswer]  # of one image, by column


@dataclass(frozen=True)
class ValuePredictions:
    """All answers of one run of predict; `failures[id]` says why a case has none."""

    model: str
    cases: dict[str, Answers]
    columns: tuple[Column, ...]
    unit: str = "px"
    task: str = "attributes"
    failures: dict[str, str] = field(default_factory=dict)


def answers_content(answers: Mapping[str, ValueAnswer]) -> dict[str, Any]:
    """As JSON has them."""
    return {name: _content(answer) for name, answer in answers.items()}


def _content(answer: ValueAnswer) -> dict[str, Any]:
    content: dict[str, Any] = {"value": list(answer.value) if isinstance(answer.value, tuple) else answer.value}
    if answer.beliefs:
        return content | {"beliefs": dict(answer.beliefs)}
    return content | {"low": answer.low, "high": answer.high}


def answers_of(content: Mapping[str, Any], columns: tuple[Column, ...]) -> Answers:
    """The inverse of `answers_content`."""
    kinds = {column.name: column for column in columns}
    return {
        name: ValueAnswer(
            checked(kinds[name], said["value"]), said.get("beliefs", {}), said.get("low"), said.get("high")
        )
        for name, said in content.items()
    }


def write_value_predictions(predictions: ValuePredictions, path: Path) -> None:
    """Write `predictions.json`."""
    head = {"version": 1, "task": predictions.task, "frame": written_frame(predictions.unit), "unit": predictions.unit}
    columns = {column.name: column.kind for column in predictions.columns}
    cases = {case: {"values": answers_content(answers)} for case, answers in predictions.cases.items()}
    content = head | {"model": predictions.model, "columns": columns, "cases": cases}
    write_json(path, content | ({"failures": predictions.failures} if predictions.failures else {}))


def read_value_predictions(path: Path) -> ValuePredictions:
    """Read `predictions.json`.

    Raises:
        DataError: The file is not one of values, or is of another version.
    """
    content = read_json(path)
    try:
        if content["version"] != 1:
            raise DataError(f"{path}: version {content['version']}; expected 1")
        columns = tuple(Column(name, kind) for name, kind in content["columns"].items())
        cases = {case: answers_of(said["values"], columns) for case, said in content["cases"].items()}
        facts = (content["unit"], content["task"], content.get("failures", {}))
        return ValuePredictions(content["model"], cases, columns, *facts)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not predictions of values: {error!r}. Make them with `patchvote predict`.") from error
