"""Which cases a step sees, and its random numbers. Step n is the same whenever it is drawn and wherever a run was
taken up; of several processes each takes its own part of a step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sampler:
    """Every case comes once before any comes twice: step n takes the next cases of a shuffled deck.

    Args:
        size: Cases a step, of each process.
        seed: Of everything random.
        rank: Number of this process, as torchrun's RANK.
        ranks: Processes that train together, as torchrun's WORLD_SIZE.
        groups: Numbers of the cases of each identity; then a step takes `together` cases of each of the next identities
            of a shuffled deck of these.
        together: Cases of one identity in a step.
    """

    size: int
    seed: Sequence[int]
    rank: int = 0
    ranks: int = 1
    groups: tuple[tuple[int, ...], ...] = ()
    together: int = 1

    def cases(self, step: int, count: int) -> list[int]:
        """Numbers of the cases, out of `count`, that this process takes in a step."""
        if not self.groups:
            return list(itertools.islice(self._dealt(step, self.size, count), self.size))
        rng = np.random.default_rng([*self.seed, 2, step * self.ranks + self.rank])
        people = self._different(step, min(max(2, self.size // self.together), len(self.groups)))
        chosen = [rng.permutation(self.groups[person])[: self.together] for person in people]
        return np.concatenate(chosen).tolist()

    def _different(self, step: int, size: int) -> list[int]:
        """So many different identities: one that comes twice, at the seam of two decks, makes room for the next."""
        people: dict[int, None] = {}
        for person in self._dealt(step, size, len(self.groups)):
            people[person] = None
            if len(people) == size:
                break
        return list(people)

    def _dealt(self, step: int, size: int, count: int) -> Iterator[int]:
        """Cards from this process's first of a step on, without end."""
        for number in itertools.count((step * self.ranks + self.rank) * size):
            deck, place = divmod(number, count)
            yield int(np.random.default_rng([*self.seed, 0, deck]).permutation(count)[place])

    def sightings(self, steps: float, count: int) -> float:
        """How often each of `count` cases is taken in so many steps."""
        return steps * self.size * self.ranks / count

    def generator(self, step: int) -> np.random.Generator:
        """Random numbers of this process and step alone."""
        return np.random.default_rng([*self.seed, 1, step * self.ranks + self.rank])
