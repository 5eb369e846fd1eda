"""What shapes a run. A run folder goes on with the same, and with nothing else: no trained model is lost."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline.data.atomic import fingerprint, read_sealed, sha256_of, write_sealed
from pipeline.data.columns import OF_WORDS, words_in
from pipeline.data.dataset import Dataset
from pipeline.data.differences import differences
from pipeline.errors import CheckpointError, DataError
from pipeline.training.contents import Contents
from pipeline.training.settings import TrainingSettings

RECORD = "made_of.json"  # in `resume/`
WORDS = {"data": "the data set: its cases, landmarks or split", "arrays": "the prepared scans", "question": "the task"}


def identity_of(
    run: Path, settings: TrainingSettings, data: Dataset, keys: Mapping[str, tuple[str, ...]], question: str
) -> tuple[str, dict[str, Any]]:
    """Fingerprint of a run, and what it is made of, in parts. Threads are none: answers agree.

    Raises:
        CheckpointError: The folder holds a model, or half of one, that is made of something else; names what.
    """
    plain = _plain(data)
    saved = _saved(run)
    # runs of before had the threads in it
    tried = dict.fromkeys([0, settings.threads, *(number for facts in saved.values() for number in _threads(facts))])
    asked = [_said(replace(settings, threads=n)) for n in tried]
    possible = [fingerprint([how, plain, keys, question]) for how in asked]
    early = [fingerprint([how, before, keys, question]) for before in _of_before(plain) for how in asked]
    possible += [identity for identity in early if _in_one_order(data) or levels_done(run, identity)]
    parts = {"settings": _said(replace(settings, threads=0)), "data": fingerprint(plain), "arrays": fingerprint(keys)}
    made_of: dict[str, Any] = json.loads(json.dumps(parts | {"question": question}))
    met = [str(facts.get("identity", facts.get("settings"))) for facts in saved.values()]
    for path, identity in zip(saved, met, strict=True):
        if identity not in possible:
            raise CheckpointError(_refusal(run, path, made_of))
    return next(iter(met), possible[0]), made_of


def levels_done(run: Path, identity: str) -> int:
    """Of the model of this run, if it is there and whole; else 0."""
    folder = run / "model"
    try:
        content = read_sealed(folder / "model.json")
        sums = [sha256_of(folder / f"level{number}.safetensors") for number in range(len(content["levels"]))]
        same = content["training"]["identity"] == identity
        return len(sums) if same and sums == [level["sha256"] for level in content["levels"]] else 0
    except (DataError, OSError, KeyError, TypeError):
        return 0


def data_sums(data: Dataset) -> tuple[str, ...]:
    """Fingerprints of a data set, wherever it lies: as it is taken now, and as early versions took it."""
    plain = _plain(data)
    return tuple(map(fingerprint, (plain, *_of_before(plain))))


def data_made_of(run: Path) -> str | None:
    """Fingerprint of what the model of a run, or half of one, was made of; None where nothing was learned yet, or by an
    early version, which does not say."""
    return _recorded(run).get("data") if _saved(run) else None


def has_learned(run: Path) -> bool:
    """Whether a run holds a model, or half of one."""
    return bool(_saved(run))


def arrays_made_of(run: Path) -> str | None:
    """Fingerprint of the keys of the arrays that it learned from, if it says."""
    return _recorded(run).get("arrays") if _saved(run) else None


def contents_made_of(run: Path) -> Contents | None:
    """The sums of what the model of a run, or half of one, was made of; None where an early version made it."""
    known = _recorded(run).get("contents") if _saved(run) else None
    return Contents(**known) if known else None


def _said(settings: TrainingSettings) -> dict[str, Any]:
    """Settings without the ones that early versions did not know, where these say what was done without them."""
    return {name: value for name, value in asdict(settings).items() if name != "hold" or value is not None}


def _plain(data: Dataset) -> dict[str, Any]:
    return asdict(data) | {"root": ""}


def record(run: Path, made_of: dict[str, Any], contents: Contents) -> None:
    """Keep in the run what it is made of, to say what differs later: with sums of each case, which no model needs."""
    write_sealed(run / "resume" / RECORD, made_of | {"contents": asdict(contents)})


def _of_before(plain: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same as early versions took it, where that differs: a column of raters was not read, and accents stayed."""
    unread = {**plain, "cases": tuple(case | {"observers": {}} for case in plain["cases"])}
    return [one for one in (unread, _with_accents_apart(plain), _with_accents_apart(unread)) if one != plain]


def _with_accents_apart(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The data as early versions took them from tables of macOS: words and classes were not composed."""
    words = {c["name"] for c in (*plain["inputs"], *plain["outputs"]) if c["kind"] in OF_WORDS}
    cases = []
    for case in plain["cases"]:
        values = {name: _apart(said) if name in words else said for name, said in case["values"].items()}
        boxes = case["boxes"] and tuple(box | {"label": _apart(box["label"])} for box in case["boxes"])
        cases.append(case | {"values": values, "boxes": boxes})
    return {**plain, "cases": tuple(cases)}


def _apart(said: Any) -> Any:
    return unicodedata.normalize("NFD", said) if isinstance(said, str) else tuple(map(_apart, said))


def _in_one_order(data: Dataset) -> bool:
    """Whether words and classes have the numbers that they had with their accents apart: half-trained networks answer
    by number."""
    columns = [column.name for column in (*data.inputs, *data.outputs) if column.kind in OF_WORDS]
    told = [{w for case in data.cases if name in case.values for w in words_in(case.values[name])} for name in columns]
    return all(sorted(names, key=_apart) == sorted(names) for names in (*told, data.classes))


def _saved(run: Path) -> dict[Path, dict[str, Any]]:
    """What the model, and the levels on the way to it, say of what made them; a damaged file says nothing."""
    saved = {}
    for path in (run / "model" / "model.json", *sorted((run / "resume").glob("level*.json"))):
        try:
            content = read_sealed(path)
        except DataError:
            continue
        saved[path] = content.get("training", {}) if path.name == "model.json" else content
    return saved


def _threads(facts: Mapping[str, Any]) -> list[int]:
    said = facts.get("threads", [])
    return said if isinstance(said, list) else [said]


def _refusal(run: Path, path: Path, made_of: Mapping[str, Any]) -> str:
    before = _recorded(run)
    changed = differences(before.get("settings"), made_of["settings"], "training") if before else []
    changed += [words for key, words in WORDS.items() if before and before.get(key) != made_of[key]]
    listed = "".join(f"\n  {line}" for line in changed)
    return (
        f"{path}: was saved under other settings or data than this run's{':' if listed else '.'}{listed}\n"
        f"Use the settings of then again, and put scans, landmarks and data.* back as they were; choose another"
        f" run=FOLDER; or delete {run / 'model'} and {run / 'resume'} to train anew."
    )


def _recorded(run: Path) -> dict[str, Any]:
    """What the run was made of; empty of one that does not say."""
    for path in (run / "resume" / RECORD, run / "model" / "model.json"):
        try:
            content = read_sealed(path)
            return dict(content if path.name == RECORD else content["training"]["made_of"])
        except (DataError, KeyError, TypeError):
            continue
    return {}
