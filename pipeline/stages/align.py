"""Stage: images and their landmarks -> the same images turned, moved (and scaled) so that the landmarks lie alike."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.data.atomic import write_text
from pipeline.data.claim import claimed_folder
from pipeline.data.collect import collect
from pipeline.data.csv_rows import read_rows
from pipeline.data.file_names import file_stem
from pipeline.data.image import Image
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.points_csv import csv_line
from pipeline.data.progress_bar import progress_bar
from pipeline.data.read_apart import read_safely
from pipeline.data.readers import files_of, unit_of
from pipeline.data.resample import resample
from pipeline.data.scan_files import asked_scans
from pipeline.data.template import Points, Template, mean_template, read_template, write_template
from pipeline.data.write_nifti import write_nifti
from pipeline.data.write_picture import write_png
from pipeline.errors import ConfigError, DataError, in_words
from pipeline.geometry import ImageFrame

IMAGES = "images"
TABLES = ("aligned.csv", "subjects.csv")
TEMPLATE = "template.json"
UNHEARD = {  # what changes nothing beside each
    "source": ("model", "-i"),
    "align.template": ("align.landmarks", "align.spacing", "align.margin"),
    "-i": ("data.frame", "data.images"),
}
USUAL = {"mm": (2.0, 30.0), "px": (1.0, 20.0)}  # voxel size and margin
Found = tuple[str, str, Path, Points]  # id, subject, image, landmarks


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
) -> tuple[int, dict[str, str]]:
    """Write `images/ID.nii.gz` (of pictures `ID.png`), `subjects.csv`, `aligned.csv` and `template.json` into `out`.

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

    Returns:
        How many images were written, and why others were not.

    Raises:
        ConfigError: Neither landmarks nor a model, or both; a model without a template; what would change nothing; or
            a file would be replaced that is read, or that no earlier call wrote.
        DataError: No image, two of one id, or the template is not one.
    """
    if source is None and (model is None or not inputs or template is None):
        raise ConfigError("align: say source=FOLDER with landmarks, or model=MODEL -i IMAGES align.template=FILE")
    said: dict[str, object] = {"source": source, "model": model, "-i": inputs, "align.template": template}
    said |= {"align.landmarks": landmarks, "align.spacing": spacing, "align.margin": margin}
    _require_heard(said | {"data.frame": frame, "data.images": images})
    found, failed = _annotated(source, frame, images, series) if source is not None else ([], {})
    asked = {} if source is not None else asked_scans(inputs, out / IMAGES, series)
    paths = asked or {case: path for case, _, path, _ in found}
    earlier = _earlier(out)
    _refuse_overwriting(out, paths, earlier)
    if source is None:
        found, failed = _asked(model, paths, device)
    if not found:
        return 0, failed
    unit = unit_of(found[0][2])
    if template is not None:
        shape = read_template(template)
        if shape.unit != unit:
            raise DataError(f"{template} is in {shape.unit}, the images are in {unit}")
    else:
        usual, names = USUAL[unit], tuple(landmarks) or tuple(found[0][3])
        shape = mean_template([f[3] for f in found], names, spacing or usual[0], margin or usual[1], unit)
    with claimed_folder(out):
        write_template(shape, out / TEMPLATE)
        written, more = _write(out, found, shape, earlier or set())
    return written, failed | more


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


def _refuse_overwriting(out: Path, images: Mapping[str, Path], earlier: set[Path] | None) -> None:
    """Images of an earlier call are replaced, or removed; where there was one, what lies beside them is of it, too."""
    targets = [out / TEMPLATE, *(out / name for name in TABLES), *sorted(earlier or ())]
    targets += [_place(out, case, unit_of(path)) for case, path in images.items()]
    read = (file for path in images.values() for file in files_of(path))
    refuse_overwriting(targets, read, lambda _: earlier is not None)


def _annotated(
    source: Path, frame: str | None, images: str | None, series: Sequence[str]
) -> tuple[list[Found], dict[str, str]]:
    """Landmarks placed by hand, and why cases are left out."""
    data, findings = collect(source, source.name, frame, images=images, series=series)
    placed = {c.id: {n: c.landmarks.get(n) for n in data.landmarks} for c in data.cases}
    found: list[Found] = [(c.id, c.subject, data.image_path(c), placed[c.id]) for c in data.cases]
    told = {f.case: f"{f.message} {f.advice}" for f in reversed(findings) if f.case is not None}
    return found, {case: why for case, why in told.items() if case not in placed}


def _asked(model: Path | None, images: dict[str, Path], device: str) -> tuple[list[Found], dict[str, str]]:
    """Landmarks that a model finds, and why images could not be answered."""
    from pipeline.inference.answering import LandmarkAnswering, answering
    from pipeline.inference.beside import Beside
    from pipeline.inference.model import load_model, pick_device

    assert model is not None
    made = answering(load_model(model, pick_device(device)), None)
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
        found.append((case, case, path, {name: answer["position"] for name, answer in said.items()}))
    return found, failed


def _write(out: Path, found: Sequence[Found], template: Template, earlier: set[Path]) -> tuple[int, dict[str, str]]:
    failed: dict[str, str] = {}
    rows: list[tuple[str, ...]] = [("case", "landmarks", "off")]
    whose: list[tuple[str, ...]] = [("case", "subject")]
    for case, subject, path, landmarks in progress_bar(found, "align", unit="image", file=sys.stderr):
        try:
            matrix, number, off = template.fit(landmarks)
            image = aligned(read_safely(path), matrix, template.frame)
            _write_image(_place(out, case, template.unit), image)
        except Exception as error:  # as above
            failed[case] = in_words(error, path, "aligning it")
            continue
        rows.append((case, str(number), f"{off:.3f}"))
        whose.append((case, subject))
    for place in earlier - {_place(out, case, template.unit) for case, _ in whose[1:]}:
        place.unlink(missing_ok=True)
    for name, lines in zip(TABLES, (rows, whose), strict=True):
        write_text(out / name, "".join(csv_line(line) + "\n" for line in lines))
    return len(rows) - 1, failed


def aligned(image: Image, matrix: np.ndarray, frame: ImageFrame) -> Image:
    """The image in another world, in the box of voxels `frame`; its values keep their type.

    Args:
        matrix: From the image's world to that of `frame`.
    """
    moved = ImageFrame(image.frame.shape, matrix @ image.frame.affine, image.frame.unit)
    kind = image.voxels.dtype
    parts = [resample(c, moved, frame, outside=0.0 if frame.unit == "px" else float(c.min())) for c in image.channels]
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        parts = [np.clip(np.round(part), limits.min, limits.max) for part in parts]
    voxels = np.stack(parts, -1) if image.voxels.ndim > image.frame.dims else parts[0]
    return Image(frame, voxels.astype(kind))


def _place(out: Path, case: str, unit: str) -> Path:
    return out / IMAGES / f"{file_stem(case)}{'.nii.gz' if unit == 'mm' else '.png'}"


def _write_image(place: Path, image: Image) -> None:
    if image.frame.unit == "mm":
        write_nifti(image, place)
    else:  # pictures are kept with x as their first axis
        frame = ImageFrame(image.frame.shape[::-1], np.eye(3), "px")
        write_png(Image(frame, image.voxels.swapaxes(0, 1)), place)
