"""Read the next scan while this one is worked on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pipeline.data.image import Image
from pipeline.data.read_apart import read_safely
from pipeline.data.threads import threads


def read_ahead(paths: Mapping[str, Path]) -> Iterator[tuple[str, Future[Image]]]:
    """Each scan in turn, read or nearly so; `result()` gives the image or raises what reading it raised.

    Two images are in memory at a time: the one in use, and the one being read on a thread of its own. A process that
    is held to one thread reads one after the other: what is beside it on the machine needs the other cores.
    """
    ahead = 2 if threads() > 1 else 1
    with ThreadPoolExecutor(1) as reader:
        unread = list(paths)
        coming: list[Future[Image]] = []
        for name in paths:
            while unread and len(coming) < ahead:
                coming.append(reader.submit(read_safely, paths[unread.pop(0)]))
            yield name, coming.pop(0)
