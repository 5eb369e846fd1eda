"""What is known of a case beside its image, as a network reads it. Letters: I channels, S voxels along the axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from pipeline.data.columns import Value
from pipeline.data.encoders import Encoder, encoder_of

HIDDEN = "\x00hidden"  # the input that says whose image is not to be looked at (1, else 0); no column is called so


@dataclass(frozen=True)
class Inputs:
    """Columns and other images that are given to a network.

    Args:
        columns: As fitted on the training cases.
        views: Images of a case, by what they show: how their files are called, with "{id}" for the case. The first is
            the image itself.
        fusion: How they join the image's features: "concatenation" or "film".
        blind: No image is looked at.
    """

    columns: tuple[Encoder, ...] = ()
    views: dict[str, str] = field(default_factory=dict)
    fusion: Literal["concatenation", "film"] = "concatenation"
    blind: bool = False

    @property
    def others(self) -> tuple[str, ...]:
        """What the images beside the first show, of those that are looked at."""
        return () if self.blind else tuple(self.views)[1:]

    def given(
        self, values: Mapping[str, Value], views: Mapping[str, Float[np.ndarray, " ..."]], nothing: tuple[int, ...]
    ) -> dict[str, Float[np.ndarray, " ..."]]:
        """Everything of one case, NaN where it is missing.

        Args:
            values: By column.
            views: Normalised (I, S), by what they show.
            nothing: (I, 1, ...), the shape of a view that is missing.
        """
        columns = {encoder.column.name: encoder.encode(values.get(encoder.column.name)) for encoder in self.columns}
        missing = np.full(nothing, np.nan, np.float32)
        return columns | {view: views.get(view, missing) for view in self.others}

    def content(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def inputs_of(content: Mapping[str, Any]) -> Inputs:
    """The inverse of `Inputs.content`."""
    columns = tuple(encoder_of(column) for column in content["columns"])
    return Inputs(columns, dict(content["views"]), content["fusion"], bool(content["blind"]))
