"""What is measured is new to the model of the run."""

import json

import pytest

from pipeline.cli.apart import require_apart
from pipeline.data.dataset import Case, Dataset, write_dataset
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
