"""Stage: images and their landmarks -> the same images turned, moved (and scaled) so that the landmarks lie alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.aligned_image import aligned, write_aligned
from pipeline.data.atomic import sweep, write_text
from pipeline.data.claim import claimed_folder
from pipeline.data.collect import collect
from pipeline.data.csv_rows import read_rows
from pipeline.data.dataset import Part
from pipeline.data.file_names import file_stem
from pipeline.data.findings import Finding
from pipeline.data.landmark_names import require_landmarks
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.points_csv import csv_line
from pipeline.data.progress_bar import progress_bar
from pipeline.data.read_apart import read_safely
from pipeline.data.readers import files_of, unit_of
from pipeline.data.run_report import require_free_report, write_report
from pipeline.data.scan_files import asked_scans
from pipeline.data.scan_remarks import remarks_on, warn
from pipeline.data.split_folders import with_parts
from pipeline.data.template import Points, Template, mean_template, read_template, template_for, write_template
from pipeline.data.threads import cores, limit_threads
from pipeline.errors import ConfigError, DataError, in_words
from pipeline.geometry import ImageFrame

IMAGES = "images"
TABLES = ("aligned.csv", "subjects.csv")
SPLIT = "split.csv"
TEMPLATE = "template.json"
UNHEARD = {  # what changes nothing beside each
    "source": ("model", "-i"),
    "align.template": ("align.landmarks", "align.spacing", "align.margin"),
    "-i": ("data.frame", "data.images"),
}
USUAL = {"mm": (2.0, 30.0), "px": (1.0, 20.0)}  # voxel size and margin


@dataclass(frozen=True)
class Found:
    """A case that can be aligned; `part` of a split, where the source tells one."""

    id: str
    subject: str
    image: Path
    landmarks: Points
    part: Part | None = None


def align(
    out: Path,
    source: Path | None = None,
    model: Path | None = None,
    inputs: Sequence[Path] = (),
    template: Path | None = None,
    landmarks: Sequence[str] = (),
    spacing: float | None = None,
    margin: float | None = None,
    device: str = "auto",
    frame: str | None = None,
    images: str | None = None,
    series: Sequence[str] = (),
    threads: int = 0,
) -> tuple[int, dict[str, str]]:
    """Write `images/ID.nii.gz` (of pictures `ID.png`), `subjects.csv`, `aligned.csv`, `template.json` and
    `run_report.json` into `out`; and `split.csv`, where the source has a split.

    Images of an earlier call that are not written again are removed: they may show another template.

    Args:
        source: A folder of images and landmarks placed by hand; or
        model: a model of landmarks that finds them, in
        inputs: these images.
        template: `template.json` of an earlier alignment; None = the mean of the cases of `source`.
        landmarks: Align by these alone; none = all.
        spacing: Voxel size; None = 2 mm, 1 px.
        margin: Shown around the landmarks; None = 30 mm, 20 px.
        frame: "LPS" or "RAS", for landmark files of `source` that do not say.
        images: Which folder of `source` holds the images, where there are several.
        series: UIDs of the DICOM series to take, where a folder holds several.
        threads: CPU threads; 0 = all cores that this process may use.

    Returns:
        How many images were written, and why others were not.

    Raises:
        ConfigError: Neither landmarks nor a model, or both; a model without a template; what would change nothing; a
            landmark that is not there; or a file would be replaced that is read, or that no earlier call wrote.
        DataError: No image, two of one id, or the template is not one.
    """
    if source is None and (model is None or not inputs or template is None):
        raise ConfigError("align: say source=FOLDER with landmarks, or model=MODEL -i IMAGES align.template=FILE")
    started = time.time()
    limit_threads(threads or cores())
    said: dict[str, object] = {"source": source, "model": model, "-i": inputs, "align.template": template}
    said |= {"align.landmarks": landmarks, "align.spacing": spacing, "align.margin": margin}
    _require_heard(said | {"data.frame": frame, "data.images": images})
    found, failed = _annotated(source, frame, images, series) if source is not None else ([], {})
    require_landmarks("align.landmarks", landmarks, [n for case in found[:1] for n in case.landmarks])  # each has all
    paths = {f.id: f.image for f in found} if source is not None else asked_scans(inputs, out / IMAGES, series)
    facts: dict[str, Any] = {}
    with claimed_folder(out):  # a call that it had to wait for is an earlier one, too
        earlier = _earlier(out)
        _refuse_overwriting(out, paths, earlier, any(f.part for f in found))
        require_free_report(out, "align")
        sweep(out, out / IMAGES)
        shape = None if template is None else template_for(template, paths.values())
        if source is None:
            found, failed, facts = _asked(model, paths, device, threads)
        if not found and earlier is None:  # there is nothing to take back
            write_report(out, "align", started, failed, facts)
            return 0, failed
        shape = shape or _mean(found, landmarks, spacing, margin)
        write_template(shape, out / TEMPLATE)
        written, more, remarks = _write(out, found, shape, earlier or set())
        write_report(out, "align", started, failed | more, facts | {"remarks": [asdict(one) for one in remarks]})
    return written, failed | more


def _mean(found: Sequence[Found], landmarks: Sequence[str], spacing: float | None, margin: float | None) -> Template:
    """How landmarks lie in the mean of the cases."""
    unit = unit_of(found[0].image)
    usual, names = USUAL[unit], tuple(landmarks) or tuple(found[0].landmarks)
    return mean_template([f.landmarks for f in found], names, spacing or usual[0], margin or usual[1], unit)


def _require_heard(said: Mapping[str, object]) -> None:
    for beside, keys in UNHEARD.items():
        if idle := [key for key in keys if said[key] and said[beside]]:
            raise ConfigError(f"align: {idle[0]} changes nothing beside {beside}. Leave one of the two out.")


def _earlier(out: Path) -> set[Path] | None:
    """Images that an earlier call wrote; None = there was none, for it writes the template first."""
    try:
        unit = read_template(out / TEMPLATE).unit
    except DataError:
        return None
    table = out / TABLES[0]
    rows = read_rows(table, ["case"]) if table.is_file() else []
    return {_place(out, row.cells["case"], unit) for row in rows if row.cells.get("case")}


def _refuse_overwriting(out: Path, images: Mapping[str, Path], earlier: set[Path] | None, split: bool) -> None:
    """Images of an earlier call are replaced, or removed; where there was one, what lies beside them is of it, too."""
    tables = (*TABLES, SPLIT) if split else TABLES
    targets = [out / TEMPLATE, *(out / name for name in tables), *sorted(earlier or ())]
    targets += [_place(out, case, unit_of(path)) for case, path in images.items()]
    read = (file for path in images.values() for file in files_of(path))
    refuse_overwriting(targets, read, lambda _: earlier is not None)


def _annotated(
    source: Path, frame: str | None, images: str | None, series: Sequence[str]
) -> tuple[list[Found], dict[str, str]]:
    """Landmarks placed by hand, and why cases are left out."""
    data, findings = collect(source, source.name, frame, images=images, series=series)
    data = with_parts(data, findings)
    placed = {c.id: {n: c.landmarks.get(n) for n in data.landmarks} for c in data.cases}
    found = [Found(c.id, c.subject, data.image_path(c), placed[c.id], c.split) for c in data.cases]
    return found, {f.case: f"{f.message} {f.advice}" for f in reversed(findings) if f.case and f.case not in placed}


def _asked(
    model: Path | None, images: dict[str, Path], device: str, threads: int
) -> tuple[list[Found], dict[str, str], dict[str, Any]]:
    """Landmarks that a model finds, why images could not be answered, and what there is to say of the model."""
    from pipeline.inference.answering import LandmarkAnswering, answering
    from pipeline.inference.beside import Beside
    from pipeline.inference.ready_model import facts_of, ready_model

    assert model is not None
    loaded = ready_model(model, device, threads)
    made = answering(loaded, None)
    if not isinstance(made, LandmarkAnswering):
        raise ConfigError(f"align: {model} finds no landmarks")
    found: list[Found] = []
    failed: dict[str, str] = {}
    for case, path in progress_bar(images.items(), "landmarks", unit="image", file=sys.stderr):
        try:
            said = made.answer(read_safely(path), Beside())["answers"]
        except Exception as error:  # a fault of a library, or too little memory, must not cost the other images
            failed[case] = in_words(error, path, "aligning it")
            continue
        found.append(Found(case, case, path, {name: answer["position"] for name, answer in said.items()}))
    return found, failed, facts_of(loaded, model)


def _write(
    out: Path, found: Sequence[Found], template: Template, earlier: set[Path]
) -> tuple[int, dict[str, str], list[Finding]]:
    """How many images were written, why others were not, and what is to be said of them."""
    places = {case.id: _place(out, case.id, template.unit) for case in found}
    for place in earlier - set(places.values()):
        place.unlink(missing_ok=True)
    # Before the images: where this call is killed, the next knows what it began.
    _write_tables(out, found, {}, template.unit)
    failed: dict[str, str] = {}
    fits: dict[str, tuple[str, str]] = {}
    remarks: list[Finding] = []
    for case in progress_bar(found, "align", unit="image", file=sys.stderr):
        try:
            matrix, number, off = template.fit(case.landmarks)
            remarks += _align(case, matrix, template.frame, places[case.id])
        except Exception as error:  # as above
            failed[case.id] = in_words(error, case.image, "aligning it")
            if places[case.id] in earlier:
                places[case.id].unlink(missing_ok=True)
            continue
        fits[case.id] = f"{number}", f"{off:.3f}"
    _write_tables(out, [case for case in found if case.id in fits], fits, template.unit)
    if (out / SPLIT).is_file() and not any(case.part for case in found):
        told = "stays as it is, and a run of this folder follows it. Remove it if it is not yours."
        print(f"{out / SPLIT}: {told}", file=sys.stderr)
    warn(remarks)
    return len(fits), failed, remarks


def _align(case: Found, matrix: np.ndarray, frame: ImageFrame, place: Path) -> list[Finding]:
    image = read_safely(case.image)
    write_aligned(place, aligned(image, matrix, frame))
    return remarks_on(case.id, image)


def _write_tables(out: Path, cases: Sequence[Found], fits: Mapping[str, tuple[str, str]], unit: str) -> None:
    """A row a case, which is called as its image is. A split only where the source tells one: else one that the user
    wrote would be lost."""
    lying = [(file_stem(c.id), *fits.get(c.id, ("", ""))) for c in cases]
    _write_table(out / TABLES[0], ("case", "landmarks", f"off_{unit}"), lying)
    _write_table(out / TABLES[1], ("case", "subject"), [(file_stem(c.id), c.subject) for c in cases])
    if parts := [(file_stem(c.id), c.part) for c in cases if c.part]:
        _write_table(out / SPLIT, ("case", "split"), parts)


def _write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    write_text(path, "".join(csv_line(cells) + "\n" for cells in (header, *rows)))


def _place(out: Path, case: str, unit: str) -> Path:
    return out / IMAGES / f"{file_stem(case)}{'.nii.gz' if unit == 'mm' else '.png'}"
