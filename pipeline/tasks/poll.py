"""Ask the patches of a level's regions about landmarks, and count their votes.

Letters: K landmarks, D dimensions, G grids.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, product

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from pipeline.data.resample import lattice_number
from pipeline.data.store import LevelArray
from pipeline.grid.decode import BELIEFS, Votes, votes
from pipeline.losses.displacement import from_logarithm
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import Said, Seen, ask, look, pooled, reach, said_as_a_whole
from pipeline.tasks.constellation import Constellation
from pipeline.tasks.found import Found, chosen, join
from pipeline.tasks.regions import Region
from pipeline.tasks.settings import DecodeSettings

AT_ONCE = 64  # landmarks at once, at most
NUMBERS = 2**20  # ... and patches times landmarks, so that memory grows with neither
MOST = 300  # patches of a whole scan that may vote for a landmark, the most believing; about one place lie fewer
PLACES = 3  # that look alike, of a landmark, among which the constellation chooses


@dataclass(frozen=True)
class Poll:
    """How patches are asked and their votes counted.

    Args:
        belief: Name of what logits mean, in `BELIEFS`.
        logarithm: Displacements are said as logarithms of voxels.
        decode: How votes are averaged.
        constellation: Chooses among places that look alike; None = the most believed place is taken.
    """

    belief: str
    logarithm: bool
    decode: DecodeSettings
    constellation: Constellation | None

    def look(
        self,
        network: PatchNetwork,
        level: LevelArray,
        where: Sequence[Region],
        near: np.ndarray | None,
        search: float,
    ) -> Found:
        """The landmarks of all regions, in their order."""
        parts: list[tuple[Sequence[int], list[Votes]]] = []
        said: dict[str, Tensor] = {}
        for region in where:
            grids = self._grids(network, level, region)
            first = next(grids)
            said = said_as_a_whole(network, first)
            parts += self._votes_in(network, first, grids, region, near, search)
        order = np.argsort([k for landmarks, _ in parts for k in landmarks])
        patch = network.cells.stride * float(level.frame.spacing.mean())
        places = [join([v[n] for _, v in parts], order, level.frame, patch) for n in range(len(parts[0][1]))]
        shown = float(said["presence"].sigmoid()) if "presence" in said else None
        return replace(self._choose(places), presence=shown, said=said)

    def _choose(self, places: Sequence[Found]) -> Found:
        if len(places) == 1 or self.constellation is None:
            return places[0]
        world, belief = (np.stack([getattr(p, f) for p in places]) for f in ("world", "belief"))
        return chosen(places, self.constellation.choose(world, belief))

    def _grids(self, network: PatchNetwork, level: LevelArray, region: Region) -> Iterator[Seen]:
        stride = network.cells.stride
        box = torch.from_numpy(np.asarray(level.voxels[region.slices], np.float32))
        margin = stride + (lattice_number(level.frame) + region.start) % network.cells.period
        steps = self._steps(network) * (stride // 2)
        return (look(network, box, region, margin + step, level.given) for step in steps)

    def _steps(self, network: PatchNetwork) -> Int[np.ndarray, "G D"]:
        """Where the grids begin, in half strides; none says what another has said."""
        if self.decode.between is True:
            return np.array(list(product((0, 1), repeat=network.dims)))
        different = 2 * network.cells.period // network.cells.stride
        return np.arange(max(1, min(self.decode.between, different)))[:, None].repeat(network.dims, 1)

    def _votes_in(
        self,
        network: PatchNetwork,
        first: Seen,
        others: Iterator[Seen],
        region: Region,
        prior: np.ndarray | None,
        search: float,
    ) -> Iterator[tuple[Sequence[int], list[Votes]]]:
        """Votes for some landmarks at a time; what takes less memory is held meanwhile: all grids, or what they say."""
        most = MOST if prior is None and self.decode.near is not None else None
        places = 1 if most is None or self.constellation is None else PLACES
        cells = math.prod(first.grid.shape) if prior is None else (2 * reach(first.grid, search) + 1) ** network.dims
        at_once = min(AT_ONCE, max(1, NUMBERS // cells))
        groups = [region.landmarks[n : n + at_once] for n in range(0, len(region.landmarks), at_once)]
        asked = partial(ask, network, prior=prior, search=search, most=most)
        voting = cells if most is None else min(most, cells)
        hold = len(region.landmarks) * voting * (2 + 2 * network.dims) > first.features.numel()
        for group, said in zip(groups, _of_each(groups, chain([first], others), asked, hold), strict=True):
            yield group, self._votes(pooled(said), len(said), network.cells.stride, places)

    def _votes(self, said: Said, grids: int, stride: int, places: int) -> list[Votes]:
        displacement = from_logarithm(said.displacement) / stride if self.logarithm else said.displacement
        belief, total = BELIEFS[self.belief](said.logits, said.allowed, grids, said.every)
        weighting = "belief" if self.decode.name == "weighted" else "equal"
        decode = (weighting, self.decode.share, self.decode.threshold, self.decode.near, self.decode.agree, places)
        return votes(said.centres, stride, belief, total, displacement, *decode)


def _of_each(
    groups: Sequence[Sequence[int]], grids: Iterator[Seen], asked: Callable[..., Said], hold: bool
) -> Iterable[Sequence[Said]]:
    """What all grids say of each group of landmarks; unless `hold`, a grid is let go before the next is made."""
    if hold and len(groups) > 1:
        held = list(grids)
        return ([asked(grid, group) for grid in held] for group in groups)
    # a loop's variable would hold a grid while the next is made
    return zip(*map(lambda grid: [asked(grid, group) for group in groups], grids), strict=True)
