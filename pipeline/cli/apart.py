"""What is measured must be new to what is measured: a split that was made anew after training mixes the parts."""

from __future__ import annotations

from pathlib import Path

from pipeline.data.atomic import read_json
from pipeline.data.csv_rows import some
from pipeline.data.dataset import PARTS, Part, read_dataset
from pipeline.errors import CheckpointError, ConfigError


def require_apart(run: Path, part: Part) -> None:
    """Make sure that the model of a run learned from no case of a part, nor was chosen by one.

    Raises:
        ConfigError: It did; names the cases.
        CheckpointError: Its `model.json` is damaged.
    """
    model = run / "model" / "model.json"
    if not model.is_file():
        return
    # Parts stand in the order of their use: what comes before one was learned from, or chosen by.
    try:
        used = read_json(model).get("training", {}).get("cases", {})
        before = {case for earlier in PARTS[: PARTS.index(part)] for case in used.get(earlier, ())}
    except (AttributeError, TypeError) as error:
        raise CheckpointError(
            f"{model}: not a model of this program: {error}. Put the model back, or run again:\n"
            f"  patchvote train run={run}"
        ) from error
    if met := [case.id for case in read_dataset(run / "dataset.json").part(part) if case.id in before]:
        raise ConfigError(
            f"run={run}: its split is not the one that its model was trained with: {some(met)} of the {part} part"
            f" took part in training or in choosing. Import again with the split of that time, or train in another"
            " run=FOLDER."
        )
