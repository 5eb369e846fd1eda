"""A trained run goes on with the data that its model was made of: of others its split would be another one, too, and
what the model learned from would be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.data.csv_rows import some
from pipeline.data.dataset import Case, Dataset, read_dataset, write_dataset
from pipeline.errors import ConfigError, DataError
from pipeline.training.identity import data_made_of, data_sums

APART = ("root", "cases")  # of a data set, compared otherwise


def require_same_data(run: Path, data: Dataset) -> None:
    """Refuse data that the model of a run, or half of one, was not made of.

    Raises:
        ConfigError: Says which cases are new, gone or changed, and what to do.
    """
    made_of, now = data_made_of(run), _as_read(data)
    if made_of in (None, *data_sums(now)):
        return
    before = _before(run, made_of)
    listed = "".join(f"\n  {what}: {some(names)}" for what, names in _changes(before, now).items()) if before else ""
    raise ConfigError(
        f"run={run}: its model was made of other data than these, so nothing was done{':' if listed else '.'}{listed}\n"
        f"Choose another run=FOLDER for these; put scans, landmarks and split back as they were; or delete"
        f" {run / 'model'} and {run / 'resume'} to train anew.{_measured_anew(run, before, now)}"
    )


def _as_read(data: Dataset) -> Dataset:
    """As training would read it."""
    with TemporaryDirectory() as folder:
        write_dataset(data, Path(folder) / "dataset.json")
        return read_dataset(Path(folder) / "dataset.json")


def _before(run: Path, made_of: str | None) -> Dataset | None:
    """The data set that the model was made of; None where another one was imported since."""
    try:
        data = read_dataset(run / "dataset.json")
    except DataError:
        return None
    return data if made_of in data_sums(data) else None


def _changes(before: Dataset, now: Dataset) -> dict[str, Sequence[str]]:
    """What differs, and in which cases."""
    one, other = _by_id(before), _by_id(now)
    both = [name for name in one if name in other]
    changes = {
        "new": [name for name in other if name not in one],
        "gone": [name for name in one if name not in other],
        "changed": [name for name in both if replace(one[name], split=other[name].split) != other[name]],
        "in another part": [name for name in both if one[name].split != other[name].split],
        "of the whole data set": _heads(before, now),
    }
    return {what: names for what, names in changes.items() if names}


def _by_id(data: Dataset) -> Mapping[str, Case]:
    return {case.id: case for case in data.cases}


def _heads(before: Dataset, now: Dataset) -> list[str]:
    names = [field.name for field in fields(Dataset) if field.name not in APART]
    return [name for name in names if getattr(before, name) != getattr(now, name)]


def _measured_anew(run: Path, before: Dataset | None, now: Dataset) -> str:
    """What else can be done where only test cases differ, of which the model knows nothing."""
    if before is None or _heads(before, now) or _learned(before) != _learned(now):
        return ""
    verbs = "".join(f"\n  patchvote {verb} run={run}" for verb in ("predict", "evaluate", "report"))
    return (
        "\nOnly test cases differ: to measure this model by them as they are now, give `patchvote import` the same"
        f" source and data.* as here, and then:{verbs}"
    )


def _learned(data: Dataset) -> list[Case]:
    return [case for case in data.cases if case.split != "test"]
