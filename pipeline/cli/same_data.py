"""A trained run goes on with the data that its model was made of: of others its split would be another one, too, and
what the model learned from would be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.data.csv_rows import some
from pipeline.data.dataset import Dataset, read_dataset, write_dataset
from pipeline.data.findings import read_findings
from pipeline.errors import ConfigError, DataError
from pipeline.training.contents import MENDED, Contents, changes, contents_of, learned_alike, other_scans
from pipeline.training.identity import contents_made_of, data_made_of, data_sums


def require_same_data(run: Path, data: Dataset) -> None:
    """Refuse data that the model of a run, or half of one, was not made of.

    Raises:
        ConfigError: Says which cases are new, gone or changed, and what to do.
    """
    made_of, now = data_made_of(run), _as_read(data)
    if made_of in (None, *data_sums(now)):
        return
    before, found = _before(run, made_of), contents_of(now)
    alike = before is not None and _only_tests_differ(before, found)
    anew = _measured_anew(run, "check", there=found == _imported(run)) if alike else ""
    changed = changes(before, found) if before else {}
    raise ConfigError(_refusal(run, "data than these, so nothing was done", changed, anew))


def require_same_scans(run: Path) -> None:
    """Refuse scans that are not, byte for byte, those that the model of a run, or half of one, was made of, or that
    `check` leaves out now, or left out then. Early versions do not say; their runs are stopped by `train`.

    Raises:
        ConfigError: Names the cases, and says what to do.
    """
    before, path = contents_made_of(run), run / "findings.json"
    if before is None or not path.is_file():
        return
    found = read_findings(path)
    scans = {case: found.facts[case]["sha256"] for case in found.facts.keys() - found.quarantined}
    now = contents_of(read_dataset(run / "dataset.json"), scans)
    if changed := other_scans(before, now):
        anew = _measured_anew(run) if _only_tests_differ(before, now) else ""
        what = "scans than these, so nothing was prepared or trained"
        raise ConfigError(_refusal(run, what, changed, anew))


def _refusal(run: Path, what: str, changed: Mapping[str, Sequence[str]], anew: str) -> str:
    listed = "".join(f"\n  {how}: {some(names)}" for how, names in changed.items())
    back = "" if set(changed) == {MENDED} else " put scans, landmarks and split back as they were;"
    return (
        f"run={run}: its model was made of other {what}{':' if listed else '.'}{listed}\n"
        f"Choose another run=FOLDER for these;{back} or delete"
        f" {run / 'model'} and {run / 'resume'} to train anew.{anew}"
    )


def _as_read(data: Dataset) -> Dataset:
    """As training would read it."""
    with TemporaryDirectory() as folder:
        write_dataset(data, Path(folder) / "dataset.json")
        return read_dataset(Path(folder) / "dataset.json")


def _before(run: Path, made_of: str | None) -> Contents | None:
    """What the model was made of; None where an early version made it, and other data were imported since."""
    if (known := contents_made_of(run)) is not None:
        return known
    try:
        data = read_dataset(run / "dataset.json")
    except DataError:
        return None
    return contents_of(data) if made_of in data_sums(data) else None


def _imported(run: Path) -> Contents | None:
    """What the run holds now."""
    try:
        return contents_of(read_dataset(run / "dataset.json"))
    except DataError:
        return None


def _only_tests_differ(before: Contents, now: Contents) -> bool:
    """Whether only test cases differ, of which any is left to measure the model by."""
    usable = now.cases.keys() & now.scans.keys() if now.scans else now.cases.keys()
    return learned_alike(before, now) and any(now.parts[name] == "test" for name in usable)


def _measured_anew(run: Path, *before: str, there: bool = True) -> str:
    """What else can be done where only test cases differ, `before` these are answered; `there`: the run holds them."""
    verbs = "".join(f"\n  patchvote {verb} run={run}" for verb in (*before, "predict", "evaluate", "report"))
    first = "" if there else ", give `patchvote import` the same source and data.* as here, and then"
    return f"\nOnly test cases differ: to measure this model by them as they are now{first}:{verbs}"
