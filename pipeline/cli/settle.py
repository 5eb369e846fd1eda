"""From the arguments of a verb to its settings: what the user need not say again is filled in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.cli.begun import as_begun, typed
from pipeline.cli.compose import Words, compose, require_once, sort_words
from pipeline.cli.config_files import config_folder, groups
from pipeline.cli.home import from_home, replaced
from pipeline.cli.idle import refuse_idle
from pipeline.cli.names_or_codes import KEY, goes_by_codes
from pipeline.cli.record import read_record
from pipeline.cli.schema import put
from pipeline.cli.settings import Settings
from pipeline.cli.spelling import with_names_spelled
from pipeline.cli.validate import validate
from pipeline.cli.verbs import VERBS, Verb
from pipeline.errors import ConfigError
from pipeline.tasks.table import TASKS

# Said to one verb after another:
COMMON = ("experiment", "method", "run", "source", "task", "device", "seed", "threads")


def settings_from(verb: Verb, arguments: Sequence[str], flags: Mapping[str, list[str]] | None = None) -> Settings:
    """Compose and check the settings of one command line.

    The experiment is taken from the run folder if only that is named, the task that the run was imported for in any
    case, and for import, run and the scans of -i whether these go by codes; the run folder is runs/EXPERIMENT if only
    the experiment is named.

    Args:
        verb: Which verb.
        arguments: `key=value` each.
        flags: What -i and -o gave, {"predict.input": paths, "predict.output": [path]}.

    Raises:
        ConfigError: An unknown key or name, a wrong value, one that changes nothing, or too little to go by.
    """
    words = sort_words(arguments, verb.sections)
    if "experiment" not in words.chosen:
        _choose_experiment(verb, words)
    if verb.name not in ("import", "demo") and "task" not in words.values:
        _choose_task(words)
    new_scans = verb.name == "predict" and "predict.input" in {*(flags or {}), *words.texts, *words.values}
    if new_scans or verb.name in ("import", "run"):
        _choose_names(words)
    tree = compose(words)
    if verb.name in ("train", "run") and (begun := _run_folder(words)) is not None:
        as_begun(tree, words, begun)
    for key, paths in (flags or {}).items():
        require_once(key, " ".join(paths), words)
        put(tree, key, paths if key == "predict.input" else paths[0])
    settings = validate(with_names_spelled(from_home(tree)))
    if settings.run is None and settings.experiment is not None:
        settings = replace(settings, run=Path("runs") / settings.experiment)
    refuse_idle(verb, (*words.texts, *words.values), settings)
    return settings


def unread(verb: Verb, arguments: Sequence[str], task: str) -> list[str]:
    """A note on each key that was given and changes nothing: other verbs read it, or no training of the task does."""
    words = sort_words(arguments, verb.sections)
    given = (*words.texts, *words.values)
    acting = {verb.name, *verb.calls}
    readers = {key: [other.name for other in VERBS if other.reads(key)] for key in given if key not in COMMON}
    idle = [key for key in given if verb.reads("training") and f"{key}.".startswith(_idle(task))]
    return [
        f"note: {verb.name} does not read {key}, so it changes nothing here; it is read by {', '.join(names)}"
        for key, names in readers.items()
        if names and acting.isdisjoint(names)
    ] + [f"note: task={task} does not read {key}, so it changes nothing" for key in idle]


def _idle(task: str) -> tuple[str, ...]:
    """How keys begin that no training of a task reads."""
    everywhere = ("training.coarse.search.",)  # the first level looks everywhere
    if TASKS[task].whole:  # ... and so does every other one: all are made as `coarse` says, and kept
        return (*everywhere, "training.fine.", "training.gain.")
    return everywhere if TASKS[task].answers == "points" else (*everywhere, "training.fine.search.")


def imported_task(run: Path, record: Mapping[str, Any]) -> str | None:
    """The task that a run folder was imported for; None as long as nothing came of an import."""
    return record.get("task") if (run / "dataset.json").is_file() else None


def _named_run(words: Words) -> str | None:
    run = words.texts.get("run")
    return replaced(run) if run else None


def _run_folder(words: Words) -> Path | None:
    run = _named_run(words) or (f"runs/{words.chosen['experiment']}" if "experiment" in words.chosen else None)
    return Path(run) if run else None


def _choose_names(words: Words) -> None:
    """Where the scans of a run go by codes, those that come into it or are answered by its model do, too, unless it is
    typed; what an experiment says of it does not make names of codes."""
    run = _run_folder(words)
    if run and not typed(KEY, words) and goes_by_codes(run, read_record(run)):
        words.values[KEY] = "true"


def _choose_task(words: Words) -> None:
    run = _run_folder(words)
    if run and (task := imported_task(run, read_record(run))):
        words.values["task"] = task


def _choose_experiment(verb: Verb, words: Words) -> None:
    run = _named_run(words)
    recorded = read_record(Path(run)).get("experiment") if run else None
    if verb.name == "demo":
        words.chosen["experiment"] = "demo"
    elif recorded in groups()["experiment"]:
        words.chosen["experiment"] = recorded
    elif recorded:
        raise ConfigError(
            f"run={run} was made with experiment '{recorded}', which is not there any more.\n"
            f"  Put {config_folder() / 'experiment' / str(recorded)}.yaml back, or begin another run=FOLDER.\n"
            f"  Its model alone answers with model={run}/model; say then what the experiment said, as data.pseudonyms."
        )
    elif verb.name in ("import", "run"):
        raise ConfigError(
            f"{verb.name}: say which experiment=NAME; there are: {', '.join(groups()['experiment'])}.\n"
            f"  For scans of your own: patchvote {verb.name} experiment=my_landmarks source=FOLDER run=runs/mine"
        )
