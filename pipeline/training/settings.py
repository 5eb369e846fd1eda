"""What can be chosen about training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.sampling.augment import AugmentSettings
from pipeline.tasks.settings import (
    AttributeSettings,
    BoxSettings,
    DecodeSettings,
    EmbeddingSettings,
    LossSettings,
    ObjectSettings,
)


@dataclass(frozen=True)
class LevelSettings:
    """How one level of the cascade looks and learns.

    Args:
        network: Name from the table of networks.
        parameters: Of that network, by name: `stride`, `width`, `norm`, ...
        crop: Voxels along each axis of a training crop, clipped to the scans; null = the whole scan on a canvas.
        largest: Longest side of that canvas, voxels.
        jitter: Voxels that a crop is moved from a landmark at most, along each axis, and no more than half of its edge;
            null = anywhere in the scan.
        cut: Share of the samples taken as if the scan ended near a landmark: teaches its border, and "absent". null =
            0.3 if a landmark is absent from a training case, else 0.1: whole scans are learned sooner without.
        search: Voxels around the coarser answer within which patches may vote (finer levels); null = derived from
            how far the coarser level errs on the validation cases.
        share: Of the training time, against the other levels, where these learn one after the other.
        batch: Crops a step.
        missing: Share of the samples from which each thing known beside the image is taken away, so that a model can
            do without it.
        hidden: Share of the samples whose images are hidden from what reads them together with what is known beside
            them; for images that are learned by heart sooner than they tell anything new.
    """

    network: str = "fcn"
    parameters: dict[str, Any] = field(default_factory=lambda: {"stride": 2})
    crop: int | None = None
    largest: int = 112
    jitter: float | None = None
    cut: float | None = None
    search: float | None = None
    share: float = 0.4
    batch: int = 2
    missing: float = 0.1
    hidden: float = 0.0


FINE = LevelSettings(parameters={"stride": 2, "depth": 3}, crop=48, jitter=16.0, cut=0.1, share=1.0)


@dataclass(frozen=True)
class TrainingSettings:
    """Budget and optimisation.

    Args:
        minutes: Wall time for all levels together; the other budget, `steps`, must then be null.
        steps: Optimiser steps for all levels together, for runs that must repeat to the bit. What short probes chose is
            kept on the machine; to repeat a run elsewhere, as in a fresh container, give `precision` and `threads` too.
        rate: Largest learning rate, after a short rise.
        hold: Share of the budget until which the rate stays so high, to fall straight to zero over the rest; null = it
            falls from the start, along half a cosine.
        decay: Weight decay.
        optimizer: "muon": the trunk's kernels move by their momentum made orthogonal (Jordan 2024), all else by AdamW;
            "adamw": all by AdamW.
        average: Decay of the running average of the weights, which is what is validated and kept.
        validations: How often each level is validated.
        keep: Which weights are kept: "best" on the validation cases, or the "last". Where validation shows a handful of
            people or cases, the best is often an early network that chance prefers.
        looks: Networks for the finest voxel size, each looking around the answers of the one before; what they say is
            averaged as it helps the validation cases. null = 2 where there is one voxel size and three minutes or more
            (six, where they learn one after the other): one network goes on to learn cases by heart, and two err
            differently. Several sizes do so anyway. What is asked of an image as a whole is always asked of all of it;
            there, several voxel sizes are looks, too. One look for boxes, of which each voxel size has its own.
        gain: Share by which a finer voxel size must lower the error on the validation cases; if it does not, it and all
            finer ones are left out; so is another look that errs more. null = all are kept, as those of boxes are.
        precision: Number format of the layers, with their channels in the middle or last in memory; "auto" = what a
            short probe finds fastest.
        seed: Of everything random.
        threads: CPU threads; 0 = all cores that the program may use, each level's steps on as few of them as a short
            probe finds no slower. Results repeat to the bit only for the same number. Within minutes, where every level
            can have a thread, all learn at once for all of the time, each on its part; with fewer threads one after the
            other.
        coarse: The first level, which sees the whole scan.
        fine: All further levels, which look around the coarser answer.
        augment: Random changes of the training crops.
        loss: How truth becomes a loss.
        decode: How votes become a position.
        boxes: The same of boxes.
        one_object: The same of the one thing of an image.
        attributes: The same of values of an image as a whole.
        embedding: The same of vectors that tell who an image shows.
        fusion: How what is known beside the image joins its features: side by side and mixed (concatenation), or each
            feature scaled and shifted (film).
        blind: No image is looked at, only what is known beside them: to compare.
    """

    minutes: float | None = 10.0
    steps: int | None = None
    rate: float = 6e-3
    hold: float | None = 0.5
    decay: float = 1e-2
    optimizer: Literal["muon", "adamw"] = "muon"
    average: float = 0.99
    validations: int = 12
    keep: Literal["best", "last"] = "best"
    looks: int | None = None
    gain: float | None = 0.05
    precision: Literal["auto", "float32", "bfloat16", "float32_channels_last", "bfloat16_channels_last"] = "auto"
    seed: int = 0
    threads: int = 0
    coarse: LevelSettings = field(default_factory=LevelSettings)
    fine: LevelSettings = field(default_factory=lambda: FINE)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    boxes: BoxSettings = field(default_factory=BoxSettings)
    one_object: ObjectSettings = field(default_factory=ObjectSettings)
    attributes: AttributeSettings = field(default_factory=AttributeSettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    fusion: Literal["concatenation", "film"] = "concatenation"
    blind: bool = False

    def level(self, number: int) -> LevelSettings:
        """Settings of level 0 (coarse), 1, 2, ... (fine)."""
        return self.coarse if number == 0 else self.fine
