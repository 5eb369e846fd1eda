"""Codes in place of file names, which often are names of people, so that a run can be shown to anyone.

Scans are reached through links called by their codes, so whatever a stage writes or says about a scan names its code.
Links, the table of who is who, and the key that the codes are made with lie in one folder, `private/`: keep it back
when the rest is handed on. A code is keyed (HMAC-SHA256, RFC 2104): nobody without the key can try names against it.
"""

from __future__ import annotations

import csv
import hmac
import io
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.data.atomic import write_bytes, write_text
from pipeline.data.csv_rows import headings, read_rows
from pipeline.data.dataset import Dataset, picture_id
from pipeline.data.findings import Finding
from pipeline.data.links import link_of, link_scan
from pipeline.data.own_output import KEY
from pipeline.data.remarks import names_of
from pipeline.data.scan_files import require_one_scan
from pipeline.errors import DataError

TABLE = "codes.csv"  # code, name, scan
DIGITS = 12  # hexadecimal; two of a million names share a code with a chance of 0.2%
BYTES = 32  # of the key


class Codes:
    """Codes of names; the same key gives the same code.

    Args:
        folder: `private/`, made if it is not there, with a new key.

    Raises:
        DataError: The key has another length, as after a copy that failed, or others may read it and that cannot be
            changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        path = self.folder / KEY
        if not path.is_file():
            write_bytes(path, secrets.token_bytes(BYTES), 0o600)
        _close(self.folder)
        self.key = path.read_bytes()
        if len(self.key) != BYTES:
            raise DataError(
                f"{path}: {len(self.key)} bytes, a key has {BYTES}. Copy it again, or take it away to have a new one,"
                " and other codes."
            )

    def code(self, name: str, prefix: str = "case") -> str:
        """ "case-" and twelve digits."""
        return f"{prefix}-{hmac.digest(self.key, name.encode('utf-8', 'surrogateescape'), 'sha256').hex()[:DIGITS]}"

    def linked(self) -> dict[str, Path]:
        """Scans by name, of an earlier call; a program for tables may have saved it since.

        Raises:
            DataError: It is no such table any more.
        """
        path = self.folder / TABLE
        if not path.is_file():
            return {}
        if missing := {"name", "scan"} - set(headings(path)):
            raise DataError(f"{path}: no column '{min(missing)}'. Put it back, or take the table away to begin anew.")
        rows = [row.cells for row in read_rows(path, ("name", "scan"))]
        return {cells["name"]: Path(cells["scan"]) for cells in rows if cells["scan"]}

    def link_all(
        self,
        scans: Mapping[str, Path],
        before: Mapping[str, Path] | None = None,
        others: Mapping[str, str] | None = None,
    ) -> dict[str, Path]:
        """Links to scans, by code, and the table of who is who.

        Args:
            before: Scans that stay in the table.
            others: Codes by name, of what is no linked scan.

        Raises:
            DataError: A scan's header names another file by its name, or the disk takes no links.
        """
        table = io.StringIO()
        known = {name: os.path.abspath(path) for name, path in {**(before or {}), **scans}.items()}
        rows = [("code", "name", "scan"), *((self.code(n), n, p) for n, p in known.items())]
        rows += [(code, name, "") for name, code in sorted((others or {}).items()) if name not in known]
        csv.writer(table).writerows(rows)
        write_text(self.folder / TABLE, table.getvalue())
        return {self.code(name): link_scan(self.folder, self.code(name), path) for name, path in scans.items()}


def coded(
    dataset: Dataset,
    findings: Iterable[Finding],
    folder: Path,
    source: Path,
    allowed: Callable[[Dataset], None] = lambda _: None,
) -> tuple[Dataset, list[Finding]]:
    """The same data set and findings with codes for cases and subjects, its scans linked in `folder`.

    Args:
        source: The user's folder that they are of.
        allowed: Is asked before anything is linked; what it raises ends the call.

    Raises:
        DataError: See `Codes.link_all`.
    """
    codes, findings = Codes(folder), list(findings)
    names = names_of(source, dataset, findings, codes.code)
    scans = {case.id: dataset.image_path(case) for case in dataset.with_pictures().cases}

    def linked(name: str) -> str:
        return link_of(folder, codes.code(name), scans[name]).relative_to(folder).as_posix()

    cases = tuple(
        replace(
            case,
            id=codes.code(case.id),
            subject=codes.code(case.subject, "subject"),
            image=linked(case.id),
            pictures={view: linked(picture_id(case.id, view)) for view in case.pictures},
        )
        for case in dataset.cases
    )
    dataset = replace(dataset, cases=cases, root=folder)
    allowed(dataset)
    codes.link_all(scans, others=names.codes)
    return dataset, [names.hidden(f) for f in findings]


def coded_scans(scans: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Links to scans by code, for scans that are of no data set; those of earlier calls stay.

    Raises:
        DataError: A name is that of another scan already, or see `Codes.link_all`.
    """
    codes = Codes(folder)
    before = codes.linked()
    for name, path in scans.items():
        if name in before and before[name].exists():
            require_one_scan(name, path, before[name])
    return codes.link_all(scans, before)


def _close(folder: Path) -> None:
    """Nobody else may look into it, whoever made it."""
    try:
        if folder.stat().st_mode & 0o77:
            folder.chmod(0o700)
    except OSError as error:
        raise DataError(f"{folder}: others may read it, and it cannot be closed: {error.strerror}.") from error
