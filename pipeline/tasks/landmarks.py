"""The landmarks task: named points, each at most once in an image.

Letters: B batch, K landmarks, D dimensions, S voxels along the axes, N cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.data.store import LevelArray
from pipeline.grid.encode import encode
from pipeline.losses.belief import binary_cross_entropy, presence_cross_entropy, softmax_cross_entropy
from pipeline.losses.displacement import mean_absolute, near_smooth_l1
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import grid_over
from pipeline.tasks.asked import Asked
from pipeline.tasks.constellation import Constellation, constellation_of
from pipeline.tasks.found import Found
from pipeline.tasks.poll import Poll
from pipeline.tasks.regions import Region, regions
from pipeline.tasks.settings import DecodeSettings, LossSettings
from pipeline.tasks.shape import Shape, shape_of
from pipeline.tasks.truth import Truth

BELIEF_OF_LOSS = {"softmax": "softmax", "noothout2018": "sigmoid", "noothout2020": "sigmoid"}
LOGARITHMS = ("noothout2020",)  # losses by which displacements are said as logarithms
START_BELIEF = -6.0  # in a softmax over thousands of patches and "absent", zero would start at "surely there"
VETO = 5.0  # where nothing was measured


@dataclass(frozen=True)
class LandmarksTask:
    """How landmarks are taught and answered.

    Args:
        loss: Belief and displacement losses.
        decode: How votes are averaged.
        constellation: How landmarks lie to each other; it chooses among places that look alike. None = the most
            believed place is taken.
        names: Of the landmarks.
        shape: How all of them lie together, where validation showed that answers drawn towards it err less.
        veto: A finer level believes at most this many times what the coarser one does.
    """

    loss: LossSettings = field(default_factory=LossSettings)
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    constellation: Constellation | None = None
    names: tuple[str, ...] = ()
    shape: Shape | None = None
    veto: float = VETO

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> LandmarksTask:
        return cls(settings.loss, settings.decode, None, asked.landmarks)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> LandmarksTask:
        pairs, shape = content.get("constellation"), content.get("shape")
        decode = {"agree": None, **content["decode"]}  # where none is told, the threshold is one of the wider belief
        settings = LossSettings(**content["loss"]), DecodeSettings(**decode)
        placed = pairs and constellation_of(pairs), tuple(content["landmarks"])
        return cls(*settings, *placed, shape and shape_of(shape), content.get("veto", VETO))

    def content(self) -> dict[str, Any]:
        pairs, shape = (part and part.content() for part in (self.constellation, self.shape))
        settings = {"loss": asdict(self.loss), "decode": asdict(self.decode)}
        content = {"landmarks": list(self.names), **settings, "constellation": pairs, "veto": self.veto}
        return content | ({"shape": shape} if shape else {})

    @property
    def _poll(self) -> Poll:
        return Poll(BELIEF_OF_LOSS[self.loss.name], self.loss.name in LOGARITHMS, self.decode, self.constellation)

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """What the network of level `number` is asked."""
        names = len(self.names)
        asked = {"belief": Head(names, start=START_BELIEF), "displacement": Head(names, dims)}
        return asked | ({"presence": Head(1, whole=True)} if self.loss.presence and number == 0 else {})

    def parts(self, number: int) -> dict[str, float]:
        """None: there is one loss."""
        return {}

    def at(self, patches: Sequence[float], stride: int, number: int) -> LandmarksTask:
        """The task of one of several levels: all are taught alike."""
        return self

    def measure(self, cases: Sequence[Any], found: Mapping[str, Found]) -> dict[str, float]:
        """Mean and median error over all landmarks that have a position, world unit; NaN where there is none."""
        errors = np.concatenate([np.linalg.norm(found[c.id].world - c.world, axis=1) for c in cases])
        errors = errors[np.isfinite(errors)] if np.isfinite(errors).any() else np.array([np.nan])
        return {"error": float(errors.mean()), "median": float(np.median(errors))}

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """Loss terms by name; "total" is their weighted sum. `truth` has K points a sample."""
        points, known = truth.points, truth.known
        grid = grid_over(network, tuple(image.shape[2:]))
        logits, displacement = outputs["belief"].flatten(2), outputs["displacement"].flatten(3)
        if self.loss.name == "softmax":
            targets = encode(grid, points, known)
            belief = softmax_cross_entropy(logits, targets, self.loss.sigma)
            offset = near_smooth_l1(displacement, targets, self.loss.beta)
        else:
            belief = binary_cross_entropy(logits, encode(grid, points, known, reach=1), self.loss.balance)
            offset = mean_absolute(displacement, points, grid, self.loss.name in LOGARITHMS)
            belief = belief * (points.shape[1] if self.loss.name in LOGARITHMS else 1)
        terms = {"belief": belief, "displacement": offset}
        if "presence" in outputs:
            terms["presence"] = presence_cross_entropy(outputs["presence"], points, known, image.shape[2:])
        weights = {"belief": 1.0, "displacement": self.loss.displacement, "presence": self.loss.presence}
        return terms | {"total": torch.stack([weights[name] * term for name, term in terms.items()]).sum()}

    @torch.no_grad()
    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: Found | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> Found:
        """Where the landmarks of one image lie, in the world.

        Args:
            level: One level of a case; only the parts that are needed are read of its voxels.
            prior: The coarser level's answers; None = look everywhere.
            search: Voxels around the prior within which patches may vote.
            blend: How far the position is drawn towards the prior's where the two agree.
            least: Belief that an answer needs. A landmark that cannot reach it any more keeps the prior's answer, so
                that no part of the scan is looked at for its sake.

        Returns:
            One position a landmark. Its belief is this level's, which sees the border of the scan most sharply; but
            a coarser level that hardly believes holds it down by the veto: it alone sees a neighbour that looks alike
            for what it is.
        """
        frame = level.frame
        if prior is None:
            everywhere = Region.of(frame.shape, tuple(range(network.heads["belief"].count)))
            return self._poll.look(network, level, [everywhere], None, search)
        most = self.veto * prior.belief
        who = np.flatnonzero(most >= least)
        if not len(who):
            return prior
        near = np.clip(frame.world_to_voxel(prior.world), 0, np.array(frame.shape) - 1)
        boxes = regions(near[who], frame.shape, search + network.sight)
        where = [replace(box, landmarks=tuple(who[list(box.landmarks)].tolist())) for box in boxes]
        asked, found = prior.of(who), self._poll.look(network, level, where, near, search)
        found = found.blended(asked, blend)
        inside = found.inside & frame.contains(found.world)
        found = replace(found, inside=inside, belief=np.minimum(found.belief, most[who]))
        return prior.with_answers(who, found)
