"""Answers over references, of each number that was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.report.figure import COLOURS, INK, figure, label, svg


def scatter(pairs: Mapping[str, Sequence[tuple[float, float]]]) -> str | None:
    """SVG with a panel a number; None where there is none to draw.

    Args:
        pairs: Reference and answer of each image, by the name of the number.
    """
    drawn = {name: np.array(points, float) for name, points in pairs.items() if points}
    if not drawn:
        return None
    with figure(4.0 * len(drawn), 3.9) as made:
        panels = np.ravel(made.subplots(1, len(drawn)))
        for axes, (name, points) in zip(panels, drawn.items(), strict=True):
            low, high = float(points.min()), float(points.max())
            axes.plot([low, high], [low, high], color=INK, linewidth=0.8, linestyle=":")
            axes.scatter(*points.T, s=10, color=COLOURS[0], alpha=0.6)
            axes.set(xlabel=f"{label(name)}, reference", ylabel="answer")
        return svg(made)
