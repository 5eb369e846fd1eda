"""Fields of predictions, which others write, too: each of the type that it needs, or an error that names it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Protocol

from pipeline.errors import DataError

MAKE = "Make it with `patchvote predict`."


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


def require_numbers(fields: Iterable[tuple[str, Any]], where: str) -> None:
    """Make sure that fields are finite numbers.

    Args:
        fields: Name and value.
        where: File, case and thing.

    Raises:
        DataError: One is not.
    """
    for name, value in fields:
        if not _is_number(value):
            raise DataError(f"{where}: {name} is {value!r}; a number is needed. {MAKE}")


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number, as JSON has it."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False
