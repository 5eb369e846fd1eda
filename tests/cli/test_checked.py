"""Verbs go by findings about what the data set says now, and by no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.cli import chain
from pipeline.cli.order import require_checked
from pipeline.cli.outcome import Outcome
from pipeline.cli.settings import EvaluateSettings, PredictSettings, Settings
from pipeline.cli.verbs import verb_named
from pipeline.data.atomic import fingerprint
from pipeline.data.dataset import Box, Case, Dataset, read_dataset, write_dataset
from pipeline.data.findings import Findings, write_findings
from pipeline.data.said import is_said_of, said_of
from pipeline.errors import ConfigError

ONE = Case(
    "a", "a", "a.png", {"p": (1.0, 2.0)}, "train", boxes=(Box("cat", (0.0, 0.0), (1.0, 1.0)),), values={"n": 1.0}
)
OTHER = Case("b", "b", "b.png", {"p": None}, "test")
VERBS = ("preprocess", "train", "predict", "evaluate")


def dataset(*cases, **changes):
    return replace(Dataset("d", "somewhere", ("p",), cases), **changes)


@pytest.mark.parametrize(
    "other",
    [
        {"landmarks": {"p": (1.0, 2.5)}},
        {"landmarks": {}},
        {"landmarks": {"p": None}},
        {"boxes": None},
        {"boxes": (Box("cat", (0.0, 0.0), (1.0, 2.0)),)},
        {"values": {}},
        {"image": "c.png"},
        {"pictures": {"side": "c.png"}},
        {"id": "c"},
        {"subject": "c"},
        {"split": "validation"},
    ],
)
def test_what_the_rules_look_at_makes_other_data(other):
    assert said_of(dataset(replace(ONE, **other), OTHER)) != said_of(dataset(ONE, OTHER))
    assert said_of(dataset(ONE)) != said_of(dataset(ONE, OTHER))


def test_order_and_place_do_not():
    elsewhere = dataset(OTHER, ONE, name="e", root="elsewhere")
    assert said_of(elsewhere) == said_of(dataset(ONE, OTHER))


def test_early_findings_which_do_not_say_the_split_hold_as_long_as_the_rest_does():
    early = fingerprint({c.id: [c.image, {}, c.landmarks, None, c.values] for c in (replace(ONE, boxes=None), OTHER)})
    data = dataset(replace(ONE, boxes=None), OTHER)
    assert is_said_of(early, data)
    assert is_said_of(early, data.with_cases((data.cases[0], replace(OTHER, subject="a", split="train"))))
    assert not is_said_of(early, data.with_cases((data.cases[0], replace(OTHER, image="c.png"))))


@pytest.fixture
def run(tmp_path):
    """A run whose findings are about other landmarks than it has now."""
    data = dataset(replace(ONE, boxes=None, values={}), OTHER, root=tmp_path)
    write_findings(Findings((), {}, said_of(data)), tmp_path / "findings.json")
    write_dataset(data, tmp_path / "dataset.json")
    for name in VERBS:
        require_checked(verb_named(name), replace(Settings(), run=tmp_path))
    write_dataset(data.with_cases((data.cases[0],)), tmp_path / "dataset.json")
    return replace(Settings(), run=tmp_path)


@pytest.mark.parametrize("name", VERBS)
def test_findings_about_other_data_are_not_gone_by(name, run):
    with pytest.raises(ConfigError) as caught:
        require_checked(verb_named(name), run)
    said = str(caught.value)
    assert said.startswith(f"{run.run}/findings.json: was made from another {run.run}/dataset.json: ")
    assert said.endswith(f"\n  patchvote check run={run.run}")


@pytest.mark.parametrize("name", VERBS)
def test_findings_about_another_split_are_not_gone_by(name, run):
    """Two scans of the same voxels are an error where their parts differ."""
    data = read_dataset(run.run / "dataset.json")
    write_findings(Findings((), {}, said_of(data)), run.run / "findings.json")
    require_checked(verb_named(name), run)
    write_dataset(data.with_cases((replace(data.cases[0], split="validation"),)), run.run / "dataset.json")
    with pytest.raises(ConfigError, match=r"subjects or parts of the split since\. Run again:\n  patchvote check run="):
        require_checked(verb_named(name), run)


def test_what_is_not_of_the_run_is_not_asked_nor_are_early_findings(run):
    apart = replace(
        run, predict=PredictSettings(input=(run.run,)), evaluate=EvaluateSettings(dataset=run.run / "d.json")
    )
    for name in ("check", "report", "import"):
        require_checked(verb_named(name), run)
    for name in ("predict", "evaluate"):
        require_checked(verb_named(name), apart)
    write_findings(Findings(()), run.run / "findings.json")
    for name in VERBS:
        require_checked(verb_named(name), run)
    (run.run / "findings.json").write_text("{")  # the stage says what is wrong with it
    require_checked(verb_named("train"), run)


def test_run_checks_anew_and_is_not_stopped(run, monkeypatch):
    stages = dict.fromkeys(chain.CHAIN, lambda *_, **__: Outcome("", ("",)))
    monkeypatch.setattr(chain, "STAGES", stages)
    monkeypatch.setattr(chain, "require_ahead", lambda _: None)
    chain.run(replace(run, source=run.run, experiment="mine"))
