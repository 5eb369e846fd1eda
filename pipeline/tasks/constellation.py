"""How landmarks lie to each other in the training cases, and which answers lie otherwise.

A shape model of pairs: each landmark is expected at a mean offset from those it goes best with. It needs few cases, can
do with any landmark missing, and costs a few numbers a landmark. Scans of one anatomy are turned alike (levels are
world-aligned); where they are not, offsets spread widely and little is found strange.

Letters: C cases or candidates, K landmarks, D dimensions, N others a landmark is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from pipeline.geometry import ImageFrame

KEPT = 8  # others that are stored for each landmark, ...
ASKED = 4  # and how many of them judge it, the best that were found
FEWEST = 2  # judges; one alone cannot say which of the two is wrong
CASES = 10  # that show both landmarks of a pair, at least
USUAL = 0.9  # share of the training cases that are not strange: the odd one out may be annotated wrongly
LEAST = 0.1  # belief of a place that may judge others
STRANGE = 2.0  # weight of strangeness against minus the logarithm of belief, where places are chosen
MARGIN = 2.0  # times the strangest landmark of those is too strange


@dataclass(frozen=True, eq=False)
class Constellation:
    """Offsets between landmarks, world units.

    Args:
        others: Numbers of the landmarks that each goes best with, the least spread first; -1 = no more.
        offset: Mean of landmark minus other.
        spread: Root mean square distance from that mean, and what the levels resolve on top.
        limit: An answer stranger than this is implausible.
    """

    others: Int[np.ndarray, "K N"]
    offset: Float[np.ndarray, "K N D"]
    spread: Float[np.ndarray, "K N"]
    limit: float

    def content(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: np.asarray(value).tolist() for name, value in asdict(self).items()}

    def strangeness(self, world: Float[np.ndarray, "K D"], found: Bool[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
        """The median over its judges of how many spreads a landmark lies from where each expects it; 0 without judges.

        Args:
            world: Positions.
            found: Which of them are there, and may judge.
        """
        return np.where(found, self._strangeness(world, world, found), 0.0)

    def _strangeness(
        self, asked: Float[np.ndarray, "*C K D"], world: Float[np.ndarray, "K D"], found: Bool[np.ndarray, " K"]
    ) -> Float[np.ndarray, "*C K"]:
        """The same of any positions `asked`, judged by those found."""
        usable = (self.others >= 0) & found[self.others]
        usable &= np.cumsum(usable, axis=1) <= ASKED
        expected = world[self.others] + self.offset
        off = np.linalg.norm(asked[..., None, :] - expected, axis=-1) / self.spread
        judged = (usable.sum(1) >= FEWEST) & np.isfinite(asked).all(-1)
        result = np.zeros(asked.shape[:-1])
        result[judged] = np.nanmedian(np.where(usable, off, np.nan)[judged], axis=-1)
        return result

    def expected(self, world: Float[np.ndarray, "K D"]) -> Float[np.ndarray, "K D"]:
        """Where the others expect each landmark, on average; NaN where fewer than two have a say.

        Args:
            world: Positions; NaN = none.
        """
        usable = (self.others >= 0) & np.isfinite(world).all(1)[self.others]
        places = np.where(usable[..., None], world[self.others] + self.offset, 0.0)
        count = usable.sum(1)[:, None]
        return np.where(count >= FEWEST, places.sum(1) / count.clip(1), np.nan)

    def choose(self, world: Float[np.ndarray, "C K D"], belief: Float[np.ndarray, "C K"]) -> Int[np.ndarray, " K"]:
        """Which of C candidate places each landmark takes: believed, and where the others expect it.

        Its cost is minus the logarithm of its belief and twice its strangeness, no more than the limit of that, since
        it is implausible already. From the most believed places on, the change that saves most is made first.

        Args:
            world: Candidate positions.
            belief: Of each, that the landmark is there.
        """
        each = np.arange(world.shape[1])
        best = belief.argmax(0)
        for _ in range(2 * len(each)):
            now = world[best, each]
            strange = self._strangeness(world, now, belief[best, each] >= LEAST)
            cost = STRANGE * np.minimum(strange, self.limit) - np.log(belief.clip(1e-6))
            saved = cost[best, each] - cost.min(0)
            k = int(saved.argmax())
            if saved[k] <= 0:
                break
            best[k] = cost[:, k].argmin()
        return best

    def implausible(self, world: Float[np.ndarray, "K D"], found: Bool[np.ndarray, " K"]) -> Bool[np.ndarray, " K"]:
        """Found landmarks that lie too strangely. The strangest goes first and judges no more, so one that is wrong
        does not bring down its neighbours."""
        left = found.copy()
        while left.any():
            strange = self.strangeness(world, left)
            worst = int(np.argmax(strange))
            if strange[worst] <= self.limit:
                break
            left[worst] = False
        return found & ~left

    def alone(
        self, world: Float[np.ndarray, "K D"], found: Bool[np.ndarray, " K"], frame: ImageFrame
    ) -> Bool[np.ndarray, " K"]:
        """Found landmarks that too few others were found to judge, while enough were not found whose places the scan
        shows: inside it by more than these places vary, or the scan may have ended before them."""
        related = self.others >= 0
        judges = (related & found[self.others]).sum(1)
        places = world[:, None] - self.offset
        shown = frame.depth(places.reshape(-1, world.shape[1])).reshape(related.shape) > self.spread
        missing = (related & ~found[self.others] & shown).sum(1)
        return found & (judges < FEWEST) & (missing >= FEWEST)


def fit_constellation(world: Float[np.ndarray, "C K D"], resolved: float) -> Constellation:
    """Learn the offsets from training cases.

    Args:
        world: Positions; NaN = none.
        resolved: World size of a patch of the last level: differences below it mean nothing.
    """
    _, count, dims = world.shape
    others = np.full((count, min(KEPT, count)), -1)
    offset, spread = np.zeros((*others.shape, dims)), np.ones(others.shape)
    for k in range(count):
        apart = world[:, k, None] - world  # C K D
        both = np.isfinite(apart).all(2)
        cases = both.sum(0).clip(1)
        mean = np.where(both[..., None], apart, 0).sum(0) / cases[:, None]
        square = np.where(both, ((apart - mean) ** 2).sum(2), 0).sum(0) / cases
        square[(both.sum(0) < CASES) | (np.arange(count) == k)] = np.inf
        best = np.argsort(square, kind="stable")[: others.shape[1]]
        best = best[np.isfinite(square[best])]
        others[k, : len(best)] = best
        offset[k, : len(best)] = mean[best]
        spread[k, : len(best)] = np.sqrt(square[best]) + resolved
    learned = Constellation(others, offset, spread, np.inf)
    seen = np.isfinite(world).all(2)
    strangest = [float(learned.strangeness(w, s).max()) for w, s in zip(world, seen, strict=True)]
    return Constellation(others, offset, spread, MARGIN * max(float(np.quantile(strangest, USUAL)), 1.0))


def constellation_of(content: Mapping[str, Any]) -> Constellation:
    """The inverse of `Constellation.content`."""
    arrays = {name: np.array(content[name], float) for name in ("offset", "spread")}
    return Constellation(np.array(content["others"], int), **arrays, limit=float(content["limit"]))
