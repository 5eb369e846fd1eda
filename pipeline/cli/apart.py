"""What is measured must be new to what is measured: a split that was made anew after training mixes the parts."""

from __future__ import annotations

from pathlib import Path

from pipeline.data.atomic import read_json
from pipeline.data.csv_rows import some
from pipeline.data.dataset import PARTS, Dataset, Part, read_dataset
from pipeline.errors import CheckpointError, ConfigError, DataError


def require_apart(run: Path, part: Part) -> None:
    """Make sure that the model of a run learned from no case of a part, nor was chosen by one.

    Raises:
        ConfigError: It did; names the cases.
        CheckpointError: Its `model.json` is damaged.
    """
    if not (run / "model" / "model.json").is_file():
        return
    # Parts stand in the order of their use: what comes before one was learned from, or chosen by.
    before = {case for case, met in _parts_of(run).items() if PARTS.index(met) < PARTS.index(part)}
    if met := [case.id for case in read_dataset(run / "dataset.json").part(part) if case.id in before]:
        raise ConfigError(
            f"run={run}: its split is not the one that its model was trained with: {some(met)} of the {part} part"
            f" took part in training or in choosing. Import again with the split of that time, or train in another"
            " run=FOLDER."
        )


def require_split(run: Path, data: Dataset) -> None:
    """Make sure that data which are about to be imported leave every case in the part that it had for the model.

    Raises:
        ConfigError: They do not; names the cases.
    """
    try:
        parts = _parts_of(run)
    except (DataError, CheckpointError):  # no model, or one that is damaged
        return
    if moved := [case.id for case in data.cases if parts.get(case.id, case.split) != case.split]:
        raise ConfigError(
            f"run={run}: {some(moved)} would be in another part of the split than when its model was trained, so"
            " nothing was imported. Choose another run=FOLDER, put the cases and their split back as they were, or"
            f" delete {run / 'model'} and {run / 'resume'} to train anew."
        )


def _parts_of(run: Path) -> dict[str, Part]:
    """The part of each case that the model of a run knows."""
    model = run / "model" / "model.json"
    try:
        used = read_json(model).get("training", {}).get("cases", {})
        return {case: part for part in PARTS for case in used.get(part, ())}
    except (AttributeError, TypeError) as error:
        raise CheckpointError(
            f"{model}: not a model of this program: {error}. Put the model back, or run again:\n"
            f"  patchvote train run={run}"
        ) from error
