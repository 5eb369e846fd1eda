"""All levels of a run, one after the other or at once, each to be resumed after a kill."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch

from pipeline.data.inputs import Inputs
from pipeline.data.progress_bar import watched
from pipeline.data.store import Spacing
from pipeline.networks.network import PatchNetwork
from pipeline.sampling.batches import Batch
from pipeline.sampling.twins import Twins
from pipeline.tasks.asked import Asked
from pipeline.tasks.constellation import fit_constellation
from pipeline.tasks.embedding import EmbeddingTask
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.table import TASKS, new_task
from pipeline.tasks.task import Task
from pipeline.training.beside import learn_at_once
from pipeline.training.budget import FIRST_LEVEL, Budget, seconds_of_levels
from pipeline.training.checkpoint import load_level, save_level
from pipeline.training.deck import dealt, deck_of
from pipeline.training.lack_of_memory import told_of_memory
from pipeline.training.levels import (
    TrainingCase,
    batch_stream,
    crop_settings,
    derive_blend,
    derive_search,
    locate_all,
    new_network,
    validation,
)
from pipeline.training.loop import LevelState, start_level, train_level
from pipeline.training.progress import Progress, left_out
from pipeline.training.settings import TrainingSettings
from pipeline.training.trained_level import TrainedLevel
from pipeline.training.trial import Trial
from pipeline.training.within import normalise_within

SAMPLERS = 8  # threads that make batches for a GPU, at most


@dataclass(frozen=True, eq=False)
class Cascade:
    """What training one run needs to know.

    Args:
        learning: Training cases.
        validating: Validation cases.
        spacings: Of the levels, for the progress bar.
        unit: Of the world.
        resume: Folder of the resume files.
        identity: Fingerprint of everything that shapes the run; a resume file of another is refused.
        twins: What changes names in a mirror; None = no mirror.
        question: Name of the task.
        asked: What there is to learn.
        inputs: What is known beside the images.
        at_once: Every level learns for all of the time, each on its part of the CPU's threads.
    """

    learning: Sequence[TrainingCase]
    validating: Sequence[TrainingCase]
    spacings: Sequence[Spacing]
    unit: str
    settings: TrainingSettings
    device: str
    resume: Path
    identity: str
    twins: Twins | None = None
    question: str = "landmarks"
    asked: Asked = field(default_factory=Asked)
    inputs: Inputs = field(default_factory=Inputs)
    at_once: bool = False

    @cached_property
    def task(self) -> Task:
        """The task while its levels are trained."""
        return self.task_of(len(self.spacings))

    def task_of(self, levels: int) -> Task:
        """Losses, decoding, and how landmarks lie to each other in the training cases, as so many levels resolve it."""
        task = new_task(self.question, self.asked, self.settings)
        if not isinstance(task, LandmarksTask):
            return task
        world = np.stack([case.world for case in self.learning])
        spacing = float(self.learning[0].levels[levels - 1].frame.spacing.mean())
        patch = self._network(levels - 1).cells.stride * spacing
        return replace(task, constellation=fit_constellation(world, patch))

    @cached_property
    def deck(self) -> list[TrainingCase]:
        """The training cases as they are dealt."""
        shape = self.task.constellation if isinstance(self.task, LandmarksTask) else None
        return deck_of(self.learning, shape) if shape else list(self.learning)

    def train(self) -> list[TrainedLevel]:
        """Train all levels; those after one whose finer voxels told no more are left out, and that one with them.

        Raises:
            CheckpointError: A resume file is damaged or belongs to another run.
        """
        if self.at_once:
            learn_at_once(self)  # what follows finds all levels learned
        priors: dict[str, Any] = {}
        trained: list[TrainedLevel] = []
        for number in range(len(self.spacings)):
            level, finer = self._train_level(number, priors)
            if number and not self._pays(number, priors, finer):
                break
            trained.append(level)
            priors = finer
        return trained

    def _pays(self, number: int, priors: Mapping[str, Any], finer: Mapping[str, Any]) -> bool:
        """Whether finer voxels err enough less on the validation cases, or another look at the same ones no more. Where
        annotators differ by more than a patch, they do not, and the belief, spread over more patches, says less.
        One that speaks of things of its own sizes is never left out."""
        if self.settings.gain is None or TASKS[self.question].by_size:
            return True
        before, after = (self.task.measure(self.validating, found)["error"] for found in (priors, finer))
        again = self.spacings[number] == self.spacings[number - 1]
        pays = after <= (1 - (0 if again else self.settings.gain)) * before
        if not pays:
            why = left_out(self.spacings[: number + 1], self.unit, (before, after), len(self.spacings))
            print(why, file=sys.stderr)
        return pays

    def _train_level(self, number: int, priors: dict[str, Any]) -> tuple[TrainedLevel, dict[str, Any]]:
        return self.answered(number, self.learn(number, lambda: priors), priors, shown=True)

    @told_of_memory
    def learn(
        self,
        number: int,
        coarser: Callable[[], Mapping[str, Any] | None],
        used: float = 0.0,
        bars: TextIO | None = None,
    ) -> LevelState:
        """Train one level within its budget, from where it was saved; its average is then the network that is kept.

        Args:
            coarser: What the levels before it answer on the validation cases; None = nothing yet: while that is so, it
                is not validated.
            used: Seconds of its budget that went by before; a saved level knows by itself.
            bars: Where its progress is shown; None = standard error.
        """
        state = self.fresh(number, used)
        if not load_level(self.resume, number, self.identity, state):
            state.precision, state.threads = self._trial(number).found()
        if state.is_done:
            state.average.network.load_state_dict(state.best)
            return state
        state.threads = min(state.threads, torch.get_num_threads())  # fewer may be allowed than where it was saved
        task = self._task_at(number, state.network)
        save = partial(save_level, self.resume, number, self.identity)
        stream = self._stream(number, state.network, state.budget)

        def measure(network: PatchNetwork) -> dict[str, float] | None:
            if (priors := coarser()) is None:
                return None
            return validation(task, self.validating, number, self._search(number, priors), priors)(network)

        of_error = self.unit if isinstance(task, LandmarksTask) else ""
        level, where = (number, len(self.spacings), self.spacings[number]), (self.unit, bars or sys.stderr)
        with Progress(*level, *where, of_error, self.at_once) as progress:
            train_level(state, task, stream, measure, self.settings, save, progress.show)
        return state

    def fresh(self, number: int, used: float = 0.0) -> LevelState:
        """A level that has learned nothing."""
        budget = replace(self._budget(number), used=used)
        return start_level(self._network(number), budget, self.settings, self.task.parts(number))

    def answered(
        self, number: int, state: LevelState, priors: Mapping[str, Any], shown: bool = False
    ) -> tuple[TrainedLevel, dict[str, Any]]:
        """A level that has learned, and what it answers on the validation cases, around the answers before it.

        Args:
            shown: How many are answered is: not while levels learn, which have bars of their own.
        """
        best, task = state.average.network, self._task_at(number, state.network)
        if isinstance(task, EmbeddingTask) and task.settings.within:
            normalise_within(best, task, self.learning, number, self._stream(number, state.network, state.budget))
        search, around = self._search(number, priors), self._around(priors)
        where = f"validate level {number + 1}/{len(self.spacings)}"
        cases = watched(self.validating, where) if shown else self.validating
        found = locate_all(best, task, cases, number, search, priors)
        blend = derive_blend(self.validating, around, found)
        if around:
            found = {name: f.blended(around[name], blend) for name, f in found.items()}
        return TrainedLevel(best, search, blend, state.history, state.precision, state.threads), found

    def _search(self, number: int, priors: Mapping[str, Any]) -> float:
        return self.settings.level(number).search or derive_search(self.validating, number, self._around(priors))

    def _around(self, priors: Mapping[str, Any]) -> Mapping[str, Any]:
        return priors if isinstance(self.task, LandmarksTask) else {}  # others look everywhere at every level

    def _trial(self, number: int) -> Trial:
        network, level = self._network(number), self.settings.level(number)
        crop = crop_settings([c.source(number) for c in self.learning], level, network.cells.stride).shape
        asked = [[name, head.channels] for name, head in network.heads.items()]
        work = [asdict(level), crop, asked, self.settings.loss.name, self.device, self.inputs.content()]
        stream = partial(self._stream, number, network, self._budget(number))
        return Trial(network, self._task_at(number, network), self.task.parts(number), stream, self.settings, work)

    def _task_at(self, number: int, network: PatchNetwork) -> Task:
        sizes = [float(level.frame.spacing.mean()) for level in self.learning[0].levels]
        alike = [self.settings.level(n) == self.settings.level(number) for n in range(len(sizes))]
        networks = [network if same else self._network(n) for n, same in enumerate(alike)]
        patches = [size * other.cells.stride for size, other in zip(sizes, networks, strict=True)]
        return self.task.at(patches, network.cells.stride, number)

    @told_of_memory
    def _network(self, number: int) -> PatchNetwork:
        case = self.learning[0]
        seed = (self.settings.seed, number)
        dims, channels = case.levels[0].frame.dims, len(case.levels[0].voxels)
        heads = new_task(self.question, self.asked, self.settings).heads(dims, number)
        network = new_network(self.settings.level(number), dims, heads, seed, channels, self.inputs)
        return network.to(self.device)

    def _budget(self, number: int) -> Budget:
        settings = self.settings
        if self.at_once and settings.minutes:
            return Budget(settings.minutes * 60, None)
        shares = [settings.level(n).share for n in range(len(self.spacings))]
        steps = max(1, round(settings.steps * shares[number] / sum(shares))) if settings.steps else None
        least = 0.0 if TASKS[self.question].whole else FIRST_LEVEL
        seconds = seconds_of_levels(settings.minutes * 60, shares, least)[number] if settings.minutes else None
        return Budget(seconds, steps)

    def _stream(self, number: int, network: PatchNetwork, budget: Budget) -> Iterator[Batch]:
        level, stride = self.settings.level(number), network.cells.stride
        together = self.settings.embedding.together if isinstance(self.task, EmbeddingTask) else 0
        # On a GPU a step takes some milliseconds, a sample as many; on a CPU the step needs the cores.
        threads = 1 if self.device == "cpu" else min(SAMPLERS, torch.get_num_threads())
        how = (level, stride, self.settings, budget.step, self.twins, lambda: budget.expected, together, threads)
        return batch_stream(dealt(self.deck, self.task, number), number, *how)
