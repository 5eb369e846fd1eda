"""A stream of which the next few things are seen before they are taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class LookAhead(Iterator[T], Generic[T]):
    """Who takes from it gets what he would have got had nobody looked.

    Examples:
        >>> stream = LookAhead(iter("abcd"))
        >>> next(stream), stream.next_few(2), list(stream)
        ('a', ['b', 'c'], ['b', 'c', 'd'])
    """

    def __init__(self, stream: Iterator[T]) -> None:
        self._stream, self._seen = stream, deque[T]()

    def __next__(self) -> T:
        return self._seen.popleft() if self._seen else next(self._stream)

    def next_few(self, count: int) -> list[T]:
        """As many as are to come, or fewer where it ends."""
        self._seen.extend(islice(self._stream, max(0, count - len(self._seen))))
        return list(self._seen)[:count]
