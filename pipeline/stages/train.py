"""train: from prepared arrays to a model folder, within a budget, to be resumed after a kill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.data.as_checked import require_as_checked
from pipeline.data.atomic import sweep, write_text
from pipeline.data.dataset import Dataset, Part, read_dataset
from pipeline.data.findings import Findings, read_findings
from pipeline.data.inputs import Inputs
from pipeline.data.progress_bar import watched
from pipeline.data.scan_facts import Facts
from pipeline.data.store import PreparedStore, read_store
from pipeline.data.threads import cores
from pipeline.inference.calibration import calibrate, calibrate_boxes, calibrate_values, calibrate_vectors
from pipeline.inference.cascade import look
from pipeline.inference.coarseness import coarsest
from pipeline.inference.extent import largest
from pipeline.inference.mixing import fit_mix
from pipeline.inference.model import Calibration, Model, ModelLevel, pick_device, save_model
from pipeline.inference.shaping import fit_shaping
from pipeline.inference.vetoing import ending_near, fit_veto
from pipeline.networks.network import count_parameters
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.asked import Asked
from pipeline.tasks.attributes import AttributesTask
from pipeline.tasks.boxes import BoxesTask
from pipeline.tasks.embedding import EmbeddingTask
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.multi import MultiTask
from pipeline.tasks.one_object import OneObjectTask
from pipeline.tasks.table import TASKS
from pipeline.training.allocator import keep_freed_memory
from pipeline.training.beside import can_learn_at_once
from pipeline.training.cascade import Cascade
from pipeline.training.cases import fit_known, tell_untaught, training_cases, untaught_classes
from pipeline.training.contents import contents_of
from pipeline.training.history import history_csv, restore_history
from pipeline.training.identity import has_learned, levels_done, record
from pipeline.training.learnable import (
    check_asked,
    check_beside,
    check_names,
    check_once,
    check_pairs,
    check_truth,
    check_weights,
)
from pipeline.training.levels import TrainingCase
from pipeline.training.looks import as_begun
from pipeline.training.many_landmarks import tell_many
from pipeline.training.mirrored_names import mirrored_names, tell_lone
from pipeline.training.settings import TrainingSettings
from pipeline.training.trained_level import TrainedLevel


def train(
    dataset: Path,
    prepared: Path,
    run: Path,
    settings: TrainingSettings,
    device: str = "auto",
    name: str = "",
    question: str = "landmarks",
) -> Path:
    """Train every level and write `run/model/`, `run/history.csv`; `run/resume/` lets a killed run go on.

    Args:
        dataset: `dataset.json` with a split.
        prepared: Folder that preprocess wrote.
        run: Folder of the run.
        name: Of the model; default the run folder's.
        question: Name of the task.

    Returns:
        The model folder.

    Raises:
        DataError: A part of the split is empty, has nothing of what the task answers, or has no pair of images of one
            subject where the task is about such; two columns or views have one name, and nothing is learned yet; or a
            prepared array is damaged.
        ConfigError: Mirror images are wanted, but it is not known which names change in them; a weight is
            given for what has no loss; several voxel sizes where the task looks once; nothing is learned yet, and
            prepared arrays are not those of the cases that check let through; or the data have nothing that it
            asks for, or nothing to learn it from.
        CheckpointError: The run folder holds a model, or half of one, of other settings or data.
    """
    data, store = read_dataset(dataset), read_store(prepared)
    if TASKS[question].once:
        check_once(prepared, question, store.spacings)
    elif TASKS[question].whole:  # every network sees all of an image, and answers are averaged
        settings = replace(settings, fine=settings.coarse, gain=None)
    torch.set_num_threads(settings.threads or cores())
    target = pick_device(device)
    store, identity, made_of = as_begun(run, settings, data, store, target, question)
    if done := levels_done(run, identity):
        restore_history(run, done)
        return run / "model"
    found = _found(dataset)
    if found and not has_learned(run):  # one that has goes on with the arrays that it learned from
        require_as_checked(store, data, found)
    begun = (run / "resume").exists()
    if not begun:  # a run goes on with names that an early version took
        check_names(dataset, question, data)
    sweep(run / "resume")
    keep_freed_memory()
    inputs = Inputs(views=dict(data.views), fusion=settings.fusion, blind=settings.blind)
    known = fit_known(data, store, inputs)
    learning, validating = (training_cases(data, store, part, known) for part in ("train", "validation"))
    place, how = run / "resume", (store.spacings, store.unit, settings, target)
    names = mirrored_names(data, question, settings.augment, known.outputs, known.inputs.columns, begun)
    tell_lone(names)
    asked = Asked(data.landmarks, data.classes, known.outputs, untaught_classes(data.classes, learning))
    check_asked(dataset, question, asked)
    check_beside(f"{dataset} has", known.inputs, settings.coarse.hidden)
    parts: dict[Part, list[TrainingCase]] = {"train": learning, "validation": validating}
    check_truth(dataset, question, parts)
    if TASKS[question].answers == "points":
        tell_many(len(data.landmarks), len(store.spacings), settings)
    if TASKS[question].answers == "vectors":
        check_pairs(dataset, parts)
    at_once = can_learn_at_once(settings, len(store.spacings), target, question)
    cascade = Cascade(learning, validating, *how, place, identity, names, question, asked, known.inputs, at_once)
    check_weights(cascade.task, settings.attributes)
    if isinstance(cascade.task, BoxesTask | OneObjectTask | MultiTask):
        tell_untaught(asked.untaught)
    scan_facts = found.facts if found else {}
    scans = {case: facts["sha256"] for case, facts in scan_facts.items() if case in store.keys}
    record(run, made_of, contents_of(data, scans))  # not before all is checked: else it may be begun otherwise
    trained = cascade.train()
    calibration = _of_scans(scan_facts, data.unit, [c.id for c in (*learning, *validating)])
    model = _model(name or run.name, data, store, cascade, trained, calibration)
    model = _calibrated(model, learning, validating)
    write_text(run / "history.csv", history_csv([level.history for level in trained]))
    ids = {part: [c.id for c in data.part(part) if c.id in store.keys] for part in ("train", "validation", "test")}
    facts = {
        "identity": identity,
        "made_of": made_of,
        "cases": ids,
        "minutes": settings.minutes,
        "steps": [level.history[-1]["step"] for level in trained],
        "seconds": [level.history[-1].get("seconds") for level in trained],
        "seed": settings.seed,
        "threads": [level.threads for level in trained],
        "at_once": at_once,
        "device": target,
        "precision": [level.precision for level in trained],
        "parameters": [count_parameters(level.network) for level in trained],
        "mean_position": _mean_position(data, learning) if data.landmarks else None,
    }
    save_model(model, run / "model", facts)
    return run / "model"


def _of_scans(facts: Mapping[str, Facts], unit: str, cases: Sequence[str]) -> Calibration:
    """How coarse and how large the scans are that are learned from, as check found them."""
    met = [facts[case] for case in cases if case in facts]
    longest = largest((fact["shape"], fact["spacing"]) for fact in met) if unit == "mm" else None
    return Calibration(coarsest=coarsest(fact["spacing"] for fact in met), largest=longest)


def _found(dataset: Path) -> Findings | None:
    """What check left beside a data set, if it was asked."""
    path = dataset.parent / "findings.json"
    return read_findings(path) if path.is_file() else None


def _model(
    name: str,
    data: Dataset,
    store: PreparedStore,
    cascade: Cascade,
    trained: list[TrainedLevel],
    calibration: Calibration,
) -> Model:
    levels = []
    for number, (spacing, done) in enumerate(zip(store.spacings, trained, strict=False)):
        level = cascade.settings.level(number)
        levels.append(ModelLevel(spacing, level.network, dict(level.parameters), done.search, done.blend, level.crop))
    networks = tuple(level.network for level in trained)
    return Model(
        name,
        networks[0].dims,
        data.unit,
        store.normalisation,
        cascade.task_of(len(trained)),
        tuple(levels),
        networks,
        calibration,
        data.edges,
        cascade.inputs,
    )


def _calibrated(model: Model, learned: Sequence[TrainingCase], cases: Sequence[TrainingCase]) -> Model:
    """The model with what the validation cases say of how sure it may be, for each kind of answer it gives."""
    levels, task = {c.id: c.levels[: len(model.networks)] for c in cases}, model.task
    subjects = [int(c.values[IDENTITY][0]) for c in cases]
    if isinstance(task, LandmarksTask):
        placed = [(levels[c.id], c.world, c.known) for c in cases]
        model = fit_veto(model, ending_near(model, placed, _watched))
        seen = [look(model, levels[c.id]) for c in _watched(cases)]
        if task.decode.shape:
            model = fit_shaping(model, np.stack([c.world for c in learned]), seen, np.stack([c.world for c in cases]))
        model = calibrate(model, placed, seen, subjects)
    boxed = [(levels[c.id], c.corners, c.labels) for c in cases if c.corners is not None and c.boxes_known]
    if boxed and isinstance(task, BoxesTask | MultiTask):
        model = calibrate_boxes(model, _watched(boxed))
    valued = [(levels[c.id], c.values) for c in cases]
    if isinstance(task, AttributesTask | MultiTask):
        if isinstance(task, AttributesTask):
            model = fit_mix(model, _watched(valued))
        model = calibrate_values(model, _watched(valued), subjects)
    if isinstance(task, EmbeddingTask):
        model = calibrate_vectors(model, _watched(valued), task.settings.far, [c.id for c in cases])
    return model


def _watched(cases: Iterable[Any]) -> Any:
    return watched(cases, "calibrate")


def _mean_position(data: Dataset, learning: Sequence[TrainingCase]) -> dict[str, list[float] | None]:
    """Mean training position of each landmark: what a model must beat to have learned anything."""
    world = np.stack([c.world for c in learning])
    seen = np.isfinite(world).all(2).any(0)
    return {n: np.nanmean(world[:, k], axis=0).tolist() if seen[k] else None for k, n in enumerate(data.landmarks)}
