"""Which files of a folder hold landmarks, and which scan each of them is of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.data.find_images import inside, walked
from pipeline.data.findings import Finding
from pipeline.data.landmark_names import spelled
from pipeline.data.observers import observer_of
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.readers import case_name, folder_and_series

FILES = (".mrk.json", ".fcsv", ".mps", ".pts", POINTS)
LANDMARKS = "landmarks"  # the folder of them
SUBJECT = re.compile(r"(sub-[A-Za-z0-9]+)(_ses-[A-Za-z0-9]+)?")  # how BIDS names begin


def point_files(source: Path, scans: Mapping[str, Path]) -> list[Path]:
    """In `landmarks/`, of `source` or beside a folder of images in it, in `source` itself and beside the scans; not
    elsewhere, where old answers may lie."""
    places = {folder_and_series(path)[0] for path in scans.values()} - {source}
    folders = {source, *(place.parent for place in places)}
    folders |= {Path(root) for home in _homes(scans, source) for root, _, _ in walked(home / LANDMARKS)}
    found = {p for folder in folders for p in inside(folder) if p.name.lower().endswith(FILES)}
    return sorted(p for p in found if not p.name.startswith("."))


def files_by_case(
    files: Sequence[Path], scans: Mapping[str, Path], source: Path
) -> tuple[dict[str, list[Path]], list[Finding]]:
    """Each file to the scan of its name beside it, or in the folder that `landmarks/` has in place of the scan's; else
    to the longest id that its name is or starts with; by BIDS to the one scan of its subject and session; where several
    folders have a file of this name, to the one scan beside it; else to its own name. What lies in the `landmarks/`
    beside a folder of images is of no scan elsewhere. Of a case's files those called as the scan is, if any. And a
    finding for every case whose file is not called as its scan is."""
    beside, alone = _beside(scans, source), _alone(files, scans, source)
    homes = {home: _known(scans, home, source) for home in _homes(scans, source)}
    by_case: dict[str, list[Path]] = {}
    for path in files:
        stem, name, home = spelled(stem_of(path)), _name(path), _home_of(path, homes, source)
        case = beside.get((path.parent, stem)) or beside.get((path.parent, name)) or _case_of(stem, name, *homes[home])
        if case == name and case not in homes[home][0]:  # a scan of this name elsewhere is not meant
            case = "_".join([*home.relative_to(source).parts, name])
        by_case.setdefault(case if case in scans else alone.get(path, case), []).append(path)
    exact = {
        case: [p for p in paths if _name(p) == spelled(case) or beside.get((p.parent, _name(p))) == case]
        for case, paths in by_case.items()
    }
    findings = [*_not_exact(by_case, exact, scans), *_not_read(by_case, exact, scans)]
    return {case: exact[case] or paths for case, paths in by_case.items()}, findings


def _beside(scans: Mapping[str, Path], source: Path) -> dict[tuple[Path, str], str]:
    """Ids by the folder that a scan lies in and its name there, which other folders may have, too; and by the folder
    that `landmarks/` has in place of that one."""
    found: dict[tuple[Path, str], list[str]] = {}
    for case, path in scans.items():
        here = folder_and_series(path)[0].parent
        for folder in {here, *_mirrored(here, source)}:
            found.setdefault((folder, spelled(case_name(path))), []).append(case)
    return {place: cases[0] for place, cases in found.items() if len(cases) == 1}  # not of two series of one folder


def _mirrored(folder: Path, source: Path) -> list[Path]:
    if not folder.is_relative_to(source):  # slices lie in the source itself
        return []
    way = folder.relative_to(source).parts
    starts = [n for n, name in enumerate(way) if _of_images(name)]
    own = [source.joinpath(*way[:n], LANDMARKS, *way[n + 1 :]) for n in starts]
    return [source.joinpath(LANDMARKS, *way), *own]


def _homes(scans: Mapping[str, Path], source: Path) -> set[Path]:
    """Folders whose `landmarks/` are looked into: `source`, and those below it that hold a folder of images."""
    folders = {folder_and_series(path)[0].parent for path in scans.values()}
    ways = [folder.relative_to(source).parts for folder in folders if folder.is_relative_to(source)]
    return {source} | {source.joinpath(*way[:n]) for way in ways for n, name in enumerate(way) if _of_images(name)}


def _of_images(folder: str) -> bool:
    return folder.lower().startswith("images")


def _home_of(path: Path, homes: Iterable[Path], source: Path) -> Path:
    """Whose `landmarks/` a file lies in; else `source`."""
    return max((h for h in homes if path.is_relative_to(h / LANDMARKS)), key=lambda h: len(h.parts), default=source)


def _known(scans: Mapping[str, Path], home: Path, source: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Ids of the scans below a folder, by how they are spelled, and by session."""
    below = [case for case, path in scans.items() if home == source or path.is_relative_to(home)]
    return {spelled(case): case for case in below}, _sessions(below)


def _alone(files: Iterable[Path], scans: Mapping[str, Path], source: Path) -> dict[Path, str]:
    """Ids of files that only their folder tells apart, such as the F.mrk.json that Slicer saves beside each scan."""
    folders: dict[Path, list[str]] = {}
    for case, path in scans.items():
        folders.setdefault(folder_and_series(path)[0].parent, []).append(case)
    only = {folder: cases[0] for folder, cases in folders.items() if len(cases) == 1 and folder != source}
    there = [path for path in files if path.parent in only]
    count = Counter(path.name for path in there)
    return {path: only[path.parent] for path in there if count[path.name] > 1}


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


def _not_exact(
    by_case: Mapping[str, list[Path]], exact: Mapping[str, list[Path]], scans: Mapping[str, Path]
) -> list[Finding]:
    """What is added to the names of several scans is how their files are called; of one alone, it may be another's."""
    taken = {c: paths[0] for c, paths in by_case.items() if c in scans and not exact[c]}
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


def _not_read(
    by_case: Mapping[str, list[Path]], exact: Mapping[str, list[Path]], scans: Mapping[str, Path]
) -> Iterator[Finding]:
    """Where a file is called as the scan is, those with longer names are left alone."""
    for case, paths in by_case.items():
        others = [p for p in paths if p not in exact[case]]
        if case in scans and 0 < len(others) < len(paths):
            more = f" and {len(others) - 1} more were" if len(others) > 1 else " was"
            text = f"{others[0]}{more} not read: another file is called as {scans[case].name} is."
            yield Finding("file-not-read", "note", case, text, "Several observers: CASE_observer-NAME.")


def _added(path: Path, case: str) -> str:
    """What stands behind the id, or behind the subject and session."""
    name, match = spelled(stem_of(path)), SUBJECT.match(case)
    return name.removeprefix(spelled(case)).removeprefix(match[0] if match else "")


def _name(path: Path) -> str:
    """What the file is called, but for the observer."""
    return spelled(observer_of(path, stem_of(path))[0])


def stem_of(path: Path) -> str:
    """The file's name without the suffix of its kind."""
    return path.name[: -len(suffix_of(path))]


def suffix_of(path: Path) -> str:
    """Which kind of landmark file it is."""
    return next(s for s in FILES if path.name.lower().endswith(s))
