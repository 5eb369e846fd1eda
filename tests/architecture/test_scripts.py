"""Scripts call what the program has: nothing else runs them before somebody wants a number."""

import ast
import importlib
from pathlib import Path

import pytest
from blobs import BLOBS, blob_cases
from crooked import DIMS

from pipeline.training.budget import Budget
from pipeline.training.loop import forward_losses
from pipeline.training.settings import LevelSettings, TrainingSettings

FOLDER = Path(__file__).parents[2] / "scripts"
LEVEL = LevelSettings(parameters={"stride": 4, "width": 4, "growth": 2, "depth": 1})
SETTINGS = TrainingSettings(minutes=None, steps=2, precision="float32", threads=1, coarse=LEVEL)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_what_a_script_takes_from_the_program_is_there(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            there = dir(importlib.import_module(node.module))
            assert {alias.name for alias in node.names} <= {*there}, node.module


@pytest.mark.parametrize("dims", DIMS)
def test_each_loss_of_the_ablation_is_taught_under_its_own_name(tmp_path, monkeypatch, dims):
    monkeypatch.syspath_prepend(FOLDER)
    script = importlib.import_module("bench_losses")
    cases, found = blob_cases(dims, 3, size=16), {}
    for name in script.VARIANTS:
        cascade = script.TrialCascade(
            cases, cases, (1.0,), "mm", SETTINGS, "cpu", tmp_path, name, asked=BLOBS, variant=name
        )
        network = cascade._network(0)
        batch = next(cascade._stream(0, network, Budget(None, 2)))
        found[name] = forward_losses(network, cascade.task, batch)["total"].item()
        assert cascade.task._poll.logarithm == (name == script.LOG)
        assert cascade.task.locate(network.eval(), cases[0].levels[0]).world.shape == (2, dims)
    assert len({*found.values()}) == len(script.VARIANTS)
