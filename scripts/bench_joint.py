"""One network with all inputs (or outputs) against one an input (or an output), for the same total minutes.

Run:  python scripts/bench_joint.py houses FOLDER/houses OUT --minutes 10
      python scripts/bench_joint.py faces_age_gender FOLDER/utkface_mini OUT --minutes 15 --by outputs

Trains the experiment as it stands for MINUTES; then, with MINUTES divided among them, one network on each part of what
is known: the images alone, the columns alone. The answers of these are averaged with weights fitted on the validation
part (numbers by least squares; classes and labels by a grid of shares), and all are measured on the test part. With
--by outputs, one network for each value that is asked for. With --whole, each of them has all MINUTES. With --trees,
gradient-boosted trees on the columns stand beside them (pip install scikit-learn).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.dataset import read_dataset
from pipeline.data.value_predictions import ValueAnswer, read_value_predictions
from pipeline.metrics.values import measure_column

NOTHING = ["inputs.numbers=[]", "inputs.logarithms=[]", "inputs.classes=[]", "inputs.texts=[]", "inputs.labels=[]"]
MEASURED = ("validation", "test")
INPUTS = {"images": [*NOTHING, "training.coarse.hidden=0"], "columns": ["training.blind=true"]}
KINDS = {"number": "numbers", "logarithm": "logarithms", "class": "classes", "labels": "labels"}


def outputs_alone(columns: Sequence[Any]) -> dict[str, list[str]]:
    """For each value the settings under which it alone is asked for."""
    return {
        column.name: [f"outputs.{key}=[{column.name if kind == column.kind else ''}]" for kind, key in KINDS.items()]
        for column in columns
    }


def train(experiment: str, source: Path, run: Path, minutes: float, more: list[str]) -> None:
    """Train, and answer validation and test. A case that is refused (the same picture twice) leaves the others."""
    command = [sys.executable, "-m", "pipeline"]
    where = [f"experiment={experiment}", f"source={source}", f"run={run}"]
    subprocess.run([*command, "run", *where, f"training.minutes={minutes}", *more], stdout=subprocess.DEVNULL)
    for part in ("validation", "test"):
        told = run / part / "predictions.json"
        told.unlink(missing_ok=True)  # an older one is no answer of this model
        subprocess.run([*command, "predict", f"run={run}", f"evaluate.part={part}"], stdout=subprocess.DEVNULL)
        if not told.exists():
            sys.exit(f"{run}: no answers to {part}; what went wrong stands above")


def answers(run: Path, part: str) -> Any:
    return read_value_predictions(run / part / "predictions.json")


def numbers(run: Path, column: Any, cases: list[str], part: str) -> np.ndarray:
    """Answers to a number, as logarithms where these count."""
    said = np.array([answers(run, part).cases[c][column.name].value for c in cases], float)
    return np.log(said) if column.kind == "logarithm" else said


def averaged(
    runs: list[Path], column: Any, cases: dict[str, list[str]], truth: dict[str, list[Any]]
) -> list[ValueAnswer]:
    """The test answers of several networks as one, with weights fitted on the validation part."""
    if column.kind in ("number", "logarithm"):
        seen = [numbers(run, column, cases["validation"], "validation") for run in runs]
        wanted = np.array(truth["validation"], float)
        wanted = np.log(wanted) if column.kind == "logarithm" else wanted
        weights, *_ = np.linalg.lstsq(np.stack([*seen, np.ones_like(wanted)], 1), wanted, rcond=None)
        asked = [numbers(run, column, cases["test"], "test") for run in runs]
        told = np.stack([*asked, np.ones(len(cases["test"]))], 1) @ weights
        return [ValueAnswer(float(np.exp(v) if column.kind == "logarithm" else v)) for v in told]

    def mixed(part: str, shares: tuple[float, ...]) -> list[ValueAnswer]:
        result = []
        for case in cases[part]:
            each = [answers(run, part).cases[case][column.name].beliefs for run in runs]
            beliefs = {w: sum(s * b[w] for s, b in zip(shares, each, strict=True)) for w in each[0]}
            best = max(beliefs, key=lambda w: beliefs[w])
            result.append(ValueAnswer(best if column.kind == "class" else (best,), beliefs))
        return result

    grid = [s for s in product(np.linspace(0, 1, 11), repeat=len(runs)) if abs(sum(s) - 1) < 1e-6]

    def worth(shares: tuple[float, ...]) -> float:
        found = measure_column(column, truth["validation"], mixed("validation", shares))
        return found.get("accuracy", found.get("ap", 0.0))

    return mixed("test", max(grid, key=worth))


def trees(data: Any, column: Any) -> list[ValueAnswer] | None:
    """Gradient-boosted trees on the columns."""
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError:
        return None
    kinds = [c for c in data.inputs if c.kind in ("number", "logarithm", "class")]
    words = {c.name: sorted({str(k.values.get(c.name)) for k in data.cases}) for c in kinds}

    def cell(case: Any, c: Any) -> float:
        value = case.values.get(c.name, np.nan)
        return words[c.name].index(str(value)) if c.kind == "class" else value

    def table(part: str) -> tuple[np.ndarray, np.ndarray]:
        rows = [case for case in data.part(part) if column.name in case.values]
        return np.array([[cell(r, c) for c in kinds] for r in rows], float), np.array(
            [r.values[column.name] for r in rows]
        )

    logarithm = column.kind == "logarithm"
    known, wanted = table("train")
    model = HistGradientBoostingRegressor(loss="absolute_error", random_state=0)
    model.fit(known, np.log(wanted) if logarithm else wanted)
    return [ValueAnswer(float(np.exp(v) if logarithm else v)) for v in model.predict(table("test")[0])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("settings", nargs="*", help="of every training, such as threads=1")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--by", choices=("inputs", "outputs"), default="inputs")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--trees", action="store_true")
    wanted = parser.parse_args()
    train(wanted.experiment, wanted.source, wanted.out / "joint", wanted.minutes, wanted.settings)
    data = read_dataset(wanted.out / "joint" / "dataset.json")
    parts = INPUTS if wanted.by == "inputs" else outputs_alone(data.outputs)
    for name, more in parts.items():
        share = 1 if wanted.whole else len(parts)
        settings = [*wanted.settings, *more]
        train(wanted.experiment, wanted.source, wanted.out / name, wanted.minutes / share, settings)
    for column in data.outputs:
        names = tuple(parts) if wanted.by == "inputs" else (column.name,)
        runs = {name: wanted.out / name for name in ("joint", *names)}
        known = {
            p: [
                case
                for case in data.part(p)
                if column.name in case.values and all(case.id in answers(run, p).cases for run in runs.values())
            ]
            for p in MEASURED
        }
        cases = {p: [c.id for c in part] for p, part in known.items()}
        truth = {p: [c.values[column.name] for c in part] for p, part in known.items()}
        said = {name: [answers(run, "test").cases[c][column.name] for c in cases["test"]] for name, run in runs.items()}
        if len(names) > 1:
            said["separate, averaged"] = averaged([runs[name] for name in names], column, cases, truth)
        if wanted.trees and column.kind in ("number", "logarithm") and (grown := trees(data, column)):
            said["boosted trees on the columns"] = grown
        for name, told in said.items():
            if len(told) == len(truth["test"]):
                rounded = {k: round(v, 4) for k, v in measure_column(column, truth["test"], told).items()}
                print(f"| {column.name} | {name} | {json.dumps(rounded)} |", flush=True)


if __name__ == "__main__":
    main()
