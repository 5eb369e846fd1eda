"""How long it takes to enroll and identify a face, and to search large galleries.

Run:  python scripts/bench_gallery.py runs/faces_att/model FOLDER_OF_FACES

A face: milliseconds from its file to its vector beyond loading the program and the model, median of 100 times, of as
many faces of the folder as there are. Galleries of random vectors: milliseconds of one search that looks at all of
them, median of 20.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import cycle
from pathlib import Path

import numpy as np

FACES = 100
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def milliseconds(action: object, times: int) -> float:
    """Median of so many calls, after one to warm up."""
    assert callable(action)
    action()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        spent.append(1000 * (time.perf_counter() - start))
    return statistics.median(spent)


def main() -> None:
    from pipeline.data.find_images import find_images
    from pipeline.data.gallery import Gallery
    from pipeline.stages.identify import Asked

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("faces", type=Path)
    wanted = parser.parse_args()
    asked = Asked(wanted.model, Path("none"))
    found = find_images(wanted.faces)[:FACES]
    if not found:
        parser.error(f"{wanted.faces}: no image there.")
    faces = cycle(found)
    vectors: list[np.ndarray] = []
    print(f"a face: {milliseconds(lambda: vectors.append(asked.vector(next(faces))), FACES):.1f} ms", flush=True)
    size = len(vectors[0])
    for count in SIZES:
        rng = np.random.default_rng(0)
        drawn = rng.standard_normal((count, size), dtype=np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        gallery = Gallery("m", tuple(map(str, range(count))), ("",) * count, drawn)
        spent = milliseconds(lambda g=gallery: g.nearest(vectors[0]), 20)
        print(f"{count:>9,} entries: {spent:.1f} ms", flush=True)


if __name__ == "__main__":
    main()
