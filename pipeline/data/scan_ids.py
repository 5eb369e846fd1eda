"""By which id a scan goes: the name of its file or folder, or the way to it; and by what else a table may call it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pipeline.data.csv_rows import some
from pipeline.data.findings import Finding
from pipeline.data.readers import case_name, folder_and_series, unit_of
from pipeline.data.split import PART_WORDS
from pipeline.data.unread_kinds import bare_name, is_unread

T = TypeVar("T")
NNUNET = ("imagesTr", "imagesTs")  # to train, to test
CHANNEL = re.compile(r"_\d{4}$")


def scan_ids(paths: Iterable[Path], root: Path) -> dict[str, list[Path]]:
    """Scans by id: the name of the file or folder; of several of one name, as P1/CT and P2/CT, the way to them.

    Scan files of one name keep it, for the caller to refuse, where one of them lies in `root` itself: landmarks that
    are called so may be of any. So do two of one way, as P1/CT.nii and P1/CT.nii.gz.
    """
    by_id: dict[str, list[Path]] = {}
    for path in paths:
        by_id.setdefault(_channel_free(path), []).append(path)
    for case, same in list(by_id.items()):
        if len(same) > 1 and (not any(map(_is_scan_file, same)) or all(path.parent != root for path in same)):
            del by_id[case]
            for path in same:
                by_id.setdefault(_way(path, root) or case, []).append(path)
    return by_id


def _is_scan_file(path: Path) -> bool:
    """Neither a picture nor a folder of DICOM files, nor of a kind that is not read."""
    return unit_of(path) != "px" and not folder_and_series(path)[0].is_dir() and not is_unread(path)


def _way(path: Path, root: Path) -> str:
    """An id that the folders on the way to a scan are part of."""
    *folders, name = path.relative_to(root).parts or ("",)
    if unit_of(path) == "px":
        name = case_name(path)
    elif _is_scan_file(path):
        name = _channel_free(path)
    return "_".join([*folders, name])


def called_by_folder(by_id: Mapping[str, Sequence[Path]], root: Path) -> list[Finding]:
    """Scan files whose ids are the way to them; a warning where several may be of one person, for nothing tells."""
    files = {case: same[0] for case, same in by_id.items() if _is_scan_file(same[0])}
    ways = [case for case, path in files.items() if case != _channel_free(path)]
    if not ways:
        return []
    whose = _whose({case: path.relative_to(root).parts[:-1] for case, path in files.items()})
    first, most = Counter(whose.values()).most_common(1)[0]
    together = some(case for case in files if whose[case] == first)
    several = f" Of one person, or of several, are {together}." if most > 1 else ""
    text = f"scans of one name in several folders are called by the way to them: {some(ways)}.{several}"
    advice = "Where several show one person, name one subject for them in subjects.csv."
    return [Finding("ids-by-folder", "warning" if several else "note", None, text, advice)]


def _whose(folders: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Of each scan, the first folder on the way to it that may be a person's: that all of them lie in tells nobody
    apart, nor does a part; without one, its id."""
    everywhere = set.intersection(*map(set, folders.values()))
    apart = {c: [f for f in way if f not in everywhere and f.lower() not in PART_WORDS] for c, way in folders.items()}
    return {case: next(iter(way), case) for case, way in apart.items()}


def ids_by_file(scans: Mapping[str, Path], source: Path) -> dict[str, str]:
    """Ids by what a table may call a scan: its way from the folder or from `images*` in it, or its name alone, with or
    without suffix; where the id is the way, a folder on it in which no other scan lies. Accents may be composed or not
    (macOS takes names apart). A name that is an id itself means that one, and a file's name no folder."""
    names: dict[str, list[str]] = {}
    folders: dict[str, list[str]] = {}
    for case, path in scans.items():
        way = path.relative_to(source)
        below = len(way.parts) > 2 and way.parts[0].lower().startswith("images")
        ways = [way, way.relative_to(way.parts[0])] if below else [way]
        known = {case, way.name or case, case_name(path)}
        known |= {name for w in ways for name in (w.as_posix(), (w.parent / case_name(path)).as_posix())}
        _note(names, known, case)
        above = [folder for w in ways for folder in w.parents]
        _note(folders, {name for folder in above for name in (folder.as_posix(), folder.name)} - {"", "."}, case)
    by_way = {c for c, path in scans.items() if c not in (path.name, case_name(path), _channel_free(path))}
    only = {name: cases[0] for name, cases in folders.items() if len(cases) == 1 and name not in names}
    alone = {name: case for name, case in only.items() if case in by_way}
    alone |= {name: cases[0] for name, cases in names.items() if len(cases) == 1}
    return alone | {case: case for case in scans}


def _note(names: dict[str, list[str]], known: set[str], case: str) -> None:
    for name in known | {unicodedata.normalize(form, name) for form in ("NFC", "NFD") for name in known}:
        names.setdefault(name, []).append(case)


def look_alikes(named: Mapping[str, Path]) -> dict[str, str]:
    """What to tell of each id that looks like another one: some programs compose accents, macOS takes them apart."""
    found: dict[str, list[str]] = {}
    for case in named:
        found.setdefault(unicodedata.normalize("NFC", case), []).append(case)
    return {case: alike([named[c] for c in same]) for same in found.values() if len(same) > 1 for case in same}


def alike(paths: Sequence[Path]) -> str:
    """That names look the same and are not; each as the signs it is made of, with the folders that part them.

    Examples:
        >>> alike([Path("e\N{COMBINING ACUTE ACCENT}"), Path("\N{LATIN SMALL LETTER E WITH ACUTE}")]).isascii()
        True
    """
    above = os.path.commonpath([path.parent for path in paths])
    called = " and ".join(ascii(path.relative_to(above).as_posix()) for path in paths)
    return f"names that look the same and differ in how their accents are written: {called}."


def under_ids(named: Mapping[str, T], ids: Mapping[str, str]) -> tuple[dict[str, T], list[tuple[str, str, str]]]:
    """The same by id, and each id that goes by two names, with both: the last of them has its place.

    Examples:
        >>> under_ids({"a.png": 1, "b": 2, "a": 3}, {"a.png": "a"})
        ({'a': 3, 'b': 2}, [('a', 'a.png', 'a')])
    """
    found: dict[str, T] = {}
    called: dict[str, str] = {}
    twice = []
    for name, content in named.items():
        case = ids.get(name, name)
        if called.setdefault(case, name) != name:
            twice.append((case, called[case], name))
        found[case] = content
    return found, twice


def _channel_free(path: Path) -> str:
    """nnU-Net writes the number of the channel behind the id."""
    name = (bare_name(path) if is_unread(path) else "") or case_name(path)
    return name[:-5] if path.parent.name in NNUNET and CHANNEL.search(name) else name
