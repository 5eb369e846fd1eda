"""The landmarks task: named points, each at most once in an image.

Letters: B batch, K landmarks, D dimensions, S voxels along the axes, N cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import torch
from torch import Tensor

from pipeline.data.resample import lattice_number
from pipeline.data.store import LevelArray
from pipeline.grid.decode import BELIEFS, Votes, votes
from pipeline.grid.encode import encode
from pipeline.losses.belief import binary_cross_entropy, presence_cross_entropy, softmax_cross_entropy
from pipeline.losses.displacement import from_logarithm, mean_absolute, near_smooth_l1
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import Said, Seen, ask, grid_over, look, pooled, presence
from pipeline.tasks.constellation import Constellation
from pipeline.tasks.found import Found, chosen, join
from pipeline.tasks.regions import Region, regions
from pipeline.tasks.settings import DecodeSettings, LossSettings

BELIEF_OF_LOSS = {"softmax": "softmax", "noothout2018": "sigmoid", "noothout2020": "sigmoid"}
AT_ONCE = 32  # landmarks at once
START_BELIEF = -6.0  # in a softmax over thousands of patches and "absent", zero would start at "surely there"
MOST = 1000  # patches of a whole scan that vote for a landmark: those within `near` of the surest are some hundreds
PLACES = 3  # that look alike, of a landmark, among which the constellation chooses
VETO = 5.0  # a finer level believes at most this many times what the coarser one does


@dataclass(frozen=True)
class LandmarksTask:
    """How landmarks are taught and answered.

    Args:
        loss: Belief and displacement losses.
        decode: How votes are averaged.
        constellation: How landmarks lie to each other; it chooses among places that look alike. None = the most
            believed place is taken.
    """

    loss: LossSettings = field(default_factory=LossSettings)
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    constellation: Constellation | None = None

    @property
    def _logarithm(self) -> bool:
        return self.loss.name == "noothout2020"

    def heads(self, landmarks: int, dims: int, number: int) -> dict[str, Head]:
        """What the network of level `number` is asked."""
        asked = {"belief": Head(landmarks, start=START_BELIEF), "displacement": Head(landmarks, dims)}
        return asked | ({"presence": Head(1, whole=True)} if self.loss.presence and number == 0 else {})

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], points: Tensor, known: Tensor
    ) -> dict[str, Tensor]:
        """Loss terms by name; "total" is their weighted sum.

        Args:
            image: (B, C, S), for its shape.
            outputs: What the network said of it.
            points: (B, K, D) in voxels, NaN without a position.
            known: (B, K) annotated, or known to be absent.
        """
        grid = grid_over(network, tuple(image.shape[2:]))
        logits, displacement = outputs["belief"].flatten(2), outputs["displacement"].flatten(3)
        if self.loss.name == "softmax":
            targets = encode(grid, points, known)
            belief = softmax_cross_entropy(logits, targets, self.loss.sigma)
            offset = near_smooth_l1(displacement, targets, self.loss.beta)
        else:
            belief = binary_cross_entropy(logits, encode(grid, points, known, reach=1), self.loss.balance)
            offset = mean_absolute(displacement, points, grid, self._logarithm)
            belief = belief * (points.shape[1] if self._logarithm else 1)
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
            a coarser level that hardly believes (under a fifth) holds it down: it alone sees a neighbour that looks
            alike for what it is.
        """
        frame = level.frame
        if prior is None:
            everywhere = Region((0,) * frame.dims, frame.shape, tuple(range(network.heads["belief"].count)))
            return self._look(network, level, [everywhere], None, search)
        who = np.flatnonzero(VETO * prior.belief >= least)
        if not len(who):
            return prior
        near = np.clip(frame.world_to_voxel(prior.world), 0, np.array(frame.shape) - 1)
        boxes = regions(near[who], frame.shape, search + network.cells.reach / 2)
        where = [replace(box, landmarks=tuple(who[list(box.landmarks)].tolist())) for box in boxes]
        asked, found = prior.of(who), self._look(network, level, where, near, search)
        found = replace(found.blended(asked, blend), belief=np.minimum(found.belief, VETO * asked.belief))
        return prior.with_answers(who, found)

    def _look(
        self,
        network: PatchNetwork,
        level: LevelArray,
        where: Sequence[Region],
        near: np.ndarray | None,
        search: float,
    ) -> Found:
        """The landmarks of all regions, in their order."""
        parts: list[tuple[Sequence[int], list[Votes]]] = []
        shown = None
        for region in where:
            grids = self._grids(network, level, region)
            shown = presence(network, grids[0])
            parts += self._votes_in(network, grids, region, near, search)
        order = np.argsort([k for landmarks, _ in parts for k in landmarks])
        patch = network.cells.stride * float(level.frame.spacing.mean())
        places = [join([v[n] for _, v in parts], order, level.frame, patch) for n in range(len(parts[0][1]))]
        return replace(self._choose(places), presence=shown)

    def _choose(self, places: Sequence[Found]) -> Found:
        if len(places) == 1 or self.constellation is None:
            return places[0]
        world, belief = (np.stack([getattr(p, f) for p in places]) for f in ("world", "belief"))
        return chosen(places, self.constellation.choose(world, belief))

    def _grids(self, network: PatchNetwork, level: LevelArray, region: Region) -> list[Seen]:
        stride = network.cells.stride
        box = torch.from_numpy(np.asarray(level.voxels[region.slices], np.float32))
        margin = stride + (lattice_number(level.frame) + region.start) % stride
        steps = product((0, stride // 2) if self.decode.between else (0,), repeat=network.dims)
        return [look(network, box, region, margin + step) for step in steps]

    def _votes_in(
        self, network: PatchNetwork, grids: Sequence[Seen], region: Region, prior: np.ndarray | None, search: float
    ) -> Iterator[tuple[Sequence[int], list[Votes]]]:
        """Votes for a few landmarks at a time, so that memory does not grow with their number."""
        alone = prior is not None or self.constellation is None or self.decode.near is None
        most = None if self.decode.near is None else MOST
        for first in range(0, len(region.landmarks), AT_ONCE):
            some = region.landmarks[first : first + AT_ONCE]
            said = pooled([ask(network, seen, some, prior, search, most) for seen in grids])
            yield some, self._votes(said, len(grids), network.cells.stride, 1 if alone else PLACES)

    def _votes(self, said: Said, grids: int, stride: int, places: int) -> list[Votes]:
        displacement = from_logarithm(said.displacement) / stride if self._logarithm else said.displacement
        belief, total = BELIEFS[BELIEF_OF_LOSS[self.loss.name]](said.logits, said.allowed, grids, said.rest)
        weighting = "belief" if self.decode.name == "weighted" else "equal"
        decode = (weighting, self.decode.share, self.decode.threshold, self.decode.near, places)
        return votes(said.centres, stride, belief, total, displacement, *decode)
