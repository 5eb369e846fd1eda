"""Plant annotation mistakes in phantoms and see how many `check --with-model` names among its first suspects.

Run:  patchvote simulate out=phantoms cases=100
      python scripts/bench_planted.py --phantoms phantoms --minutes 2

20 of 100 cases get one mistake each, drawn by --seed: two names exchanged, one point 8 mm off in a random direction, or
all points written in the other frame. Nothing else tells them apart: files, dates and ids stay as they were.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from pipeline.data.markups import read_markups, write_markups

SHIFT = 8.0  # mm
FIRST = 25


def plant(folder: Path, count: int, seed: int) -> dict[str, str]:
    """Change the landmark files of so many cases; returns what was done to each."""
    draw, done = random.Random(seed), {}
    files = sorted((folder / "landmarks").glob("*.mrk.json"))
    files = [f for f in files if any(read_markups(f)[0].values())]  # where nothing is marked, nothing can be wrong
    kinds = ["exchanged", "shifted", "mirrored"]
    for number, path in enumerate(draw.sample(files, count)):
        points = dict(read_markups(path)[0])
        there = [name for name, p in points.items() if p is not None]
        kind = kinds[number % 3] if len(there) > 1 else "shifted"
        one, other = (*draw.sample(there, min(2, len(there))), there[0])[:2]
        if kind == "exchanged":
            points[one], points[other] = points[other], points[one]
        elif kind == "shifted":
            step = np.random.default_rng(draw.randrange(2**32)).normal(size=3)
            points[one] = tuple(np.array(points[one]) + SHIFT * step / np.linalg.norm(step))
        else:
            points = {n: p and (-p[0], -p[1], p[2]) for n, p in points.items()}
        write_markups(path, points)
        done[path.name.removesuffix(".mrk.json")] = kind if kind != "exchanged" else f"{kind} {one} and {other}"
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phantoms", type=Path, default=Path("phantoms"))
    parser.add_argument("--out", type=Path, default=Path("runs/bench_planted"))
    parser.add_argument("--mistakes", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    source, run = wanted.out / "phantoms", wanted.out / "run"
    if not source.exists():
        shutil.copytree(wanted.phantoms, source)
        (wanted.out / "planted.json").write_text(json.dumps(plant(source, wanted.mistakes, wanted.seed)))
    planted = json.loads((wanted.out / "planted.json").read_text())
    for words in (
        ("import", "experiment=cta_phantom", f"source={source}"),
        ("check",),
        ("preprocess",),
        ("check", "--with-model", f"training.minutes={wanted.minutes}"),
    ):
        done = subprocess.run([sys.executable, "-m", "pipeline", *words, f"run={run}"], check=False)
        if done.returncode > 1:
            sys.exit(done.returncode)
    suspects = [s["case"] for s in json.loads((run / "suspects" / "suspects.json").read_text())["suspects"]]
    ranks = {case: suspects.index(case) + 1 if case in suspects else None for case in planted}
    for case, kind in sorted(planted.items(), key=lambda item: ranks[item[0]] or 10**6):
        print(f"{case}: {kind}: place {ranks[case]}")
    caught = sum(rank is not None and rank <= FIRST for rank in ranks.values())
    print(f"{caught} of {len(planted)} planted mistakes are among the first {FIRST} of {len(suspects)} suspects")


if __name__ == "__main__":
    main()
