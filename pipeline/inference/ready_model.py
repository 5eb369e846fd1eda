"""A model that is about to answer, on its device and on as many threads as it may use; what a run report says of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from pipeline.data.threads import cores, limit_threads
from pipeline.inference.model import Model, load_model, pick_device, strangers


def ready_model(folder: Path, device: str = "auto", threads: int = 0) -> Model:
    """Load a model to ask it; files in its folder that are no part of it are named on stderr.

    Args:
        device: See `pick_device`.
        threads: Of the CPU, from now on; 0 = all cores that this process may use.

    Raises:
        ConfigError: There is no such device.
        CheckpointError: The model folder is damaged.
    """
    torch.set_num_threads(threads or cores())
    limit_threads(torch.get_num_threads())
    model = load_model(folder, pick_device(device))
    if ignored := strangers(folder, model):
        print(f"{folder}: not part of the model, ignored: {', '.join(ignored)}", file=sys.stderr)
    return model


def facts_of(model: Model, folder: Path) -> dict[str, Any]:
    """What a run report says of the model that answers, and of what it answers on."""
    return {
        "model": model.name,
        "device": str(next(model.networks[0].parameters()).device),
        "threads": torch.get_num_threads(),
        "ignored_in_model": strangers(folder, model),
    }
