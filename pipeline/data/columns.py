"""What a case has besides its image: columns of a table, given to a network or asked of it.

A value is a number, a word, or several words; a value that is missing is not listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from pipeline.data.csv_rows import about_comma
from pipeline.data.landmark_names import by_known_names, spelled
from pipeline.data.written_numbers import number_in
from pipeline.errors import DataError

Kind = Literal["number", "logarithm", "class", "labels", "text"]
NUMBERS: tuple[Kind, ...] = ("number", "logarithm")
OF_WORDS: tuple[Kind, ...] = ("class", "labels")  # the words of a closed list
FORMS: dict[Kind, str] = {"number": "number", "logarithm": "number", "class": "word", "text": "word", "labels": "words"}
Value = float | str | tuple[str, ...]
BETWEEN = "|"  # labels of one case
MISSING = ("", "na", "n/a", "nan", "none", "null", "?")  # where a number is asked for
NO_WORD = ("", "na", "n/a", "nan", "?")  # where a word is: "none" is an answer, such as of a stenosis


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        name: Its heading.
        kind: "number"; "logarithm", a number above 0 of which only relative differences count, such as a price;
            "class", one word of a few; "labels", any of several words, written a|b; "text", words of a language.
    """

    name: str
    kind: Kind


def parse(column: Column, text: str) -> Value | None:
    """What a cell of a table says; None = nothing. Words that look the same are the same.

    Raises:
        DataError: Not a finite number where one is needed, or one not above 0 where its logarithm counts.

    Examples:
        >>> parse(Column("genres", "labels"), "Drama|War"), parse(Column("age", "number"), "")
        (('Drama', 'War'), None)
    """
    text = spelled(text)
    if text.lower() in (MISSING if column.kind in NUMBERS else NO_WORD):
        return None
    if column.kind in NUMBERS:
        return _number(column, text)
    if column.kind == "labels":
        return tuple(word.strip() for word in text.split(BETWEEN) if word.strip())
    return text


def as_cell(value: Value | None) -> str:
    """A value as a table has it, the inverse of `parse`: of numbers ten digits, as a date or an id may have eight.
    Labels are no cell that says that nobody knows: where none is right, or one alone is called as that.

    Examples:
        >>> as_cell(20240315.0), as_cell(("Drama", "War")), as_cell(()), as_cell(("NA",)), as_cell(None)
        ('20240315', 'Drama|War', '|', 'NA|', '')
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        cell = BETWEEN.join(value)
        return cell + BETWEEN if cell.lower() in NO_WORD else cell
    return f"{value:.10g}" if isinstance(value, float) else value


def checked(column: Column, value: object) -> Value:
    """A value as JSON has it, of its column's kind; classes and labels that look the same are the same.

    Raises:
        DataError: It is of another kind.
    """
    if column.kind in NUMBERS and is_number(value):
        return float(value)
    if column.kind == "labels" and isinstance(value, list | tuple):
        return tuple(spelled(str(word)) for word in value)
    if column.kind in ("class", "text") and isinstance(value, str):
        return spelled(value) if column.kind == "class" else value
    raise DataError(f"column '{column.name}': {value!r} is no {column.kind}")


def words_in(value: Value) -> tuple[str, ...]:
    """Labels, or the one class."""
    return value if isinstance(value, tuple) else (str(value),)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value of a JSON file is a finite number: Python reads NaN and Infinity, too."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False


def columns_of(content: Mapping[str, Any], where: str, known: Iterable[Column] = ()) -> tuple[Column, ...]:
    """Columns as JSON has them: kinds by name.

    Args:
        where: File and field.
        known: Columns whose spelling those take that look the same.

    Raises:
        DataError: There is no such kind, or two look like one that is known.
    """
    content = by_known_names(content, [column.name for column in known], where)
    for name, kind in content.items():
        if not isinstance(kind, str) or kind not in FORMS:
            raise DataError(f"{where}: {name} is {kind!r}; known are {', '.join(FORMS)}.")
    return tuple(Column(name, kind) for name, kind in content.items())


def require_logarithm(column: Column, value: Value) -> None:
    """Raises DataError for a number that has none, where its logarithm counts."""
    if column.kind == "logarithm" and isinstance(value, float) and value <= 0:
        raise DataError(f"column '{column.name}': {value:g} has no logarithm; it must be above 0.")


def require_same_kinds(said: Iterable[Column], known: Iterable[Column], where: str) -> None:
    """Make sure that answers and reference can be compared, where both have a column.

    Args:
        where: Both files.

    Raises:
        DataError: One is a number, a word or several words in the one, and another of these in the other.
    """
    kinds = {column.name: column.kind for column in known}
    for column in said:
        other = kinds.get(column.name, column.kind)
        if FORMS.get(column.kind) != FORMS.get(other):
            raise DataError(
                f"{where}: column '{column.name}' is {column.kind} in the answers, {other} in the reference."
                " Import the reference with the kind that the model has."
            )


def _number(column: Column, text: str) -> float:
    value = number_in(text)
    if not math.isfinite(value):
        advice = f"Leave it empty where nobody knows.{about_comma(text)}"
        raise DataError(f"column '{column.name}': '{text}' is no number. {advice}")
    require_logarithm(column, value)
    return value
