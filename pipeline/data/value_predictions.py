"""`predictions.json` of values: what the program says of each image as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.data.answer_fields import MAKE, failures_of, fields_of, made_by, read_answered, require_numbers
from pipeline.data.atomic import write_json
from pipeline.data.columns import NUMBERS, Column, Value, checked, columns_of
from pipeline.data.frames import written_frame
from pipeline.data.landmark_names import by_known_names, spelled
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
    model_sha256: str | None = None


def answers_content(answers: Mapping[str, ValueAnswer]) -> dict[str, Any]:
    """As JSON has them."""
    return {name: _content(answer) for name, answer in answers.items()}


def _content(answer: ValueAnswer) -> dict[str, Any]:
    content: dict[str, Any] = {"value": list(answer.value) if isinstance(answer.value, tuple) else answer.value}
    if answer.beliefs:
        return content | {"beliefs": dict(answer.beliefs)}
    return content | {"low": answer.low, "high": answer.high}


def answers_of(content: Mapping[str, Any], columns: tuple[Column, ...], where: str = "values") -> Answers:
    """The inverse of `answers_content`.

    Args:
        where: File and case.

    Raises:
        DataError: A field is of another type: others write such files, too.
    """
    kinds = {column.name: column for column in columns}
    with fields_of(where):
        named = by_known_names(content, kinds, where)
        answers = {name: _answer(kinds[name], said, f"{where}, {name}") for name, said in named.items()}
    return answers


def _answer(column: Column, said: Mapping[str, Any], where: str) -> ValueAnswer:
    with fields_of(where):
        beliefs, ends = said.get("beliefs", {}), {name: said.get(name) for name in ("low", "high")}
        given = [("value", said["value"])] if column.kind in NUMBERS else []
        given += [*beliefs.items(), *(end for end in ends.items() if end[1] is not None)]
    require_numbers(given, where)
    try:
        return ValueAnswer(checked(column, said["value"]), {spelled(word): p for word, p in beliefs.items()}, **ends)
    except DataError as error:
        raise DataError(f"{where}: {error}. {MAKE}") from error


def write_value_predictions(predictions: ValuePredictions, path: Path) -> None:
    """Write `predictions.json`."""
    head = {"version": 1, "task": predictions.task, "frame": written_frame(predictions.unit), "unit": predictions.unit}
    columns = {column.name: column.kind for column in predictions.columns}
    cases = {case: {"values": answers_content(answers)} for case, answers in predictions.cases.items()}
    content = head | {**made_by(predictions), "columns": columns, "cases": cases}
    write_json(path, content | ({"failures": predictions.failures} if predictions.failures else {}))


def read_value_predictions(path: Path, known: Iterable[Column] = ()) -> ValuePredictions:
    """Read `predictions.json`.

    Args:
        known: Columns whose spelling those take that look the same.

    Raises:
        DataError: The file is not one of values, is of another version, or has a field of another type.
    """
    content = read_answered(path)
    try:
        if content["version"] != 1:
            raise DataError(f"{path}: version {content['version']}; expected 1")
        columns, cases = columns_of(content["columns"], f"{path}: columns", known), dict[str, Answers]()
        for case, said in content["cases"].items():
            with fields_of(f"{path}: {case}"):
                cases[case] = answers_of(said["values"], columns, f"{path}: {case}")
        facts = (content["unit"], content["task"], failures_of(content, path))
        return ValuePredictions(content["model"], cases, columns, *facts, content.get("model_sha256"))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not predictions of values: {error!r}. Make them with `patchvote predict`.") from error
