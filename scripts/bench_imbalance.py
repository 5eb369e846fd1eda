"""One part of a loss thirty times the other: what it costs the small one, and what the remedies give back.

Run:  patchvote simulate kind=objects out=objects cases=2000
      python scripts/bench_imbalance.py objects runs/bench_imbalance --minutes 1

Two numbers are asked of pictures with one thing: how far from the left it is (the small part), and a number that no
picture tells, drawn at random (the large part, of weight 30: all of its gradient is noise). The place alone, both as
they stand, and both under each remedy; the same minutes each, measured on the test part.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from pipeline.data.boxes_table import BoxesTable
from pipeline.data.boxes_voc import read_voc

WEIGHT = 30
RUNS = {
    "place alone": ["outputs.numbers=[left]"],
    "both, no remedy": ["outputs.numbers=[left,riddle]"],
    "uncertainty": ["outputs.numbers=[left,riddle]", "training.attributes.balance=uncertainty"],
    "gradnorm": ["outputs.numbers=[left,riddle]", "training.attributes.balance=gradnorm"],
}
SETTINGS = [
    "experiment=my_landmarks",
    "task=attributes",
    "levels=[1.0]",
    "training.coarse.parameters={stride: 8, width: 16, growth: 16, depth: 1}",
    "training.coarse.batch=32",
    "training.augment={rotation: 0.0, scale: 0.0}",
    "training.attributes.places=4",
]


def plant(objects: Path, folder: Path) -> None:
    """Pictures with a thing, and a table of its distance from the left (pixels) and of a number drawn at random."""
    rng = np.random.default_rng(0)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    rows = ["case,left,riddle"]
    for path in sorted((objects / "Annotations").glob("*.xml")):
        riddle, found = rng.standard_normal(), BoxesTable()
        read_voc(path, path.stem, found)
        for box in found.cases[path.stem]:
            shutil.copy(objects / "images" / f"{path.stem}.png", folder / "images")
            rows.append(f"{path.stem},{(box.low[0] + box.high[0]) / 2:.3f},{riddle:.4f}")
    (folder / "values.csv").write_text("\n".join(rows) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("settings", nargs="*", help="of every training, such as threads=1")
    parser.add_argument("--minutes", type=float, default=1.0)
    wanted = parser.parse_args()
    plant(wanted.objects, wanted.out / "pictures")
    errors = {}
    for name, more in RUNS.items():
        run = wanted.out / name.replace(",", "").replace(" ", "_")
        weights = [f"training.attributes.weights={{riddle: {WEIGHT}}}"] if "riddle" in more[0] else []
        where = [f"source={wanted.out / 'pictures'}", f"run={run}", f"training.minutes={wanted.minutes}"]
        command = [sys.executable, "-m", "pipeline", "run", *where, *SETTINGS, *more, *weights, *wanted.settings]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        errors[name] = json.loads((run / "test" / "summary.json").read_text())["values"]["left"]["mae"]
        print(f"| {name} | {errors[name]:.3f} px | {errors[name] / errors['place alone']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
