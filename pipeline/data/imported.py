"""Whether annotations are still those that `dataset.json` was made from: every verb but import reads them there alone,
so a file that was corrected since would change nothing, without a word."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.data.annotations import landmark_files
from pipeline.data.atomic import read_json, sha256_of, write_json
from pipeline.data.collect_boxes import box_files
from pipeline.data.csv_rows import some
from pipeline.data.datalist import NAMES as DATALISTS
from pipeline.data.datalist import find_datalist
from pipeline.data.dataset import Dataset
from pipeline.data.grouping import TABLES as GROUPING
from pipeline.data.own_output import PRIVATE
from pipeline.data.values_csv import find_table
from pipeline.errors import DataError

RECORD = "imported.json"  # beside dataset.json; in `private/` where cases go by codes, for it names files
AGAIN = "Import again, with the source and data.* of before, and check then."


def record_annotations(dataset: Dataset, folder: Path, table: str | None = None) -> None:
    """Write down which files a data set was made from, and their bytes.

    Args:
        dataset: As it was read, its root the user's folder.
        folder: Where the record goes.
        table: Of values, as `find_table` takes it.
    """
    source = dataset.root
    found = _annotations(source, {case.id: dataset.image_path(case) for case in dataset.cases})
    if columns := (*dataset.inputs, *dataset.outputs):
        found.add(find_table(source, columns, table))
    if listed := find_datalist(source):
        found.update(listed.labels.values())
    stamps = {os.path.relpath(path, source): _stamp(path) for path in sorted(found)}
    write_json(folder / RECORD, {"version": 1, "source": str(source), "files": stamps})


def changed_since_import(dataset: Dataset, folder: Path) -> str:
    """Which annotations were changed, added or taken away since import wrote `dataset.json` into `folder`, in words
    without an end; "" where there are none, or nobody can tell: the source is not there, or an early version imported.
    """
    private = folder / PRIVATE / RECORD
    try:
        content = read_json(private if (coded := os.path.isfile(private)) else folder / RECORD)
        source, before = Path(content["source"]), content["files"]
        scans = {} if coded else {case.id: dataset.image_path(case) for case in dataset.cases}
        added = {os.path.relpath(path, source) for path in _annotations(source, scans)} - before.keys()
        changed = sorted(added | {name for name, stamp in before.items() if not _is_same(source / name, stamp)})
    except (DataError, OSError, KeyError, TypeError, AttributeError):
        return ""
    if not changed or not source.is_dir():
        return ""
    if coded:
        return f"{len(changed)} of the files that say what the scans show changed since import"
    return f"{some(changed)} in {source} changed since import"


def _annotations(source: Path, scans: Mapping[str, Path]) -> set[Path]:
    """All that import may read beside the scans, whatever the task."""
    tables: Iterable[Path] = (source / name for name in (*GROUPING, *DATALISTS))
    return {*landmark_files(source, scans), *box_files(source, scans), *filter(os.path.isfile, tables)}


def _stamp(path: Path) -> list[Any]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, sha256_of(path)]


def _is_same(path: Path, stamp: list[Any]) -> bool:
    """By the bytes only where the disk says that it was written: a copy has another time."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    size, written, digest = stamp
    return status.st_size == size and (status.st_mtime_ns == written or sha256_of(path) == digest)
