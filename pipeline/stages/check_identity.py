"""check same_patient=MODEL: which scans resemble another subject's more than those of their own."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.data.dataset import Dataset, read_dataset
from pipeline.data.findings import Finding, read_findings, write_findings
from pipeline.data.progress_bar import progress_bar
from pipeline.data.read_apart import read_safely
from pipeline.data.readers import read_frame
from pipeline.errors import ConfigError, DataError, in_words
from pipeline.inference.answering import VectorAnswering
from pipeline.inference.beside import Beside
from pipeline.inference.model import Model, load_model, pick_device
from pipeline.inference.ready_model import ready_model
from pipeline.metrics.strangers import Stranger, strangers
from pipeline.tasks.table import TASKS, name_of

RULE = "other-patient"
UNCOMPARED = "not-compared"


def check_identity(dataset: Path, findings: Path, model: Path, device: str = "auto", threads: int = 0) -> list[Finding]:
    """Compare all scans that check kept, and add what was met to `findings.json`.

    Args:
        dataset: `dataset.json`, which says whose each scan is.
        findings: `findings.json` that check wrote.
        model: Folder of a model of task=embedding.

    Returns:
        A warning for each scan that `strangers` names, and for each that could not be compared; none is left out for
        it.

    Raises:
        ConfigError: The model makes no vectors, or not of such images.
        CheckpointError: It is no model, or damaged.
        DataError: No subject has two scans, so there is nothing to compare.
    """
    loaded, data, found = ready_model(model, device, threads), read_dataset(dataset), read_findings(findings)
    _require_vectors(model, loaded)
    _require_alike(model, loaded, dataset, data, {len(facts["shape"]) for facts in found.facts.values()})
    cases = [c for c in data.cases if c.id not in set(found.quarantined)]
    subjects = {c.id: c.subject for c in cases}
    if len(set(subjects.values())) == len(cases):
        raise DataError(
            f"{dataset}: no subject has two scans, so none can be compared with its own. subjects.csv says whose"
            " scans are (case,subject)."
        )
    vectors, failures = _vectors(VectorAnswering(loaded), {c.id: data.image_path(c) for c in cases})
    named = [_finding(s, subjects) for s in strangers(vectors, subjects, loaded.calibration.threshold)]
    named += [Finding(UNCOMPARED, "warning", case, why, "Nobody looked whose it is.") for case, why in failures.items()]
    write_findings(replace(found, items=(*found.items, *named)), findings)
    return named


def require_comparable(folder: Path, device: str, dataset: Path) -> None:
    """Refuse a model that does not tell who an image shows, or knows no such images, before any scan is read whole.

    Raises:
        ConfigError: It is of another task, or of images of another unit or number of axes.
        CheckpointError: It is no model, or damaged.
        DataError: The data set cannot be read.
    """
    model = load_model(folder, pick_device(device))
    _require_vectors(folder, model)
    data = read_dataset(dataset)
    axes = _axes(data, model.dims) if data.unit == model.unit else set()
    _require_alike(folder, model, dataset, data, axes)


def _axes(data: Dataset, wanted: int) -> set[int]:
    """How many axes the scans have by their headers, up to the first that has as many as are wanted."""
    met: set[int] = set()
    for case in data.cases:
        with suppress(Exception):  # whatever is wrong with a scan, check says so
            met.add(read_frame(data.image_path(case)).dims)
        if wanted in met:
            break
    return met


def _require_vectors(folder: Path, model: Model) -> None:
    if TASKS[name_of(model.task)].answers != "vectors":
        raise ConfigError(f"check.same_patient={folder}: does not tell who it is; train one with task=embedding.")


def _vectors(made: VectorAnswering, scans: dict[str, Path]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Of each scan, and why some have none."""
    vectors: dict[str, np.ndarray] = {}
    failures: dict[str, str] = {}
    for case, path in progress_bar(scans.items(), "same patient", unit="scan", file=sys.stderr):
        try:
            vectors[case] = np.array(made.answer(read_safely(path), Beside())["vector"])
        except Exception as error:  # a fault of a library, or too little memory, must not cost the other scans
            failures[case] = in_words(error, path, "comparing")
    return vectors, failures


def _require_alike(model: Path, loaded: Model, dataset: Path, data: Dataset, axes: set[int]) -> None:
    """A model of photographs, or of scans with fewer axes, fails on every scan alike."""
    if loaded.unit != data.unit or (axes and loaded.dims not in axes):
        met = f"have {', '.join(map(str, sorted(axes)))}" if axes else "are"
        raise ConfigError(
            f"check.same_patient={model}: of images of {loaded.dims} axes in {loaded.unit}; those of {dataset} {met}"
            f" in {data.unit}. Give a model of such images."
        )


def _finding(stranger: Stranger, subjects: dict[str, str]) -> Finding:
    own, other = (subjects[case] for case in (stranger.case, stranger.nearest))
    where = f"case '{stranger.nearest}' of subject '{other}'"
    if stranger.copied:
        message = f"lies as near to {where} as a copy would, and is filed under subject '{own}'."
    else:
        message = (
            f"resembles {where} (squared distance {stranger.other:.2f}) more than any other scan of its own subject"
            f" '{own}' ({stranger.own:.2f})."
        )
    return Finding(RULE, "warning", stranger.case, message, "Look whether it is filed under the right name.")
