"""Which files of a user's folder are the scans, and under which ids."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.data.csv_rows import some
from pipeline.data.dataset import Part
from pipeline.data.find_images import find_images, inside, skipping
from pipeline.data.findings import Finding
from pipeline.data.own_output import MEANT, about_drawings
from pipeline.data.read_picture import SUFFIXES as PICTURES
from pipeline.data.readers import (
    SUFFIXES,
    folder_and_series,
    pick_series,
    require_series,
    unit_of,
    unknown_kind,
)
from pipeline.data.scan_ids import NNUNET, called_by_folder, look_alikes, scan_ids
from pipeline.data.unread_kinds import UNREAD_PICTURES
from pipeline.errors import ConfigError, DataError

RENAME = "Rename or remove one."


def find_scans(
    source: Path, images: str | None = None, series: Sequence[str] = ()
) -> tuple[dict[str, Path], list[Finding]]:
    """Scans by case id: from `images=`, else the folder `images*` with the most scans, else the whole folder.

    Two files of the same id (see `scan_ids`) are an error of that case, and neither is taken: nobody can say which one
    the landmarks belong to.

    Args:
        source: The user's folder.
        images: Which folder of it holds the scans.
        series: UIDs of the DICOM series to take from folders that hold several.

    Raises:
        DataError: There is no such folder, no scan in it, or no such series.
    """
    if not source.is_dir():
        raise DataError(f"{source}: no such folder. Give the folder that holds your scans and landmarks.")
    folder, findings = _image_folder(source, images)
    skipped: list[Path] = []
    unread: list[Path] = []
    paths = find_images(folder, skipped=skipped, unread=unread)
    test_folder = source / NNUNET[1]
    if folder.name == NNUNET[0] and test_folder.is_dir() and (tests := find_images(test_folder, unread=unread)):
        paths, folder = paths + tests, source  # the way to a scan tells which of them
    if not paths:
        raise DataError(
            f"{folder}: no scans in it. Scans end in {', '.join(SUFFIXES)}, or are folders of DICOM files;"
            f" pictures end in {', '.join(PICTURES)}.{_passed_over(skipped, unread)}"
        )
    if skipped:
        findings.append(Finding("passed-over", "note", None, skipping(skipped)))
    if drawings := about_drawings(paths):
        findings.append(Finding("drawn-on", "warning", None, drawings, MEANT))
    picked = pick_series(paths, series)
    require_series(picked, series)
    by_id = scan_ids(picked, folder)
    findings += called_by_folder(by_id, folder)
    findings += [_not_read(*item) for item in _unread_ids(unread, source, by_id).items()]
    for case, same in by_id.items():
        if len(same) > 1:
            more = [f"{len(same) - 3} more"] if len(same) > 3 else []
            files = " and ".join([*(str(p.relative_to(source)) for p in same[:3]), *more])
            findings.append(Finding("duplicate-case", "error", case, f"{files} have the same id.", RENAME))
    scans = {case: same[0] for case, same in sorted(by_id.items()) if len(same) == 1}
    unclear = look_alikes(scans)
    findings += [
        Finding("duplicate-case", "error", case, f"{scans[case].relative_to(source)}: one of two {text}", RENAME)
        for case, text in unclear.items()
    ]
    return {case: path for case, path in scans.items() if case not in unclear}, findings


def _not_read(case: str, scan: Path) -> Finding:
    other = ".png" if scan.name.lower().endswith(UNREAD_PICTURES) else ".nii.gz"
    return Finding("unread-scan", "warning", case, str(unknown_kind(scan)), f"Convert it, to {other} for one.")


def _unread_ids(unread: Iterable[Path], root: Path, scans: Collection[str]) -> dict[str, Path]:
    """Scans of kinds that are not read by id: where a scan that is read has it, the way to them."""
    ids = {name: same[0] for name, same in sorted(scan_ids(unread, root).items())}
    return {"_".join(path.relative_to(root).parts) if name in scans else name: path for name, path in ids.items()}


def _passed_over(skipped: Sequence[Path], unread: Sequence[Path]) -> str:
    """What there is where no scan is found."""
    said = [skipping(skipped)] if skipped else []
    said += [f"Not read: {some(str(path) for path in unread)}."] if unread else []
    return "".join(f" {text}" for text in said)


def asked_scans(
    inputs: Sequence[Path], out: Path, series: Sequence[str] = (), unit: str | None = None
) -> dict[str, Path]:
    """Scans by id of what a user asks about.

    Args:
        inputs: Scans, or folders of scans.
        out: Folder of the answers; pictures in it are drawings of answers, or would be mixed with them.
        series: UIDs of the DICOM series to take from folders that hold several.
        unit: Of the images that are asked for, where somebody knows it: "px" or "mm".

    Raises:
        ConfigError: Pictures of a folder are to be answered into it.
        DataError: No scan, no such file or series, or two scans of the same id.
    """
    found: dict[str, Path] = {}
    skipped: list[Path] = []
    unread: dict[Path, list[Path]] = {}
    for given in inputs:
        if not given.exists() and folder_and_series(given)[1] is None:
            raise DataError(f"{given}: no such file or folder")
        unread[given] = list[Path]()
        paths = find_images(given, out, skipped, unread[given], unit) if given.is_dir() else [given]
        if given.is_dir() and any(unit_of(p) == "px" and p.parent.resolve() == out.resolve() for p in paths):
            raise ConfigError(
                f"-o {out}: its pictures are read, and would lie among drawings. Choose another -o FOLDER."
            )
        for name, same in scan_ids(pick_series(paths, series), given).items():
            for path in same:
                require_one_scan(name, path, found.setdefault(name, path))
    for given, paths in unread.items():
        found |= _unread_ids(paths, given, found)  # to fail as each does alone
    if skipped:
        print(skipping(skipped), file=sys.stderr)
    if drawings := about_drawings(found.values()):
        print(drawings, MEANT, file=sys.stderr)
    if not found:
        raise DataError(f"{', '.join(map(str, inputs)) or 'no input'}: no scan there; give -i SCAN_OR_FOLDER")
    require_series(found.values(), series)
    return found


def require_one_scan(name: str, path: Path, other: Path) -> None:
    """Make sure that answers of one scan do not take the place of another's.

    Raises:
        DataError: They would. A link that leads to itself is no scan, and no reason to stop here.
    """
    if os.path.realpath(path) != os.path.realpath(other):
        raise DataError(
            f"{path}: another scan is called '{name}' too: {other}; ask about them one after the other, into two"
            " folders"
        )


def parts_of(scans: Mapping[str, Path]) -> dict[str, Part]:
    """What the folders say: nnU-Net keeps apart what trains and what tests. Nothing, where they do not."""
    folders = {case: path.parent.name for case, path in scans.items()}
    if set(folders.values()) != set(NNUNET):
        return {}
    return {case: "test" if folder == NNUNET[1] else "train" for case, folder in folders.items()}


def _image_folder(source: Path, images: str | None) -> tuple[Path, list[Finding]]:
    folders = [p for p in inside(source) if p.is_dir()]
    if images is not None:
        if source / images not in folders:
            raise DataError(
                f"{source}: images={images}: no such folder. It has: {', '.join(p.name for p in folders) or 'none'}."
            )
        return source / images, []
    counts = {p: len(find_images(p)) for p in folders if p.name.lower().startswith("images")}
    counts = {p: n for p, n in counts.items() if n}
    if not counts:
        return source, []
    if {p.name for p in counts} == set(NNUNET):
        return source / NNUNET[0], []
    best = max(counts, key=lambda p: (counts[p], p.name == "images"))
    if len(counts) == 1:
        return best, []
    listed = ", ".join(f"{p.name} ({n})" for p, n in counts.items())
    message = f"several image folders: {listed}; {best.name} was taken."
    return best, [Finding("image-folder", "note", None, message, "Choose another with images=NAME.")]
