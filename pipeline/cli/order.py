"""Which verb comes before which: one that comes too early says what to run first."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.settings import Settings
from pipeline.cli.verbs import Verb
from pipeline.errors import ConfigError

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
    run, part = settings.run, settings.evaluate.part
    given = {"predict": settings.predict.model, "evaluate": settings.evaluate.predictions}.get(verb.name)
    if verb.name not in BEFORE or given or run is None or not (run / "dataset.json").is_file():
        return
    earlier, name = BEFORE[verb.name]
    path = run / Path(name.format(part=part))
    if not path.is_file():
        more = f" evaluate.part={part}" if earlier == "predict" and part != "test" else ""
        raise ConfigError(f"{verb.name}: there is no {path} yet. First:\n  patchvote {earlier} run={run}{more}")
