"""Names of files that belong to a case, whatever characters and length its id has."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import PurePosixPath, PureWindowsPath

from pipeline.errors import DataError

LONGEST = 180  # bytes; file systems take 255, and suffixes and temporary names come on top
BAD = re.compile(r"[/\\\x00-\x1f]")
CUT = re.compile(r"~[0-9a-f]{8}\Z")  # how the stems of ids end that are none themselves


def file_stem(case: str) -> str:
    """The id itself where a file can be called so; else a readable part of it and a digest, always the same. A stem is
    that of itself: an image that is called so is a case of that id to the next program.

    >>> file_stem("patient 7"), len(file_stem("x" * 250))
    ('patient 7', 189)
    >>> file_stem(file_stem("x" * 250)) == file_stem("x" * 250)
    True
    """
    raw = case.encode("utf-8", "surrogateescape")
    longest = LONGEST + len("~12345678") if CUT.search(case) else LONGEST
    if case and len(raw) <= longest and not BAD.search(case) and not case.startswith("."):
        return case
    short = BAD.sub("_", raw[:LONGEST].decode("utf-8", "ignore")).lstrip(".")
    return f"{short}~{hashlib.sha256(raw).hexdigest()[:8]}"


def is_utf8(name: str) -> bool:
    """Whether a file can hold the name: Python makes halves of surrogate pairs of bytes that are no UTF-8."""
    return not any("\udc80" <= sign <= "\udcff" for sign in name)


def mend_utf8(name: str, otherwise: str) -> str:
    """What to do about a name that is not UTF-8 to Python: `otherwise`, unless its bytes are, and the locale of this
    program hides it.

    >>> mend_utf8("caf\\udce9", "Rename it."), mend_utf8("caf\\udcc3\\udca9", "Rename it.")[:26]
    ('Rename it.', 'Its bytes are, but this pr')
    """
    try:
        os.fsencode(name).decode("utf-8")
    except UnicodeError:
        return otherwise
    return "Its bytes are, but this program runs in a locale without it: set LC_ALL=C.UTF-8 and run it again."


def require_inside(path: str, what: str) -> None:
    """Refuse a path that does not stay below its folder.

    Raises:
        DataError: It is absolute or climbs up; `what` says where it was met.
    """
    parts = {*PurePosixPath(path).parts, *PureWindowsPath(path).parts}
    if not path or ".." in parts or PurePosixPath(path).is_absolute() or PureWindowsPath(path).anchor:
        raise DataError(f"{what}: path '{path}' leaves the data set's folder. Give a path below it, without '..'.")
