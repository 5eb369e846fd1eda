"""One of N equal shares of many scans, for jobs that answer side by side into one folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pipeline.errors import ConfigError

T = TypeVar("T")
LOCKS = ".part-*.lock"  # of those at work


@dataclass(frozen=True)
class Share:
    """The scans number, number + of, number + 2 of, ... of a list, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """Read `i/N`.

        Raises:
            ConfigError: There is no such share.
        """
        number, of = (int(word) for word in text.split("/"))
        if not 1 <= number <= of:
            raise ConfigError(f"part={text}: of {of} parts the first is 1/{of}, the last {of}/{of}.")
        return cls(number, of)

    @property
    def lock(self) -> str:
        """Name of the file that whoever works on it holds."""
        return LOCKS.replace("*", f"{self.number}-of-{self.of}")

    def taken(self, scans: Mapping[str, T]) -> dict[str, T]:
        """Those of the share.

        Examples:
            >>> Share(2, 3).taken({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
            {'b': 2, 'e': 5}
        """
        return dict(list(scans.items())[self.number - 1 :: self.of])

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"
