"""Write the files of one case while the next is worked on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from pipeline.data.threads import threads

WAITING = 4  # cases whose files are not written yet, at most


class WriteBehind:
    """Writes on a thread of its own, in order; a process that is held to one thread writes at once.

    All is written when the block ends. `failures` says, by name, what a writer raised.
    """

    def __init__(self) -> None:
        self.failures: dict[str, Exception] = {}
        self._pool = ThreadPoolExecutor(1) if threads() > 1 else None
        self._waiting: list[tuple[str, Future[None]]] = []

    def __enter__(self) -> WriteBehind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(0)
        if self._pool is not None:
            self._pool.shutdown()

    def write(self, name: str, writer: Callable[[], None]) -> None:
        """Have `writer` called; waits while too many are waiting."""
        if self._pool is None:
            future: Future[None] = Future()
            try:
                writer()
                future.set_result(None)
            except Exception as error:
                future.set_exception(error)
        else:
            future = self._pool.submit(writer)
        self._waiting.append((name, future))
        self._wait(WAITING if self._pool is not None else 0)

    def _wait(self, most: int) -> None:
        while len(self._waiting) > most:
            name, future = self._waiting.pop(0)
            error = future.exception()
            if isinstance(error, Exception):
                self.failures[name] = error
