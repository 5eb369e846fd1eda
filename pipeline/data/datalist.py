"""MONAI's data lists: `{"training": [{"image", "label"}], "validation": [], "testing": []}`, paths relative to it.

A label is a file of landmarks. Folds are not followed, which is noted: one list is one split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json
from pipeline.data.dataset import Part
from pipeline.data.file_names import require_inside
from pipeline.data.findings import Finding
from pipeline.data.readers import SUFFIXES, pick_series, require_series
from pipeline.data.scan_ids import called_by_folder, scan_ids
from pipeline.errors import DataError

NAMES = ("datalist.json", "dataset.json")
LISTS: dict[str, Part] = {"training": "train", "validation": "validation", "testing": "test", "test": "test"}


@dataclass(frozen=True)
class Datalist:
    """Scans, landmark files and parts by case id; what is to be said of the list, and how its file is called."""

    scans: dict[str, Path] = field(default_factory=dict)
    labels: dict[str, Path] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    file: str = ""


def find_datalist(source: Path, series: Sequence[str] = ()) -> Datalist | None:
    """The data list of a folder, if there is one; other JSON files of these names are none.

    Args:
        source: The folder.
        series: UIDs of the DICOM series to take from folders that hold several.

    Raises:
        DataError: An entry is not one, leaves the folder, or names a scan or file that is not there; or there is no
            such series.
    """
    for path in (source / name for name in NAMES):
        content = read_json(path) if path.is_file() else None
        if isinstance(content, dict) and isinstance(content.get("training"), list):
            return _of_series(_read(path, content), series) if _names_landmarks(content["training"]) else None
    return None


def _of_series(listed: Datalist, series: Sequence[str]) -> Datalist:
    """A folder that holds two of them stays, for whoever reads it to say so: an entry is one scan."""
    picked = {case: pick_series([path], series) for case, path in listed.scans.items()}
    require_series([path for paths in picked.values() for path in paths], series)
    return replace(listed, scans={c: paths[0] if len(paths) == 1 else listed.scans[c] for c, paths in picked.items()})


def _names_landmarks(entries: list[Any]) -> bool:
    """nnU-Net's dataset.json has masks for labels, which are images and no landmarks."""
    labels = [e.get("label") for e in entries if isinstance(e, dict)]
    return any(isinstance(v, str) and not v.lower().endswith(SUFFIXES) for v in labels)


def _read(path: Path, content: dict[str, Any]) -> Datalist:
    out, whose, entries = Datalist(file=path.name), dict[Path, str](), _entries(path, content)
    images = [_file(path.parent, entry["image"], f"{where}.image") for where, _, entry in entries]
    by_id = scan_ids(images, root := _image_folder(images, path.parent))
    out.findings.extend(called_by_folder(by_id, root))
    ids = {image: case for case, same in by_id.items() for image in same}
    for (where, part, entry), image in zip(entries, images, strict=True):
        if (case := ids[image]) in out.scans:
            raise DataError(f"{where}: image '{entry['image']}': its id '{case}' occurs twice. Rename one.")
        out.scans[case], out.parts[case] = image, part
        if entry.get("label") is not None:
            label = out.labels[case] = _file(path.parent, str(entry["label"]), f"{where}.label")
            if (other := whose.setdefault(label, case)) != case:
                raise DataError(f"{where}.label = '{entry['label']}': so has '{other}'. Landmarks are of one image.")
    if len({str(entry.get("fold")) for _, _, entry in entries} - {"None"}) > 1:
        told = f"{path.name}: `fold` of its entries is not followed; its lists are the split."
        out.findings.append(Finding("folds", "note", None, told))
    return out


def _entries(path: Path, content: dict[str, Any]) -> list[tuple[str, Part, dict[str, Any]]]:
    """Each with where it stands and its part."""
    found = []
    for name, part in LISTS.items():
        entries = content.get(name) or []
        if not isinstance(entries, list):
            raise DataError(f"{path}: {name} = {entries!r}; a list of images is needed.")
        for number, entry in enumerate(entries):
            where = f"{path}: {name}[{number}]"
            if not isinstance(entry, dict) or not isinstance(entry.get("image"), str):
                raise DataError(f'{where} = {entry!r}; {{"image": PATH, "label": PATH}} is needed.')
            found.append((where, part, entry))
    return found


def _image_folder(images: Sequence[Path], source: Path) -> Path:
    """The folder of images that all of them lie in, if any: as without a list, it is no part of their ids."""
    first = {image.relative_to(source).parts[:-1][:1] for image in images}
    name = next(iter(first), ()) if len(first) == 1 else ()
    return source.joinpath(*name) if name and name[0].lower().startswith("images") else source


def _file(root: Path, name: str, where: str) -> Path:
    require_inside(name, where)
    if not (root / name).exists():
        raise DataError(f"{where} = {name!r}: no such file below {root}.")
    return root / name
