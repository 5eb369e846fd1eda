"""Make the coarse level wrong on purpose: are its errors recovered, reported as not found, or believed?

Run:  python scripts/bench_wrong_coarse.py RUN [--shift 30] [--part test]

The answers of every level but the last are moved by the shift in a random direction, and the last level looks around
the moved ones. Three counts come out: recovered (found within 5 mm), not found, and confidently wrong.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.data.dataset import read_dataset
from pipeline.data.store import read_store
from pipeline.inference.cascade import answers
from pipeline.inference.model import Model, load_model
from pipeline.training.cases import training_cases
from pipeline.training.levels import TrainingCase

RECOVERED = 5.0  # mm


def judged(model: Model, case: TrainingCase, shift: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(K,) errors, NaN for absent landmarks, and whether each was called found."""
    found = None
    last = len(model.levels) - 1
    for number, (network, level) in enumerate(zip(model.networks, model.levels, strict=True)):
        if number == last and found is not None:
            way = rng.normal(size=found.world.shape)
            moved = found.world + shift * way / np.linalg.norm(way, axis=1, keepdims=True)
            found = replace(found, world=moved)
        found = model.task.locate(network, case.levels[number], found, level.search, level.blend)
    assert found is not None
    told = answers(model, found, case.levels[-1].frame)
    called = np.array([told[name].found for name in model.names])
    return np.linalg.norm(found.world - case.world, axis=1), called


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--shift", type=float, nargs="+", default=[0.0, 15.0, 30.0, 60.0], help="mm")
    parser.add_argument("--part", default="test", choices=["validation", "test"])
    wanted = parser.parse_args()
    data, store = read_dataset(wanted.run / "dataset.json"), read_store(wanted.run / "prepared")
    model, cases = load_model(wanted.run / "model"), training_cases(data, store, wanted.part)
    for shift in wanted.shift:
        rng = np.random.default_rng(0)
        judgements = [judged(model, case, shift, rng) for case in cases]
        error, called = (np.concatenate(part) for part in zip(*judgements, strict=True))
        error, called = error[np.isfinite(error)], called[np.isfinite(error)]
        good, wrong = called & (error <= RECOVERED), called & (error > RECOVERED)
        print(
            f"coarse answers moved by {shift:g} mm, {len(error)} landmarks: {good.sum()} within {RECOVERED:g} mm, "
            f"{(~called).sum()} not found, {wrong.sum()} confidently wrong",
            flush=True,
        )


if __name__ == "__main__":
    main()
