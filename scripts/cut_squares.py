"""Cut squares out of pictures: images that show none of the landmarks, to teach and test `loss.presence` with.

Run:  python scripts/cut_squares.py --out FOLDER/nothing --count 600 --size 80 PICTURES_FOLDER ...

Squares of one picture are one subject in `subjects.csv`, so that no picture is both learned from and tested on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.data.find_images import find_images

HEADINGS, SQUARE = "case,subject", "square_"


def cut(path: Path, rng: np.random.Generator, size: int) -> Image.Image:
    """A random square of the picture, at most all of it, shrunk or enlarged to `size` pixels."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    edge = int(min(picture.size) * rng.uniform(0.15, 1.0))
    left, top = (int(rng.integers(0, n - edge + 1)) for n in picture.size)
    return picture.crop((left, top, left + edge, top + edge)).resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--size", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    table = wanted.out.parent / "subjects.csv"
    if table.exists() and not all(row.startswith((HEADINGS, SQUARE)) for row in table.read_text().splitlines()):
        parser.error(
            f"{table}: speaks of other images. Choose another --out, and add the rows made there to this table."
        )
    rng = np.random.default_rng(wanted.seed)
    wanted.out.mkdir(parents=True, exist_ok=True)
    by_folder = [find_images(folder) for folder in wanted.folders]
    rows = []
    for number in range(wanted.count):
        paths = by_folder[number % len(by_folder)]
        path = paths[int(rng.integers(len(paths)))]
        name = f"{SQUARE}{number:05d}"
        cut(path, rng, wanted.size).save(wanted.out / f"{name}.png")
        rows.append(f"{name},{path.parent.name}_{path.stem}")
    table.write_text("\n".join([HEADINGS, *rows]) + "\n")


if __name__ == "__main__":
    main()
