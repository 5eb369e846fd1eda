"""The model folder comes back as it was saved; anything else in its place is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from crooked import DIMS
from oracle import heads_of

from pipeline.data.atomic import read_sealed, write_sealed
from pipeline.data.intensity import Normalisation
from pipeline.errors import CheckpointError, ConfigError
from pipeline.inference.model import (
    Calibration,
    Model,
    ModelLevel,
    load_model,
    pick_device,
    save_model,
)
from pipeline.inference.radius import Radius
from pipeline.networks.network import build_network
from pipeline.tasks.constellation import fit_constellation
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.settings import DecodeSettings, LossSettings

THIN = {"stride": 4, "width": 4, "growth": 2}


def tiny_model(dims):
    torch.manual_seed(dims)
    networks = tuple(build_network("fcn", dims, 1, heads_of(2, dims), **THIN).eval() for _ in range(2))
    for module in (m for n in networks for m in n.modules() if hasattr(m, "running_mean")):
        module.running_mean.normal_()  # statistics that training would have left
    return Model(
        "tiny",
        dims,
        "mm",
        Normalisation("window", -100.0, 300.0),
        LandmarksTask(LossSettings(sigma=0.7), DecodeSettings(share=0.2), names=("a", "ä b")),
        (ModelLevel(2.0, "fcn", THIN, 14.0), ModelLevel(None, "fcn", THIN, 9.0)),
        networks,
        Calibration(0.3, Radius(1.5, (0.5, 0.75), (0.2, 0.3), 30), 20, coarsest=(2.0, 1.5), largest=120.0),
    )


@pytest.fixture
def folder(tmp_path):
    save_model(tiny_model(2), tmp_path / "model", {"seed": 3})
    return tmp_path / "model"


@pytest.mark.parametrize(("learning", "off"), [(True, 0.0), (False, 1e-5)])
@pytest.mark.parametrize("dims", DIMS)
def test_a_loaded_model_gives_the_answers_of_the_saved_one(tmp_path, dims, learning, off):
    """To the last bit if it is to learn on; else its normalisations are folded, which rounds otherwise."""
    model = tiny_model(dims)
    save_model(model, tmp_path, {})
    loaded = load_model(tmp_path, learning=learning)
    image = torch.randn(1, 1, *(16,) * dims)
    for before, after in zip(model.networks, loaded.networks, strict=True):
        before.arrange(after.arrangement)  # a loaded one may have its channels last in memory
        with torch.no_grad():
            said, again = before({"image": image}), after({"image": image})
        for name in ("belief", "displacement"):
            assert (said[name] - again[name]).abs().max() <= off * said[name].abs().max()
        assert not after.training
    for field in ("name", "names", "dims", "unit", "normalisation", "task", "levels", "calibration"):
        assert getattr(loaded, field) == getattr(model, field)


def test_the_constellation_survives_the_folder_and_may_be_missing(tmp_path):
    shape = fit_constellation(np.random.default_rng(0).normal(size=(20, 2, 2)), 0.5)
    save_model(replace(tiny_model(2), task=LandmarksTask(constellation=shape, names=("a", "b"))), tmp_path / "with", {})
    loaded = load_model(tmp_path / "with").task.constellation
    for field in ("others", "offset", "spread", "limit"):
        assert np.array_equal(getattr(loaded, field), getattr(shape, field))
    save_model(tiny_model(2), tmp_path / "without", {})
    assert load_model(tmp_path / "without").task.constellation is None


def test_a_model_of_before_does_not_know_how_large_its_scans_were(folder):
    content = read_sealed(folder / "model.json")
    del content["calibration"]["coarsest"], content["calibration"]["largest"]
    write_sealed(folder / "model.json", content)
    assert load_model(folder).calibration == replace(tiny_model(2).calibration, coarsest=None, largest=None)


def test_how_wide_the_crops_were_survives_the_folder(tmp_path):
    model = tiny_model(2)
    save_model(replace(model, levels=(model.levels[0], replace(model.levels[1], crop=12))), tmp_path, {})
    first, finer = load_model(tmp_path).networks
    assert (first.sight, finer.sight) == (first.cells.reach / 2, 6) and finer.cells.reach > 12


def test_saving_twice_gives_the_same_bytes(folder, tmp_path):
    save_model(tiny_model(2), tmp_path / "again", {"seed": 3})
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_model_json_says_what_a_reader_wants_to_know(folder):
    content = json.loads((folder / "model.json").read_text())
    assert (content["frame"], content["unit"], content["landmarks"]) == ("LPS", "mm", ["a", "ä b"])
    assert content["training"] == {"seed": 3}


@pytest.mark.parametrize("byte", [200, -1])
def test_one_flipped_byte_in_the_weights_is_refused(folder, byte):
    path = folder / "level1.safetensors"
    content = bytearray(path.read_bytes())
    content[byte] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"level1.safetensors: bytes differ from what model.json says"):
        load_model(folder)


@pytest.mark.parametrize("name", ["model.json", "level0.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_model(folder)


def test_a_folder_that_is_no_model_says_which_to_give(tmp_path):
    with pytest.raises(CheckpointError, match=r"model.json: not a model of this program: .* Give the folder `model`"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(version=2), "version 2; this program reads version 1"),
        (lambda c: c.pop("landmarks"), "not a model of this program"),
        (lambda c: c.update(calibration={"colour": 1}), "not a model of this program"),
        (
            lambda c: c["levels"][0].update(network="os.system"),
            "not a model of this program: .*network.name='os.system'",
        ),
        (lambda c: c["levels"][0]["parameters"].update(widht=4), "did you mean 'width'"),
        (lambda c: c["levels"][0]["parameters"].update(width=6), "weights do not fit the network"),
        (lambda c: c.update(landmarks=["a"]), "weights do not fit the network"),
        (lambda c: c.update(levels=3), "not a model of this program"),
    ],
)
def test_a_changed_model_json_is_refused(folder, change, complaint):
    content = read_sealed(folder / "model.json")
    change(content)
    write_sealed(folder / "model.json", content)
    with pytest.raises(CheckpointError, match=complaint):
        load_model(folder)


def test_a_model_json_edited_by_hand_is_refused(folder):
    content = json.loads((folder / "model.json").read_text())
    content["calibration"]["threshold"] = 0.0
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="not what was written"):
        load_model(folder)


def test_a_model_json_that_is_no_object_is_refused(folder):
    (folder / "model.json").write_text("[]")
    with pytest.raises(CheckpointError, match="not a model of this program"):
        load_model(folder)


def test_other_files_in_the_folder_are_ignored(folder):
    (folder / "__init__.py").write_text("raise SystemExit")
    assert load_model(folder).name == "tiny"


def test_a_device_that_is_named_is_taken(monkeypatch):
    assert pick_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert (pick_device("auto"), pick_device("cuda"), pick_device("cuda:1")) == ("cuda:0", "cuda:0", "cuda:1")


@pytest.mark.parametrize(("count", "seen"), [(0, "no GPU"), (2, "cuda:0 to cuda:1")])
def test_a_gpu_that_is_not_there_is_said_and_what_is(monkeypatch, count, seen):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(ConfigError, match=f"device=cuda:2: .* sees {seen} here.*device=cpu"):
        pick_device("cuda:2")
