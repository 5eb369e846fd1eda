"""What changes names in a mirror, of all that a task asks for and is given."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.data.columns import OF_WORDS
from pipeline.data.dataset import Dataset
from pipeline.data.encoders import Encoder
from pipeline.data.fit_encoders import fit_encoders
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.mirror import Twins, exchanged
from pipeline.tasks.table import TASKS


def mirrored_names(
    data: Dataset, question: str, augment: AugmentSettings, outputs: Sequence[Encoder], inputs: Sequence[Encoder]
) -> Twins | None:
    """None where nothing is mirrored.

    Raises:
        ConfigError: As `exchanged`.
    """
    kind, everything = TASKS[question].answers, question == "multi"
    landmarks = data.landmarks if kind == "points" else ()
    classes = data.classes if kind == "boxes" or everything else ()
    asked = outputs if kind == "values" or everything else ()
    return exchanged(landmarks, augment, classes, (*asked, *inputs))


def require_mirrored_names(data: Dataset, question: str, augment: AugmentSettings) -> None:
    """The same before anything is prepared.

    Raises:
        ConfigError: As `exchanged`.
        DataError: No training case has a value of a column.
    """
    if augment.mirror:
        rows = [case.values for case in data.part("train")]
        columns = ([c for c in of if c.kind in OF_WORDS] for of in (data.outputs, data.inputs))
        outputs, inputs = (fit_encoders(of, rows) for of in columns)
        mirrored_names(data, question, augment, outputs, inputs)
