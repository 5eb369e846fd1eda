"""Boxes found in one image, and what becomes of those of several levels. Letters: N boxes, D dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from pipeline.geometry import ImageFrame
from pipeline.geometry.boxes import cut_at_edges
from pipeline.grid.suppress import suppress


@dataclass(frozen=True, eq=False)
class BoxesFound:
    """Boxes of one image, the most believed first.

    Args:
        low: Smallest coordinates, world.
        high: Largest.
        belief: 0 to 1.
        label: Number of the class.
    """

    low: Float[np.ndarray, "N D"]
    high: Float[np.ndarray, "N D"]
    belief: Float[np.ndarray, " N"]
    label: Int[np.ndarray, " N"]

    def within(self, frame: ImageFrame) -> BoxesFound:
        """Cut at the edges of an image, as boxes are answered; what lies beyond them is left out.

        Args:
            frame: World-aligned.
        """
        low, high, kept = cut_at_edges(self.low, self.high, frame)
        return BoxesFound(low[kept], high[kept], self.belief[kept], self.label[kept])


def box_ends(corners: Float[np.ndarray, "V D"]) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of boxes whose corners stand one after the other."""
    dims = corners.shape[1]
    each = corners.reshape(-1, 2**dims, dims)
    return each.min(1), each.max(1)


def joined(parts: Sequence[BoxesFound], overlap: float | None) -> BoxesFound:
    """All boxes; of those that overlap by more, and are of one class, the most believed."""
    low, high, belief, label = (
        np.concatenate([getattr(p, n) for p in parts]) for n in ("low", "high", "belief", "label")
    )
    order = np.argsort(-belief, kind="stable")
    if overlap is not None:
        ends = torch.from_numpy(np.hstack([low, high]))
        kept = [np.flatnonzero(label == c) for c in np.unique(label)]
        stay = [rows[suppress(ends[rows], torch.from_numpy(belief[rows]), overlap)[0].numpy()] for rows in kept]
        order = np.concatenate(stay) if stay else order[:0]
        order = order[np.argsort(-belief[order], kind="stable")]
    return BoxesFound(low[order], high[order], belief[order], label[order])
