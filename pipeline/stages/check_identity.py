"""check same_patient=MODEL: which scans resemble another subject's more than those of their own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.data.dataset import read_dataset
from pipeline.data.findings import Finding, read_findings, write_findings
from pipeline.data.progress_bar import progress_bar
from pipeline.data.readers import read_image
from pipeline.errors import ConfigError, DataError, PatchvoteError
from pipeline.inference.answering import VectorAnswering, answering
from pipeline.inference.beside import Beside
from pipeline.inference.model import load_model, pick_device
from pipeline.metrics.strangers import Stranger, strangers

RULE = "other-patient"


def check_identity(dataset: Path, findings: Path, model: Path, device: str = "auto") -> list[Finding]:
    """Compare all scans that check kept, and add what was met to `findings.json`.

    Args:
        dataset: `dataset.json`, which says whose each scan is.
        findings: `findings.json` that check wrote.
        model: Folder of a model of task=embedding.

    Returns:
        A warning for each scan that stands nearer to another subject; none is left out for it.

    Raises:
        ConfigError: The model makes no vectors.
        DataError: No subject has two scans, so there is nothing to compare.
    """
    loaded, data, found = load_model(model, pick_device(device)), read_dataset(dataset), read_findings(findings)
    made = answering(loaded, None)
    if not isinstance(made, VectorAnswering):
        raise ConfigError(f"check.same_patient={model}: does not tell who it is; train one with task=embedding.")
    cases = [c for c in data.cases if c.id not in set(found.quarantined)]
    subjects = {c.id: c.subject for c in cases}
    if len(set(subjects.values())) == len(cases):
        raise DataError(
            f"{dataset}: no subject has two scans, so none can be compared with its own. subjects.csv says whose"
            " scans are (case,subject)."
        )
    vectors: dict[str, np.ndarray] = {}
    for case in progress_bar(cases, "same patient", unit="scan", file=sys.stderr):
        try:
            vectors[case.id] = np.array(made.answer(read_image(data.image_path(case)), Beside())["vector"])
        except (PatchvoteError, OSError) as error:
            print(f"{case.id}: not compared: {error}", file=sys.stderr)
    named = [_finding(s, subjects) for s in strangers(vectors, subjects, loaded.calibration.threshold)]
    write_findings(replace(found, items=(*found.items, *named)), findings)
    return named


def _finding(stranger: Stranger, subjects: dict[str, str]) -> Finding:
    message = (
        f"resembles {stranger.nearest} of subject '{subjects[stranger.nearest]}' (squared distance"
        f" {stranger.other:.2f}) more than any other scan of its own subject '{subjects[stranger.case]}'"
        f" ({stranger.own:.2f})."
    )
    return Finding(RULE, "warning", stranger.case, message, "Look whether it is filed under the right name.")
