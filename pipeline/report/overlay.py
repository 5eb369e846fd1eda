"""Lay a picture with transparency on another, so that its anchors come to lie on landmarks of that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pipeline.data.atomic import read_json
from pipeline.data.frames import coordinate
from pipeline.data.landmark_names import spelled
from pipeline.data.read_picture import opened_picture
from pipeline.errors import DataError, GeometryError
from pipeline.geometry.fit import affine, similarity

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SHRINK = 0.7  # a filter that becomes smaller than this is shrunk first, or it would be sampled too coarsely
FLATTEST = 100.0  # times longer than wide: what an affine map may make of a square; more is a stripe


@dataclass(frozen=True, eq=False)
class Filter:
    """A picture with transparency, and where landmarks lie in it.

    Args:
        picture: RGBA.
        anchors: Pixels of the filter, 0 at the centre of the top left one; they may lie beyond its edges.
    """

    picture: Picture
    anchors: dict[str, tuple[float, ...]]


def own_filters() -> dict[str, Path]:
    """The filters that come with the program, by name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "filters").glob("*.png"))}


def read_filter(path: Path) -> Filter:
    """Read `NAME.png` and, beside it, `NAME.json`: `{"version": 1, "anchors": {LANDMARK: [x, y], ...}}`.

    Raises:
        DataError: One of the two is missing or not readable, or there are fewer than two anchors.
    """
    stated = path.with_suffix(".json")
    try:
        told = read_json(stated)["anchors"]
        anchors = {spelled(name): tuple(coordinate(v, f"{stated}: {name}") for v in at) for name, at in told.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a filter: {error!r}. A PNG is needed, and {stated.name} beside it.") from error
    with opened_picture(path) as opened:
        picture = opened.convert("RGBA")
    if len(anchors) < 2 or any(not isinstance(at, list) or len(at) != 2 for at in told.values()):
        raise DataError(f"{stated}: {len(anchors)} anchors; two, or three and more, of two numbers each are needed.")
    return Filter(picture, anchors)


def lay_over(picture: Picture, worn: Filter, landmarks: Mapping[str, tuple[float, ...]]) -> Picture:
    """The picture with the filter on it.

    Args:
        landmarks: Where each anchor shall lie, pixels of the picture: a similarity by two, an affine map by more.

    Raises:
        GeometryError: The landmarks, or the anchors, lie in one place (three in one line).
    """
    import PIL.Image

    source = np.array([worn.anchors[name] for name in worn.anchors])
    target = np.array([landmarks[name] for name in worn.anchors])
    matrix = similarity(source, target) if len(source) == 2 else affine(source, target)
    if len(source) > 2 and np.linalg.cond(matrix[:2, :2]) > FLATTEST:
        raise GeometryError(f"landmarks {target.tolist()} lie in one line: the filter would become a stripe")
    flying, matrix = _shrunk(worn.picture, matrix)
    back = np.linalg.inv(_by_edges(matrix))[:2].ravel().tolist()
    laid = flying.transform(picture.size, PIL.Image.Transform.AFFINE, back, PIL.Image.Resampling.BICUBIC)
    return PIL.Image.alpha_composite(picture.convert("RGBA"), laid).convert("RGB")


def _shrunk(picture: Picture, matrix: Float[np.ndarray, "3 3"]) -> tuple[Picture, Float[np.ndarray, "3 3"]]:
    import PIL.Image

    times = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if times >= SHRINK:
        return picture, matrix
    size = [max(1, round(n * times)) for n in picture.size]
    steps = np.array(picture.size) / size  # large pixels a small one
    grow = np.diag([*steps, 1.0])
    grow[:2, 2] = (steps - 1) / 2
    return picture.resize((size[0], size[1]), PIL.Image.Resampling.LANCZOS), matrix @ grow


def _by_edges(matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The same map where 0 is the edge of the first pixel, as Pillow counts."""
    half = np.eye(3)
    half[:2, 2] = 0.5
    return half @ matrix @ np.linalg.inv(half)
