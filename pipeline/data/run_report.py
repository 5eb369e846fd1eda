"""`run_report.json`, in the folder of the answers: what ran, on what, and which cases did not come through."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.data.atomic import read_json, write_json
from pipeline.data.overwriting import refuse_overwriting
from pipeline.errors import ConfigError, DataError

REPORT = "run_report.json"


def write_report(out: Path, verb: str, started: float, failures: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    """Write it, in place of that of an earlier call.

    Args:
        verb: That answered.
        started: When, by `time.time()`.
        failures: Why cases did not come through.
        facts: What else there is to say.
    """
    versions = {"patchvote": __version__, "python": sys.version.split()[0]}
    if "torch" in sys.modules:  # some verbs do without
        versions["torch"] = sys.modules["torch"].__version__
    first = {"version": 1, "verb": verb, "versions": versions, "seconds": round(time.time() - started, 3)}
    write_json(out / REPORT, {**first, **facts, "failures": dict(failures)})


def is_report(path: Path, verb: str | None = None) -> bool:
    """Whether a call of ours wrote it, of this verb where one is given; early ones of `predict` do not say."""
    try:
        content = read_json(path)
        return "patchvote" in content["versions"] and verb in (None, content.get("verb", "predict"))
    except (DataError, KeyError, TypeError):
        return False


def require_free_report(out: Path, verb: str) -> None:
    """Make sure that no file of the user's would be replaced; nor, since it says what failed, what `predict` left
    by what another verb leaves, or the other way round.

    Raises:
        ConfigError: One would be.
    """
    path = out / REPORT
    refuse_overwriting([path], [], is_report)
    if path.exists() and is_report(path, "predict") != (verb == "predict"):
        there = read_json(path).get("verb", "predict")
        raise ConfigError(f"{path}: is what {there} left, and {verb} would replace it. Choose another -o FOLDER.")
