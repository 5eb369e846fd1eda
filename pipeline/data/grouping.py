"""Whose each scan is and to which part of the split it belongs: what `subjects.csv` and `split.csv` say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.data.csv_rows import headings, read_rows, some
from pipeline.data.dataset import PARTS, Case, Part
from pipeline.data.find_images import inside
from pipeline.data.findings import Finding
from pipeline.data.landmark_names import spelled
from pipeline.data.readers import case_name, require_file
from pipeline.data.scan_ids import ids_by_file
from pipeline.data.split import PART_WORDS
from pipeline.errors import DataError

TABLES = ("subjects.csv", "split.csv")


def subjects_of(source: Path, scans: Mapping[str, Path], findings: list[Finding]) -> dict[str, str]:
    """Subjects by case id, as `subjects.csv` says; empty where there is none.

    Args:
        source: The user's folder.
        scans: By case id; a row may call them by their file, too.
        findings: Gets rows that speak of no scan, and scans without a row.

    Raises:
        DataError: The table cannot be read, has other columns, no row, says two things of one scan, or speaks of no
            scan at all; or there are two.
    """
    path = _table(source, TABLES[0])
    said = _column(path, "subject", source, scans, findings)
    if said and (unsaid := sorted(scans.keys() - said.keys())):
        message = f"{path.name} has no row for {some(unsaid)}."
        findings.append(Finding("no-subject", "warning", None, message, "Add rows: who they show is only guessed."))
    return said


def splits_of(source: Path, scans: Mapping[str, Path], findings: list[Finding]) -> dict[str, Part]:
    """Parts by case id, as `split.csv` says; see `subjects_of`."""
    path = _table(source, TABLES[1])
    return {case: _part(path, case, word) for case, word in _column(path, "split", source, scans, findings).items()}


def _tables_in(source: Path) -> list[Path]:
    """Which of the two tables there are, in any capitals; also what cannot be read, for whoever reads it to say so."""
    return [p for p in inside(source) if p.name.lower() in TABLES] if source.is_dir() else []


def with_one_spelling(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Subjects that look the same (accents composed or apart) are one; else a person would be in two parts.

    Each is spelled as where it is met first, and not composed: the split hashes names, and that of a begun run whose
    names are all apart must stay.
    """
    first: dict[str, str] = {}
    return tuple(replace(c, subject=first.setdefault(spelled(c.subject), c.subject)) for c in cases)


def named_in_tables(source: Path) -> set[str]:
    """What the two tables call scans, without suffix; also such scans as there are not."""
    rows = [row for path in _tables_in(source) if path.is_file() for row in read_rows(path, ["case"])]
    cells = {row.cells.get("case", "") for row in rows} - {""}
    return {cell if "/" in cell else case_name(Path(cell)) for cell in cells}


def _table(source: Path, name: str) -> Path:
    """As it is spelled there; DataError where there are two."""
    there = [path for path in _tables_in(source) if path.name.lower() == name]
    if len(there) > 1:
        raise DataError(f"{source}: {some(path.name for path in there)} are both there. Keep one of them.")
    return there[0] if there else source / name


def _require_table(path: Path) -> None:
    """One that was passed over would leave the split to chance, with a person in two parts."""
    require_file(path)
    if not path.is_file():
        what = "a folder" if path.is_dir() else "a link that leads nowhere"
        raise DataError(f"{path}: is {what}. Put the table there, or take it away.")


def _column(
    path: Path, column: str, source: Path, scans: Mapping[str, Path], findings: list[Finding]
) -> dict[str, str]:
    """A table of two columns, `case,<column>`, if there is one."""
    if not os.path.lexists(path):
        return {}
    _require_table(path)
    header, ids, said = headings(path), ids_by_file(scans, source), dict[str, str]()
    if header and not {"case", column} <= set(header):
        raise DataError(f"{path}: columns are {','.join(header)}; needed are case,{column}.")
    for row in read_rows(path, ["case", column]):
        case, word = ids.get(row.cells["case"], row.cells["case"]), row.cells[column]
        if row.problem or (case and word and spelled(said.setdefault(case, word)) != spelled(word)):
            why = row.problem or f"{column} of '{case}' is '{word}', and '{said[case]}' in a row before"
            raise DataError(f"{path}: row {row.line}: {why}.")
    if not said:
        raise DataError(f"{path}: no row has a case and its {column}. Copy or fill it in again, or take it away.")
    strange = sorted(said.keys() - scans.keys())
    if strange and scans and len(strange) == len(said):
        raise DataError(f"{path}: speaks of {some(strange)}, and of no scan there is; scans are called {min(scans)}.")
    if strange:
        message = f"{path.name} speaks of {some(strange)}: no such scan."
        findings.append(Finding("no-scan", "warning", None, message, "Correct the names, or add the scans."))
    return said


def _part(path: Path, case: str, word: str) -> Part:
    if word.lower() not in PART_WORDS:
        raise DataError(f"{path}: case '{case}': split '{word}'; use {', '.join(PARTS)}.")
    return PART_WORDS[word.lower()]
