"""What train says at its end of a model that finds nothing, recognises nobody, or cannot say how far it may be off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.outcome import counted
from pipeline.data.atomic import read_sealed
from pipeline.data.columns import NUMBERS
from pipeline.data.csv_rows import some
from pipeline.data.dataset import read_dataset
from pipeline.inference.radius import FEWEST_SUBJECTS, SMALLEST_N
from pipeline.report.facts import nothing_found
from pipeline.tasks.table import TASKS

ADVICE = "Annotate more scans, or give validation a larger share (data.fractions)."


def promise(model: Path) -> tuple[str, ...]:
    """Said of a model folder, beside the data set of its run."""
    content = read_sealed(model / "model.json")
    answers = TASKS[content["task"]].answers
    if answers == "vectors":
        return _of_people(content["calibration"], model.parent / "dataset.json")
    said = _of_landmarks(content) if answers == "points" else ()
    return (*said, *_of_numbers(content)) if "outputs" in content else said


def _of_landmarks(content: Mapping[str, Any]) -> tuple[str, ...]:
    learned = content["calibration"]
    if learned["radius"] is not None:
        return ()
    if nothing := nothing_found(content):
        return (nothing,)
    needed = f"{SMALLEST_N} answers, of {FEWEST_SUBJECTS} {_those(learned)} or more, are needed"
    return (f"no radius95 will be given: {_validated(learned)} gave too few answers ({needed}). {ADVICE}",)


def _of_numbers(content: Mapping[str, Any]) -> tuple[str, ...]:
    learned = content["calibration"]
    margins, columns = learned.get("margins", {}), [output["column"] for output in content["outputs"]]
    if not (bare := [c["name"] for c in columns if c["kind"] in NUMBERS and c["name"] not in margins]):
        return ()
    needed = f"values of {SMALLEST_N} {_those(learned)} are needed"
    few = f"{_validated(learned)} gave too few answers ({needed})"
    return (f"no range will be given of {some(bare)}: {few}. {ADVICE}",)


def _those(learned: Mapping[str, Any]) -> str:
    return "subjects" if _several_of_one(learned) else "cases"


def _several_of_one(learned: Mapping[str, Any]) -> bool:
    """Whether validation has several cases of one subject; early models do not know."""
    return (learned.get("subjects") or learned["cases"]) < learned["cases"]


def _validated(learned: Mapping[str, Any]) -> str:
    of = f" of {counted(learned['subjects'], 'subject')}" if _several_of_one(learned) else ""
    return counted(learned["cases"], "validation case") + of


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
