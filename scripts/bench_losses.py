"""Which loss of belief, which loss of displacement, which average of the votes: an ablation on validation cases.

Run:  python scripts/bench_losses.py RUN --steps 1000     # RUN = a run folder with prepared arrays
      python scripts/bench_losses.py RUN --only softmax "sigmoid, plain"

Each variant differs from the defaults in one thing and trains all levels for the same steps on the same samples; the
decodings are read off the default's networks. Test cases are not looked at. What lost stays here alone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.data.dataset import read_dataset
from pipeline.data.store import read_store
from pipeline.grid.encode import Targets, encode
from pipeline.losses.belief import binary_cross_entropy, softmax_cross_entropy
from pipeline.losses.displacement import mean_absolute, near_smooth_l1, to_logarithm
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.ask import grid_over
from pipeline.tasks.asked import Asked
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.poll import Poll
from pipeline.tasks.settings import DecodeSettings, LossSettings
from pipeline.tasks.truth import Truth
from pipeline.training.cascade import Cascade
from pipeline.training.cases import training_cases
from pipeline.training.levels import TrainingCase
from pipeline.training.settings import TrainingSettings
from pipeline.training.trained_level import TrainedLevel, answer_all

SOFTMAX, SIGMOID = "softmax", "noothout2018"
SETTINGS = {  # what the losses' own settings can say
    SOFTMAX: LossSettings(),
    "softmax, target 0.4 strides wide": LossSettings(sigma=0.4),
    "softmax, target 1 stride wide": LossSettings(sigma=1.0),
    "sigmoid, plain": LossSettings(SIGMOID),
    "sigmoid, positives weigh 1000": LossSettings(SIGMOID, balance=1000.0),
    "near the landmark, L1": LossSettings(beta=1e-6),
    "near the landmark, Huber from 1 stride": LossSettings(beta=1.0),
}
SQUARE, LOG = "near the landmark, square", "near the landmark, L1 of the logarithm"
BELIEVED, EVERYWHERE = "where it is believed, smooth L1", "all patches alike, L1"
VARIANTS = (*SETTINGS, SQUARE, LOG, BELIEVED, EVERYWHERE)
DECODINGS = {
    "weighted, share 0.1 (default)": DecodeSettings(),
    "weighted, share 0.02": DecodeSettings(share=0.02),
    "weighted, wherever the votes lie": DecodeSettings(near=None),
    "equal votes of those who believe half as much": DecodeSettings("average", 0.5),
    "the most believing patch alone": DecodeSettings(share=1.0),
}


def offset_loss(name: str, displacement: Tensor, logits: Tensor, targets: Targets, stride: int) -> Tensor:
    """A displacement's loss that lost, over the patches near each landmark; B x K x D x N displacements."""
    said = torch.gather(displacement, -1, targets.cells[:, :, None].expand(-1, -1, displacement.shape[2], -1))
    truth, near = targets.displacement.transpose(-1, -2), torch.exp(-targets.displacement.square().sum(-1) / 2)
    if name == LOG:
        loss = (said - to_logarithm(truth * stride)).abs()
    elif name == SQUARE:
        loss = (said - truth).square() / 2
    else:
        loss = functional.smooth_l1_loss(said, truth, beta=0.1, reduction="none")
        near = torch.gather(logits.softmax(-1), -1, targets.cells).detach()
    weight = near * targets.inside
    return (loss.sum(2) * weight).sum() / weight.sum().clamp_min(1e-6)


@dataclass(frozen=True)
class Trial(LandmarksTask):
    """The landmarks task with one loss changed."""

    variant: str = SOFTMAX

    @property
    def _poll(self) -> Poll:
        return replace(super()._poll, logarithm=self.variant == LOG)

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        points, known = truth.points, truth.known
        grid = grid_over(network, tuple(image.shape[2:]))
        logits, displacement = outputs["belief"].flatten(2), outputs["displacement"].flatten(3)
        targets = encode(grid, points, known)
        if self.loss.name == SIGMOID:
            belief = binary_cross_entropy(logits, encode(grid, points, known, reach=1), self.loss.balance)
        else:
            belief = softmax_cross_entropy(logits, targets, self.loss.sigma)
        if self.variant == EVERYWHERE:
            offset = mean_absolute(displacement, points, grid)
        elif self.variant in SETTINGS:
            offset = near_smooth_l1(displacement, targets, self.loss.beta)
        else:
            offset = offset_loss(self.variant, displacement, logits, targets, grid.stride)
        return {"belief": belief, "displacement": offset, "total": belief + offset}


@dataclass(frozen=True, eq=False)
class TrialCascade(Cascade):
    """All levels, trained with one loss changed."""

    variant: str = SOFTMAX

    @cached_property
    def task(self) -> Trial:
        plain = super().task
        assert isinstance(plain, LandmarksTask)
        loss = SETTINGS.get(self.variant, plain.loss)
        return Trial(loss, plain.decode, plain.constellation, plain.names, variant=self.variant)


def validate(task: LandmarksTask, cases: list[TrainingCase], levels: list[TrainedLevel]) -> np.ndarray:
    """Errors of the whole cascade, of every landmark that is there."""
    found = answer_all(levels, task, cases)
    errors = np.concatenate([np.linalg.norm(found[case.id].world - case.world, axis=1) for case in cases])
    return errors[np.isfinite(errors)]


def row(name: str, errors: np.ndarray) -> str:
    return f"| {name} | {errors.mean():.3f} | {np.median(errors):.3f} | {np.percentile(errors, 95):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=1000, help="of all levels together")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=VARIANTS)
    wanted = parser.parse_args()
    data, store = read_dataset(wanted.run / "dataset.json"), read_store(wanted.run / "prepared")
    cases = {part: training_cases(data, store, part) for part in ("train", "validation")}
    settings = TrainingSettings(minutes=None, steps=wanted.steps)
    print("| loss or decoding | mean | median | p95 |\n|---|---|---|---|", flush=True)
    parts, facts = (cases["train"], cases["validation"]), (store.spacings, store.unit, settings, "cpu")
    for variant in wanted.only:
        with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
            asked = Asked(landmarks=data.landmarks)
            cascade = TrialCascade(*parts, *facts, Path(folder), variant, None, asked=asked, variant=variant)
            with contextlib.redirect_stderr(nowhere):
                levels = cascade.train()
        print(row(variant, validate(cascade.task, cases["validation"], levels)), flush=True)
        for name, decode in DECODINGS.items() if variant == SOFTMAX else ():
            task = replace(cascade.task, decode=decode)
            print(row(name, validate(task, cases["validation"], levels)), flush=True)


if __name__ == "__main__":
    main()
