"""train: from prepared arrays to a model folder, within a budget, to be resumed after a kill."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.data.atomic import fingerprint, read_json, sweep, write_json, write_text
from pipeline.data.dataset import Dataset, Part, read_dataset
from pipeline.data.store import PreparedStore, read_store
from pipeline.errors import DataError
from pipeline.inference.calibration import calibrate
from pipeline.inference.model import Calibration, Model, ModelLevel, pick_device, save_model
from pipeline.networks.network import PatchNetwork, count_parameters
from pipeline.tasks.landmarks import Found, LandmarksTask
from pipeline.training.budget import Budget
from pipeline.training.checkpoint import load_level, save_level
from pipeline.training.history import history_csv
from pipeline.training.levels import TrainingCase, batch_stream, locate_all, new_network, validation
from pipeline.training.loop import LevelState, forward_losses, start_level, train_level
from pipeline.training.precision import choose_precision
from pipeline.training.progress import Progress
from pipeline.training.settings import TrainingSettings


def train(dataset: Path, prepared: Path, run: Path, settings: TrainingSettings, device: str = "auto", name: str = "") -> Path:
    """Train every level and write `run/model/`, `run/history.csv`; `run/resume/` lets a killed run go on.

    Args:
        dataset: `dataset.json` with a split.
        prepared: Folder that preprocess wrote.
        run: Folder of the run.
        name: Of the model; default the run folder's.

    Returns:
        The model folder.

    Raises:
        DataError: A part of the split is empty, or a prepared array is damaged.
        CheckpointError: The resume folder belongs to other settings or data.
    """
    data, store = read_dataset(dataset), read_store(prepared)
    identity = fingerprint([asdict(settings), asdict(data) | {"root": ""}, store.keys])
    if _is_done(run, identity):
        return run / "model"
    sweep(run / "resume")
    torch.set_num_threads(settings.threads or os.cpu_count() or 1)
    target = pick_device(device)
    learning, validating = (_cases(data, store, part) for part in ("train", "validation"))
    task = LandmarksTask(settings.loss, settings.decode)
    networks, history, precision = _train_levels(run, store, learning, validating, task, settings, target, identity)
    levels = tuple(_model_level(store, settings, n) for n in range(len(networks)))
    dims = learning[0].levels[0].frame.dims
    model = Model(name or run.name, data.landmarks, dims, data.unit, store.normalisation, task, levels, networks, Calibration())
    model = calibrate(model, [(c.levels, c.world, c.known) for c in validating], settings.seed)
    write_text(run / "history.csv", history_csv(history))
    facts = {
        "identity": identity,
        "cases": {part: [c.id for c in data.part(part) if c.id in store.keys] for part in ("train", "validation", "test")},
        "minutes": settings.minutes,
        "steps": [h[-1]["step"] for h in history],
        "seconds": [h[-1]["seconds"] for h in history],
        "seed": settings.seed,
        "threads": torch.get_num_threads(),
        "device": target,
        "precision": precision,
        "parameters": [count_parameters(n) for n in networks],
        "mean_position": _mean_position(data, learning),
    }
    save_model(model, run / "model", facts)
    return run / "model"


def _is_done(run: Path, identity: str) -> bool:
    path = run / "model" / "model.json"
    return path.exists() and read_json(path).get("training", {}).get("identity") == identity


def _cases(data: Dataset, store: PreparedStore, part: Part) -> list[TrainingCase]:
    cases = [c for c in data.part(part) if c.id in store.keys]
    if not cases:
        raise DataError(f"dataset {data.name}: no case in part '{part}'; import with other data.fractions or more subjects")
    damaged = store.damaged([c.id for c in cases])
    if damaged:
        raise DataError(f"{store.folder}: prepared arrays of {damaged} are damaged; run preprocess again, it makes them anew")
    result = []
    for case in cases:
        levels = tuple(store.level(case.id, n) for n in range(len(store.spacings)))
        points = data.points(case, levels[0].frame.dims)
        known = np.array([n in case.landmarks for n in data.landmarks])
        result.append(TrainingCase(case.id, levels, points.world, known))
    return result


def _train_levels(
    run: Path,
    store: PreparedStore,
    learning: Sequence[TrainingCase],
    validating: Sequence[TrainingCase],
    task: LandmarksTask,
    settings: TrainingSettings,
    device: str,
    identity: str,
) -> tuple[tuple[PatchNetwork, ...], list[list[dict[str, Any]]], list[str]]:
    networks: list[PatchNetwork] = []
    history, precision = [], []
    priors: dict[str, Found] = {}
    shares = [settings.level(n).share for n in range(len(store.spacings))]
    for number in range(len(store.spacings)):
        level, part = settings.level(number), shares[number] / sum(shares)
        network = new_network(level, learning[0].levels[0].frame.dims, len(learning[0].world), (settings.seed, number)).to(device)
        seconds = settings.minutes * 60 * part if settings.minutes else None
        steps = max(1, round(settings.steps * part)) if settings.steps else None
        state = start_level(network, Budget(seconds, steps), settings)
        load_level(run / "resume", number, state, identity)
        dtype = _precision(state, task, learning, number, settings)
        stream = batch_stream(learning, number, level, network.cells.stride, settings, state.budget.step)
        measure = validation(task, validating, number, level.search, priors)
        with Progress(number, len(shares), store.spacings[number], store.unit, sys.stderr) as progress:
            best = train_level(
                state, task, stream, measure, settings, dtype, lambda s, n=number: _save(run, n, s, identity), progress.show
            )
        networks.append(best)
        history.append(state.history)
        precision.append(str(dtype).removeprefix("torch."))
        priors = locate_all(best, task, validating, number, level.search, priors)
    return tuple(networks), history, precision


def _save(run: Path, number: int, state: LevelState, identity: str) -> None:
    save_level(run / "resume", number, state, identity)


def _precision(
    state: LevelState, task: LandmarksTask, learning: Sequence[TrainingCase], number: int, settings: TrainingSettings
) -> torch.dtype:
    if settings.precision != "auto":
        return choose_precision(lambda _: None, settings.precision)
    level = settings.level(number)
    batch = next(batch_stream(learning, number, level, state.network.cells.stride, settings, 0))
    device = next(state.network.parameters()).device
    trial = new_network(level, state.network.dims, state.network.landmarks, (0,)).to(device)
    return choose_precision(lambda d: forward_losses(trial, task, batch, device, d)["total"].backward(), "auto")


def _model_level(store: PreparedStore, settings: TrainingSettings, number: int) -> ModelLevel:
    level = settings.level(number)
    return ModelLevel(store.spacings[number], level.network, dict(level.parameters), level.search)


def _mean_position(data: Dataset, learning: Sequence[TrainingCase]) -> dict[str, list[float] | None]:
    """Mean training position of each landmark: what a model must beat to have learned anything."""
    world = np.stack([c.world for c in learning])
    seen = np.isfinite(world).all(2).any(0)
    return {n: np.nanmean(world[:, k], axis=0).tolist() if seen[k] else None for k, n in enumerate(data.landmarks)}
