"""A level learns on as few threads as are no slower than all."""

import pytest
import torch

from pipeline.training.few_threads import STEPS, candidates, enough_threads, on_threads
from pipeline.training.settings import TrainingSettings
from pipeline.training.trial import Trial, formats


@pytest.mark.parametrize(
    ("seconds", "enough"),
    [
        ({1: 1.0, 2: 2.0, 4: 3.0}, 1),  # they wait for each other
        ({1: 4.0, 2: 2.0, 4: 1.0}, 4),
        ({1: 1.02, 2: 1.0, 4: 1.0}, 1),  # what little they save is not worth a core
        ({1: 2.0, 2: 1.0, 4: 0.98}, 2),
    ],
)
def test_the_fewest_that_are_no_slower_are_taken(monkeypatch, seconds, enough):
    now = [0.0]
    monkeypatch.setattr("pipeline.training.precision.time.perf_counter", lambda: now[0])

    def step():
        now[0] += seconds[torch.get_num_threads()]

    before = torch.get_num_threads()
    assert enough_threads(step, 4) == enough
    assert torch.get_num_threads() == before


def test_a_number_that_takes_far_longer_is_tried_once(monkeypatch):
    """On a machine that is busy threads wait for each other, and every try takes seconds."""
    now, tried = [0.0], []
    monkeypatch.setattr("pipeline.training.precision.time.perf_counter", lambda: now[0])

    def step():
        tried.append(torch.get_num_threads())
        now[0] += {1: 1.0, 2: 12.0}[tried[-1]]

    assert enough_threads(step, 2) == 1
    assert (tried.count(1), tried.count(2)) == (3 * STEPS, STEPS)


def test_the_count_comes_back_after_a_fault():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), on_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
    with on_threads(0):
        assert torch.get_num_threads() == before


def test_all_of_an_odd_number_of_cores_are_tried():
    assert candidates(1) == [1]
    assert candidates(12) == [1, 2, 4, 8, 12]


def test_a_run_that_says_its_format_and_threads_asks_no_clock(monkeypatch):
    """Two runs of so many steps then repeat to the bit, wherever they are."""
    monkeypatch.setattr("pipeline.training.trial.remembered", lambda *_: pytest.fail("probed"))
    settings = TrainingSettings(precision="bfloat16", threads=torch.get_num_threads())
    assert Trial(None, None, {}, None, settings, []).found() == ("bfloat16", torch.get_num_threads())


@pytest.mark.parametrize(
    ("capability", "device", "tried"), [("AVX2", "cpu", False), ("AVX512", "cpu", True), ("AVX2", "cuda", True)]
)
def test_bfloat16_is_not_tried_where_there_are_no_instructions_for_it(monkeypatch, capability, device, tried):
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: capability)
    assert {"float32", "float32_channels_last"} <= {*formats(torch.device(device))}
    assert ("bfloat16" in formats(torch.device(device))) is tried
