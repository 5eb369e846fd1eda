"""What train says at its end of a model that finds nothing, recognises nobody, or cannot say how far it may be off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.outcome import counted
from pipeline.data.atomic import read_sealed
from pipeline.data.dataset import read_dataset
from pipeline.report.facts import nothing_found
from pipeline.tasks.table import TASKS


def promise(model: Path) -> tuple[str, ...]:
    """Said of a model folder, beside the data set of its run."""
    content = read_sealed(model / "model.json")
    answers = TASKS[content["task"]].answers
    if answers == "points":
        return _of_landmarks(content)
    return _of_people(content["calibration"], model.parent / "dataset.json") if answers == "vectors" else ()


def _of_landmarks(content: Mapping[str, Any]) -> tuple[str, ...]:
    learned = content["calibration"]
    if learned["radius"] is not None:
        return ()
    if nothing := nothing_found(content):
        return (nothing,)
    few = f"{counted(learned['cases'], 'validation case')} gave too few answers"
    return (
        f"no radius95 will be given: {few} (19 answers, of 5 cases or more, are needed). Annotate more scans, or give"
        " validation a larger share (data.fractions).",
    )


def _of_people(learned: Mapping[str, Any], dataset: Path) -> tuple[str, ...]:
    if not (confused := learned.get("confused")):
        return ()
    subject = {case.id: case.subject for case in read_dataset(dataset).cases}
    pairs = "; ".join(" and ".join(f"'{case}' of subject '{subject[case]}'" for case in pair) for pair in confused)
    return (
        f"The model recognises nobody: its threshold is a squared distance of {max(0.0, learned['threshold']):.2g},"
        f" since in validation these lie as near: {pairs}. If they show one person, correct whose they are (their"
        " folders or subjects.csv) and train in a new run; if they show two, give it more training.minutes, or more"
        " images.",
    )
