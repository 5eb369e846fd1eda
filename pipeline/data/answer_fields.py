"""Fields of predictions, which others write, too: each of the type that it needs, or an error that names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pipeline.data.atomic import read_json
from pipeline.data.columns import is_number
from pipeline.data.frames import written_frame
from pipeline.errors import DataError

MAKE = "Make it with `patchvote predict`."
NEEDED = "A predictions.json is needed: make it with `patchvote predict`, or as docs/reference/artefacts.md says."
UNITS = ("mm", "px")
LENGTHS = {"points": "every position, guess, spread and radius95", "boxes": "low and high of every box"}
TO_LPS = {  # a box's low ends are the smaller numbers, and a negated high is the smaller one
    "points": "negate x and y of every position and guess",
    "boxes": "negate x and y of low and high of every box and exchange the two ends along both",
}
FARTHEST = 1e9  # mm or px, from the origin: no scan reaches so far


class Answered(Protocol):
    """What all files of predictions say of the model that answered."""

    @property
    def model(self) -> str: ...
    @property
    def model_sha256(self) -> str | None: ...


def made_by(answers: Answered) -> dict[str, str]:
    """The fields of the model; the sum of its model.json only where it is known."""
    known = {"model_sha256": answers.model_sha256} if answers.model_sha256 else {}
    return {"model": answers.model, **known}


def read_answered(path: Path) -> Any:
    """The content of predictions, of this or another program.

    Raises:
        DataError: The file is missing or is not JSON, as a table is; says what is needed.
    """
    try:
        return read_json(path)
    except DataError as error:
        raise DataError(f"{error}. {NEEDED}") from error


def require_frame(content: Mapping[str, Any], path: Path, *kinds: str) -> None:
    """Make sure that positions are what this program takes them for.

    Args:
        kinds: Of answers in the file, "points" or "boxes", which name the fields to convert.

    Raises:
        DataError: The file is of another version, or its positions are in another frame or unit; says how to convert.
    """
    unit = content["unit"]
    if unit not in UNITS:
        raise DataError(
            f"{path}: unit {unit}; expected mm, of pictures px. Convert {_all_of(LENGTHS, kinds)} to mm, and write"
            ' "unit": "mm".'
        )
    met, needed = (content["version"], content["frame"]), (1, written_frame(unit))
    if met == needed:
        return
    flip = met == (1, "RAS") and needed[1] == "LPS"
    how = f'To convert, {_all_of(TO_LPS, kinds)}, and write "frame": "LPS".' if flip else NEEDED
    raise DataError(f"{path}: version {met[0]}, frame {met[1]}; expected version 1, frame {needed[1]}. {how}")


def _all_of(words: Mapping[str, str], kinds: Iterable[str]) -> str:
    return ", and ".join(words[kind] for kind in kinds)


@contextmanager
def fields_of(where: str) -> Iterator[None]:
    """Say whose a field is that is missing, unknown or of a type that nobody can go through.

    Args:
        where: File, case and thing.

    Raises:
        DataError: One is.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: a field is missing, unknown or of another type: {error!r}. {MAKE}") from error


def object_in(content: Mapping[str, Any], name: str, where: Path) -> dict[str, Any]:
    """What a file has under a name, by case or column; nothing where it has none.

    Raises:
        DataError: It is of another type.
    """
    said = content.get(name, {})
    if not isinstance(said, dict):
        raise DataError(f"{where}: {name} is {said!r}; an object {{NAME: ...}} is needed. {MAKE}")
    return said


def failures_of(content: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Why cases have no answers.

    Raises:
        DataError: It is not said in words, by case.
    """
    failures = object_in(content, "failures", path)
    for case, why in failures.items():
        if not isinstance(why, str):
            raise DataError(f"{path}: failures: {case} is {why!r}; a text is needed. {MAKE}")
    return failures


def numbers_in(content: Mapping[str, Any], name: str, where: str) -> tuple[float, ...]:
    """The numbers of a field.

    Raises:
        DataError: They are no list, or one is not finite.
    """
    said = content[name]
    if not isinstance(said, list) or not said:
        raise DataError(f"{where}: {name} is {said!r}; a list of numbers is needed. {MAKE}")
    require_numbers(((name, value) for value in said), where)
    return tuple(map(float, said))


def place_in(content: Mapping[str, Any], name: str, where: str) -> tuple[float, ...]:
    """The numbers of a position, or of an end of a box.

    Raises:
        DataError: As `numbers_in`, or one is so large that its square is infinite: such an answer would not count.
    """
    place = numbers_in(content, name, where)
    if max(map(abs, place)) > FARTHEST:
        raise DataError(f"{where}: {name} is {list(place)}; numbers up to {FARTHEST:g} are needed. {MAKE}")
    return place


def require_numbers(fields: Iterable[tuple[str, Any]], where: str) -> None:
    """Make sure that fields are finite numbers.

    Args:
        fields: Name and value.
        where: File, case and thing.

    Raises:
        DataError: One is not.
    """
    for name, value in fields:
        if not is_number(value):
            raise DataError(f"{where}: {name} is {value!r}; a number is needed. {MAKE}")
