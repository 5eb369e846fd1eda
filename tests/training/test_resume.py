"""A run that was killed and taken up again ends where an undisturbed one does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from blobs import BLOBS, blob_cases
from crooked import DIMS
from oracle import heads_of

from pipeline.data.atomic import read_sealed
from pipeline.errors import CheckpointError
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.settings import EmbeddingSettings
from pipeline.training import cascade as cascade_module
from pipeline.training import checkpoint, loop
from pipeline.training.budget import Budget
from pipeline.training.cascade import Cascade
from pipeline.training.checkpoint import load_level, save_level
from pipeline.training.levels import new_network
from pipeline.training.loop import start_level
from pipeline.training.settings import LevelSettings, TrainingSettings

COARSE = LevelSettings(parameters={"stride": 4, "width": 4, "growth": 2, "depth": 1})
SETTINGS = TrainingSettings(
    gain=None,
    minutes=None,
    steps=24,
    validations=4,
    precision="float32",
    threads=1,
    coarse=COARSE,
    fine=replace(COARSE, crop=8, jitter=4.0, search=6.0),
)


class Killed(BaseException):
    """As if the machine had gone."""


def cascade(folder, dims, settings=SETTINGS, identity="identity", threads=1):
    torch.set_num_threads(threads)
    learning, validating = (blob_cases(dims, n, s, 16, (2.0, 1.0)) for n, s in ((4, 0), (2, 1)))
    return Cascade(learning, validating, (2.0, 1.0), "mm", settings, "cpu", folder, identity, asked=BLOBS)


def outcome(trained):
    weights = [v for level in trained for v in level.network.state_dict().values()]
    return weights, [[{k: v for k, v in row.items() if k != "seconds"} for row in level.history] for level in trained]


def assert_same(one, other):
    (weights, history), (other_weights, other_history) = outcome(one), outcome(other)
    assert history == other_history
    assert all(torch.equal(a, b) for a, b in zip(weights, other_weights, strict=True))


def kill_at(monkeypatch, module, name, call):
    """Let the function do its work `call` times and then kill the run."""
    real, calls = getattr(module, name), []

    def wrapped(*args, **kwargs):
        calls.append(1)
        result = real(*args, **kwargs)
        if len(calls) == call:
            raise Killed
        return result

    monkeypatch.setattr(module, name, wrapped)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("save", [1, 3, 4, 6])  # the first level has four
def test_a_run_killed_after_any_save_ends_as_if_nothing_had_happened(tmp_path, monkeypatch, dims, save):
    with monkeypatch.context() as patch:
        kill_at(patch, cascade_module, "save_level", save)
        with pytest.raises(Killed):
            cascade(tmp_path / "killed", dims).train()
    resumed = cascade(tmp_path / "killed", dims).train()
    assert_same(resumed, cascade(tmp_path / "undisturbed", dims).train())


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("save", [2, 8, 17])  # after every step; the first level has twelve, validated every third
def test_a_run_killed_between_two_validations_ends_as_if_nothing_had_happened(tmp_path, monkeypatch, dims, save):
    with monkeypatch.context() as patch:
        patch.setattr(loop, "BETWEEN_SAVES", 0.0)
        kill_at(patch, cascade_module, "save_level", save)
        with pytest.raises(Killed):
            cascade(tmp_path / "killed", dims).train()
    state = read_sealed(tmp_path / "killed" / f"level{save // 12}.json")
    assert (state["step"], state["since"]) == (save % 12, save % 3)
    resumed = cascade(tmp_path / "killed", dims).train()
    assert_same(resumed, cascade(tmp_path / "undisturbed", dims).train())


def test_a_resumed_level_keeps_the_number_format_and_the_threads_it_began_with(tmp_path, monkeypatch):
    open_to_all = replace(SETTINGS, precision="auto", threads=0)
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "AVX512")  # else bfloat16 is not tried

    def choose(patch, number_format, threads):
        found = lambda names, what, probe: number_format if number_format in names else threads  # noqa: E731
        patch.setattr("pipeline.training.trial.remembered", found)

    with monkeypatch.context() as patch:
        choose(patch, "bfloat16", "2")
        kill_at(patch, cascade_module, "save_level", 1)
        with pytest.raises(Killed):
            cascade(tmp_path, 1, open_to_all, threads=2).train()
    choose(monkeypatch, "float32", "1")
    trained = cascade(tmp_path, 1, open_to_all, threads=2).train()
    assert [(level.precision, level.threads) for level in trained] == [("bfloat16", 2), ("float32", 1)]


@pytest.mark.parametrize(("saved", "given", "met"), [(3, 2, 2), (2, 3, 2), (0, 2, 2)])  # 0: an early state
def test_a_resumed_level_learns_on_no_more_threads_than_it_is_allowed_now(tmp_path, monkeypatch, saved, given, met):
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.training.trial.Trial.found", lambda _: ("float32", saved))
        kill_at(patch, cascade_module, "save_level", 1)
        with pytest.raises(Killed):
            cascade(tmp_path, 1, threads=3).train()
    step, threads = loop.train_step, []
    monkeypatch.setattr(loop, "train_step", lambda *args: threads.append(torch.get_num_threads()) or step(*args))
    cascade(tmp_path, 1, threads=given).learn(0, dict)
    assert set(threads) == {met}
    assert read_sealed(tmp_path / "level0.json")["threads"] == min(saved, given)


def test_a_run_killed_between_the_two_files_of_a_save_goes_on_from_the_save_before(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        kill_at(patch, checkpoint, "write_bytes", 2)
        with pytest.raises(Killed):
            cascade(tmp_path / "killed", 1).train()
    resumed = cascade(tmp_path / "killed", 1).train()
    assert_same(resumed, cascade(tmp_path / "undisturbed", 1).train())


@pytest.mark.parametrize("save", [2, 4])
def test_vectors_of_a_resumed_run_are_normalised_as_if_nothing_had_happened(tmp_path, monkeypatch, save):
    def people(folder):
        made = cascade(folder, 2, replace(SETTINGS, fine=COARSE, embedding=EmbeddingSettings(within=True)))
        learning, validating = (
            [replace(c, values={IDENTITY: np.array([n // 2], np.float32)}) for n, c in enumerate(part)]
            for part in (made.learning, made.validating * 2)
        )
        return replace(made, learning=learning, validating=validating, question="embedding")

    with monkeypatch.context() as patch:
        kill_at(patch, cascade_module, "save_level", save)
        with pytest.raises(Killed):
            people(tmp_path / "killed").train()
    assert_same(people(tmp_path / "killed").train(), people(tmp_path / "undisturbed").train())


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    first = cascade(tmp_path, 1).train()
    monkeypatch.setattr("pipeline.training.loop.train_step", None)
    assert_same(cascade(tmp_path, 1).train(), first)


def test_one_state_a_level_is_kept(tmp_path):
    cascade(tmp_path, 1).train()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "level0-12.pt",
        "level0.json",
        "level1-12.pt",
        "level1.json",
    ]


def fresh(seconds=None, steps=10):
    state = start_level(new_network(COARSE, 1, heads_of(2, 1), (0, 0)), Budget(seconds, steps), SETTINGS, {})
    state.best_error = 3.0
    return state


@pytest.fixture
def saved(tmp_path):
    state = fresh()
    state.budget.step = 5
    state.history.append({"step": 5, "error": 2.0})
    state.best, state.best_error = state.average.network.state_dict(), 2.0
    save_level(tmp_path, 0, "identity", state)
    return tmp_path


def test_nothing_saved_is_nothing_loaded(tmp_path):
    assert not load_level(tmp_path, 0, "identity", fresh())


def test_a_saved_level_comes_back_with_its_steps_and_seconds(saved):
    state = fresh(seconds=1000.0)
    state.budget.started -= 7
    save_level(saved, 0, "identity", state)
    again = fresh(seconds=1000.0)
    assert load_level(saved, 0, "identity", again)
    assert again.budget.step == 0
    assert again.budget.elapsed == pytest.approx(7, abs=1)


def test_a_level_keeps_the_time_it_began_with(saved):
    """Taken up with threads=1, levels that learned at once learn one after the other, and end as they would have."""
    save_level(saved, 0, "identity", fresh(seconds=600.0))
    again = fresh(seconds=240.0)
    assert load_level(saved, 0, "identity", again)
    assert again.budget.seconds == 600.0


def test_a_state_of_a_gpu_comes_back_where_there_is_none(tmp_path, monkeypatch):
    state = fresh()
    state.budget.step, state.best = 5, state.average.network.state_dict()
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        save_level(tmp_path, 0, "identity", state)
    again = fresh()
    assert load_level(tmp_path, 0, "identity", again)
    assert all(value.device.type == "cpu" for value in again.best.values())


def test_another_level_of_the_folder_is_not_touched(saved):
    state = fresh()
    state.budget.step = 3
    save_level(saved, 1, "identity", state)
    again = fresh()
    load_level(saved, 0, "identity", again)
    assert (again.budget.step, again.history, again.best_error) == (5, [{"step": 5, "error": 2.0}], 2.0)


def test_the_state_of_other_settings_is_refused(saved):
    with pytest.raises(CheckpointError, match=r"level0.json: was saved under other settings or data than this run's"):
        load_level(saved, 0, "other", fresh())


@pytest.mark.parametrize("byte", [0, 1000, -1])
def test_a_damaged_byte_is_refused(saved, byte):
    path = saved / "level0-5.pt"
    content = bytearray(path.read_bytes())
    content[byte] ^= 4
    path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"level0-5.pt: bytes differ from what was written. Delete .* to train anew"
    ):
        load_level(saved, 0, "identity", fresh())


def test_a_missing_state_is_refused(saved):
    (saved / "level0-5.pt").unlink()
    with pytest.raises(CheckpointError, match=r"level0.json: cannot go on from here: .* Delete .* to train anew"):
        load_level(saved, 0, "identity", fresh())


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"step": 5}'])
def test_damaged_facts_are_refused(saved, content):
    (saved / "level0.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"Delete .* to train anew"):
        load_level(saved, 0, "identity", fresh())
