"""The resume folder: one file a level, whole or not at all, checked before it is believed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from pipeline.data.atomic import read_sealed, write_bytes, write_sealed
from pipeline.errors import CheckpointError, DataError
from pipeline.training.loop import LevelState


def save_level(folder: Path, number: int, settings: str, state: LevelState) -> None:
    """Write a level's state; `settings` is the fingerprint of everything that shapes the run."""
    buffer = io.BytesIO()
    torch.save(
        {
            "network": state.network.state_dict(),
            "average": state.average.network.state_dict(),
            "updates": state.average.updates,
            "optimizer": state.optimizer.state_dict(),
            "best": state.best,
        }
        | ({"balance": state.balance.state_dict()} if state.balance is not None else {}),
        buffer,
    )
    content = buffer.getvalue()
    write_bytes(_weights(folder, number, state.budget.step), content)
    facts = {
        "settings": settings,
        "sha256": hashlib.sha256(content).hexdigest(),
        "step": state.budget.step,
        "seconds": state.budget.elapsed,
        "of_seconds": state.budget.seconds,
        "best_error": state.best_error if state.best else None,
        "precision": state.precision,
        "threads": state.threads,
        "history": state.history,
        "sums": state.sums,
        "since": state.since,
    }
    write_sealed(folder / f"level{number}.json", facts)  # from here on the new state counts
    for old in folder.glob(f"level{number}-*.pt"):
        if old != _weights(folder, number, state.budget.step):
            old.unlink()


def load_level(folder: Path, number: int, settings: str, state: LevelState) -> bool:
    """Put a saved state into a fresh one; False if none was saved.

    Raises:
        CheckpointError: The state is damaged, or was saved under other settings.
    """
    path = folder / f"level{number}.json"
    if not path.exists():
        return False
    try:
        facts = read_sealed(path)
        content = _weights(folder, number, facts["step"]).read_bytes()
        made_for, expected, _ = facts["settings"], facts["sha256"], facts["precision"]
    except (DataError, OSError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: cannot go on from here: {error}. Delete {folder} to train anew.") from error
    if made_for != settings:
        raise CheckpointError(
            f"{path}: was saved under other settings or data than this run's. "
            f"Use those again, choose another run=, or delete {folder} to train anew."
        )
    if hashlib.sha256(content).hexdigest() != expected:
        raise CheckpointError(
            f"{_weights(folder, number, facts['step'])}: bytes differ from what was written. "
            f"Delete {folder} to train anew."
        )
    try:
        saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)  # a GPU may be gone
        _restore(state, saved, facts)
    except Exception as error:  # what the checksums let pass is no state of this program
        raise CheckpointError(f"{path}: not a state of this program: {error}. Delete {folder}.") from error
    return True


def _restore(state: LevelState, saved: dict[str, Any], facts: dict[str, Any]) -> None:
    state.network.load_state_dict(saved["network"])
    state.average.network.load_state_dict(saved["average"])
    state.average.updates = saved["updates"]
    state.optimizer.load_state_dict(saved["optimizer"])
    if state.balance is not None:
        state.balance.load_state_dict(saved["balance"])
    state.precision, state.threads = facts["precision"], facts.get("threads", 0)  # 0: an early state
    state.best, state.history = saved["best"], facts["history"]
    if state.best:
        state.best_error = facts["best_error"]
    state.sums, state.since = facts.get("sums", {}), facts.get("since", 0)  # early states follow a validation
    state.budget.step, state.budget.used = facts["step"], facts["seconds"]
    # As it began: taken up on other threads, levels may learn one after the other that learned at once, or at once.
    state.budget.seconds = facts.get("of_seconds", state.budget.seconds)


def _weights(folder: Path, number: int, step: int) -> Path:
    return folder / f"level{number}-{step}.pt"
