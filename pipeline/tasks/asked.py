"""What a data set has to learn from: the names that a task is made for."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.data.encoders import Encoder


@dataclass(frozen=True)
class Asked:
    """Names and fitted columns; a task takes what it knows of.

    Args:
        landmarks: Named points.
        classes: Of things with boxes.
        outputs: Values, as fitted on the training cases.
        untaught: Those of the classes that no training case shows.
    """

    landmarks: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    outputs: tuple[Encoder, ...] = ()
    untaught: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is answered."""
        return self.landmarks or self.classes or tuple(output.column.name for output in self.outputs)
