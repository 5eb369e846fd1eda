"""The two world conventions that files of scans use, the one place where RAS points become LPS, and the word for the
world of a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pipeline.data.csv_rows import about_comma
from pipeline.data.written_numbers import number_in
from pipeline.errors import DataError

FRAMES = ("LPS", "RAS")
PICTURE = "image"  # pixels, x to the right, y down, 0 at the centre of the top left one
SIGNS = (-1.0, -1.0, 1.0)  # RAS and LPS differ in the sign of the first two axes
NULL = "write null in place of the list"  # how lists in JSON say that nothing is there


class OtherFrameError(DataError):
    """A file states another frame than the user does."""


def frame_name(text: Any, where: str) -> str:
    """ "LPS" or "RAS" from a word in a file or a setting; raises DataError for anything else."""
    name = str(text).strip().upper()
    if name not in FRAMES:
        raise DataError(f"{where}: frame '{text}' is unknown. Use LPS or RAS.")
    return name


def written_frame(unit: str) -> str:
    """What our files call the frame of positions in "mm" or "px"."""
    return PICTURE if unit == "px" else "LPS"


def agreed_frame(stated: str | None, wanted: str | None, where: str) -> str | None:
    """The frame that the file or the user states; OtherFrameError if they contradict each other."""
    given = frame_name(wanted, "frame") if wanted else None
    if stated and given and stated != given:
        raise OtherFrameError(f"{where}: the file states {stated}, but frame={given} was given. Leave frame= out.")
    return stated or given


def to_lps(point: Iterable[float], frame: str) -> tuple[float, ...]:
    """A point of `frame` ("LPS" or "RAS") in LPS."""
    flip = SIGNS if frame == "RAS" else (1.0, 1.0, 1.0)
    return tuple(v * s + 0.0 for v, s in zip(point, flip, strict=False))  # + 0.0: no negative zero in files


def coordinate(value: Any, where: str, absent: str = "") -> float:
    """A finite number from a word or number of a file.

    Args:
        where: File, row and column.
        absent: How this kind of file says that a landmark is not there; "" = it has no word for it.

    Raises:
        DataError: It is text, NaN or infinite; `where` says where.
    """
    number = number_in(value)
    if not math.isfinite(number):
        raise DataError(
            f"{where}: {value!r} is not a finite number. Correct it{absent and f', or {absent}'}.{about_comma(value)}"
        )
    return number
