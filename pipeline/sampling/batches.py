"""Batches for one level: whole scans on a canvas, or boxes around a random landmark.

Letters: B batch, K landmarks, N boxes, V their corners, D dimensions, C voxels of the crop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from pipeline.data.inputs import HIDDEN
from pipeline.sampling.augment import AugmentSettings, change_grey, change_sharpness, erase_box, random_matrix
from pipeline.sampling.bend import random_bend
from pipeline.sampling.composite import composed
from pipeline.sampling.crops import Cut, whole_voxel_centre
from pipeline.sampling.mirror import mirrored
from pipeline.sampling.sampler import Sampler
from pipeline.sampling.source import Source, end_near_landmark
from pipeline.sampling.twins import Twins

IDENTITY = "\x00identity"  # the value that says whose a case is, as a number; no column is called so
FILL = {"voxels": 0.0, "points": np.nan, "known": False}  # what stands where a sample has fewer rows than others
BOXES = {"labels": -1, "corners": np.nan}


@dataclass(frozen=True, eq=False)
class Batch:
    """Arrays of B crops, ready for the network."""

    image: Float[np.ndarray, "B I *C"]
    points: Float[np.ndarray, "B K D"]
    known: Bool[np.ndarray, "B K"]
    labels: Int[np.ndarray, "B N"] | None = None
    corners: Float[np.ndarray, "B V D"] | None = None
    values: Mapping[str, Float[np.ndarray, "B W"]] = field(default_factory=dict)
    given: Mapping[str, Float[np.ndarray, " ..."]] = field(default_factory=dict)

    def piece(self, size: int) -> Batch:
        """The same batch with no more than the first `size` voxels of its images along each axis."""
        box = (slice(None), slice(None), *(slice(0, size),) * (self.image.ndim - 2))
        given = {
            name: part[box] if len(part.shape) == len(self.image.shape) else part for name, part in self.given.items()
        }
        return replace(self, image=np.ascontiguousarray(self.image[box]), given=given)


@dataclass(frozen=True)
class CropSettings:
    """Where crops are taken.

    Args:
        shape: Voxels of the crop.
        jitter: Voxels that the aim is moved by at most, along each axis, and half of the crop's edge at most; None =
            anywhere that still overlaps the scan as far as it can (whole scans on a canvas).
        cut: Share of the crops taken as if the scan ended near a landmark, up to a quarter of the crop from it:
            what lies beyond is absent.
        margin: Voxels beyond the end of such a scan within which a landmark is still pointed at.
        twins: What changes names in a mirror; None = no mirror.
        views: Voxels of the crops of other images of a case, by what they show.
        missing: Share of the samples from which each thing beside the image is taken away.
        hidden: Share of the samples whose images are hidden, where something stands beside them.
    """

    shape: tuple[int, ...]
    jitter: float | None = None
    cut: float = 0.0
    margin: float = 0.0
    twins: Twins | None = None
    views: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    missing: float = 0.0
    hidden: float = 0.0


def canvas_shape(shapes: Sequence[tuple[int, ...]], stride: int, largest: int) -> tuple[int, ...]:
    """A canvas that holds four in five whole scans along each axis, in whole strides, at most `largest` voxels wide."""
    sizes = np.percentile(shapes, 80, axis=0)
    return tuple(int(min(np.ceil(n / stride), max(1, largest // stride)) * stride) for n in sizes)


def draw(rng: np.random.Generator, source: Source, crops: CropSettings, augment: AugmentSettings) -> Source:
    """One crop with its landmarks."""
    dims = source.points.shape[1]
    changed = rng.random() < augment.share  # the others are upright copies
    matrix = random_matrix(rng, dims, augment, source.spacing) if changed else np.eye(dims)
    centre = _aim(rng, source, crops)
    if augment.shift:
        centre = centre + augment.shift * rng.uniform(-1, 1, len(centre)) * crops.shape
    if rng.random() < crops.cut:
        source, start = end_near_landmark(rng, source, [n / 4 for n in crops.shape], crops.margin)
        centre -= start
    bend = random_bend(rng, crops.shape, augment.elastic) if changed and augment.elastic else None
    if bend is None and np.array_equal(matrix, np.eye(dims)):
        centre = whole_voxel_centre(centre, crops.shape)
    cut = Cut(centre, crops.shape, matrix, bend)
    voxels = change_sharpness(rng, np.stack([cut.voxels(v) for v in source.voxels]), augment)
    corners = None if source.corners is None else cut.points(source.corners)
    grey = erase_box(rng, change_grey(rng, voxels, augment), augment)
    drawn = replace(source, voxels=grey, points=cut.points(source.points), corners=corners)
    drawn = replace(drawn, given=_draw_given(rng, source, crops, augment))
    if crops.twins is not None and rng.random() < augment.mirror:
        return mirrored(drawn, crops.twins)
    return drawn


def _draw_given(
    rng: np.random.Generator, source: Source, crops: CropSettings, augment: AugmentSettings
) -> dict[str, np.ndarray]:
    """What is known beside the image, with crops of other images."""
    there, drawn = source.views, {}
    hidden = bool(source.given and crops.hidden and rng.random() < crops.hidden)
    for name, part in source.given.items():
        if name in crops.views and hidden:
            part = np.full((len(part), *crops.views[name]), np.nan)
        elif name in crops.views:
            shape = crops.views[name]
            whole = Source(part, np.empty((0, len(shape))), np.empty(0, bool))
            crop = CropSettings(shape)  # mirrored with the image, not for itself: names change once
            part = draw(rng, whole, crop, augment).voxels if name in there else np.full((len(part), *shape), np.nan)
        drawn[name] = np.full_like(part, np.nan) if rng.random() < crops.missing else part
    if drawn and crops.hidden:
        drawn[HIDDEN] = np.array([hidden], np.float32)
    return drawn


def _aim(rng: np.random.Generator, source: Source, crops: CropSettings) -> np.ndarray:
    dims = source.points.shape[1]
    if crops.jitter is None:
        slack = np.abs(np.array(source.shape) - crops.shape) / 2
        return (np.array(source.shape) - 1) / 2 + rng.uniform(-1, 1, dims) * (slack + 2)
    places = source.places
    if len(places) == 0:
        return rng.uniform(0, source.shape, dims)
    reach = np.minimum(crops.jitter, np.array(crops.shape) / 2)
    return places[rng.choice(len(places))] + rng.uniform(-reach, reach)


def batches(
    sources: Sequence[Source],
    crops: CropSettings,
    augment: AugmentSettings,
    sampler: Sampler,
    start: int = 0,
    expected: Callable[[], float] = lambda: math.inf,
    threads: int = 1,
) -> Iterator[Batch]:
    """Endless batches from step `start` on, made ahead on other threads.

    Args:
        expected: Tells how many steps there will be, as far as is known.
        threads: That make batches; where networks run on the same cores, one is enough and more are in their way.
    """

    def make(step: int) -> Batch:
        now = augment.when_seen(sampler.sightings(expected(), len(sources)))
        return _batch(sources, crops, now, sampler, step)

    ahead = 2 * threads
    with ThreadPoolExecutor(threads) as pool:
        coming = [pool.submit(make, start + i) for i in range(ahead)]
        step = start + ahead
        while True:
            yield coming.pop(0).result()
            coming.append(pool.submit(make, step))
            step += 1


def _batch(
    sources: Sequence[Source], crops: CropSettings, augment: AugmentSettings, sampler: Sampler, step: int
) -> Batch:
    rng = sampler.generator(step)
    chosen = [sources[number] for number in sampler.cases(step, len(sources))]
    drawn = [draw(rng, s, crops, augment) for s in chosen]
    image, points, known = (padded([getattr(d, f) for d in drawn], v) for f, v in FILL.items())
    values, given = (_stacked([getattr(d, name) for d in drawn]) for name in ("values", "given"))
    labels, corners = (_padded_if_there([getattr(d, name) for d in drawn], v) for name, v in BOXES.items())
    if augment.composite and IDENTITY in values:
        image, who = composed(rng, image, values[IDENTITY][:, 0], augment.composite)
        values |= {IDENTITY: who[:, None]}
    return Batch(image, points.astype(np.float32), known, labels, corners, values, given)


def _stacked(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.stack([part[name] for part in parts]).astype(np.float32) for name in parts[0]}


def _padded_if_there(arrays: Sequence[np.ndarray | None], value: float) -> np.ndarray | None:
    there = [array for array in arrays if array is not None]
    if not there:
        return None
    return padded([a.astype(np.float32) if a.dtype.kind == "f" else a for a in there], value)


def padded(arrays: Sequence[np.ndarray], value: float) -> np.ndarray:
    """Arrays one below the other, the shorter ones filled up along their first axis: images differ in how much they
    show."""
    result = np.full((len(arrays), max(map(len, arrays)), *arrays[0].shape[1:]), value, arrays[0].dtype)
    for row, array in zip(result, arrays, strict=True):
        row[: len(array)] = array
    return result
