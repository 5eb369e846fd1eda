"""What one level found in one case. Letters: K landmarks, D dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pipeline.geometry import ImageFrame
from pipeline.grid.decode import Votes
from pipeline.tasks.boxes_found import BoxesFound


@dataclass(frozen=True, eq=False)
class Found:
    """Best positions of one case, whether or not anybody believes in them.

    Args:
        world: Positions, LPS mm or px.
        belief: 0 to 1, that the landmark is there.
        spread: Root mean square distance of the votes, world unit.
        votes: Patches that voted.
        inside: Whether the position lies in the scan, to within a voxel of the level.
        patch: World size of the patches that answered.
        presence: 0 to 1, that the image shows any of the landmarks; None = nobody was asked.
        said: What the first level said of the image as a whole, by head.
        boxes: What it found beside the landmarks; None = it was not asked.
    """

    world: Float[np.ndarray, "K D"]
    belief: Float[np.ndarray, " K"]
    spread: Float[np.ndarray, " K"]
    votes: Int[np.ndarray, " K"]
    inside: Bool[np.ndarray, " K"]
    patch: Float[np.ndarray, " K"]
    presence: float | None = None
    said: Mapping[str, Float[Tensor, " W"]] = field(default_factory=dict)
    boxes: BoxesFound | None = None

    def of(self, who: Int[np.ndarray, " L"]) -> Found:
        """The answers of some landmarks alone."""
        return replace(self, **{name: getattr(self, name)[who] for name in EACH})

    def with_answers(self, who: Int[np.ndarray, " L"], others: Found) -> Found:
        """These answers, with `others` in the place of some."""
        changed = {name: getattr(self, name).copy() for name in EACH}
        for name, values in changed.items():
            values[who] = getattr(others, name)
        return replace(self, **changed)

    def blended(self, coarser: Found, share: float) -> Found:
        """Positions drawn towards the coarser level's by `share` of the way, where the two agree to within one of its
        patches: the two levels err differently, so between them lies the better answer."""
        agree = np.linalg.norm(self.world - coarser.world, axis=1) <= coarser.patch
        return replace(self, world=self.world + share * agree[:, None] * (coarser.world - self.world))


EACH = tuple(f.name for f in fields(Found) if f.name not in ("presence", "said", "boxes"))  # one value a landmark


def chosen(places: Sequence[Found], best: Int[np.ndarray, " K"]) -> Found:
    """Of several answers a landmark the one with that number."""
    each = np.arange(len(best))
    return replace(places[0], **{name: np.stack([getattr(p, name) for p in places])[best, each] for name in EACH})


def join(parts: Sequence[Votes], order: np.ndarray, frame: ImageFrame, patch: float) -> Found:
    """The votes of all regions in the order of the landmarks, in the world."""
    joined = {f.name: torch.cat([getattr(v, f.name) for v in parts]).numpy()[order] for f in fields(Votes)}
    world, spread = frame.voxel_to_world(joined["location"]), np.linalg.norm(joined["spread"] * frame.spacing, axis=1)
    inside = frame.contains(world)
    belief, count = joined["belief"].astype(float), joined["count"].astype(int)
    return Found(world, belief, spread, count, inside, np.full(len(world), patch))
