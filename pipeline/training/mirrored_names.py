"""What changes names in a mirror, of all that a task asks for and is given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from pipeline.data.csv_rows import some
from pipeline.data.dataset import Dataset
from pipeline.data.encoders import Encoder
from pipeline.data.fit_encoders import fit_encoders
from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.twins import Twins, exchanged
from pipeline.tasks.table import TASKS


def mirrored_names(
    data: Dataset,
    question: str,
    augment: AugmentSettings,
    outputs: Sequence[Encoder],
    inputs: Sequence[Encoder],
    begun: bool = False,
) -> Twins | None:
    """None where nothing is mirrored.

    Args:
        begun: A training goes on: where an early version, which let names of columns and views be, began it with some
            that are refused now, all of these stay as they were.

    Raises:
        ConfigError: As `exchanged`.
    """
    kind, everything = TASKS[question].answers, question == "multi"
    landmarks = data.landmarks if kind == "points" else ()
    classes = data.classes if kind == "boxes" or everything else ()
    asked = outputs if kind == "values" or everything else ()
    told = classes, asked, inputs, tuple(data.views)
    try:
        return exchanged(landmarks, augment, *told)
    except ConfigError:
        if not begun:
            raise
    own = {name: name for name in (*(c.column.name for c in (*asked, *inputs)), *data.views)}
    return exchanged(landmarks, replace(augment, pairs=own | dict(augment.pairs)), *told)


def tell_lone(names: Twins | None) -> None:
    """Say which names keep left or right, in a word of theirs, in the mirror: a lone "imgleft", but "bright" too."""
    if names is not None and names.lone:
        print(
            f"training.augment.mirror: nothing is the other side of {some(names.lone)}, so a mirrored image keeps the"
            " name. If it says a side, give its twin in training.augment.pairs, or training.augment.mirror=0.",
            file=sys.stderr,
        )


def require_mirrored_names(data: Dataset, question: str, augment: AugmentSettings) -> None:
    """The same before anything is prepared.

    Raises:
        ConfigError: As `exchanged`.
        DataError: No training case has a value of a column.
    """
    if augment.mirror:
        rows = [case.values for case in data.part("train")]
        outputs, inputs = (fit_encoders(of, rows) for of in (data.outputs, data.inputs))
        mirrored_names(data, question, augment, outputs, inputs)
