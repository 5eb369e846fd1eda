"""Files that are there whole or not at all: temporary file, fsync, rename."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pipeline.data.claim import claimed_folder, held
from pipeline.errors import DataError, UnwritableError

PREFIX = ".tmp-"
EARLIER = "csv|dcm|fcsv|gz|html|json|nii|npy|png|pt|pts|safetensors|txt|xml|yaml"  # endings; others' files stay
TEMPORARY = re.compile(  # of this version, whatever the user calls a gallery, and of those that had `tempfile`
    rf"{re.escape(PREFIX)}([0-9a-f]{{8}}(\.[^.]+)?|[0-9a-z_]{{8}}(\.({EARLIER}))?)"
)
SEAL = "sealed"
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # `tempfile` asks no umask


@contextmanager
def atomic_file(path: Path, permissions: int = 0o666) -> Iterator[IO[Any]]:
    """Open a temporary file beside `path`; it takes the name only when the block ends without an error.

    Args:
        permissions: Of a new file, as far as the umask of the user allows them; those of one that is replaced stay.

    Raises:
        UnwritableError: The folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = _permissions(path)
        name = path.parent / f"{PREFIX}{secrets.token_hex(4)}{path.suffix}"
        handle = os.open(name, NEW, permissions if kept is None else kept)
    except OSError as error:
        raise UnwritableError(
            f"{path}: cannot write there: {error.strerror}. Choose another folder or free it."
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if kept is not None:
            os.chmod(name, kept)  # which the umask may have narrowed
        os.replace(name, path)
    except OSError as error:
        raise UnwritableError(
            f"{path}: writing failed: {error.strerror or error}. What was there before is unharmed."
        ) from error
    finally:
        if os.path.exists(name):
            os.unlink(name)


def _permissions(path: Path) -> int | None:
    """Of a file; None where there is none."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:  # whoever opens it says why
        return None


def write_bytes(path: Path, content: bytes, permissions: int = 0o666) -> None:
    """Write a whole file atomically; `permissions` are of a new one."""
    with atomic_file(path, permissions=permissions) as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write a whole UTF-8 file atomically. Bytes of a file's name that are no UTF-8 are written as `\\udcXX`, which
    JSON reads again: whoever speaks of such a file can say so."""
    write_bytes(path, content.encode("utf-8", "backslashreplace"))


def write_json(path: Path, content: Any, indent: int | None = 1) -> None:
    """Write JSON atomically; NaN is refused, since other readers would choke on it.

    Args:
        indent: None = in one line, in a quarter of the time: for what only the program reads.
    """
    write_text(path, json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        DataError: The file is missing or is not JSON, which names the line; or a name stands twice in one object.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # Windows writes a mark first
        return json.loads(text, object_pairs_hook=_no_twins)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:  # also numbers of thousands of digits
        raise DataError(f"{path}: not readable as JSON: {error}") from error


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON readers let the last of two equal names win, without a word."""
    content = dict(pairs)
    if len(content) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"{sorted(n for n in counts if counts[n] > 1)} occur twice in one object")
    return content


def write_sealed(path: Path, content: Mapping[str, Any], indent: int | None = 1) -> None:
    """Write JSON that nobody edits by hand: it holds a checksum of the rest of itself."""
    write_json(path, {**content, SEAL: fingerprint(content)}, indent)


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Raises:
        DataError: The file is missing, is not JSON, or its content is not what was written.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.pop(SEAL, None) != fingerprint(content):
        raise DataError(f"{path}: its content is not what was written: damaged, or edited by hand")
    return content


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(content: Any) -> str:
    """Hex digest of plain data, the same for the same content whatever the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@contextmanager
def swept_folder(folder: Path) -> Iterator[None]:
    """Hold a folder for a call, without what a killed one left there: of a gallery, it may show who was taken out
    since."""
    with claimed_folder(folder):
        sweep(folder)
        yield


def sweep(*folders: Path, below: bool = False) -> int:
    """Remove temporary files that a killed run left in `folders`, and `below` them where all there is ours, but for
    folders in which somebody is at work.

    Returns:
        How many.
    """
    there = [Path(folder) for folder in folders if Path(folder).is_dir()]
    stale = [p for folder in there for p in _left(folder)]
    if below:
        within = [(p, folder) for folder in there for p in _left(folder, "*/**/")]
        stale += [p for p, top in within if not any(held(top / part) for part in p.relative_to(top).parents[:-1])]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _left(folder: Path, within: str = "") -> list[Path]:
    met = folder.glob(f"{within}{PREFIX}*")
    return [path for path in met if TEMPORARY.fullmatch(path.name) and path.is_file()]
