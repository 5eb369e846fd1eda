"""Mirror a crop, and everything that has a name in it under that of its twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pipeline.data.encoders import Encoder
from pipeline.sampling.source import Source
from pipeline.sampling.twins import Twins


def mirrored(drawn: Source, twins: Twins) -> Source:
    """A crop with left and right exchanged, other images of the case too, everything that has a name under that of its
    twin. Left and right are the world's x, which is the last axis of a level."""
    order = np.array(twins.points if twins.points else range(len(drawn.points)), int)
    last = drawn.voxels.shape[-1] - 1
    points, corners, labels = _turned(drawn.points[order], last), drawn.corners, drawn.labels
    corners = None if corners is None else _turned(corners, last)
    if labels is not None and twins.classes:  # below 0: no box, or nobody knows of any
        labels = np.where(labels < 0, labels, np.array(twins.classes)[labels.clip(0)])
    values, given = (_of_mirror(told, twins) for told in (drawn.values, drawn.given))
    turned = replace(drawn, voxels=_flipped(drawn.voxels), values=values, given=given)
    return replace(turned, points=points, known=drawn.known[order], labels=labels, corners=corners)


def _of_mirror(told: Mapping[str, np.ndarray], twins: Twins) -> dict[str, np.ndarray]:
    """Values whose words or columns change places, and images, turned; these may be called as a column is."""
    images = {name: _flipped(part) for name, part in told.items() if part.ndim > 1}
    known = told.keys() - images.keys()
    turned = {name: _of_twins(told[name], words) for name, words in twins.words.items() if name in known}
    turned = {**told, **images, **turned}
    moved = {name: both for name, both in twins.columns.items() if name in known}
    return turned | {name: _as_own(turned[other.column.name], other, own) for name, (other, own) in moved.items()}


def _as_own(value: Float[np.ndarray, " V"], other: Encoder, own: Encoder) -> Float[np.ndarray, " W"]:
    """What one column says, as another one says it: each has a mean and words of its own."""
    return own.encode(other.value(value.astype(float)))


def _flipped(image: Float[np.ndarray, " C *S"]) -> Float[np.ndarray, " C *S"]:
    return np.ascontiguousarray(image[..., ::-1])


def _of_twins(value: Float[np.ndarray, " W"], twins: Sequence[int]) -> Float[np.ndarray, " W"]:
    """The number of a class, or 0 or 1 for each label, as the mirror image has it; NaN stays NaN."""
    if len(value) > 1:
        return value[list(twins)]
    return value if np.isnan(value[0]) else np.array([twins[int(value[0])]], value.dtype)


def _turned(places: Float[np.ndarray, "P D"], last: int) -> Float[np.ndarray, "P D"]:
    """Positions with their last coordinate counted from the other end."""
    result = places.copy()
    result[:, -1] = last - result[:, -1]
    return result
