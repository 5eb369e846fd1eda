"""What there is nothing to learn from, or nothing to measure by, is refused before anything is trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from blobs import blob_cases

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.data.inputs import Inputs
from pipeline.errors import ConfigError, DataError
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.asked import Asked
from pipeline.tasks.settings import AttributeSettings
from pipeline.tasks.table import new_task
from pipeline.tasks.truth import UNKNOWN
from pipeline.training.learnable import check_beside, check_truth, check_weights
from pipeline.training.settings import TrainingSettings


def full():
    """Two cases that show landmarks, a box and a value."""
    corners, values = np.zeros((4, 2)), {IDENTITY: np.zeros(1), "age": np.array([0.5])}
    return [replace(c, labels=np.array([0]), corners=corners, values=values) for c in blob_cases(2, 2, size=16)]


NO_LANDMARK = {"world": np.full((2, 2), np.nan)}
NO_BOX, UNSAID = {"labels": np.zeros(0, int)}, {"labels": np.array([UNKNOWN])}
NO_VALUE = {"values": {IDENTITY: np.zeros(1), "age": np.array([np.nan])}}
LACKS = [
    ("landmarks", NO_LANDMARK, "shows a landmark"),
    ("multi", NO_LANDMARK, "shows a landmark"),
    ("boxes", NO_BOX, "shows a box"),
    ("boxes", UNSAID, "shows a box"),
    ("one_object", NO_BOX, "shows a box"),
    ("attributes", NO_VALUE, "has a value of what is asked"),
]


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize(("task", "lack", "message"), LACKS)
def test_a_part_that_holds_nothing_of_what_the_task_answers_is_named(task, lack, message, part):
    there = full()
    parts = {"train": there, "validation": there}
    check_truth(Path("dataset.json"), task, parts)
    check_truth(Path("dataset.json"), task, parts | {part: [replace(there[0], **lack), there[1]]})
    with pytest.raises(DataError, match=f"task={task}, but none of the 2 cases of its part '{part}' {message}"):
        check_truth(Path("dataset.json"), task, parts | {part: [replace(case, **lack) for case in there]})


def test_vectors_are_of_whom_an_image_shows_and_ask_for_nothing_else():
    there = [replace(case, world=case.world * np.nan) for case in blob_cases(2, 2)]
    check_truth(Path("dataset.json"), "embedding", {"train": there, "validation": there})


@pytest.mark.parametrize("question", ["landmarks", "boxes", "multi"])
def test_one_loss_is_not_balanced(question):
    task = new_task(question, Asked(landmarks=("tip",)), TrainingSettings())
    check_weights(task, AttributeSettings())
    with pytest.raises(ConfigError, match=r"training.attributes.balance=gradnorm: there is one loss"):
        check_weights(task, AttributeSettings(balance="gradnorm"))


def test_where_nothing_is_known_beside_the_images_none_is_left_out():
    check_beside("dataset.json has", Inputs(), 0.0)
    check_beside("dataset.json has", Inputs((Encoder(Column("age", "number")),), blind=True), 0.5)
    for inputs, hidden, said in ((Inputs(blind=True), 0.0, "blind: True"), (Inputs(), 0.5, "coarse.hidden: 0.5")):
        with pytest.raises(ConfigError, match=f"training.{said} leaves nothing to .*, for dataset.json has no column"):
            check_beside("dataset.json has", inputs, hidden)
