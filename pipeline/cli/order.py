"""Which verb comes before which: one that comes too early, or after what changed since, says what to run first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.cli.given import answers_of, run_of
from pipeline.cli.settings import Settings
from pipeline.cli.verbs import Verb
from pipeline.data.atomic import sha256_of
from pipeline.data.dataset import read_dataset
from pipeline.data.findings import read_findings
from pipeline.data.kept_answers import KeptAnswers
from pipeline.data.long_lists import cut
from pipeline.data.said import is_said_of
from pipeline.errors import ConfigError, DataError

BEFORE = {
    "preprocess": ("check", "findings.json"),
    "train": ("preprocess", "prepared/index.json"),
    "predict": ("train", "model/model.json"),
    "evaluate": ("predict", "{part}/predictions.json"),
}


def require_earlier(verb: Verb, settings: Settings) -> None:
    """Refuse to start where the verb before has left nothing yet.

    Raises:
        ConfigError: Says which verb that is.
    """
    run = settings.run
    given = {"predict": settings.predict.model, "evaluate": settings.evaluate.predictions}.get(verb.name)
    if verb.name not in BEFORE or given or run is None or not (run / "dataset.json").is_file():
        return
    earlier, name = BEFORE[verb.name]
    path = run / Path(name.format(part=settings.evaluate.part))
    if not path.is_file():
        raise ConfigError(f"{verb.name}: there is no {path} yet. First:\n  {_command(earlier, settings)}")


def require_checked(verb: Verb, settings: Settings) -> None:
    """Refuse to go by findings about other landmarks, boxes, values, scans, subjects or parts than the data set of a
    run has now.

    Raises:
        ConfigError: Says to run check again.
    """
    apart = {"predict": settings.predict.input, "evaluate": settings.evaluate.dataset}.get(verb.name)
    run = settings.run
    if verb.name not in BEFORE or apart or run is None:
        return
    path, holds = run / "findings.json", True
    with suppress(DataError):  # files that are damaged, or not there: the stage says so
        said = read_findings(path).said_of  # early ones say nothing
        holds = not said or is_said_of(said, read_dataset(run / "dataset.json"))
    if not holds:
        raise ConfigError(
            f"{path}: was made from another {run / 'dataset.json'}: cases are new, gone, or have other landmarks,"
            f" boxes, values, images, subjects or parts of the split since. Run again:\n  {_command('check', settings)}"
        )


def require_own_answers(content: Mapping[str, Any], path: Path, settings: Settings) -> None:
    """Make sure that answers, or what was measured of them, are of the model that the run has now.

    Args:
        content: Of `predictions.json` or `summary.json`; one that does not say which model it was is taken as it is.
        path: Of the file.

    Raises:
        ConfigError: They are of another; says what to run again.
    """
    model = run_of(settings) / "model" / "model.json"
    made_by = content.get("model_sha256")
    if made_by and model.is_file() and made_by != sha256_of(model):
        raise ConfigError(f"{path}: of another model than {model}. Run again:\n{_answered_anew(settings)}")


def require_answered_scans(settings: Settings, exclude: Collection[str]) -> None:
    """Make sure that the answers of a run are to the scans that its data set has now; one that is gone needs none.

    Args:
        exclude: Ids of cases that are not measured.

    Raises:
        ConfigError: Names the scans that were exchanged, and says what to run again.
    """
    kept, path = KeptAnswers(answers_of(settings)), run_of(settings) / "dataset.json"
    if not kept.out.is_dir() or not path.is_file():
        return
    data = read_dataset(path)
    asked = [c for c in data.part(settings.evaluate.part) if c.id not in exclude]
    others = {c.id: {view: data.root / path for view, path in c.pictures.items()} for c in asked}
    exchanged = [(c.id, path) for c in asked for path in kept.exchanged(c.id, data.image_path(c), others[c.id])]
    if changed := [f"  {case} ({path})" for case, path in exchanged]:
        listed = "\n".join(cut(changed))
        raise ConfigError(
            f"{kept.out}: scans changed since they were answered:\n{listed}\nRun again:\n{_answered_anew(settings)}"
        )


def _answered_anew(settings: Settings) -> str:
    return "\n".join(f"  {_command(name, settings)}" for name in ("predict", "evaluate"))


def _command(name: str, settings: Settings) -> str:
    part = settings.evaluate.part
    more = f" evaluate.part={part}" if name in ("predict", "evaluate") and part != "test" else ""
    return f"patchvote {name} run={settings.run}{more}"
