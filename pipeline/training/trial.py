"""Before its first step a level is tried: in which number format, and on how many threads, this machine is fastest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from pipeline.networks.network import FORMATS, PatchNetwork
from pipeline.sampling.batches import Batch
from pipeline.tasks.task import Task
from pipeline.training.budget import Budget
from pipeline.training.few_threads import candidates, enough_threads
from pipeline.training.loop import forward_losses, start_level, train_step
from pipeline.training.precision import fastest, remembered
from pipeline.training.settings import TrainingSettings

PIECE = 8  # patches along each axis of what number formats are first tried on
MANY = 10**6  # steps of a budget of which a few are taken


def formats(device: torch.device) -> list[str]:
    """Number formats that are worth a try: x86 processors that end at AVX2 have no instructions for bfloat16, and the
    tries alone take as long as some hundred steps."""
    lacking = device.type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2"
    return [name for name, (kind, _) in FORMATS.items() if not (lacking and kind == torch.bfloat16)]


@dataclass(frozen=True)
class Trial:
    """A level as it would be trained.

    Args:
        network: None that is kept: trials move its weights.
        task: Of the level.
        parts: Of the loss, with their weights.
        stream: Starts to make batches.
        settings: Of the training.
        work: Describes what a step has to do; what was found for the same is not tried again.
    """

    network: PatchNetwork
    task: Task
    parts: Mapping[str, float]
    stream: Callable[[], Iterator[Batch]]
    settings: TrainingSettings
    work: list[Any]

    def found(self) -> tuple[str, int]:
        """Number format, and threads in it."""
        precision = self.precision()
        return precision, self.threads(precision)

    def precision(self) -> str:
        """The number format and layout that was asked for, or the fastest."""
        if self.settings.precision != "auto":
            return self.settings.precision
        return remembered(formats(self._device), self.work, self._fastest)

    def threads(self, precision: str) -> int:
        """CPU threads of its steps: as many as were asked for, or as few as are no slower than all."""
        most = torch.get_num_threads()
        if self.settings.threads or most == 1 or self._device.type != "cpu":
            return most
        names, work = [str(count) for count in candidates(most)], [*self.work, precision, "threads"]
        return int(remembered(names, work, lambda: str(self._enough(precision, most))))

    def _fastest(self) -> str:
        batch, network = next(self.stream()), self.network

        def step(what: Batch, name: str) -> None:
            network.arrange(name)
            forward_losses(network, self.task, what)["total"].backward()
            if self._device.type != "cpu":
                torch.cuda.synchronize(self._device)  # a GPU is handed its work and answers later

        piece = batch.piece(PIECE * network.cells.stride)
        return fastest(partial(step, batch), formats(self._device), partial(step, piece))

    def _enough(self, precision: str, most: int) -> int:
        state = start_level(self.network, Budget(None, MANY), self.settings, self.parts)
        state.precision = precision
        stream = self.stream()
        return enough_threads(lambda: train_step(state, self.task, next(stream), self.settings), most)

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device
