"""Levels that learn at once, in processes of their own, end as one cascade; none is lost without a word."""

import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from blobs import BLOBS, blob_cases
from pebble import ProcessExpired

from pipeline.data.atomic import read_sealed
from pipeline.errors import CheckpointError, ConfigError, PatchvoteError
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.training import beside
from pipeline.training import cascade as cascade_module
from pipeline.training.beside import best_so_far, can_learn_at_once
from pipeline.training.budget import Budget
from pipeline.training.cascade import Cascade
from pipeline.training.levels import batch_stream
from pipeline.training.loop import train_level
from pipeline.training.settings import LevelSettings, TrainingSettings

COARSE = LevelSettings(parameters={"stride": 4, "width": 8, "growth": 8, "depth": 1}, batch=4)
SETTINGS = TrainingSettings(
    gain=None, minutes=0.05, rate=1e-2, average=0.9, validations=3, precision="float32", coarse=COARSE,
    fine=replace(COARSE, crop=32, jitter=6.0),
)  # fmt: skip
STEPS = replace(SETTINGS, minutes=None, steps=12, threads=1)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def cascade_of(folder, settings=SETTINGS, at_once=True):
    learning, validating = (blob_cases(2, count, seed, 48, (3.0, 1.0)) for count, seed in ((12, 0), (4, 1)))
    return Cascade(
        learning, validating, (3.0, 1.0), "mm", settings, "cpu", folder, "x", asked=BLOBS, at_once=at_once
    )  # fmt: skip


def test_levels_that_learn_at_once_get_all_the_time_and_answer_as_one(tmp_path, two_threads, monkeypatch):
    cascade, here, train = cascade_of(tmp_path), [], cascade_module.train_level
    monkeypatch.setattr(cascade_module, "train_level", lambda *args: here.append(args[0]) or train(*args))
    trained = cascade.train()
    assert len(here) == 1  # the finest level; the other one learned in a process of its own
    assert all(level.history[-1]["seconds"] >= 3 for level in trained)
    assert [level.threads for level in trained] == [1, 1]
    assert torch.get_num_threads() == 2
    assert trained[1].search > 0  # around what the other one answers
    again = cascade_of(tmp_path).train()  # a finished run is not trained again
    assert len(here) == 1
    assert [level.history for level in again] == [level.history for level in trained]


@pytest.mark.parametrize(
    ("change", "levels", "device", "question", "can"),
    [
        ({}, 2, "cpu", "landmarks", True),
        ({}, 2, "cpu", "boxes", True),
        ({}, 1, "cpu", "landmarks", False),
        ({}, 3, "cpu", "landmarks", False),
        ({}, 2, "cuda", "landmarks", False),
        ({}, 2, "cpu", "embedding", False),
        ({"minutes": None, "steps": 10}, 2, "cpu", "landmarks", False),
        ({"minutes": 0.3}, 2, "cpu", "landmarks", False),
    ],
)
def test_levels_learn_at_once_where_each_has_a_thread_and_time_is_counted(
    two_threads, change, levels, device, question, can
):
    assert can_learn_at_once(replace(SETTINGS, **({"minutes": 1.0} | change)), levels, device, question) is can


def test_one_thread_lets_levels_learn_one_after_the_other():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert not can_learn_at_once(replace(SETTINGS, minutes=1.0), 2, "cpu", "landmarks")
    torch.set_num_threads(before)


def test_answers_of_coarser_levels_are_none_before_there_are_any_and_the_best_saved_ones_then(
    tmp_path, monkeypatch, capsys
):
    cascade = cascade_of(tmp_path, STEPS, at_once=False)
    assert best_so_far(cascade, 1) is None
    trained = cascade.learn(0, dict)
    _, expected = cascade.answered(0, trained, {})
    capsys.readouterr()
    load, calls = beside.load_level, []

    def replaced_meanwhile(*args):
        calls.append(1)
        if len(calls) < beside.TRIES:
            raise CheckpointError("a file went away")
        return load(*args)

    monkeypatch.setattr(beside, "load_level", replaced_meanwhile)
    found = best_so_far(cascade, 1)
    assert not capsys.readouterr().err  # amid the bars of levels that learn
    assert all(np.array_equal(found[name].world, expected[name].world) for name in expected)
    monkeypatch.setattr(beside, "load_level", load)
    (tmp_path / f"level0-{trained.budget.step}.pt").write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="bytes differ"):
        best_so_far(cascade, 1)


class Ended:
    """A process's future."""

    def __init__(self, error):
        self.error = error

    def done(self):
        return True

    def result(self):
        raise self.error


@pytest.mark.parametrize("error", [ProcessExpired("gone"), BrokenProcessPool("All workers expired")], ids=repr)
def test_a_level_whose_process_died_is_named_and_the_other_does_not_go_on_alone(tmp_path, error):
    lost = {0: Ended(error)}
    with pytest.raises(PatchvoteError, match=r"the process that trained level 1 died.*it goes on where it was saved"):
        best_so_far(cascade_of(tmp_path), 1, lambda: beside._raise_lost(lost))
    with pytest.raises(ConfigError, match="no number"):
        beside._raise_lost({0: Ended(ConfigError("the loss is no number"))})


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenProcessPool()], ids=repr)
def test_a_level_whose_process_cannot_be_started_is_named(tmp_path, two_threads, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("pebble.pool.process.PoolManager.start", fail)
    with pytest.raises(PatchvoteError, match=r"level 1 died, or could not begin .*; with threads=1 the"):
        cascade_of(tmp_path).train()


def test_a_level_that_cannot_be_measured_yet_learns_on_until_it_can(tmp_path):
    cascade = cascade_of(tmp_path, STEPS, at_once=False)
    state, asked = cascade.fresh(0), []
    state.budget, state.precision = Budget(None, 6), "float32"
    stream = batch_stream(cascade.learning, 0, COARSE, state.network.cells.stride, STEPS, 0)

    def late(network):
        asked.append(state.budget.step)
        return {"error": 1.0} if len(asked) > 4 else None

    saved = []
    train_level(state, LandmarksTask(), stream, late, STEPS, lambda s: saved.append(s.budget.step), lambda *_: None)
    assert asked == [2, 4, 6, 7, 8]
    assert saved == [8]
    assert [row["step"] for row in state.history] == [8]
    assert state.since == 0


SCRIPT = """
import sys, torch
from pathlib import Path
sys.path[:0] = [{tests!r}, {here!r}]
from dataclasses import replace
if __name__ == "__main__":
    import test_beside
    torch.set_num_threads(2)
    test_beside.cascade_of(Path({folder!r}), replace(test_beside.SETTINGS, minutes=5.0, validations=60)).train()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_outlives_a_run_that_is_killed(tmp_path):
    here = Path(__file__).parent
    script = tmp_path / "killed.py"
    script.write_text(SCRIPT.format(tests=str(here.parent), here=str(here), folder=str(tmp_path / "resume")))
    (tmp_path / "resume").mkdir()
    run = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL, cwd=Path.cwd())
    state = tmp_path / "resume" / "level0.json"
    wait_for(lambda: children_of(run.pid) and state.exists(), 120)
    others = children_of(run.pid)
    run.kill()
    run.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in others), 20)
    assert read_sealed(state)["step"] > 0


def children_of(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def wait_for(what, seconds):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.2)
