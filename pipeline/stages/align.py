"""Stage: images and their landmarks -> the same images turned, moved (and scaled) so that the landmarks lie alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.data.atomic import write_text
from pipeline.data.claim import claimed_folder
from pipeline.data.collect import collect
from pipeline.data.file_names import file_stem
from pipeline.data.image import Image
from pipeline.data.points_csv import csv_line
from pipeline.data.progress_bar import progress_bar
from pipeline.data.readers import find_images, read_image, unit_of
from pipeline.data.resample import resample
from pipeline.data.scan_files import scan_ids
from pipeline.data.template import Points, Template, mean_template, read_template, write_template
from pipeline.data.write_nifti import write_nifti
from pipeline.data.write_picture import write_png
from pipeline.errors import ConfigError, DataError, PatchvoteError
from pipeline.geometry import ImageFrame

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
) -> tuple[int, dict[str, str]]:
    """Write `images/ID.nii.gz` (of pictures `ID.png`), `subjects.csv`, `aligned.csv` and `template.json` into `out`.

    Args:
        source: A folder of images and landmarks placed by hand; or
        model: a model of landmarks that finds them, in
        inputs: these images.
        template: `template.json` of an earlier alignment; None = the mean of the cases of `source`.
        landmarks: Align by these alone; none = all.
        spacing: Voxel size; None = 2 mm, 1 px.
        margin: Shown around the landmarks; None = 30 mm, 20 px.

    Returns:
        How many images were written, and why others were not.

    Raises:
        ConfigError: Neither landmarks nor a model, or a model without a template.
        DataError: No image, or the template is not one.
    """
    if source is None and (model is None or not inputs or template is None):
        raise ConfigError("align: say source=FOLDER with landmarks, or model=MODEL -i IMAGES align.template=FILE")
    found = _annotated(source) if source is not None else list(_asked(model, inputs, device))
    unit = unit_of(found[0][2])
    if template is not None:
        shape = read_template(template)
        if shape.unit != unit:
            raise DataError(f"{template} is in {shape.unit}, the images are in {unit}")
    else:
        usual, names = USUAL[unit], tuple(landmarks) or tuple(found[0][3])
        shape = mean_template([f[3] for f in found], names, spacing or usual[0], margin or usual[1], unit)
    with claimed_folder(out):
        write_template(shape, out / "template.json")
        return _write(out, found, shape)


def _annotated(source: Path) -> list[Found]:
    data, _ = collect(source, source.name)
    return [(c.id, c.subject, data.image_path(c), {n: c.landmarks.get(n) for n in data.landmarks}) for c in data.cases]


def _asked(model: Path | None, inputs: Sequence[Path], device: str) -> Iterator[Found]:
    """Landmarks that a model finds; an image that it cannot read has none."""
    from pipeline.inference.answering import LandmarkAnswering, answering
    from pipeline.inference.beside import Beside
    from pipeline.inference.model import load_model, pick_device

    assert model is not None
    made = answering(load_model(model, pick_device(device)), None)
    if not isinstance(made, LandmarkAnswering):
        raise ConfigError(f"align: {model} finds no landmarks")
    paths = [image for path in inputs for image in (find_images(path) if path.is_dir() else [path])]
    if not paths:
        raise DataError(f"{inputs[0]}: no image in it.")
    ids = {case: same[0] for case, same in scan_ids(paths, inputs[0]).items()}
    for case, path in progress_bar(ids.items(), "landmarks", unit="image", file=sys.stderr):
        try:
            said = made.answer(read_image(path), Beside())["answers"]
        except (PatchvoteError, OSError):
            said = {}
        yield case, case, path, {name: answer["position"] for name, answer in said.items()}


def _write(out: Path, found: Sequence[Found], template: Template) -> tuple[int, dict[str, str]]:
    failed: dict[str, str] = {}
    rows, whose = [("case", "landmarks", "off")], [("case", "subject")]
    for case, subject, path, landmarks in progress_bar(found, "align", unit="image", file=sys.stderr):
        try:
            matrix, number, off = template.fit(landmarks)
            _write_image(out / "images" / file_stem(case), aligned(read_image(path), matrix, template.frame))
        except (PatchvoteError, OSError) as error:
            failed[case] = str(error)
            continue
        rows.append((case, str(number), f"{off:.3f}"))
        whose.append((case, subject))
    for name, lines in (("aligned.csv", rows), ("subjects.csv", whose)):
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


def _write_image(place: Path, image: Image) -> None:
    if image.frame.unit == "mm":
        write_nifti(image, place.with_name(f"{place.name}.nii.gz"))
    else:  # pictures are kept with x as their first axis
        frame = ImageFrame(image.frame.shape[::-1], np.eye(3), "px")
        write_png(Image(frame, image.voxels.swapaxes(0, 1)), place.with_name(f"{place.name}.png"))
