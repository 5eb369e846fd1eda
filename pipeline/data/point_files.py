"""Which files of a folder hold landmarks, and which scan each of them is of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.data.find_images import inside, walked
from pipeline.data.findings import Finding
from pipeline.data.landmark_names import spelled
from pipeline.data.observers import observer_of
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.readers import folder_and_series

FILES = (".mrk.json", ".fcsv", ".mps", ".pts", POINTS)
SUBJECT = re.compile(r"(sub-[A-Za-z0-9]+)(_ses-[A-Za-z0-9]+)?")  # how BIDS names begin


def point_files(source: Path, scans: Mapping[str, Path]) -> list[Path]:
    """In `landmarks/`, in `source` itself and beside the scans; not elsewhere, where old answers may lie."""
    places = {folder_and_series(path)[0] for path in scans.values()} - {source}
    folders = {source, *(place.parent for place in places)}
    folders |= {Path(root) for root, _, _ in walked(source / "landmarks")}
    found = {p for folder in folders for p in inside(folder) if p.name.lower().endswith(FILES)}
    return sorted(p for p in found if not p.name.startswith("."))


def files_by_case(files: Iterable[Path], scans: Mapping[str, Path]) -> tuple[dict[str, list[Path]], list[Finding]]:
    """Each file to the longest id that its name is or starts with; by BIDS to the one scan of its subject and session;
    else to its own name. And a finding for every case whose file is not called as its scan is."""
    ids = {spelled(case): case for case in scans}
    sessions = _sessions(scans)
    by_case: dict[str, list[Path]] = {}
    for path in files:
        name = observer_of(path, stem_of(path))[0]
        by_case.setdefault(_case_of(spelled(stem_of(path)), spelled(name), ids, sessions), []).append(path)
    return by_case, [*_not_exact(by_case, scans), *_not_read(by_case, scans)]


def _sessions(scans: Iterable[str]) -> dict[str, list[str]]:
    """Ids by the subject and session that they begin with."""
    found: dict[str, list[str]] = {}
    for case in scans:
        if match := SUBJECT.match(case):
            found.setdefault(match[0], []).append(case)
    return found


def _case_of(stem: str, name: str, ids: Mapping[str, str], sessions: Mapping[str, list[str]]) -> str:
    fits = [c for c in ids if stem == c or (stem.startswith(c) and stem[len(c)] in "_-. ")]
    if fits:
        return ids[max(fits, key=len)]
    match = SUBJECT.match(stem)
    same = sessions.get(match[0], []) if match else []
    return same[0] if len(same) == 1 else name


def _not_exact(by_case: Mapping[str, list[Path]], scans: Mapping[str, Path]) -> list[Finding]:
    """What is added to the names of several scans is how their files are called; of one alone, it may be another's."""
    taken = {c: paths[0] for c, paths in by_case.items() if c in scans and not any(is_of(p, c) for p in paths)}
    added = {case: _added(path, case) for case, path in taken.items()}
    common = Counter(added.values())
    return [
        Finding(
            "name-not-exact",
            "note" if common[added[case]] > 1 else "warning",
            case,
            f"{path} was taken for {scans[case].name}, which it is not called after.",
            "Rename it to the scan's name if it is of it; else add its own scan, or remove it.",
        )
        for case, path in taken.items()
    ]


def _not_read(by_case: Mapping[str, list[Path]], scans: Mapping[str, Path]) -> Iterator[Finding]:
    """Where a file is called as the scan is, those with longer names are left alone."""
    for case, paths in by_case.items():
        others = [p for p in paths if not is_of(p, case)]
        if case in scans and 0 < len(others) < len(paths):
            more = f" and {len(others) - 1} more were" if len(others) > 1 else " was"
            text = f"{others[0]}{more} not read: another file is called as {scans[case].name} is."
            yield Finding("file-not-read", "note", case, text, "Several observers: CASE_observer-NAME.")


def _added(path: Path, case: str) -> str:
    """What stands behind the id, or behind the subject and session."""
    name, match = spelled(stem_of(path)), SUBJECT.match(case)
    return name.removeprefix(spelled(case)).removeprefix(match[0] if match else "")


def is_of(path: Path, case: str) -> bool:
    """Whether the file is called as the case is, but for the observer."""
    return spelled(observer_of(path, stem_of(path))[0]) == spelled(case)


def stem_of(path: Path) -> str:
    """The file's name without the suffix of its kind."""
    return path.name[: -len(suffix_of(path))]


def suffix_of(path: Path) -> str:
    """Which kind of landmark file it is."""
    return next(s for s in FILES if path.name.lower().endswith(s))
