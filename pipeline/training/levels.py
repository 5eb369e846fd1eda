"""What one level learns from, and what it answers around the answers of the one before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from pipeline.data.inputs import Inputs
from pipeline.data.store import LevelArray
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.sampling.batches import IDENTITY, Batch, CropSettings, batches, canvas_shape
from pipeline.sampling.sampler import Sampler
from pipeline.sampling.source import Source
from pipeline.sampling.twins import Twins
from pipeline.tasks.built import network_for
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.task import Task
from pipeline.tasks.truth import UNKNOWN
from pipeline.training.settings import LevelSettings, TrainingSettings

MARGIN = 4.0  # voxels beyond the end of a scan within which a finer level still points at a landmark
BLENDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True, eq=False)
class TrainingCase:
    """One case at all levels, with its truth in the world: landmarks; the corners of boxes and what these show, where
    boxes are known; and encoded values of it as a whole."""

    id: str
    levels: tuple[LevelArray, ...]
    world: Float[np.ndarray, "K D"]
    known: Bool[np.ndarray, " K"]
    labels: Int[np.ndarray, " N"] | None = None
    corners: Float[np.ndarray, "V D"] | None = None
    values: Mapping[str, Float[np.ndarray, " W"]] = field(default_factory=dict)

    @property
    def boxes_known(self) -> bool:
        """Whether anybody said which boxes it has."""
        return self.labels is not None and UNKNOWN not in self.labels

    def source(self, level: int) -> Source:
        frame, voxels, given = (getattr(self.levels[level], name) for name in ("frame", "voxels", "given"))
        labels, corners = self.labels, None if self.corners is None else frame.world_to_voxel(self.corners)
        if labels is not None and not len(labels):  # a batch has room for one box at least
            labels, corners = np.array([-1]), np.full((2**frame.dims, frame.dims), np.nan)
        points, spacing = frame.world_to_voxel(self.world), frame.spacing
        return Source(voxels, points, self.known, labels, corners, self.values, given, spacing)


def new_network(
    level: LevelSettings,
    dims: int,
    heads: Mapping[str, Head],
    seed: Sequence[int],
    channels: int = 1,
    inputs: Inputs | None = None,
) -> PatchNetwork:
    """A network with weights from the seed alone."""
    torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    network = network_for(level.network, dims, channels, heads, inputs or Inputs(), level.parameters)
    network.crop = level.crop
    return network


def crop_settings(
    sources: Sequence[Source], level: LevelSettings, stride: int, twins: Twins | None = None
) -> CropSettings:
    """The crop of a level, no larger than the scans are."""
    canvas = canvas_shape([s.shape for s in sources], stride, level.largest)
    shapes = [{name: part.shape[1:] for name, part in s.views.items()} for s in sources]
    names = {name for of_case in shapes for name in of_case}
    views = {n: canvas_shape([s[n] for s in shapes if n in s], stride, level.largest) for n in sorted(names)}
    others = CropSettings((), twins=twins, views=views, missing=level.missing, hidden=level.hidden)
    cut = level.cut
    if any(s.labels is not None and not len(s.points) for s in sources):
        cut = 0.0  # half a box is none
    if cut is None:
        cut = 0.3 if any((s.known & ~np.isfinite(s.points).all(1)).any() for s in sources) else 0.1
    if level.crop is None:
        return replace(others, shape=canvas, jitter=level.jitter, cut=cut)
    # A finer level says exactly where a landmark would lie just outside, and such an answer is not given; a whole scan
    # has nothing to tell it by.
    shape = tuple(min(n, -(-level.crop // stride) * stride) for n in canvas)
    return replace(others, shape=shape, jitter=level.jitter, cut=cut, margin=MARGIN)


def batch_stream(
    cases: Sequence[TrainingCase],
    number: int,
    level: LevelSettings,
    stride: int,
    settings: TrainingSettings,
    start: int,
    twins: Twins | None = None,
    expected: Callable[[], float] = lambda: math.inf,
    together: int = 0,
    threads: int = 1,
) -> Iterator[Batch]:
    """Batches of one level from step `start` on, of as many steps as are `expected`, made on so many `threads`; with so
    many cases of an identity `together`, where it is above 0."""
    sources = [c.source(number) for c in cases]
    crops = crop_settings(sources, level, stride, twins)
    groups = _of_each_identity(cases) if together else ()
    sampler = Sampler(level.batch, (settings.seed, number), groups=groups, together=max(1, together))
    return batches(sources, crops, settings.augment, sampler, start, expected, threads)


def _of_each_identity(cases: Sequence[TrainingCase]) -> tuple[tuple[int, ...], ...]:
    groups: dict[float, list[int]] = {}
    for number, case in enumerate(cases):
        groups.setdefault(float(case.values[IDENTITY][0]), []).append(number)
    return tuple(tuple(numbers) for numbers in groups.values())


def locate_all(
    network: PatchNetwork,
    task: Task,
    cases: Iterable[TrainingCase],
    number: int,
    search: float,
    priors: Mapping[str, Found],
    blend: float = 0.0,
) -> dict[str, Found]:
    """Answers of one level for each case, around the priors where there are any and drawn towards them by `blend`."""
    network.eval()
    return {c.id: task.locate(network, c.levels[number], priors.get(c.id), search, blend) for c in cases}


def derive_search(cases: Sequence[TrainingCase], number: int, priors: Mapping[str, Found]) -> float:
    """Voxels of level `number` that hold one and a half times the 90th percentile of the coarser level's largest
    error along an axis, 10 to 20: wide enough to mend it, too narrow for the neighbour that looks alike.

    The first level has no prior: it looks everywhere, and 0 says so.
    """
    if not priors:
        return 0.0
    off = [np.abs(c.levels[number].frame.world_to_voxel(priors[c.id].world) - c.source(number).points) for c in cases]
    largest = np.concatenate(off).max(axis=1)
    largest = largest[np.isfinite(largest)]
    return float(np.clip(1.5 * np.percentile(largest, 90), 10.0, 20.0)) if len(largest) else 14.0


def derive_blend(cases: Sequence[TrainingCase], priors: Mapping[str, Found], found: Mapping[str, Found]) -> float:
    """How far a level's answers are drawn towards the coarser level's: what errs least on the validation cases.

    Averaging two answers that err apart is worth most where minutes are few and the finer level is no better yet, and
    nothing where the coarser one is far behind; so it is measured. The first level has no prior: 0.
    """
    if not priors:
        return 0.0

    def error(share: float) -> float:
        off = [np.linalg.norm(found[c.id].blended(priors[c.id], share).world - c.world, axis=1) for c in cases]
        return float(np.nanmean(off))

    return min(BLENDS, key=error)


def validation(
    task: Task, cases: Sequence[TrainingCase], number: int, search: float, priors: Mapping[str, Found]
) -> Callable[[PatchNetwork], dict[str, float]]:
    """A function that measures a network on the cases; "error" decides which is best.

    Landmarks are not asked for between the patches here: that shifts the errors of all weights alike, for several
    times the work, which a short training has not got.
    """
    if isinstance(task, LandmarksTask):
        task = replace(task, decode=replace(task.decode, between=False))

    def measure(network: PatchNetwork) -> dict[str, float]:
        return task.measure(cases, locate_all(network, task, cases, number, search, priors))

    return measure
