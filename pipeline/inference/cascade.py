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
from pipeline.errors import MisfitError
from pipeline.geometry import ImageFrame
from pipeline.inference.coarseness import is_coarser
from pipeline.inference.extent import require_extent
from pipeline.inference.judging import Judgement, judged
from pipeline.inference.model import Model
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.shape import PATCHES, Shape

SURE = 0.3  # belief from which an answer says how the others lie


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
        MisfitError: The scan has another number of dimensions or another unit than the model was trained on, or is far
            too large.
    """
    if (image.frame.dims, image.frame.unit) != (model.dims, model.unit):
        raise MisfitError(
            f"the image has {image.frame.dims} dimensions in {image.frame.unit}; "
            f"model {model.name} was trained on {model.dims} dimensions in {model.unit}"
        )
    require_extent(image.frame, model.calibration.largest)
    spacings = [level.spacing for level in model.levels]
    lazy = {s: LazyVoxels(image, s, model.normalisation, spacings.count(s) > 1) for s in spacings}
    return tuple(LevelArray(lazy[s].frame, lazy[s], given or {}) for s in spacings)  # type: ignore[arg-type]


def locate(model: Model, levels: Sequence[LevelArray], least: float = 0.0) -> Any:
    """What the task answers after the last level: best positions of all landmarks, or boxes.

    Args:
        least: Belief that an answer needs; what cannot reach it after the first levels is not looked for further,
            unless it may say how the others lie.
    """
    least = least if _shape_of(model) is None else min(least, SURE)
    return settled(model, look(model, levels, least))


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


def settled(model: Model, found: Any) -> Any:
    """What was said, landmarks drawn towards their shape where the model has one."""
    shape = _shape_of(model)
    return found if shape is None else drawn(shape, found)


def _shape_of(model: Model) -> Shape | None:
    return model.task.shape if isinstance(model.task, LandmarksTask) else None


def drawn(shape: Shape, found: Found) -> Found:
    """Sure answers drawn towards the shape of the training cases, by less than a patch."""
    return replace(found, world=shape.drawn(found.world, found.belief >= SURE, PATCHES * found.patch))


def answers(model: Model, found: Found, frame: ImageFrame) -> dict[str, Answer]:
    """What may be called an answer: found only inside the scan, where the belief reaches the threshold, and where it
    lies to the others as in the training cases. Nothing is moved.

    Args:
        frame: Of the scan.
    """
    said = judged(model, found, frame, model.calibration.threshold)
    given = said.given
    promised = None if is_coarser(frame.spacing, model.calibration.coarsest) else model.calibration.radius
    result = {}
    for k, name in enumerate(model.names):
        belief, position = float(found.belief[k]), tuple(float(v) for v in found.world[k])
        spread, count = float(found.spread[k]), int(found.votes[k])
        if given[k]:
            radius = None if promised is None else promised.of(k, spread)
            result[name] = Answer(position, True, belief, spread, count, radius)
        else:
            reason = _reason(model, found, said, k)
            result[name] = Answer(None, False, belief, spread, count, None, position, reason)
    return result


def _reason(model: Model, found: Found, said: Judgement, k: int) -> str:
    """Why landmark number k is not found."""
    belief, threshold = found.belief[k], model.calibration.threshold
    if said.nothing:
        return f"the image as a whole shows none of the landmarks: presence {found.presence:.3g}"
    if said.strange[k]:
        return "implausible: it lies to the other landmarks as in no training case"
    if said.alone[k]:
        return "alone: the landmarks that lie beside it were not found, though the scan shows their places"
    if threshold > 1:
        why = "in validation even the surest answers were wrong; give more training.minutes, or more cases"
        return f"the model finds no landmark: {why}"
    if belief < threshold:
        return "belief {} is below the threshold {}".format(*_apart(float(belief), threshold))
    return "the patches point out of the scan"


def _apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers in three digits, or as many more as tell them apart.

    Examples:
        >>> _apart(0.39, 0.4), _apart(0.01479, 0.01484)
        (('0.39', '0.4'), ('0.01479', '0.01484'))
    """
    written = ((f"{one:.{digits}g}", f"{other:.{digits}g}") for digits in range(3, 18))
    return next(pair for pair in written if pair[0] != pair[1])
