"""Whether a training has anything to learn, and every weight a loss to weigh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.data.dataset import Dataset, Part
from pipeline.data.inputs import Inputs
from pipeline.data.store import Spacing
from pipeline.errors import ConfigError, DataError
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.asked import Asked
from pipeline.tasks.names import clash
from pipeline.tasks.settings import AttributeSettings
from pipeline.tasks.table import TASKS
from pipeline.tasks.task import Task
from pipeline.training.levels import TrainingCase


def check_asked(dataset: Path, question: str, asked: Asked) -> None:
    """Refuse data that have nothing of the kind that the task answers.

    Args:
        dataset: Where they are listed.
        question: Name of the task.

    Raises:
        ConfigError: Says which tasks fit.
    """
    answers = TASKS[question].answers
    there = {"points": asked.landmarks, "boxes": asked.classes, "values": asked.outputs}
    if answers in there and not there[answers]:
        others = [name for name, kind in TASKS.items() if there.get(kind.answers)]
        instead = f"train it with task={' or '.join(others)}" if others else "import it again with what is asked for"
        raise ConfigError(f"{dataset}: task={question} has nothing to learn from it, it holds no {answers}; {instead}.")


def check_once(prepared: Path, question: str, spacings: Sequence[Spacing]) -> None:
    """Refuse several voxel sizes for a task that looks once: the last network alone would be heard.

    Raises:
        ConfigError: Says what to give.
    """
    if len(spacings) > 1:
        sizes = ",".join("original" if size is None else f"{size:g}" for size in spacings)
        raise ConfigError(
            f"{prepared}: was made with levels=[{sizes}], and task={question} looks at all of an image once. Run"
            f" preprocess again with one voxel size, such as levels=[{sizes.split(',')[0]}]."
        )


def check_beside(whose: str, inputs: Inputs, hidden: float) -> None:
    """Refuse to leave images out, all of them or a share, where nothing is known beside them.

    Args:
        whose: Who has no column, and the verb.

    Raises:
        ConfigError: Says what to give.
    """
    for key, value in (("blind", inputs.blind), ("coarse.hidden", hidden)):
        if value and not inputs.columns:
            raise ConfigError(
                f"training.{key}: {value} leaves nothing to learn from, for {whose} no column beside the images;"
                " leave it out, or import with inputs, such as inputs.numbers=[age]."
            )


def check_names(dataset: Path, question: str, data: Dataset) -> None:
    """Refuse columns and views of which one would take the place of another, or of what the program itself calls so.

    Raises:
        DataError: Says which.
    """
    if wrong := clash(data.inputs, data.outputs, data.views, question):
        raise DataError(f"{dataset}: {wrong}")


def check_pairs(dataset: Path, cases: Mapping[Part, Sequence[TrainingCase]]) -> None:
    """Refuse parts of which no two images show one subject, or all do: nothing is learned or measured of such.

    Raises:
        DataError: Says which part.
    """
    for part, there in cases.items():
        images = Counter(float(case.values[IDENTITY][0]) for case in there)
        if len(images) < 2 or max(images.values()) < 2:
            raise DataError(
                f"{dataset}: task=embedding, but its part '{part}' has {len(there)} images of {len(images)} subjects;"
                " two subjects and two images of one of them are needed. Say in subjects.csv, or by a folder each,"
                " whose the images are, or give this part more subjects (data.fractions, split.csv)."
            )


def check_truth(dataset: Path, question: str, cases: Mapping[Part, Sequence[TrainingCase]]) -> None:
    """Refuse parts without anything of what the task answers: nothing is learned of such, and where nothing can be
    measured, the earliest weights would be the best ones.

    Args:
        dataset: Where they are listed.
        question: Name of the task.

    Raises:
        DataError: Says which part.
    """
    answers = TASKS[question].answers
    if answers not in SHOWN:
        return
    there, what = SHOWN[answers]
    for part, of_part in cases.items():
        if not any(there(case) for case in of_part):
            raise DataError(
                f"{dataset}: task={question}, but none of the {len(of_part)} cases of its part '{part}' {what}, so that"
                f" nothing can be {'learned' if part == 'train' else 'measured'} there. Annotate some of them, or give"
                " this part other cases (data.fractions, split.csv)."
            )


def shows_a_landmark(case: TrainingCase) -> bool:
    """Whether it has the position of one."""
    return bool(np.isfinite(case.world).all(1).any())


def _shows_a_box(case: TrainingCase) -> bool:
    return case.labels is not None and bool((case.labels >= 0).any())


def _has_a_value(case: TrainingCase) -> bool:
    return any(np.isfinite(value).any() for name, value in case.values.items() if name != IDENTITY)


SHOWN = {
    "points": (shows_a_landmark, "shows a landmark"),
    "boxes": (_shows_a_box, "shows a box"),
    "values": (_has_a_value, "has a value of what is asked"),
}


def check_weights(task: Task, settings: AttributeSettings) -> None:
    """Refuse a weight for what has no loss: a misspelt name would leave its loss at 1 without a word. And weights of 0
    for all there is, of which nothing is learned; and to find weights of what is one.

    Raises:
        ConfigError: Says what may be weighed.
    """
    known, weights = list(task.parts(0)), settings.weights
    if settings.balance != "fixed" and len(known) < 2:
        raise ConfigError(
            f"training.attributes.balance={settings.balance}: there is one loss and nothing to balance; leave it out."
        )
    if known and not any(task.parts(0).values()):
        raise ConfigError(
            f"training.attributes.weights: all are 0, so nothing is learned; give one of {', '.join(known)} more."
        )
    for name, weight in weights.items():
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "this task has one loss"
            raise ConfigError(f"training.attributes.weights.{name}: {weight} weighs nothing; {there}.")
