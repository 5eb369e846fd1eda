"""The strong peer of bench_accuracy.py: MONAI's U-Net with a softmax over all voxels and cross-entropy.

It sees the same prepared scans, training crops and augmentation as our networks. A landmark's target is a Gaussian
of one voxel's width, normalised; its answer is the mean of the softmax within two voxels of the maximum. It cannot
say "absent".
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.networks.layers import memory_layout
from pipeline.networks.network import FORMATS
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.batches import Batch, CropSettings, batches, canvas_shape
from pipeline.sampling.sampler import Sampler
from pipeline.training.budget import Budget, ValidationClock, learning_rate
from pipeline.training.levels import TrainingCase
from pipeline.training.optimizer import new_optimizer
from pipeline.training.precision import fastest
from pipeline.training.trial import formats

CHUNK = 8  # the U-Net halves three times


@dataclass(frozen=True)
class PeerSettings:
    """What was tuned on validation cases: voxel size, channels of the first layer, largest learning rate, how often
    each case must be seen for the random changes to have their full range (`AugmentSettings.sightings`), the optimiser
    and how the rate falls (`TrainingSettings.optimizer`, `.hold`)."""

    spacing: float
    width: int = 16
    rate: float = 1e-3
    sightings: float = 0.0
    optimizer: str = "adamw"
    hold: float | None = None

    def __str__(self) -> str:
        settings = f"{self.spacing:g} at width {self.width}, rate {self.rate:g}, sightings {self.sightings:g}"
        return f"{settings}, {self.optimizer}, hold {self.hold}"


def build(dims: int, landmarks: int, width: int) -> nn.Module:
    """MONAI's residual U-Net over four resolutions."""
    from monai.networks.nets import UNet

    return UNet(dims, 1, landmarks, tuple(width * n for n in (1, 2, 4, 8)), (2, 2, 2), num_res_units=1)


def loss_of(logits: Tensor, points: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of a Gaussian about each landmark against the softmax over voxels; those outside are left out."""
    shape = torch.tensor(logits.shape[2:])
    inside = (torch.isfinite(points) & (points > -0.5) & (points < shape - 0.5)).all(-1) & known
    spots = torch.where(inside[..., None], points, torch.zeros_like(points))
    target = torch.zeros_like(logits)
    for b, k in inside.nonzero().tolist():
        lines = [torch.exp(-((torch.arange(n) - p) ** 2) / 2) for n, p in zip(shape.tolist(), spots[b, k], strict=True)]
        blob = lines[0]
        for line in lines[1:]:
            blob = blob[..., None] * line
        target[b, k] = blob / blob.sum()
    logs = torch.log_softmax(logits.flatten(2), 2)
    entropy = -(target.flatten(2) * logs).sum(2)
    return (entropy * inside).sum() / inside.sum().clamp_min(1)


def positions(logits: Tensor) -> np.ndarray:
    """(K, D) voxels: the mean of the softmax within two voxels of its maximum."""
    result = []
    for heat in torch.softmax(logits.flatten(1), 1).reshape(logits.shape).numpy():
        peak = np.array(np.unravel_index(heat.argmax(), heat.shape))
        low = np.maximum(peak - 2, 0)
        box = heat[tuple(slice(a, b) for a, b in zip(low, peak + 3, strict=True))]
        grid = np.stack(np.meshgrid(*map(np.arange, box.shape), indexing="ij"), -1)
        result.append(low + (grid * box[..., None]).sum(tuple(range(box.ndim))) / box.sum())
    return np.stack(result)


def asked(network: nn.Module, image: Tensor, number_format: str) -> Tensor:
    """Logits in float32, computed in a number format of `FORMATS`."""
    precision, last = FORMATS[number_format]
    layout = memory_layout(image.dim() - 2, precision, last)
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        return network.to(memory_format=layout)(image.contiguous(memory_format=layout)).float()


@torch.no_grad()
def errors(network: nn.Module, cases: Sequence[TrainingCase], number_format: str) -> np.ndarray:
    """(cases, K) distances in the world; NaN where there is no landmark."""
    network.eval()
    rows = []
    for case in cases:
        voxels = torch.from_numpy(np.array(case.levels[0].voxels, np.float32))
        shape = voxels.shape[1:]
        pads = [p for n in reversed(shape) for p in (0, -n % CHUNK)]
        logits = asked(network, nn.functional.pad(voxels, pads)[None], number_format)[0]
        logits = logits[(slice(None), *(slice(n) for n in shape))]
        world = case.levels[0].frame.voxel_to_world(positions(logits))
        rows.append(np.linalg.norm(world - case.world, axis=1))
    return np.stack(rows)


def train(
    learning: Sequence[TrainingCase],
    validating: Sequence[TrainingCase],
    settings: PeerSettings,
    minutes: float,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[nn.Module, str]:
    """A rise and half a cosine, or as ours now, by `hold`; the weights of the best of twelve validations are kept.

    Returns:
        The network, and the number format that this machine is fastest in, tried before the minutes begin.
    """
    torch.manual_seed(0)
    sources = [case.source(0) for case in learning]
    network = build(learning[0].world.shape[1], len(learning[0].world), settings.width)
    optimizer = new_optimizer(network, network, settings.optimizer, settings.rate, decay=1e-2)
    canvas = canvas_shape([s.shape for s in sources], CHUNK, 10_000)
    budget, augment = Budget(60 * minutes, None), AugmentSettings(sightings=settings.sightings)
    crops, sampler = CropSettings(canvas, cut=0.2), Sampler(2, (0, 0))
    stream = batches(sources, crops, augment, sampler, expected=lambda: budget.expected)
    number_format = _fastest(network, next(stream))
    budget.started = time.monotonic()
    clock, best, lowest = ValidationClock(12, budget), network.state_dict(), np.inf
    while budget.fraction < 1:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(budget.fraction, settings.rate, settings.hold)
        _step(network.train(), optimizer, next(stream), number_format)
        budget.step += 1
        if clock.is_due():
            with clock:
                error = float(np.nanmean(errors(network, validating, number_format)))
            if error < lowest:
                best, lowest = copy.deepcopy(network.state_dict()), error
    network.load_state_dict(best)
    say(f"U-Net, {settings}: {budget.step} steps of {number_format} in {minutes:g} min, validation {lowest:.3f}")
    return network, number_format


def _fastest(network: nn.Module, batch: Batch) -> str:
    def step(what: Batch, name: str) -> None:
        asked(trial, torch.from_numpy(what.image), name).square().mean().backward()

    trial = copy.deepcopy(network).train()  # its running statistics move
    return fastest(partial(step, batch), formats(torch.device("cpu")), partial(step, batch.piece(4 * CHUNK)))


def _step(network: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, number_format: str) -> None:
    logits = asked(network, torch.from_numpy(batch.image), number_format)
    loss = loss_of(logits, torch.from_numpy(batch.points), torch.from_numpy(batch.known))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
    optimizer.step()
