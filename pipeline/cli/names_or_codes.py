"""Whether the scans of a run go by their names or by codes: the two do not come into one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.record import recorded
from pipeline.cli.settings import Settings
from pipeline.data.dataset import read_dataset
from pipeline.data.own_output import PRIVATE
from pipeline.errors import ConfigError, DataError

KEY = "data.pseudonyms"


def goes_by_codes(run: Path, record: Mapping[str, Any]) -> bool:
    """Whether codes were asked for; where no record tells, whether `dataset.json` reaches the scans by them."""
    asked = recorded(record, KEY)
    if asked is not None:
        return asked is True
    try:
        return read_dataset(run / "dataset.json").root == run / PRIVATE
    except DataError:  # none yet, or of another program: nothing of ours has codes
        return False


def require_same_names(run: Path, record: Mapping[str, Any], settings: Settings) -> None:
    """Refuse names in a run of codes, and codes in one of names: what other verbs left there would keep the others.

    Raises:
        ConfigError: The run has the others.
    """
    if not (run / "dataset.json").exists():  # nothing came of it yet: a wrong first try is no claim
        return
    coded, asked = goes_by_codes(run, record), settings.data.pseudonyms
    if coded != asked:
        there = "codes" if coded else "the names of their files"
        raise ConfigError(
            f"run={run}: calls its scans by {there}, {KEY}={str(asked).lower()} asks for others. Choose another"
            f" run=FOLDER, or delete this one. To go on in it: {KEY}={str(coded).lower()}"
        )
