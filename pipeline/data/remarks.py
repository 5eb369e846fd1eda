"""Remarks about a user's folder, without the names of those whom it shows: their codes take the place of ids, subjects
and files, and folders are left out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.data.dataset import Dataset
from pipeline.data.find_images import OF_DISKS, walked
from pipeline.data.findings import Finding
from pipeline.data.grouping import TABLES, named_in_tables
from pipeline.data.point_files import FILES
from pipeline.data.unread_kinds import bare_name, is_unread

CALLED = (*FILES, ".csv")  # of files that the user may call as he likes
FIXED = (*TABLES, "landmarks.csv", "boxes.csv")  # which are called so everywhere
BEFORE = r"(?<![^\s'\"(])"  # a path stands at the beginning, or behind a blank, a quote or a bracket


@dataclass(frozen=True)
class Names:
    """What remarks may name: `codes` by name, and `folders` as paths begin with them, the longest first."""

    codes: dict[str, str]
    folders: tuple[str, ...]

    def hidden(self, finding: Finding) -> Finding:
        """The same remark without names."""
        case, message, advice = finding.case, finding.message, finding.advice
        return replace(finding, case=case and self.codes[case], message=self._hide(message), advice=self._hide(advice))

    def _hide(self, text: str) -> str:
        """Names as whole words, the longest first; a row stays what it is where a name is a number, too."""
        for folder in self.folders:
            if folder in text:
                text = re.sub(BEFORE + re.escape(folder), "", text)
        names = "|".join(re.escape(n) for n in sorted(self.codes, key=len, reverse=True) if n)
        word = rf"(?<![^\W_])(?<!\brow )(?:{names})(?![^\W_])"
        return re.sub(word, lambda met: self.codes[met[0]], text) if names else text


def names_of(source: Path, dataset: Dataset, findings: Iterable[Finding], code: Callable[[str, str], str]) -> Names:
    """Of a folder, and of what was made of it.

    Args:
        code: Of a name, and what it is of: "case", "subject" or "file".
    """
    said = list(findings)
    ids = {c.id for c in dataset.cases} | {f.case for f in said if f.case is not None} | named_in_tables(source)
    codes = {c.subject: code(c.subject, "subject") for c in dataset.cases} | {name: code(name, "case") for name in ids}
    spoken, folders = "\n".join(f.message for f in said), set[str]()
    for root, below, files in walked(source):
        below[:] = [name for name in below if name.lower() not in OF_DISKS]
        way = os.path.relpath(root, source)
        folders |= {f"{place}/" for place in (Path(root), dataset.root / way, way)}
        kinds = {
            name: kind for name in files for kind in CALLED if name.lower().endswith(kind) and name.lower() not in FIXED
        }
        longer = {name: kind for name, kind in kinds.items() if name[: -len(kind)] not in ids and name in spoken}
        codes |= {name: code(name, "file") + kind for name, kind in longer.items()}
        odd = (bare_name(p) for p in map(Path, files) if is_unread(p) and p.name in spoken)
        codes |= {name: code(name, "file") for name in odd if name not in ids}  # of two of one name, the ids are others
    return Names(codes, tuple(sorted(folders - {"./"}, key=len, reverse=True)))
