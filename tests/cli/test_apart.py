"""What is measured is new to the model of the run, and was answered by it."""

import json

import pytest

from pipeline.cli.apart import require_apart
from pipeline.cli.door import main
from pipeline.data.atomic import sha256_of
from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.predictions import Answer, Predictions, write_predictions
from pipeline.errors import CheckpointError, ConfigError


@pytest.fixture
def run(tmp_path):
    parts = {"a": "train", "b": "validation", "c": "test"}
    cases = tuple(Case(name, name, f"{name}.png", {"a": (1.0, 1.0)}, part) for name, part in parts.items())
    write_dataset(Dataset("set", tmp_path, ("a",), cases, "px"), tmp_path / "dataset.json")
    (tmp_path / "model").mkdir()
    return tmp_path


def trained_on(run, **cases):
    (run / "model" / "model.json").write_text(json.dumps({"training": {"cases": cases}}))


def test_parts_that_stayed_apart_are_measured(run):
    for cases in ({"train": ["a"], "validation": ["b"], "test": ["c"]}, {"train": ["z"]}, {}):
        trained_on(run, **cases)
        for part in ("train", "validation", "test"):
            require_apart(run, part)
    (run / "model" / "model.json").unlink()
    require_apart(run, "test")


@pytest.mark.parametrize(
    ("used", "part", "case"), [("train", "test", "c"), ("validation", "test", "c"), ("train", "validation", "b")]
)
def test_a_case_that_was_learned_from_is_named(run, used, part, case):
    trained_on(run, **{used: [case]})
    with pytest.raises(ConfigError, match=f"'{case}' of the {part} part took part in training or in choosing"):
        require_apart(run, part)


@pytest.mark.parametrize("content", ["null", "[]", "7", '{"training": null}', '{"training": {"cases": []}}'])
def test_a_model_that_is_none_is_named(run, content):
    (run / "model" / "model.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"model.json: not a model of this program"):
        require_apart(run, "test")


def answer(run, made_by):
    told = {"c": {"a": Answer((1.0, 2.0), True, 0.9, 0.5, 7)}}
    write_predictions(Predictions("m", told, "px", model_sha256=made_by), run / "test" / "predictions.json")


def test_answers_of_an_earlier_model_are_neither_measured_nor_shown(run, capsys):
    trained_on(run)
    for made_by in (None, sha256_of(run / "model" / "model.json")):  # None: another program, or an early version
        answer(run, made_by)
        assert main(["evaluate", f"run={run}"]) == 0
    trained_on(run, train=["z"])
    for verb, name in (("evaluate", "predictions.json"), ("report", "summary.json")):
        assert main([verb, f"run={run}"]) == 2
        said = capsys.readouterr().err
        assert f"{run}/test/{name}: of another model than {run}/model/model.json" in said
        assert f"\n  patchvote predict run={run}\n" in said
    given = [f"predictions={run}/test/predictions.json", f"dataset={run}/dataset.json"]
    assert main(["evaluate", *given]) == 0  # whoever names a file means it
