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
from pipeline.data.long_lists import cut
from pipeline.errors import DataError

OF_ALL, OF_A_PART = ("preprocess", "train"), ("predict", "evaluate")


def tell_left_out(verb: Verb, settings: Settings) -> None:
    """One line on stderr where a verb of a run goes without cases of its data set; `run` has just checked them.

    Raises:
        DataError: No case of the part that it is about is left.
    """
    if verb.name not in (*OF_ALL, *OF_A_PART) or (verb.name == "predict" and settings.predict.input):
        return
    apart = settings.evaluate.dataset if verb.name == "evaluate" else None
    dataset = apart or run_of(settings) / "dataset.json"
    part = settings.evaluate.part if verb.name in OF_A_PART else None
    left: list[Case] = []
    goes_on = True
    with suppress(DataError):  # the stage says what is wrong with its files, after what is wrong with its settings
        left, goes_on = _left_out(dataset, part)
    if part and not goes_on:
        raise DataError(_none_left(dataset, part, left, verb))
    if left:
        print(
            f"{dataset.parent / 'findings.json'}: check left out {counted(len(left), 'case')}, and {verb.name} goes"
            f" without: {some([case.id for case in left])}. Once mended, run {_again(dataset.parent, left)}"
            f"{_afterwards(dataset.parent, left, verb)}",
            file=sys.stderr,
        )


def _none_left(dataset: Path, part: Part, left: Sequence[Case], verb: Verb) -> str:
    path, ids = dataset.parent / "findings.json", {case.id for case in left}
    errors = [f for f in read_findings(path).items if f.severity == "error" and f.case in ids]
    listed = "\n".join(cut([f"  {f.case}: {f.message}" for f in errors]))
    again = f"{_again(dataset.parent, left)}{_afterwards(dataset.parent, left, verb)}"
    return (
        f"{path}: check left out every case of part '{part}', so there is nothing to {verb.name}:\n{listed}\n"
        f"Put back or mend what is named, and run {again}"
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


def _left_out(dataset: Path, part: Part | None) -> tuple[list[Case], bool]:
    """Of the data set or one part of it, not those that import had left out itself; and whether any case remains, or
    there was none."""
    if not (out := set(quarantined(dataset.parent))):
        return [], True
    data = read_dataset(dataset)
    first, whole = (d.part(part) if part else d.cases for d in (data, data.with_pictures()))
    remains = not first or any(case.id not in out for case in first)
    return [case for case in whole if case.id in out], remains
