"""Which verb comes before which: one that comes too early says what to run first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.given import run_of
from pipeline.cli.settings import Settings
from pipeline.cli.verbs import Verb
from pipeline.data.atomic import sha256_of
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
    run = settings.run
    given = {"predict": settings.predict.model, "evaluate": settings.evaluate.predictions}.get(verb.name)
    if verb.name not in BEFORE or given or run is None or not (run / "dataset.json").is_file():
        return
    earlier, name = BEFORE[verb.name]
    path = run / Path(name.format(part=settings.evaluate.part))
    if not path.is_file():
        raise ConfigError(f"{verb.name}: there is no {path} yet. First:\n  {_command(earlier, settings)}")


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
        again = "\n".join(f"  {_command(name, settings)}" for name in ("predict", "evaluate"))
        raise ConfigError(f"{path}: of another model than {model}. Run again:\n{again}")


def _command(name: str, settings: Settings) -> str:
    part = settings.evaluate.part
    more = f" evaluate.part={part}" if name in ("predict", "evaluate") and part != "test" else ""
    return f"patchvote {name} run={settings.run}{more}"
