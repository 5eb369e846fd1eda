"""Which program answers: kept answers of another one are not this one's."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from pipeline import __version__

ROOMS = ("data", "geometry", "grid", "inference", "losses", "networks", "tasks")  # whose code an answer depends on


@cache
def program_sum(package: Path = Path(__file__).parents[1]) -> str:
    """Hex digest of the version and of the code that answers.

    A number that is raised by hand when a rule changes would be forgotten, and a folder that was answered into before
    an update would keep its answers without a word.

    Args:
        package: Folder of the program.
    """
    code = hashlib.sha256(__version__.encode())
    for path in sorted(path for room in ROOMS for path in (package / room).glob("*.py")):
        code.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return code.hexdigest()
