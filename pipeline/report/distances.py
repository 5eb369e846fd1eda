"""How far images of one identity lie from each other, and from those of others; and the curve of what is told."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pipeline.report.figure import COLOURS, INK, figure, svg


def distances(same: Float[np.ndarray, " P"], other: Float[np.ndarray, " Q"], threshold: float) -> str | None:
    """SVG of both distributions with the threshold, and of the pairs told over the pairs mistaken; None without pairs.

    Args:
        same: Squared distances of pairs of one identity.
        other: Of pairs of two.
        threshold: Up to which two images are taken for one identity.
    """
    if not len(same) or not len(other):
        return None
    with figure(8.5, 3.6) as made:
        left, right = made.subplots(1, 2)
        bins = np.linspace(0, float(max(same.max(), other.max())), 40)
        for values, name, colour in ((same, "one identity", COLOURS[0]), (other, "two", COLOURS[1])):
            left.hist(
                values, bins, weights=np.full(len(values), 100 / len(values)), alpha=0.6, color=colour, label=name
            )
        left.axvline(threshold, color=INK, linewidth=0.8, linestyle=":")
        left.set(xlabel="squared distance", ylabel="% of the pairs")
        left.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)  # the line may lie anywhere
        cuts = np.unique(np.concatenate([same, other]))
        told = np.searchsorted(np.sort(same), cuts, side="right") / len(same)
        mistaken = np.searchsorted(np.sort(other), cuts, side="right") / len(other)
        right.plot(100 * mistaken, 100 * told, color=COLOURS[0])
        right.set(xscale="symlog", xlim=(0, 100), ylim=(0, 101), xlabel="two taken for one, %", ylabel="one told, %")
        right.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
        return svg(made)
