"""Stage: vectors + whose each is -> `pairs.csv`, `summary.json`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.csv_rows import some
from pipeline.data.dataset import Case, Dataset, Part, read_dataset
from pipeline.data.measured import write_measured
from pipeline.data.pairs_txt import FEWEST, listed_ids, read_pairs
from pipeline.data.points_csv import csv_line
from pipeline.data.summary_head import NO_PREDICTION, summary_head
from pipeline.data.vector_predictions import TASK, VectorPredictions, read_vector_predictions
from pipeline.errors import DataError
from pipeline.metrics.verification import (
    by_identity,
    folds_accuracy,
    identification,
    pair_distances,
    squared_distances,
    verification,
)


def evaluate_vectors(
    predictions: Path,
    dataset: Path,
    out: Path,
    part: Part = "test",
    exclude: Sequence[str] = (),
    pairs: Path | None = None,
) -> dict[str, Any]:
    """Measure verification over all pairs, and identification from one image a person. Same inputs, same bytes.

    Args:
        predictions: `predictions.json` of the predict stage.
        dataset: `dataset.json`, which says whose each image is.
        out: Folder for `pairs.csv` and `summary.json`.
        part: Which part of the split.
        exclude: Ids of cases that check kept out.
        pairs: A list in the form of LFW's `pairs.txt`; adds the accuracy of its folds. Pairs of an image that failed
            or was kept out are left out, which stderr says.

    Returns:
        The content of `summary.json`.

    Raises:
        DataError: Too few images have an answer, or fewer than two are of one identity, a pair names no image, or too
            few pairs are left.
    """
    answers, data = read_vector_predictions(predictions), read_dataset(dataset)
    cases = [c for c in data.part(part) if c.id not in set(exclude)]
    measured = [c for c in cases if c.id in answers.cases]
    who = [c.subject for c in measured]
    _require_measurable(cases, answers, f"{predictions}, part '{part}' of {dataset}")
    vectors = np.stack([answers.cases[c.id] for c in measured])
    apart = squared_distances(vectors, vectors)
    same, other = pair_distances(apart, who)
    metrics: dict[str, Any] = verification(same, other) | identification(vectors, who)
    taken = (same <= answers.threshold).mean(), (other <= answers.threshold).mean()
    metrics |= {"accuracy": float((taken[0] + 1 - taken[1]) / 2), "tar": float(taken[0]), "far": float(taken[1])}
    if pairs is not None:
        metrics |= folds_accuracy(*_listed(pairs, answers, data, dataset, exclude))
    summary = {
        **summary_head(TASK, part, cases, exclude, answers, data, predictions, dataset),
        "identities": len(set(who)),
        "pairs": {"same": len(same), "other": len(other)},
        "threshold": answers.threshold,
        "metrics": metrics,
        "by_identity": by_identity(apart, who, answers.threshold),
    }
    return write_measured(Path(out), summary, {"pairs.csv": _table(measured, apart)})


def _listed(
    path: Path, answers: VectorPredictions, data: Dataset, dataset: Path, exclude: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance, whether of one person, and fold of each pair of the list, but of those with an image that failed or was
    kept out."""
    pairs, known = read_pairs(path), answers.cases.keys() | answers.failures.keys() | set(exclude)
    ids = listed_ids(pairs, data, known, path, dataset)
    every = [(p, ids[p.one], ids[p.other]) for p in pairs]
    lost = {case for _, *both in every for case in both} - (answers.cases.keys() - set(exclude))
    left = [(p, one, other) for p, one, other in every if not lost & {one, other}]
    if lost:
        count = f"{path}: {len(every) - len(left)} of {len(every)} pairs are left out"
        print(f"{count}, for these images have no answer or were kept out: {some(sorted(lost))}", file=sys.stderr)
    if len({p.fold for p, *_ in left}) < FEWEST:
        raise DataError(f"{path}: both images have an answer of {len(left)} pairs, not of two folds. Leave it out.")
    distance = np.array([np.square(answers.cases[one] - answers.cases[other]).sum() for _, one, other in left])
    return distance, np.array([p.same for p, *_ in left]), np.array([p.fold for p, *_ in left])


def _table(cases: Sequence[Case], apart: np.ndarray) -> str:
    """For each image the nearest other one of its identity, the nearest of another, and the farthest of its own."""
    names = ("nearest_same", "distance_same", "nearest_other", "distance_other", "farthest_same", "distance_farthest")
    lines = [csv_line(("case", "identity", *names))]
    who = np.array([c.subject for c in cases])
    for row, case in enumerate(cases):
        cells: list[str] = []
        mine = who == case.subject
        mine[row] = False
        for wanted, sign in ((mine, 1), (who != case.subject, 1), (mine, -1)):
            best = int(np.where(wanted, sign * apart[row], np.inf).argmin())
            cells += [cases[best].id, f"{apart[row, best]:.4f}"] if wanted.any() else ["", ""]
        lines.append(csv_line((case.id, case.subject, *cells)))
    return "\n".join(lines) + "\n"


def _require_measurable(cases: Sequence[Case], answers: VectorPredictions, where: str) -> None:
    """Make sure that there are enough images, and that failures have left enough of them."""
    require_pairs([c.subject for c in cases], where)
    lost = [c.id for c in cases if c.id not in answers.cases]
    if not _enough([c.subject for c in cases if c.id in answers.cases]):
        why = f"{some(lost[:1])}: {answers.failures.get(lost[0], NO_PREDICTION)}"
        raise DataError(
            f"{where}: {len(lost)} of {len(cases)} images have no answer, and the others are too few to measure. The"
            f" first is {why}. Mend what failed, and predict that part again."
        )


def _enough(who: Sequence[str]) -> bool:
    """Whether there are two identities, and two images of one."""
    return 1 < len(set(who)) < len(who)


def require_pairs(who: Sequence[str], where: str) -> None:
    """Make sure that images can be told to be of one person and of two.

    Args:
        who: Whose each image is.
        where: File and part.

    Raises:
        DataError: Nobody has two, or all are of one.
    """
    if not _enough(who):
        raise DataError(
            f"{where}: {len(who)} images of {len(set(who))} identities; two identities and two images of one are"
            " needed. Say in subjects.csv, or by a folder each, whose the images are, or give this part more of them"
            " (data.fractions, split.csv)."
        )
