"""One voxel size is looked at twice where that pays, and a run goes on with as many looks as it began with."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.data.atomic import fingerprint, write_sealed
from pipeline.data.dataset import Case, Dataset
from pipeline.data.intensity import Normalisation
from pipeline.data.store import PreparedStore
from pipeline.errors import CheckpointError
from pipeline.training.contents import contents_of
from pipeline.training.identity import identity_of, record
from pipeline.training.looks import as_begun, looks_of
from pipeline.training.settings import TrainingSettings

TWO = TrainingSettings(minutes=5.0)
DATA = Dataset("few", Path("few"), ("a",), (Case("c", "c", "c.nii", {"a": (0.0, 0.0, 0.0)}, "train"),))
STORE = PreparedStore(Path("few"), "mm", (2.0,), Normalisation("window", 0.0, 1.0), {"c": ("key",)})


@pytest.fixture(autouse=True)
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(getattr(request, "param", 2))
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("minutes", "spacings", "looks"), [(3.0, 1, 2), (2.9, 1, 1), (60.0, 2, 1), (None, 1, 1)])
def test_there_is_a_second_look_where_one_voxel_size_has_minutes_enough(minutes, spacings, looks):
    settings = TrainingSettings(minutes=minutes, steps=None if minutes else 10**6)
    assert looks_of(settings, spacings, "cpu", "landmarks") == looks
    assert looks_of(replace(settings, looks=3), spacings, "cpu", "landmarks") == 3


@pytest.mark.parametrize("threads", [1], indirect=True)
@pytest.mark.parametrize(("minutes", "looks"), [(5.9, 1), (6.0, 2)])
def test_networks_that_learn_one_after_the_other_need_more_minutes(threads, minutes, looks):
    assert looks_of(TrainingSettings(minutes=minutes), 1, "cpu", "landmarks") == looks


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_so_do_those_on_a_gpu(device):
    assert looks_of(TWO, 1, device, "landmarks") == 1


@pytest.mark.parametrize(("question", "looks"), [("boxes", 1), ("one_object", 1), ("landmarks", 2), ("attributes", 2)])
def test_of_boxes_each_voxel_size_has_its_own_so_one_is_looked_at_once(question, looks):
    assert looks_of(TWO, 1, "cpu", question) == looks


@pytest.mark.parametrize(("question", "looks"), [("boxes", 1), ("one_object", 1), ("landmarks", 3)])
def test_looks_of_an_experiment_are_not_minded_for_boxes(question, looks):
    assert looks_of(replace(TWO, looks=3), 1, "cpu", question) == looks


def begun(run, settings=TWO, question="landmarks"):
    return as_begun(run, settings, DATA, STORE, "cpu", question)


def begun_with(run, looks, settings=TWO, question="landmarks"):
    """As of a level that was saved when so many looks were taken; the fingerprint it was saved under."""
    keys = STORE.looked_at(looks).keys
    identity, _ = identity_of(run, settings, DATA, keys, question)
    write_sealed(run / "resume" / "level0.json", {"settings": identity})
    return identity


def test_a_new_run_takes_the_looks_of_today(tmp_path):
    store, _, made_of = begun(tmp_path)
    assert store.spacings == (2.0, 2.0)
    assert made_of["arrays"] == fingerprint({"c": ("key", "key")})


@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("threads", [1, 2], indirect=True)
def test_a_run_goes_on_with_as_many_looks_as_it_began_with(tmp_path, threads, looks):
    identity = begun_with(tmp_path, looks)
    store, found, _ = begun(tmp_path)
    assert (len(store.spacings), found) == (looks, identity)


@pytest.mark.parametrize("looks", [1, 2])
def test_so_does_a_run_of_boxes_that_began_with_the_looks_of_its_experiment(tmp_path, looks):
    settings = replace(TWO, looks=2)
    identity = begun_with(tmp_path, looks, settings, "boxes")
    store, found, _ = begun(tmp_path, settings, "boxes")
    assert (len(store.spacings), found) == (looks, identity)


def test_looks_that_were_asked_for_are_those_that_are_taken(tmp_path):
    begun_with(tmp_path, 1, replace(TWO, looks=2))
    with pytest.raises(CheckpointError, match="was saved under other settings or data"):
        begun(tmp_path, replace(TWO, looks=2))


def test_what_is_refused_is_refused_for_what_is_asked_today(tmp_path):
    begun_with(tmp_path, 1, replace(TWO, rate=1e-3))
    made_of = {"settings": {}, "data": "", "arrays": begun(tmp_path / "new")[2]["arrays"], "question": ""}
    record(tmp_path, made_of, contents_of(DATA))
    with pytest.raises(CheckpointError) as refused:
        begun(tmp_path)
    assert "the prepared scans" not in str(refused.value)
