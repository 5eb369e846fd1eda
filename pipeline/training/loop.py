"""Train one level within its budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pipeline.errors import ConfigError
from pipeline.networks.layers import keep_lengths
from pipeline.networks.network import PatchNetwork
from pipeline.sampling.batches import Batch
from pipeline.tasks.task import Task
from pipeline.tasks.truth import Truth
from pipeline.training.average import WeightAverage
from pipeline.training.balance import Balance, mean_pulls, shares
from pipeline.training.budget import Budget, ValidationClock, learning_rate
from pipeline.training.few_threads import on_threads
from pipeline.training.look_ahead import LookAhead
from pipeline.training.optimizer import new_optimizer
from pipeline.training.settings import TrainingSettings

Validate = Callable[[PatchNetwork], dict[str, float] | None]
LOOKED_AT = 4  # batches at each validation, to see how hard each part of the loss pulls
BETWEEN_SAVES = 120.0  # seconds that a kill may cost; the largest networks take two to be saved


@dataclass
class LevelState:
    """All that must survive a kill: everything a further step depends on. `sums` are of the losses of the steps `since`
    the last validation. `threads` of the CPU take its steps; 0 = as many as torch uses anyway, as validations do."""

    network: PatchNetwork
    average: WeightAverage
    optimizer: torch.optim.Optimizer
    budget: Budget
    best: dict[str, Tensor] = field(default_factory=dict)
    best_error: float = float("inf")
    history: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    since: int = 0
    balance: Balance | None = None
    threads: int = 0

    @property
    def is_done(self) -> bool:
        """Whether its budget is spent; where a probe spent it all, a step and its validation are still owed."""
        return self.budget.fraction >= 1 and bool(self.best)

    @property
    def precision(self) -> str:
        """Number format and layout: what a probe chose once holds for the whole level, resumed or not."""
        return self.network.arrangement

    @precision.setter
    def precision(self, name: str) -> None:
        self.network.arrange(name)
        self.average.network.arrange(name)


def start_level(
    network: PatchNetwork, budget: Budget, settings: TrainingSettings, parts: Mapping[str, float]
) -> LevelState:
    """A fresh state.

    Args:
        parts: Of the loss, with their weights; empty or one alone = nothing is weighed.
    """
    optimizer = new_optimizer(network, network.trunk, settings.optimizer, settings.rate, settings.decay)
    balance = None
    if len(parts) > 1:
        network.watched = True
        balance = Balance(settings.attributes.balance, parts).to(next(network.parameters()).device)
        optimizer.add_param_group({"params": [balance.learned], "weight_decay": 0.0})
    return LevelState(network, WeightAverage(network, settings.average), optimizer, budget, balance=balance)


def train_level(
    state: LevelState,
    task: Task,
    stream: Iterator[Batch],
    validate: Validate,
    settings: TrainingSettings,
    save: Callable[[LevelState], None],
    show: Callable[[LevelState, float], None],
) -> PatchNetwork:
    """Run until the budget is spent; returns the averaged network of the validation that is kept.

    Args:
        state: Fresh or resumed.
        stream: Batches from the state's step on.
        validate: Errors of a network on the validation cases; "error" decides which is best. None = they cannot be
            told yet.
        save: Called after each validation, and between two that lie far apart.
        show: Called after each step with the loss.

    Raises:
        ConfigError: The loss, or the validation error, is no number any more.
    """
    clock = ValidationClock(settings.validations, state.budget)
    saved = state.budget.elapsed
    coming = LookAhead(stream)
    while not state.is_done:
        batch = next(coming)
        with on_threads(state.threads):
            losses = train_step(state, task, batch, settings)
        _require_number(losses["total"], "the loss", state, settings)
        state.sums = {k: state.sums.get(k, 0.0) + v for k, v in losses.items()}
        state.since += 1
        show(state, losses["total"])
        result = None
        if clock.is_due():
            with clock:
                result = validate(state.average.network)
                if result is not None:
                    _validated(state, result, _divided(state, task, coming), settings)
        if result is not None or state.budget.elapsed - saved >= BETWEEN_SAVES:
            save(state)
            saved = state.budget.elapsed
    state.average.network.load_state_dict(state.best)
    return state.average.network


def _require_number(value: float, what: str, state: LevelState, settings: TrainingSettings) -> None:
    if not math.isfinite(value):
        lower = min(settings.rate / 10, TrainingSettings.rate)
        raise ConfigError(
            f"training.rate={settings.rate:g}: {what} is no number any more after step {state.budget.step}, as where"
            f" the weights grow without end. Choose a lower training.rate, such as {lower:g}."
        )


def train_step(state: LevelState, task: Task, batch: Batch, settings: TrainingSettings) -> dict[str, float]:
    """One optimiser step; the losses by name."""
    state.network.train()
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(state.budget.fraction, settings.rate, settings.hold)
    losses = forward_losses(state.network, task, batch)
    if state.balance is not None:
        losses["total"] = state.balance.total(losses, state.network)
    state.optimizer.zero_grad(set_to_none=True)
    losses["total"].backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 10.0)
    state.optimizer.step()
    keep_lengths(state.network)
    state.average.update(state.network)
    state.budget.step += 1
    return {k: float(v.detach()) for k, v in losses.items()}


def forward_losses(network: PatchNetwork, task: Task, batch: Batch) -> dict[str, Tensor]:
    """Losses of one batch."""
    device, inputs = next(network.parameters()).device, network_inputs(network, batch)
    values = {name: torch.from_numpy(value).to(device) for name, value in batch.values.items()}
    outputs = network(inputs)
    points, known = torch.from_numpy(batch.points).to(device), torch.from_numpy(batch.known).to(device)
    labels, corners = (None if p is None else torch.from_numpy(p).to(device) for p in (batch.labels, batch.corners))
    return task.losses(network, inputs["image"], outputs, Truth(points, known, labels, corners, values))


def network_inputs(network: PatchNetwork, batch: Batch) -> dict[str, Tensor]:
    """What a batch shows to a network, where that computes."""
    device = next(network.parameters()).device
    return {name: torch.from_numpy(part).to(device) for name, part in {"image": batch.image, **batch.given}.items()}


def _divided(state: LevelState, task: Task, coming: LookAhead[Batch]) -> dict[str, float]:
    """How the parts of the loss divide it, and the gradient, among them: of the steps since the last validation, and of
    the next few batches, which a run that was killed meets, too. Running statistics are left alone."""
    if state.balance is None:
        return {}
    state.network.eval()
    batches = (forward_losses(state.network, task, batch) for batch in coming.next_few(LOOKED_AT))
    losses = {name: state.sums[name] / state.since for name in state.balance.names}
    return shares(losses, mean_pulls(batches, state.balance, state.network), state.balance)


def _validated(
    state: LevelState, result: dict[str, float], divided: dict[str, float], settings: TrainingSettings
) -> None:
    _require_number(result["error"], "the error on the validation cases", state, settings)
    losses = {f"loss_{k}": v / state.since for k, v in state.sums.items()} | divided
    state.sums, state.since = {}, 0
    # A run of so many steps repeats to the byte, so the clock has no place in its tables.
    clock = {"seconds": round(state.budget.elapsed, 2)} if state.budget.seconds else {}
    state.history.append({"step": state.budget.step} | clock | losses | result)
    if settings.keep == "last" or not state.best or result["error"] < state.best_error:
        state.best_error = result["error"]
        state.best = {k: v.detach().clone() for k, v in state.average.network.state_dict().items()}
