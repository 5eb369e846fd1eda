"""Stage: nothing -> a folder of phantoms laid out as a user would bring it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pipeline.data.atomic import read_json, sweep, write_json, write_text
from pipeline.data.boxes_voc import write_voc
from pipeline.data.claim import claimed_folder
from pipeline.data.dataset import Box
from pipeline.data.image import Image
from pipeline.data.markups import write_markups
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.points_csv import csv_line
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.points_file import write_points_file
from pipeline.data.pool import run_each
from pipeline.data.progress_bar import progress_bar
from pipeline.data.write_nifti import write_nifti
from pipeline.data.write_picture import write_png
from pipeline.errors import ConfigError, DataError
from pipeline.phantoms.blobs import simulate_blobs
from pipeline.phantoms.cta import simulate_cta
from pipeline.phantoms.facts import COLUMNS, cta_facts
from pipeline.phantoms.figures import simulate_figure
from pipeline.phantoms.objects import simulate_object
from pipeline.phantoms.phantom import Phantom, PhantomSize

GENERATOR = 1  # raise it when the same seed no longer gives the same image
SETTINGS = "simulation.json"
CTA_ID = re.compile(r"cta_(?P<seed>\d+)(_scan(?P<scan>\d+))?")
PICTURES = ("figures", "objects")  # kinds that are no scans
VALUES, SUBJECTS = "values.csv", "subjects.csv"  # beside CTA


def simulate(
    out: Path,
    cases: int,
    seed: int = 0,
    kind: str = "cta",
    fov_mm: float | None = None,
    spacing_mm: float | None = None,
    workers: int = 2,
    scans: int = 1,
) -> Path:
    """Write `images/ID.nii.gz` and `landmarks/ID.mrk.json` for the seeds `seed` to `seed + cases - 1`; of pictures
    `ID.png` and `ID.points.json`; of objects `Annotations/ID.xml`. Beside CTA `values.csv`, with what is known of each.

    Several scans of a patient are `ID.nii.gz`, `ID_scan2.nii.gz`, ..., and `subjects.csv` says whose each is.

    Args:
        out: Folder; cases that are complete there already are kept.
        cases: How many patients.
        seed: Of the first case; the id says it.
        kind: "cta", "blobs", "figures" or "objects".
        fov_mm: Edge of the field of view, for cta as in `PhantomSize`; None varies it from case to case, and is 48 mm
            for blobs.
        spacing_mm: Nominal voxel size, likewise; None is 1 mm for blobs.
        workers: Processes. The files do not depend on it.
        scans: Of each patient; more than one of CTA only.

    Returns:
        `out`.

    Raises:
        ConfigError: An unknown kind, nothing to do, `out` holds phantoms of other settings, or a table that no earlier
            call wrote would be replaced.
        DataError: Cases that failed, by name; all others are written.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind = {kind!r}; known are {', '.join(sorted(KINDS))}.")
    if cases < 1 or seed < 0 or workers < 1:
        raise ConfigError(
            f"cases = {cases}, seed = {seed}, workers = {workers}; need cases and workers > 0, seed >= 0."
        )
    if any(v is not None and not v > 0 for v in (fov_mm, spacing_mm)):
        raise ConfigError(f"fov_mm = {fov_mm}, spacing_mm = {spacing_mm}; both are lengths above 0.")
    if scans < 1 or (scans > 1 and kind != "cta"):
        raise ConfigError(f"scans = {scans}, kind = {kind!r}; one or more of cta, one of all others.")
    out, size = Path(out), PhantomSize(fov_mm, spacing_mm)
    with claimed_folder(out):
        return _simulate(out, range(seed, seed + cases), scans, kind, size, workers)


def _simulate(out: Path, seeds: Iterable[int], scans: int, kind: str, size: PhantomSize, workers: int) -> Path:
    if kind == "cta":
        _refuse_overwriting(out, scans)
    _claim(out, kind, size)
    sweep(out / "images", out / "landmarks", out / "Annotations")
    asked = [(seed, scan) for seed in seeds for scan in range(1, scans + 1)]
    wanted = [one for one in asked if not all(path(out, kind, *one).exists() for path in (_image_path, _landmark_path))]
    failed = _with_progress(out, kind, wanted, size, min(workers, len(wanted)))
    if kind == "cta":
        _write_tables(out)
    if failed:
        listed = "\n".join(f"  {case}: {reason}" for case, reason in sorted(failed.items()))
        raise DataError(
            f"{out}: {len(failed)} of {len(asked)} phantoms failed:\n{listed}\nRun again to make only these."
        )
    return out


def _refuse_overwriting(out: Path, scans: int) -> None:
    """Tables in a folder without our note are the user's, and so are those that hold anything else than ours."""
    tables = [out / VALUES, *([out / SUBJECTS] if scans > 1 or any(scan > 1 for _, scan in _there(out)) else [])]
    refuse_overwriting(tables, (), _is_ours, "out=FOLDER")


def _is_ours(table: Path) -> bool:
    """Whether a table has no line but those that we write of its cases."""
    try:
        header, *lines = table.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False
    matches = [CTA_ID.fullmatch(line.partition(",")[0]) for line in lines]
    rows = _tables([(int(m["seed"]), int(m["scan"] or 1)) for m in matches if m])[table.name]
    return (table.parent / SETTINGS).exists() and [header, *lines] == [csv_line(row) for row in rows]


def _there(out: Path) -> list[tuple[int, int]]:
    """Seed and scan of the cases that are complete."""
    matches = (CTA_ID.fullmatch(path.name.split(".")[0]) for path in (out / "landmarks").glob("cta_*"))
    return sorted((int(m["seed"]), int(m["scan"] or 1)) for m in matches if m)


def _tables(cases: Sequence[tuple[int, int]]) -> dict[str, list[tuple[str, ...]]]:
    """`values.csv`: what is known of each scan; `subjects.csv`: whose it is."""
    names = {one: _case_id("cta", *one) for one in cases}
    return {
        VALUES: [COLUMNS, *((name, *cta_facts(*one)) for one, name in names.items())],
        SUBJECTS: [("case", "subject"), *((name, _case_id("cta", one[0])) for one, name in names.items())],
    }


def _write_tables(out: Path) -> None:
    """Of the scans that are there; `subjects.csv` only if some patient has two."""
    there = _there(out)
    for name, lines in _tables(there).items():
        if name == VALUES or any(scan > 1 for _, scan in there):
            write_text(out / name, "".join(csv_line(line) + "\n" for line in lines))


def _cta(seed: int, size: PhantomSize, scan: int) -> Phantom:
    return simulate_cta(seed, size, scan)


def _blobs(seed: int, size: PhantomSize, scan: int) -> Phantom:
    spacing = size.spacing_mm or 1.0
    edge = max(16, round((size.fov_mm or 48.0) / spacing))
    return simulate_blobs(seed, (edge, edge, edge), spacing)


def _figure(seed: int, size: PhantomSize, scan: int) -> Phantom:
    return simulate_figure(seed)


def _object(seed: int, size: PhantomSize, scan: int) -> Phantom:
    return simulate_object(seed)


KINDS: dict[str, Callable[[int, PhantomSize, int], Phantom]] = {
    "cta": _cta,
    "blobs": _blobs,
    "figures": _figure,
    "objects": _object,
}


def _case_id(kind: str, seed: int, scan: int = 1) -> str:
    return f"{kind}_{seed:06d}" + (f"_scan{scan}" if scan > 1 else "")


def _image_path(out: Path, kind: str, seed: int, scan: int) -> Path:
    return out / "images" / f"{_case_id(kind, seed, scan)}{'.png' if kind in PICTURES else '.nii.gz'}"


def _landmark_path(out: Path, kind: str, seed: int, scan: int) -> Path:
    case = _case_id(kind, seed, scan)
    if kind == "objects":
        return out / "Annotations" / f"{case}.xml"
    return out / "landmarks" / f"{case}{POINTS if kind in PICTURES else '.mrk.json'}"


def _claim(out: Path, kind: str, size: PhantomSize) -> None:
    """Leave a note of the settings, so that phantoms of two kinds are never mixed by a second run."""
    note = {"generator": GENERATOR, "kind": kind, "fov_mm": size.fov_mm, "spacing_mm": size.spacing_mm}
    path = out / SETTINGS
    if path.exists() and (found := read_json(path)) != note:
        raise ConfigError(
            f"{path}: the phantoms there were made with {found}, now asked for {note}. Choose another out."
        )
    write_json(path, note)


def _with_progress(
    out: Path, kind: str, wanted: list[tuple[int, int]], size: PhantomSize, workers: int
) -> dict[str, str]:
    bar = progress_bar(total=len(wanted), desc="phantoms", unit="case", file=sys.stderr, disable=not wanted)
    failed = {}
    with bar:
        jobs = {_case_id(kind, *one): (out, kind, *one, size) for one in wanted}
        for case, error in run_each(make_case, jobs, workers if workers > 1 else 0):
            bar.update()
            if isinstance(error, Exception):
                failed[case] = f"{type(error).__name__}: {error}"
    return failed


def make_case(out: Path, kind: str, seed: int, scan: int, size: PhantomSize) -> None:
    """Draw and write one case; its landmark file comes last and marks it complete."""
    phantom = KINDS[kind](seed, size, scan)
    image, place = Image(phantom.frame, phantom.voxels), _image_path(out, kind, seed, scan)
    if kind in PICTURES:
        write_png(image, place)
        answers = _landmark_path(out, kind, seed, scan)
        if kind == "objects":
            box = phantom.description["box"]
            found = [Box(box["class"], tuple(box["low"]), tuple(box["high"]))] if box else []
            write_voc(answers, place.name, image.frame.shape, found)
        else:
            write_points_file(answers, phantom.landmarks)
    else:
        write_nifti(image, place)
        write_markups(_landmark_path(out, kind, seed, scan), phantom.landmarks)
