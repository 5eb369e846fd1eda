"""Which cases `check` keeps out of a verb is said: a scan may have been mended since, and would stay out unnoticed."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from pipeline.cli.given import quarantined, run_of
from pipeline.cli.outcome import counted
from pipeline.cli.settings import Settings
from pipeline.cli.verbs import Verb
from pipeline.data.csv_rows import some
from pipeline.data.dataset import Part, read_dataset
from pipeline.errors import DataError

OF_ALL, OF_A_PART = ("preprocess", "train"), ("predict", "evaluate")


def tell_left_out(verb: Verb, settings: Settings) -> None:
    """One line on stderr where a verb of a run goes without cases of its data set; `run` has just checked them."""
    if verb.name not in (*OF_ALL, *OF_A_PART) or (verb.name == "predict" and settings.predict.input):
        return
    apart = settings.evaluate.dataset if verb.name == "evaluate" else None
    dataset = apart or run_of(settings) / "dataset.json"
    left: list[str] = []
    with suppress(DataError):  # the stage says what is wrong with its files, after what is wrong with its settings
        left = _left_out(dataset, settings.evaluate.part if verb.name in OF_A_PART else None)
    if left:
        print(
            f"{dataset.parent / 'findings.json'}: check left out {counted(len(left), 'case')}, and {verb.name} goes"
            f" without: {some(left)}. Once mended, run patchvote check run={dataset.parent} again and what comes"
            " after it.",
            file=sys.stderr,
        )


def _left_out(dataset: Path, part: Part | None) -> list[str]:
    """Of the data set or one part of it; not those that import had left out itself."""
    if not (out := set(quarantined(dataset.parent))):
        return []
    data = read_dataset(dataset).with_pictures()
    return [case.id for case in (data.part(part) if part else data.cases) if case.id in out]
