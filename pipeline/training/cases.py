"""Prepared cases with their truth, as training and measuring take them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.data.box_rules import usable_boxes
from pipeline.data.csv_rows import some
from pipeline.data.dataset import PARTS, Case, Dataset, Part, picture_id
from pipeline.data.encoders import Encoder
from pipeline.data.fit_encoders import fit_asked, fit_encoders, unheard
from pipeline.data.inputs import Inputs
from pipeline.data.progress_bar import watched
from pipeline.data.store import LevelArray, PreparedStore
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import BoxSet
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.truth import UNKNOWN
from pipeline.training.levels import TrainingCase


def training_cases(data: Dataset, store: PreparedStore, part: Part, known: Known | None = None) -> list[TrainingCase]:
    """The prepared cases of one part of the split, with their truth.

    Args:
        known: How values are encoded; None = the data set has none.

    Raises:
        DataError: There is none, none shows a landmark, or an array is damaged.
    """
    return _of_cases(data, store, data.part(part), f"part '{part}'", known or Known())


def _of_cases(data: Dataset, store: PreparedStore, of: Sequence[Case], where: str, known: Known) -> list[TrainingCase]:
    cases = [c for c in of if c.id in store.keys]
    if not cases:
        raise DataError(f"dataset {data.name}: no case is left in {where}; use more subjects or other data.fractions")
    asked = data.landmarks or data.classes
    if asked and not any(c.boxes or c.values or any(p is not None for p in c.landmarks.values()) for c in cases):
        raise DataError(f"dataset {data.name}: no case of {where} shows any landmark; there is nothing to learn")
    found, damaged = [], []
    people = sorted({case.subject for case in cases})
    for case in watched(cases, f"load {where}"):
        if store.damaged([case.id]):
            damaged.append(case.id)
        else:
            found.append(_with_truth(data, store, case, people, known))
    if damaged:
        raise DataError(
            f"{store.folder}: prepared arrays of {damaged} are damaged; run preprocess again, it makes them anew"
        )
    return found


def all_training_cases(data: Dataset, store: PreparedStore) -> list[TrainingCase]:
    """The prepared cases of all parts, of which any may be empty or not annotated.

    Raises:
        DataError: There is none, none shows a landmark, or an array is damaged.
    """
    return _of_cases(data, store, [case for part in PARTS for case in data.part(part)], "any part", Known())


@dataclass(frozen=True)
class Known:
    """How values are encoded, as fitted on the training cases."""

    inputs: Inputs = field(default_factory=Inputs)
    outputs: tuple[Encoder, ...] = ()


def fit_known(data: Dataset, store: PreparedStore, inputs: Inputs) -> Known:
    """Encoders of all columns of the data set, from the cases of its training part that are learned from; `inputs` says
    the rest."""
    cases = [case for case in data.cases if case.id in store.keys]
    rows = [case.values for case in cases if case.split == "train"]
    outputs = fit_asked(data.outputs, rows)
    for output in outputs:
        _tell_unheard(output, [case for case in cases if case.split != "train"])
    return Known(replace(inputs, columns=fit_encoders(data.inputs, rows)), outputs)


def _tell_unheard(output: Encoder, others: Sequence[Case]) -> None:
    name = output.column.name
    if words := unheard(output, [c.values[name] for c in others if name in c.values]):
        print(
            f"column '{name}': no training case is or has {some(words)}; that will never be answered.", file=sys.stderr
        )


def untaught_classes(classes: Sequence[str], learning: Sequence[TrainingCase]) -> tuple[str, ...]:
    """Those that no box of the training cases shows."""
    taught = {number for case in learning if case.labels is not None for number in case.labels.tolist()}
    return tuple(name for number, name in enumerate(classes) if number not in taught)


def tell_untaught(untaught: Sequence[str]) -> None:
    """Say which classes no training case shows."""
    if untaught:
        print(f"boxes: no training case shows {some(untaught)}; that will never be answered.", file=sys.stderr)


def _with_truth(data: Dataset, store: PreparedStore, case: Case, people: Sequence[str], known: Known) -> TrainingCase:
    levels = tuple(store.level(case.id, n) for n in range(len(store.spacings)))
    given = _given(store, case, known.inputs, levels[0])
    levels = tuple(replace(_unseen(level) if known.inputs.blind else level, given=given) for level in levels)
    points = data.points(case, levels[0].frame.dims)
    told = np.array([n in case.landmarks for n in data.landmarks], bool)
    values = {o.column.name: o.encode(case.values.get(o.column.name)) for o in known.outputs}
    values[IDENTITY] = np.array([people.index(case.subject)], np.float32)
    labels, corners = _boxes(data, case, levels[-1].frame)
    return TrainingCase(case.id, levels, points.world, told, labels, corners, values)


def _unseen(level: LevelArray) -> LevelArray:
    """One voxel in the place of an image that nobody looks at, so that none is drawn."""
    one = (1,) * level.frame.dims
    return LevelArray(level.frame.crop((0,) * len(one), one), np.zeros((len(level.voxels), *one), np.float16))


def _given(store: PreparedStore, case: Case, inputs: Inputs, level: LevelArray) -> dict[str, np.ndarray]:
    """What is known beside the image; an image that could not be prepared is missing."""
    ids = {view: picture_id(case.id, view) for view in inputs.others}
    views = {view: store.level(name, 0).voxels for view, name in ids.items() if name in store.keys}
    return inputs.given(case.values, views, (len(level.voxels), *[1] * level.frame.dims))


def _boxes(data: Dataset, case: Case, frame: ImageFrame) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Class of each box of a case, and their corners; None where the data set has no boxes."""
    if not data.classes:
        return None, None
    if case.boxes is None:
        return np.array([UNKNOWN]), np.full((2**frame.dims, frame.dims), np.nan)
    boxes = usable_boxes(case.boxes, frame)
    low, high = (np.array([getattr(b, end) for b in boxes]).reshape(-1, frame.dims) for end in ("low", "high"))
    corners = BoxSet(tuple(b.label for b in boxes), low, high).corners.reshape(-1, frame.dims)
    return np.array([data.classes.index(b.label) for b in boxes], int), corners
