"""What a data set holds, a sum each: kept with a model, it says later which cases are others than it was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.data.atomic import fingerprint
from pipeline.data.dataset import Dataset

APART = ("root", "cases")  # of a data set, compared otherwise
MENDED = "left out by check then, and no longer"


@dataclass(frozen=True)
class Contents:
    """Sums of the parts of a data set.

    Args:
        cases: By id; which part a case is in is none of its sum.
        parts: Which part each is in.
        whole: Of what is no case's, by field.
        scans: Of the bytes of the scans that are learned from or measured, by id, as far as they are known.
    """

    cases: Mapping[str, str]
    parts: Mapping[str, str | None]
    whole: Mapping[str, str]
    scans: Mapping[str, str]


def contents_of(data: Dataset, scans: Mapping[str, str] | None = None) -> Contents:
    """Sums of a data set as training reads it; `scans` are taken over."""
    cases = {case.id: fingerprint(asdict(replace(case, split=None))) for case in data.cases}
    parts = {case.id: case.split for case in data.with_pictures().cases}
    whole = {name: fingerprint(said) for name, said in asdict(data).items() if name not in APART}
    return Contents(cases, parts, whole, scans or {})


def changes(before: Contents, now: Contents) -> dict[str, Sequence[str]]:
    """What differs, and in which cases."""
    found = {
        "new": [name for name in now.cases if name not in before.cases],
        "gone": [name for name in before.cases if name not in now.cases],
        "changed": _differing(before.cases, now.cases),
        "in another part": [name for name in _differing(before.parts, now.parts) if name in now.cases],
        "of the whole data set": _differing(before.whole, now.whole),
    }
    return {what: names for what, names in found.items() if names}


def other_scans(before: Contents, now: Contents) -> dict[str, Sequence[str]]:
    """Cases of both whose scans differ, by how; none where one of them knows of no scan."""
    if not before.scans or not now.scans:
        return {}
    both = [name for name in before.cases if name in now.cases]
    found = {
        "changed": _differing(before.scans, now.scans),
        MENDED: [name for name in both if name in now.scans and name not in before.scans],
        "left out by check now, and not then": [n for n in both if n in before.scans and n not in now.scans],
    }
    return {how: names for how, names in found.items() if names}


def learned_alike(before: Contents, now: Contents) -> bool:
    """Whether only test cases differ, of which a model knows nothing."""
    scans = [name for names in other_scans(before, now).values() for name in names if now.parts.get(name) != "test"]
    return not scans and before.whole == now.whole and _learned(before) == _learned(now)


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in before if name in now and before[name] != now[name]]


def _learned(contents: Contents) -> dict[str, tuple[str, str | None]]:
    return {name: (found, part) for name, found in contents.cases.items() if (part := contents.parts[name]) != "test"}
