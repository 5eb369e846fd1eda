"""Planes through a world point of a scan, each along two world axes, true to the millimetre.

The planes are sampled in the world, so an oblique or anisotropic scan needs no special case. Three axes give
axial, coronal and sagittal; two give the picture itself; one gives the line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pipeline.data.image import Image
from pipeline.geometry.orientation import LETTERS
from pipeline.report.figure import figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES: dict[tuple[int, ...], str] = {(0, 1): "axial", (0, 2): "coronal", (1, 2): "sagittal"}
UPWARD = 2  # of the world axes only S is drawn upward; P and the rows of a photograph run down
REFERENCE, PREDICTED = "#22d3ee", "#ffb020"


@dataclass(frozen=True, eq=False)
class Plane:
    """Values on a square (or a line) around a point.

    Args:
        axes: World axes of the array's axes: across, then down or up.
        title: "axial", "coronal", "sagittal", or "" where the scan has no more axes than the plane.
        values: NaN outside the scan. First index runs along the last of `axes`, as pictures are stored; a picture in
            colours has one more axis for them.
    """

    axes: tuple[int, ...]
    title: str
    values: Float[np.ndarray, "*N"] | Float[np.ndarray, "*N C"]


def planes(
    image: Image, centre: Sequence[float] | Float[np.ndarray, " D"], half: float, samples: int = 256
) -> list[Plane]:
    """Every plane of two world axes through `centre`.

    Args:
        image: Any frame; its values are interpolated linearly.
        centre: World point, D numbers.
        half: From the centre to the edge, world units.
        samples: Along each edge.
    """
    dims = len(image.frame.shape)
    return [
        _plane(image, np.asarray(centre, float), half, samples, axes)
        for axes in combinations(range(dims), min(2, dims))
    ]


def half_width(image: Image, error: float) -> float:
    """A view that shows the surroundings and both points: 15% of the scan's longest edge, or more."""
    edges = np.array(image.frame.shape) * image.frame.spacing
    return float(min(max(0.15 * edges.max(), 1.4 * error), edges.max()))


def draw_planes(
    image: Image, reference: Sequence[float], predicted: Sequence[float] | None, half: float | None = None
) -> str:
    """PNG (a data address) of the planes through the reference; o marks it, x the answer, both seen from the front. An
    answer farther off than the scan is long is not marked: it would lie on another plane of the picture.

    Args:
        image: The scan.
        reference: World point.
        predicted: World point; None if nothing was found.
        half: From the centre to the edge, world units; chosen from the scan and the error if None.
    """
    there = np.asarray(reference, float)
    answer = None if predicted is None else np.asarray(predicted, float)
    half = half or half_width(image, 0.0 if answer is None else float(np.linalg.norm(answer - there)))
    cut = planes(image, there, half)
    seen = answer if answer is not None and np.abs(answer - there).max() <= half else None
    marks = partial(_marks, reference=there, predicted=seen, grey=sum(window(cut)) / 2)
    return beside(cut, half, image.frame.unit, marks)


def beside(cut: Sequence[Plane], half: float, unit: str, draw: Callable[[Axes, Plane], None]) -> str:
    """PNG (a data address) of planes beside each other, with what is drawn on each; `half` as of `planes`."""
    grey = window(cut)
    with figure(3.0 * len(cut), 3.0 + 0.25 * (len(cut) > 1)) as made:
        made.set_facecolor("black")
        for axes, plane in zip(np.ravel(made.subplots(1, len(cut))), cut, strict=True):
            show(axes, plane, half, grey, unit)
            draw(axes, plane)
        return png(made)


def _plane(image: Image, centre: np.ndarray, half: float, samples: int, axes: tuple[int, ...]) -> Plane:
    from scipy.ndimage import map_coordinates

    step = np.linspace(-half, half, samples)
    offsets = np.stack(np.meshgrid(*[step] * len(axes), indexing="ij")[::-1], axis=-1)
    world = np.broadcast_to(centre, (*offsets.shape[:-1], len(centre))).copy()
    world[..., list(axes)] += offsets
    voxel = image.frame.world_to_voxel(world.reshape(-1, len(centre)))
    shape = np.array(image.frame.shape)
    low = np.clip(np.floor(voxel.min(axis=0)).astype(int), 0, shape - 1)
    high = np.clip(np.ceil(voxel.max(axis=0)).astype(int) + 1, low + 1, shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    shown = [np.asarray(channel[box], np.float32) for channel in image.channels]
    values = np.stack([map_coordinates(c, (voxel - low).T, order=1, mode="nearest") for c in shown], axis=-1)
    values[((voxel < -0.5) | (voxel > shape - 0.5)).any(axis=1)] = np.nan
    title = TITLES.get(axes, "") if len(centre) > len(axes) else ""
    colours = () if len(shown) == 1 else (len(shown),)
    return Plane(axes, title, values.reshape(*offsets.shape[:-1], *colours))


def window(cut: Sequence[Plane]) -> tuple[float, float]:
    """Grey values from the darkest to the brightest percent of what is shown."""
    values = np.concatenate([plane.values.ravel() for plane in cut])
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, [1, 99.5]) if len(values) else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-6))


def show(axes: Axes, plane: Plane, half: float, grey: tuple[float, float], unit: str) -> None:
    """Draw a plane between two grey values, with its title, letters and a bar; `half` as of `planes`."""
    (_line, _picture)[len(plane.axes) - 1](axes, plane, half, *grey)
    _dress(axes, plane, half, unit)


def _picture(axes: Axes, plane: Plane, half: float, low: float, high: float) -> None:
    extent = (-half, half, -half, half)
    values = plane.values
    if values.shape[len(plane.axes) :]:  # in colours
        values = np.clip(np.nan_to_num(values - low) / (high - low), 0, 1)
    axes.imshow(values, cmap="gray", vmin=low, vmax=high, origin="lower", extent=extent, interpolation="bilinear")
    axes.set_facecolor("#20242b")
    axes.set(xlim=(-half, half), ylim=(-half, half) if plane.axes[-1] == UPWARD else (half, -half))


def _line(axes: Axes, plane: Plane, half: float, low: float, high: float) -> None:
    axes.plot(np.linspace(-half, half, len(plane.values)), plane.values, color="white", linewidth=1)
    axes.set_facecolor("black")
    axes.set(xlim=(-half, half))


def _marks(axes: Axes, plane: Plane, reference: np.ndarray, predicted: np.ndarray | None, grey: float) -> None:
    middle = (0.0, grey)[len(plane.axes) == 1]  # on a line, the marks stand at half height
    mark(axes, (0.0, middle), REFERENCE, marker="o", markersize=13, fillstyle="none")
    if predicted is not None:
        offset = (predicted - reference)[list(plane.axes)]
        mark(axes, (*offset, middle)[:2], PREDICTED, marker="x", markersize=9)


def mark(axes: Axes, place: tuple[float, ...], colour: str, **shape: object) -> None:
    """Twice: dark and wide below, so that it shows on bright bone and on black air."""
    for ink, width in (("black", 4.0), (colour, 1.9)):
        axes.plot(*[[v] for v in place], color=ink, markeredgewidth=width, linestyle="none", clip_on=False, **shape)  # type: ignore[arg-type]


def _dress(axes: Axes, plane: Plane, half: float, unit: str) -> None:
    """Title, orientation letters at the edges, and a bar of a round length."""
    from matplotlib.patheffects import withStroke

    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(plane.title, color="white", fontsize=10)
    halo = [withStroke(linewidth=2, foreground="black")]
    text: dict[str, object] = {
        "color": "white",
        "fontsize": 9,
        "transform": axes.transAxes,
        "ha": "center",
        "va": "center",
    }
    text["path_effects"] = halo
    if unit == "mm":
        spots = [((0.04, 0.5), (0.96, 0.5)), ((0.5, 0.04), (0.5, 0.96))]
        for axis, ends in zip(plane.axes, spots, strict=False):
            downward = axis == plane.axes[-1] != plane.axes[0] and axis != UPWARD
            for spot, letter in zip(reversed(ends) if downward else ends, LETTERS[axis], strict=True):
                axes.text(*spot, letter, **text)  # type: ignore[arg-type]
    length, rim = _round(0.6 * half), [withStroke(linewidth=4, foreground="black")]
    end = 0.06 + length / (2 * half)
    axes.plot([0.06, end], [0.1, 0.1], color="white", linewidth=2, transform=axes.transAxes, path_effects=rim)
    axes.text((0.06 + end) / 2, 0.15, f"{length:g} {unit}", **text)  # type: ignore[arg-type]


def _round(length: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not longer."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(max(f * power for f in (1, 2, 5) if f * power <= length))
