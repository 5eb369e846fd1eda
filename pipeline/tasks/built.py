"""A network for a task and what is known beside the image: the same before training and when a model is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.data.inputs import Inputs
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork, build_network
from pipeline.networks.stems import Stem


def network_for(
    name: str, dims: int, channels: int, heads: Mapping[str, Head], inputs: Inputs, parameters: Mapping[str, Any]
) -> PatchNetwork:
    """Build it.

    Args:
        name: From the table of networks.
        channels: Of the images.
        parameters: Of that network.
    """
    how = inputs.fusion, inputs.blind
    return build_network(name, dims, channels, heads, stems_of(inputs, channels), *how, **parameters)


def stems_of(inputs: Inputs, channels: int) -> dict[str, Stem]:
    """What reads each input."""
    stems: dict[str, Stem] = {}
    for encoder in inputs.columns:
        kind = encoder.column.kind
        if kind in ("class", "text"):
            stems[encoder.column.name] = Stem(kind, len(encoder.words))
        else:
            stems[encoder.column.name] = Stem("numbers", encoder.width)
    return stems | {view: Stem("picture", channels) for view in inputs.others}
