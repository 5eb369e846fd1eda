"""One case through all levels: look at the whole, then around the answer, finer and finer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.data.image import Image
from pipeline.data.intensity import Normalisation
from pipeline.data.predictions import Answer
from pipeline.data.resample import level_frame
from pipeline.data.store import LevelArray, Spacing, make_level
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame
from pipeline.inference.coarseness import is_coarser
from pipeline.inference.model import Model
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.shape import PATCHES, Shape

SURE = 0.3  # belief from which an answer says how the others lie
PRESENT = 0.5  # belief of the whole image below which no landmark is found in it


@dataclass(frozen=True, eq=False)
class LazyVoxels:
    """A level's voxels that are resampled only where they are asked for; what was asked for last is kept where another
    network will ask for it (`again`)."""

    image: Image
    spacing: Spacing
    normalisation: Normalisation
    again: bool = False
    last: dict[tuple[tuple[int, int], ...], np.ndarray] = field(default_factory=dict)

    @cached_property
    def frame(self) -> ImageFrame:
        return level_frame(self.image.frame, self.spacing)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.normalisation.channels, *self.frame.shape)

    def __getitem__(self, box: tuple[slice, ...]) -> np.ndarray:
        place = tuple((s.start, s.stop) for s in box[1:])
        if place not in self.last:
            part = self.frame.crop(tuple(a for a, _ in place), tuple(b - a for a, b in place))
            made = make_level(self.image, self.spacing, self.normalisation, part).voxels
            self.last.clear()
            if not self.again:
                return made
            self.last[place] = made
        return self.last[place]


def image_levels(image: Image, model: Model, given: Mapping[str, np.ndarray] | None = None) -> tuple[LevelArray, ...]:
    """The levels of a scan, none of them computed yet.

    Args:
        given: What is known beside it.

    Raises:
        DataError: The scan has another number of dimensions or another unit than the model was trained on.
    """
    if (image.frame.dims, image.frame.unit) != (model.dims, model.unit):
        raise DataError(
            f"the image has {image.frame.dims} dimensions in {image.frame.unit}; "
            f"model {model.name} was trained on {model.dims} dimensions in {model.unit}"
        )
    spacings = [level.spacing for level in model.levels]
    lazy = {s: LazyVoxels(image, s, model.normalisation, spacings.count(s) > 1) for s in spacings}
    return tuple(LevelArray(lazy[s].frame, lazy[s], given or {}) for s in spacings)  # type: ignore[arg-type]


def locate(model: Model, levels: Sequence[LevelArray], least: float = 0.0) -> Any:
    """What the task answers after the last level: best positions of all landmarks, or boxes.

    Args:
        least: Belief that an answer needs; what cannot reach it after the first levels is not looked for further.
    """
    return settled(model, look(model, levels, least), levels[-1].frame)


def look(model: Model, levels: Sequence[LevelArray], least: float = 0.0) -> Any:
    """What the networks of all levels say, one after the other, and nothing else."""
    *_, found = each_level(model, levels, least)
    return found


def each_level(model: Model, levels: Sequence[LevelArray], least: float = 0.0) -> Iterator[Any]:
    """What `look` comes to after the first level, after the second, ..."""
    found: Any = None
    for network, level, settings in zip(model.networks, levels, model.levels, strict=True):
        found = model.task.locate(network, level, found, settings.search, settings.blend, least)
        yield found


def settled(model: Model, found: Any, frame: ImageFrame) -> Any:
    """What was said, landmarks drawn towards their shape where the model has one."""
    shape = model.task.shape if isinstance(model.task, LandmarksTask) else None
    if shape is None:
        return found
    found = drawn(shape, found)
    return replace(found, inside=found.inside & frame.contains(found.world))


def drawn(shape: Shape, found: Found) -> Found:
    """Sure answers drawn towards the shape of the training cases, by less than a patch."""
    return replace(found, world=shape.drawn(found.world, found.belief >= SURE, PATCHES * found.patch))


def answers(model: Model, found: Found, frame: ImageFrame) -> dict[str, Answer]:
    """What may be called an answer: found only inside the scan, where the belief reaches the threshold, and where it
    lies to the others as in the training cases. Nothing is moved.

    Args:
        frame: Of the scan.
    """
    believed = (found.belief >= model.calibration.threshold) & found.inside
    strange = alone = np.zeros_like(believed)
    shape = model.task.constellation if isinstance(model.task, LandmarksTask) else None
    if shape is not None:
        strange = shape.implausible(found.world, believed)
        alone = shape.alone(found.world, believed & ~strange, frame)
    nothing = found.presence is not None and found.presence < PRESENT
    promised = None if is_coarser(frame.spacing, model.calibration.coarsest) else model.calibration.radius
    result = {}
    for k, name in enumerate(model.names):
        belief, position = float(found.belief[k]), tuple(float(v) for v in found.world[k])
        spread, count = float(found.spread[k]), int(found.votes[k])
        if believed[k] and not strange[k] and not alone[k] and not nothing:
            radius = None if promised is None else promised.of(k, spread)
            result[name] = Answer(position, True, belief, spread, count, radius)
        else:
            reason = "the patches point out of the scan"
            if nothing:
                reason = f"the image as a whole shows none of the landmarks: presence {found.presence:.3g}"
            elif strange[k]:
                reason = "implausible: it lies to the other landmarks as in no training case"
            elif alone[k]:
                reason = "alone: the landmarks that lie beside it were not found, though the scan shows their places"
            elif belief < model.calibration.threshold:
                reason = f"belief {belief:.3g} is below the threshold {model.calibration.threshold:.3g}"
            result[name] = Answer(None, False, belief, spread, count, None, position, reason)
    return result
