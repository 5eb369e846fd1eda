"""Which cases `check` keeps out of a verb is said: a scan may have been mended since, and would stay out unnoticed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.cli.given import quarantined, run_of
from pipeline.cli.outcome import counted
from pipeline.cli.record import is_trained
from pipeline.cli.settings import Settings
from pipeline.cli.verbs import Verb
from pipeline.data.csv_rows import some
from pipeline.data.dataset import Case, Part, read_dataset
from pipeline.data.findings import OF_IMPORT, read_findings
from pipeline.errors import DataError

OF_ALL, OF_A_PART = ("preprocess", "train"), ("predict", "evaluate")


def tell_left_out(verb: Verb, settings: Settings) -> None:
    """One line on stderr where a verb of a run goes without cases of its data set; `run` has just checked them."""
    if verb.name not in (*OF_ALL, *OF_A_PART) or (verb.name == "predict" and settings.predict.input):
        return
    apart = settings.evaluate.dataset if verb.name == "evaluate" else None
    dataset = apart or run_of(settings) / "dataset.json"
    left: list[Case] = []
    with suppress(DataError):  # the stage says what is wrong with its files, after what is wrong with its settings
        left = _left_out(dataset, settings.evaluate.part if verb.name in OF_A_PART else None)
    if left:
        print(
            f"{dataset.parent / 'findings.json'}: check left out {counted(len(left), 'case')}, and {verb.name} goes"
            f" without: {some([case.id for case in left])}. Once mended, run {_again(dataset.parent, left)}"
            f"{_afterwards(dataset.parent, left, verb)}",
            file=sys.stderr,
        )


def _again(run: Path, left: Sequence[Case]) -> str:
    """Only import reads annotations, so a check of those that were mended would find the old ones."""
    ids = {case.id for case in left}
    items = read_findings(run / "findings.json").items
    anew = any(f.case in ids and f.severity == "error" and f.rule in OF_IMPORT for f in items)
    of_import = f"patchvote import run={run} source=FOLDER with the data.* of before, then "
    return f"{of_import if anew else ''}patchvote check run={run} again"


def _afterwards(run: Path, left: Sequence[Case], verb: Verb) -> str:
    """What to do after check: a model keeps what it was made of, and test cases are none of that."""
    if verb.name != "train" and not is_trained(run):
        return " and what comes after it."
    ways = []
    if any(case.split == "test" for case in left):
        ways.append("to be measured, test cases need predict, evaluate and report, no training")
    if any(case.split != "test" for case in left):
        ways.append(f"to learn from, another run=FOLDER is needed, or {run / 'model'} and {run / 'resume'} deleted")
    return f": {'; '.join(ways)}."


def _left_out(dataset: Path, part: Part | None) -> list[Case]:
    """Of the data set or one part of it; not those that import had left out itself."""
    if not (out := set(quarantined(dataset.parent))):
        return []
    data = read_dataset(dataset).with_pictures()
    return [case for case in (data.part(part) if part else data.cases) if case.id in out]
