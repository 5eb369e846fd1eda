"""check --with-model: train without each part of the subjects in turn, and rank the annotations that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.data.as_checked import require_as_checked
from pipeline.data.atomic import fingerprint, sweep, write_bytes, write_json
from pipeline.data.dataset import Dataset, read_dataset
from pipeline.data.file_names import file_stem
from pipeline.data.findings import Finding, read_findings
from pipeline.data.frames import written_frame
from pipeline.data.placement import MISTAKES
from pipeline.data.store import read_store
from pipeline.data.threads import cores
from pipeline.errors import DataError
from pipeline.inference.model import pick_device
from pipeline.inference.suspects import Suspect, rank_suspects
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.twins import exchanged
from pipeline.tasks.asked import Asked
from pipeline.training.beside import can_learn_at_once
from pipeline.training.cascade import Cascade
from pipeline.training.cases import all_training_cases
from pipeline.training.held_out import held_out_answers
from pipeline.training.levels import TrainingCase
from pipeline.training.looks import looks_of
from pipeline.training.settings import TrainingSettings

SHOWN = 25
PLACED = ("landmark-outside", "landmark-frame", "bad-annotation")  # rules of check that accuse an annotation


def find_suspects(
    dataset: Path,
    findings: Path,
    prepared: Path,
    out: Path,
    settings: TrainingSettings,
    folds: int = 4,
    device: str = "auto",
) -> list[Suspect]:
    """Write `out/suspects.json` and pictures of the first suspects; what was trained already is not trained again.

    Args:
        dataset: `dataset.json`; every part of the split takes part, since an annotation may be wrong anywhere.
        findings: `findings.json`; cases whose annotation it refused lead the list.
        prepared: Folder that preprocess wrote.
        out: Folder.
        settings: Of each fold's training.
        folds: How often to train.

    Raises:
        DataError: Fewer subjects than folds, or a prepared array is damaged.
        ConfigError: Mirror images are wanted, but it is not known which landmarks change names in them; or prepared
            arrays are not those of the cases that check let through.
    """
    import torch

    data, found = read_dataset(dataset), read_findings(findings)
    store = read_store(prepared).without(set(found.quarantined))
    require_as_checked(store, data, found)
    torch.set_num_threads(settings.threads or cores())
    target = pick_device(device)
    store = store.looked_at(looks_of(settings, len(store.spacings), target, "landmarks"))
    cases = all_training_cases(data, store)
    subjects = {c.id: data.case(c.id).subject for c in cases}
    if folds < 3 or len(set(subjects.values())) < folds:
        raise DataError(f"{dataset}: {len(set(subjects.values()))} subjects; {max(folds, 3)} or more are needed.")
    plain = asdict(replace(settings, threads=0))  # any number of threads goes on: answers agree
    told = [[c.id, subjects[c.id], c.world.tolist(), c.known.tolist()] for c in cases]  # subjects make folds
    identity = fingerprint([plain, data.landmarks, told, store.keys, folds])
    sweep(out, below=True)
    place = out / "resume" / identity[:12]
    asked = Asked(landmarks=data.landmarks)
    names = exchanged(data.landmarks, _of_landmarks(settings.augment, data.landmarks))
    at_once = can_learn_at_once(settings, len(store.spacings), target, "landmarks")
    how = (store.spacings, store.unit, settings, target, place, identity, names)
    template = Cascade((), (), *how, asked=asked, at_once=at_once)
    answers = held_out_answers(template, cases, subjects, folds)
    annotated = {c.id: c.world for c in cases if np.isfinite(c.world).all(1).any()}
    ranked = rank_suspects(annotated, answers, data.landmarks, data.unit, {c.id: _mistakes(c) for c in cases})
    ranked = [*_refused(found.items), *ranked]
    where = {"frame": written_frame(data.unit), "unit": data.unit}
    write_json(out / "suspects.json", {"version": 1, **where, "suspects": [asdict(s) for s in ranked]})
    _draw(data, ranked[:SHOWN], {c: f.world for c, f in answers.items()}, out)
    return ranked


def _of_landmarks(augment: AugmentSettings, landmarks: Sequence[str]) -> AugmentSettings:
    """Without pairs of classes and words alone: folds learn landmarks, whatever else the run is asked for."""
    pairs = {one: other for one, other in augment.pairs.items() if {one, other} & set(landmarks)}
    return replace(augment, pairs=pairs)


def _mistakes(case: TrainingCase) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    frame = case.levels[-1].frame
    return {
        f"{words.split(' (')[0]}{'' if number == 0 else ' and flipped'}": partial(undo, frame)
        for words, undos in MISTAKES.items()
        for number, undo in enumerate(undos)
        if "voxel" not in words  # levels have other voxels than the scan; `check` finds these by itself
    }


def _refused(items: tuple[Finding, ...]) -> list[Suspect]:
    """Cases that check keeps out for their landmarks: surest of all, and not trained on."""
    first: dict[str, str] = {}
    for finding in items:
        if finding.case is not None and finding.rule in PLACED and finding.severity == "error":
            first.setdefault(finding.case, f"{finding.message} {finding.advice}".strip())
    return [Suspect(case, (), 1e6, 0.0, message) for case, message in first.items()]


def _draw(data: Dataset, suspects: list[Suspect], said: Mapping[str, np.ndarray], out: Path) -> None:
    """One picture a suspect, in place of those of an earlier list: o is the annotation, x what was expected."""
    import base64

    from pipeline.data.readers import read_image
    from pipeline.report.planes import draw_planes

    for earlier in out.glob("[0-9][0-9]_*.png"):
        earlier.unlink()
    for number, suspect in enumerate(suspects, 1):
        path = out / f"{number:02d}_{file_stem(suspect.case)}.png"
        if not suspect.landmarks:
            continue
        case, k = data.case(suspect.case), data.landmarks.index(suspect.landmarks[0])
        reference = case.landmarks[suspect.landmarks[0]]
        assert reference is not None
        try:
            address = draw_planes(read_image(data.image_path(case)), reference, said[case.id][k].tolist())
        except (DataError, OSError):
            continue  # the scan went away since it was prepared; the list still names it
        write_bytes(path, base64.b64decode(address.split(",", 1)[1]))
