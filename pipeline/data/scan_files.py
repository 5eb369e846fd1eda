"""Which files of a user's folder are the scans, and under which ids."""

from __future__ import annotations

from pathlib import Path

from pipeline.data.findings import Finding
from pipeline.data.readers import SUFFIXES, case_name, find_images
from pipeline.errors import DataError


def find_scans(source: Path, images: str | None = None) -> tuple[dict[str, Path], list[Finding]]:
    """Scans by case id: from `images=`, else the folder `images*` with the most scans, else the whole folder.

    Two files of the same id are an error of that case, and neither is taken: nobody can say which one
    the landmarks belong to.

    Raises:
        DataError: There is no such folder, or no scan in it.
    """
    if not source.is_dir():
        raise DataError(f"{source}: no such folder. Give the folder that holds your scans and landmarks.")
    folder, findings = _image_folder(source, images)
    paths = find_images(folder)
    if not paths:
        raise DataError(f"{folder}: no scans in it. Scans end in {', '.join(SUFFIXES)}, or are folders of DICOM files.")
    by_id: dict[str, list[Path]] = {}
    for path in paths:
        by_id.setdefault(case_name(path), []).append(path)
    for case, same in by_id.items():
        if len(same) > 1:
            files = " and ".join(str(p.relative_to(source)) for p in same)
            findings.append(
                Finding("duplicate-case", "error", case, f"{files} have the same id.", "Rename or remove one.")
            )
    return {case: same[0] for case, same in sorted(by_id.items()) if len(same) == 1}, findings


def _image_folder(source: Path, images: str | None) -> tuple[Path, list[Finding]]:
    folders = sorted(p for p in source.iterdir() if p.is_dir())
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
    best = max(counts, key=lambda p: (counts[p], p.name == "images"))
    if len(counts) == 1:
        return best, []
    listed = ", ".join(f"{p.name} ({n})" for p, n in counts.items())
    message = f"several image folders: {listed}; {best.name} was taken."
    return best, [Finding("image-folder", "note", None, message, "Choose another with images=NAME.")]
