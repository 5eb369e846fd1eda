"""A batch that does not fit into memory is answered with the settings that ask for it."""

from dataclasses import replace

import pytest
import torch
from blobs import BLOBS, blob_cases

from pipeline.errors import ConfigError
from pipeline.networks.network import PatchNetwork
from pipeline.training import cascade as cascade_module
from pipeline.training.cascade import Cascade
from pipeline.training.settings import FINE, LevelSettings, TrainingSettings
from pipeline.training.trial import Trial

SETTINGS = TrainingSettings(
    minutes=None, steps=2, threads=1, precision="float32", fine=replace(FINE, batch=64),
    coarse=LevelSettings(parameters={"stride": 4, "width": 4, "growth": 2, "depth": 1}, batch=4000),
)  # fmt: skip
ALLOCATOR = "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: {}: you tried to allocate 9 bytes."
LACKS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError(ALLOCATOR.format("can't allocate memory")),
    RuntimeError(ALLOCATOR.format("not enough memory")),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other call"),
]


def cascade_of(folder, question="landmarks"):
    cases = blob_cases(1, 3, spacings=(2.0, 1.0))
    how = ((2.0, 1.0), "mm", SETTINGS, "cpu", folder, "x")
    return Cascade(cases, cases, *how, question=question, asked=BLOBS)


def failing(error):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize("error", LACKS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("place", "name"), [(cascade_module, "train_level"), (Trial, "found")])
def test_a_lack_of_memory_names_the_settings_of_the_level(tmp_path, monkeypatch, place, name, error):
    monkeypatch.setattr(place, name, failing(error))
    said = r"training.coarse: level 1 needs .*batch=4000, crop=null, largest=112.* training.coarse.largest, close"
    with pytest.raises(ConfigError, match=said):
        cascade_of(tmp_path).learn(0, dict)
    with pytest.raises(ConfigError, match=r"training.fine: level 2 needs .*batch=64, crop=48.* training.fine.batch"):
        cascade_of(tmp_path).learn(1, dict)


def test_where_all_levels_are_made_as_the_first_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Cascade, "fresh", failing(MemoryError()))
    with pytest.raises(ConfigError, match=r"training.coarse: level 2 needs more memory"):
        cascade_of(tmp_path, "attributes").learn(1, dict)


@pytest.mark.parametrize("error", LACKS, ids=lambda error: type(error).__name__)
def test_a_lack_of_memory_is_told_of_the_first_network_that_is_made(tmp_path, monkeypatch, error):
    monkeypatch.setattr(PatchNetwork, "to", failing(error))
    with pytest.raises(ConfigError, match=r"training.fine: level 2 needs .*batch=64, crop=48"):
        assert cascade_of(tmp_path).task


def test_another_error_stays_what_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(cascade_module, "train_level", failing(RuntimeError("Kernel size can't be greater")))
    with pytest.raises(RuntimeError, match="Kernel size"):
        cascade_of(tmp_path).learn(0, dict)
