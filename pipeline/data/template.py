"""A template: where landmarks lie in the mean image, and the box of voxels around them that aligned images show.

Letters: K landmarks, D dimensions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.data.atomic import read_json, write_json
from pipeline.data.frames import written_frame
from pipeline.data.landmark_names import spelled
from pipeline.data.readers import unit_of
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame
from pipeline.geometry.fit import moved, onto_their_mean, rigid, similarity

Points = Mapping[str, tuple[float, ...] | None]
ROUNDS = 5  # of fitting all cases to their mean and taking the mean again


@dataclass(frozen=True, eq=False)
class Template:
    """Positions about the mean of all landmarks, world unit.

    Args:
        names: Of the landmarks.
        points: Where they lie.
        spacing: Voxel size of aligned images.
        margin: Shown around the landmarks, world unit.
        unit: "mm" or "px". Pictures are scaled to the template, too; in scans sizes stay what they are.
    """

    names: tuple[str, ...]
    points: Float[np.ndarray, "K D"]
    spacing: float
    margin: float
    unit: str

    @property
    def frame(self) -> ImageFrame:
        """Of every aligned image: world-aligned, its axes against the world's."""
        low, high = self.points.min(0) - self.margin, self.points.max(0) + self.margin
        dims, count = len(low), np.maximum(1, np.ceil((high - low) / self.spacing)).astype(int)
        affine = np.eye(dims + 1)
        affine[:-1, :-1] = self.spacing * np.eye(dims)[::-1]
        affine[:-1, -1] = (low + high - (count - 1) * self.spacing) / 2
        return ImageFrame(tuple(int(n) for n in count[::-1]), affine, self.unit)

    def fit(self, landmarks: Points) -> tuple[Float[np.ndarray, "E E"], int, float]:
        """The transform from a case's world to the template's, how many landmarks it rests on, and how far from the
        template they come to lie (root mean square).

        Raises:
            DataError: Fewer landmarks than the image has axes.
        """
        rows = [k for k, name in enumerate(self.names) if landmarks.get(name) is not None]
        dims = self.points.shape[1]
        if len(rows) < dims:
            raise DataError(f"{len(rows)} of its landmarks are there; {dims} are needed to align it.")
        found = np.array([landmarks[self.names[k]] for k in rows], float)
        matrix = (similarity if self.unit == "px" else rigid)(found, self.points[rows])
        off = moved(matrix, found) - self.points[rows]
        return matrix, len(rows), float(np.sqrt((off**2).sum(1).mean()))


def mean_template(cases: Sequence[Points], names: Sequence[str], spacing: float, margin: float, unit: str) -> Template:
    """The template of some cases: generalised Procrustes (Gower 1975), over those that show all landmarks.

    Pictures are brought to their mean size first; from there on sizes stay, as those of scans do.

    Raises:
        DataError: No case shows all of them so that it can be turned: as many as the image has axes, not in one line.
    """
    usable = _usable(cases, names)
    if not usable:
        why = "in places that tell how it lies: name landmarks that are there, as align.landmarks."
        raise DataError(f"no case has all of {', '.join(names)} {why}")
    shapes = np.array(usable)
    shapes -= shapes.mean(1, keepdims=True)
    if unit == "px":
        sizes = np.sqrt((shapes**2).sum((1, 2), keepdims=True))
        shapes *= sizes.mean() / sizes
    mean = onto_their_mean(shapes, _start(shapes), ROUNDS).mean(0)
    return Template(tuple(names), mean, spacing, margin, unit)


def _usable(cases: Sequence[Points], names: Sequence[str]) -> list[np.ndarray]:
    """The shapes of cases that show all landmarks, in as many dimensions as most do, and can be turned onto others."""
    whole = [np.array([case[n] for n in names], float) for case in cases if all(case.get(n) is not None for n in names)]
    dims = Counter(shape.shape[-1] for shape in whole).most_common(1)
    return [shape for shape in whole if shape.shape[-1] == dims[0][0] and _can_be_turned(shape)]


def _can_be_turned(shape: Float[np.ndarray, "K D"]) -> bool:
    try:
        rigid(shape, shape)
    except GeometryError:
        return False
    return True


def _start(shapes: Float[np.ndarray, "C K D"]) -> Float[np.ndarray, "K D"]:
    """The first shape, turned as all lie on the whole: where they lie every which way their plain mean is no shape."""
    try:
        return moved(rigid(shapes[0], shapes.mean(0)), shapes[0])
    except GeometryError:  # as many lie one way as the other
        return shapes[0]


def write_template(template: Template, path: Path) -> None:
    """Write `template.json`."""
    points = dict(zip(template.names, template.points.tolist(), strict=True))
    facts = {"frame": written_frame(template.unit), "unit": template.unit}
    sizes = {"spacing": template.spacing, "margin": template.margin}
    write_json(path, {"version": 1, **facts, **sizes, "landmarks": points})


def read_template(path: Path) -> Template:
    """Read `template.json`; names that look the same are one.

    Raises:
        DataError: Not one, or of another version.
    """
    content = read_json(path)
    try:
        if content["version"] != 1:
            raise DataError(f"{path}: version {content['version']}; expected 1")
        landmarks = {spelled(name): at for name, at in content["landmarks"].items()}
        if len(landmarks) < len(content["landmarks"]):
            raise ValueError("one landmark twice")
        points = np.array(list(landmarks.values()), float)
        spacing, margin, unit = float(content["spacing"]), float(content["margin"]), str(content["unit"])
        if points.ndim != 2 or not points.size or not np.isfinite(points).all():
            raise ValueError("positions of landmarks")
        if not (0 < spacing < np.inf and 0 <= margin < np.inf):
            raise ValueError(f"spacing {spacing}, margin {margin}")
        frame = written_frame(unit)
        if content.get("frame", frame) != frame:  # early ones do not say
            raise DataError(f"{path}: frame {content['frame']} of {unit}; expected {frame}")
        return Template(tuple(landmarks), points, spacing, margin, unit)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise DataError(f"{path}: not a template: {error!r}. Make one with `patchvote align`.") from error


def template_for(path: Path, images: Iterable[Path]) -> Template:
    """Read `template.json` that images are about to follow; none of them is opened.

    Raises:
        DataError: Not one, or in another unit than every image.
    """
    template, units = read_template(path), {unit_of(image) for image in images}
    if units and template.unit not in units:
        raise DataError(f"{path} is in {template.unit}, the images are in {units.pop()}")
    return template
