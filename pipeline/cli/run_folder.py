"""Who may write into a run folder: one command at a time, and one experiment for good."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.cli.names_or_codes import require_same_names
from pipeline.cli.record import RECORD, is_trained, put_back, read_record, recorded, without_untold, write_record
from pipeline.cli.same_source import as_called, is_gone, is_other
from pipeline.cli.schema import at, put
from pipeline.cli.settings import Settings
from pipeline.cli.settle import imported_task
from pipeline.cli.validate import plain
from pipeline.cli.verbs import Verb
from pipeline.data.atomic import sweep
from pipeline.data.claim import locked
from pipeline.data.dataset import read_dataset
from pipeline.data.differences import differences
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.own_output import KEY, PRIVATE
from pipeline.errors import ConfigError, DataError

PATIENCE = 60  # seconds
BEGINS = ("import", "run")
READ_ITS_SCANS = (*BEGINS, "check", "preprocess", "predict")
SHAPES = ("import", "preprocess", "train", "run")
SHAPES_A_MODEL = ("method", "levels", "training", "data", "inputs", "outputs")
SHAPES_NONE = ("training.threads:", "data.strict:")
# In every `config.yaml` of ours, whatever the version; no section, for one that is empty may be taken out.
WRITTEN = {"experiment", "source", "run", "method", "seed", "device"}


@contextmanager
def claimed(verb: Verb, settings: Settings) -> Iterator[Path]:
    """Hold the run folder for the length of one verb, and write down the settings that the verb goes by.

    Raises:
        ConfigError: No run named, not writable, busy, of another experiment or source, trained with other settings, or
            a file of the user's would be replaced.
        DataError: Another account holds it for itself.
    """
    from filelock import Timeout

    if settings.run is None:
        lacking = _lacking(verb, settings)
        raise ConfigError(f"{verb.name}: say {lacking}: run=runs/NAME, or experiment=NAME for runs/NAME")
    run = settings.run
    if verb.name not in BEGINS and not (run / "dataset.json").is_file():
        raise ConfigError(
            f"{verb.name}: there is no {run / 'dataset.json'}. Name a run that is there, or begin one:\n"
            f"  patchvote import experiment=NAME source=FOLDER run={run}"
        )
    writable(run, "run")
    try:
        lock = locked(run, PATIENCE if settings.predict.part else 0)  # of jobs that begin in the same second
    except Timeout as error:
        raise ConfigError(
            f"run={run}: another patchvote is working in this folder. Wait for it, or choose another run=FOLDER."
        ) from error
    try:
        record = read_record(run)
        if verb.name in BEGINS:
            _refuse_theirs(run, record)
        _require_sections(run, record, settings)
        _require_private(run, record, verb)
        sweep(run, below=True)
        claims = without_untold(record, _asked(settings))
        _same_experiment(run, claims, settings)
        if verb.name in BEGINS:
            require_same_names(run, record, settings)
        if verb.name != "import":  # which reads the folder anew
            _same_task(run, record, settings)
        if verb.name in SHAPES:
            _same_training(run, claims, verb, settings)
        moved = verb.name in BEGINS and (run / "dataset.json").exists()
        moved = moved and is_other(claims.get("source"), _source(settings))
        lost = is_trained(run) and not record
        with put_back(run, verb.name, lost):
            if not lost or verb.name == "run":  # no other verb knows all settings of a model that lost its record
                _write_record(run, record, verb, settings, ("source",) if moved else ())
            yield run
        if moved:  # not before: where its cases are refused, the run stays with the source that it was made from
            _write_record(run, read_record(run), verb, settings)
    finally:
        lock.release()


def _lacking(verb: Verb, settings: Settings) -> str:
    """What was not said: which run, or what some verbs take in its place, of which a part may have been given."""
    if verb.name == "predict":
        return "which scans: -i SCAN_OR_FOLDER; or which run, whose cases are answered"
    if verb.name == "evaluate" and settings.evaluate.predictions:
        return "which dataset.json holds the truth: dataset=FILE; or which run"
    if verb.name == "evaluate" and settings.evaluate.dataset:
        return "which predictions.json is measured: predictions=FILE; or which run"
    return "which run"


def writable(folder: Path, key: str, kind: str = "FOLDER") -> None:
    """Make the folder and a file in it, before any work is done.

    Args:
        key: That named it, or a file in it.
        kind: Of what the key names.

    Raises:
        ConfigError: That is not possible.
    """
    joined = " " if key.startswith("-") else "="
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"{key}{joined}{folder}: cannot write there: {error.strerror}. Choose another with {key}{joined}{kind}."
        ) from error


@contextmanager
def leaving_none(folder: Path | None) -> Iterator[None]:
    """Where what follows fails, a folder that was made for it and is still empty is gone, too."""
    made = [place for place in (folder, *folder.parents) if not os.path.exists(place)] if folder else []
    try:
        yield
    except BaseException:
        for place in made:
            with suppress(OSError):
                place.rmdir()
        raise


def _refuse_theirs(run: Path, record: Mapping[str, Any]) -> None:
    """Other programs call files so, too: nnU-Net, MONAI and the Decathlon their `dataset.json`."""

    def ours(path: Path) -> bool:
        return record.keys() >= WRITTEN or (path.name != RECORD and _is_manifest(path))

    refuse_overwriting([run / "dataset.json", run / RECORD], (), ours, "run=FOLDER")


def _is_manifest(path: Path) -> bool:
    try:
        read_dataset(path)
    except DataError:
        return False
    return True


def _require_sections(run: Path, record: Mapping[str, Any], settings: Settings) -> None:
    for key, asked in plain(settings).items():
        if isinstance(asked, dict) and not isinstance(record.get(key, {}), dict):
            raise ConfigError(
                f"{run / RECORD}: {key} is {record[key]!r}; a section is needed. Put it back, or take it out."
            )


def _require_private(run: Path, record: Mapping[str, Any], verb: Verb) -> None:
    """Scans that go by codes are reached through `private/` alone: without it all would fail, and a new key would give
    them other codes than what was made of them has."""
    private = run / PRIVATE
    needed = private / KEY if verb.name in BEGINS else private
    if verb.name not in READ_ITS_SCANS or not is_trained(run) or not recorded(record, "data.pseudonyms"):
        return
    if not os.access(needed, os.R_OK):
        raise ConfigError(
            f"{needed}: not there, or closed to you, and nothing else tells whose codes the scans of run={run} have."
            f" Put it back, or use what needs none of them: train, evaluate, report, and predict model={run / 'model'}"
            " -i SCANS -o FOLDER."
        )


def _same_experiment(run: Path, record: Mapping[str, Any], settings: Settings) -> None:
    if not (run / "dataset.json").exists():  # nothing came of it yet: a wrong first try is no claim
        return
    met, asked = record.get("experiment"), settings.experiment
    if met and asked and met != asked:
        raise ConfigError(
            f"run={run} belongs to experiment '{met}', not to '{asked}'. Choose another run=FOLDER, or delete this one."
        )
    met, asked = record.get("source"), _source(settings)
    if is_other(met, asked) and not is_gone(str(met)):
        raise ConfigError(
            f"run={run} was made from source {met}, not from {asked}. Choose another run=FOLDER, or delete this one."
        )


def _same_task(run: Path, record: Mapping[str, Any], settings: Settings) -> None:
    met = imported_task(run, record)
    if met and met != settings.task:
        raise ConfigError(
            f"run={run} was imported for task={met}, not for task={settings.task}. Leave task out, import again with"
            f" task={settings.task}, or choose another run=FOLDER."
        )


def _same_training(run: Path, record: Mapping[str, Any], verb: Verb, settings: Settings) -> None:
    """Training goes on only with the settings it was begun with, as far as the verb decides them; what differs is
    named. Other arrays would be of no use to the model, and the record would blame the settings that it has."""
    if not is_trained(run):
        return
    asked, compared = plain(settings), [key for key in SHAPES_A_MODEL if key in verb.decides and key in record]
    changed = [line for key in compared for line in differences(record[key], asked[key], key)]
    changed = [line for line in changed if not line.startswith(SHAPES_NONE)]
    if changed:
        listed = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"run={run} is trained, or half trained, with other settings:\n{listed}\n"
            f"Use those again to go on, or choose another run=FOLDER, or delete {run / 'model'} and {run / 'resume'}."
        )


def _write_record(
    run: Path, record: dict[str, Any], verb: Verb, settings: Settings, kept: Collection[str] = ()
) -> None:
    """Settings that this verb does not decide, and those that are `kept`, stay as the verb before left them."""
    asked = _asked(replace(settings, quiet=False)) | {"run": str(run)}
    content = asked | record
    for key in (*verb.decides, "experiment", "run"):
        if key in kept:
            continue
        if at(asked, key) is not None or key not in ("experiment", "source"):
            put(content, key, at(asked, key))
    write_record(run, content, verb.name)


def _asked(settings: Settings) -> dict[str, Any]:
    return plain(settings) | {"source": _source(settings)}


def _source(settings: Settings) -> str | None:
    return as_called(settings.source) if settings.source else None
