"""train: from prepared arrays to a model folder, once."""

import csv
import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from tiny_scans import NAMES, make_scans, tiny_settings

from pipeline.data.array_keys import EARLIER
from pipeline.data.atomic import fingerprint
from pipeline.data.dataset import Box, read_dataset, write_dataset
from pipeline.data.findings import Finding, Findings, read_findings, write_findings
from pipeline.data.store import read_store
from pipeline.errors import CheckpointError, ConfigError, DataError
from pipeline.inference.model import load_model
from pipeline.stages.preprocess import preprocess
from pipeline.stages.train import train
from pipeline.tasks.constellation import fit_constellation
from pipeline.training import cascade as cascade_module
from pipeline.training.contents import contents_of
from pipeline.training.identity import contents_made_of


class Killed(BaseException):
    """As if the machine had gone."""


@pytest.fixture
def few(tmp_path):
    scans = make_scans(tmp_path / "few", ("train", "train", "validation", "test"))
    preprocess(scans.dataset, scans.findings, tmp_path / "few" / "prepared", (4.0, 2.0), workers=1)
    return scans


def run_on(scans, run, settings=None):
    return train(scans.dataset, scans.folder / "prepared", run, settings or tiny_settings(), "cpu")


def bytes_of(folder):
    """All files of a model; of `model.json` what does not depend on the clock."""
    content = {p.name: p.read_bytes() for p in folder.iterdir()}
    told = json.loads(content["model.json"])
    told["training"].pop("seconds")
    return content | {"model.json": told | {"name": "", "sealed": ""}}


def change(scans, **landmarks):
    """Rewrite the landmarks of cases."""
    data = read_dataset(scans.dataset)
    cases = tuple(replace(c, **landmarks[c.id]) if c.id in landmarks else c for c in data.cases)
    write_dataset(data.with_cases(cases), scans.dataset)


def test_a_run_leaves_a_model_a_history_and_what_is_needed_to_go_on(few, tmp_path):
    model = run_on(few, tmp_path / "run")
    assert model == tmp_path / "run" / "model"
    assert sorted(p.name for p in model.iterdir()) == ["level0.safetensors", "level1.safetensors", "model.json"]
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    assert [(r["level"], r["step"]) for r in rows] == [("0", "1"), ("0", "2"), ("1", "1"), ("1", "2")]
    assert (tmp_path / "run" / "resume" / "level1.json").exists()


def test_what_asks_every_case_counts_them_in_bars(few, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pipeline.data.progress_bar.MOMENT", 0.0)
    run_on(few, tmp_path / "run")
    bars = ["load part 'train': 100%", "load part 'validation': 100%", "train level 1/2", "validate level 1/2: 100%"]
    bars += ["train level 2/2", "validate level 2/2: 100%", "calibrate: 100%"]
    told = capsys.readouterr().err
    places = [told.find(bar) for bar in bars]
    assert -1 not in places and places == sorted(places)
    monkeypatch.setattr("pipeline.data.progress_bar.MOMENT", 60.0)
    run_on(few, tmp_path / "quick")
    assert "load" not in capsys.readouterr().err  # what is over in a moment needs none


def test_the_model_says_what_made_it(few, tmp_path):
    told = json.loads((run_on(few, tmp_path / "run") / "model.json").read_text())["training"]
    assert told["cases"] == {"train": ["c00", "c01"], "validation": ["c02"], "test": ["c03"]}
    mean = np.mean([few.world["c00"][0], few.world["c01"][0]], axis=0)
    assert told["mean_position"]["bright"] == pytest.approx(mean.tolist())
    assert (told["seed"], told["threads"], told["precision"]) == (0, [1, 1], ["float32", "float32"])
    loaded = load_model(tmp_path / "run" / "model")
    assert (loaded.name, loaded.names, loaded.calibration.cases) == ("run", NAMES, 1)
    assert [level.spacing for level in loaded.levels] == [4.0, 2.0]


def test_a_second_look_is_a_network_of_its_own_at_the_finest_voxel_size(few, tmp_path):
    model = run_on(few, tmp_path / "run", tiny_settings(steps=6, looks=2))
    loaded = load_model(model)
    assert [level.spacing for level in loaded.levels] == [4.0, 2.0, 2.0]
    assert (model / "level1.safetensors").read_bytes() != (model / "level2.safetensors").read_bytes()
    before = bytes_of(model)
    assert bytes_of(run_on(few, tmp_path / "run", tiny_settings(steps=6, looks=2))) == before
    with pytest.raises(CheckpointError, match="other settings"):
        run_on(few, tmp_path / "run", tiny_settings(steps=6, looks=1))


def test_landmarks_lie_to_each_other_as_the_last_level_resolves_it_that_pays(scans, prepared, tmp_path):
    loaded = load_model(train(scans.dataset, prepared, tmp_path / "run", tiny_settings(gain=1.0), "cpu"))
    world = np.stack([scans.world[case] for case in list(scans.world)[:12]])
    assert [level.spacing for level in loaded.levels] == [2.0]  # of 2 and 1 mm
    assert np.allclose(loaded.task.constellation.spread, fit_constellation(world, 4 * 2.0).spread)


def test_a_rerun_does_nothing(few, tmp_path, monkeypatch):
    model = run_on(few, tmp_path / "run")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*") if p.is_file()}
    monkeypatch.setattr(cascade_module.Cascade, "train", None)
    assert run_on(few, tmp_path / "run") == model
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("damage", [None, b"level,step\n0,"])
def test_a_history_that_is_gone_or_damaged_is_written_again(few, tmp_path, damage):
    path = run_on(few, tmp_path / "run").parent / "history.csv"
    before = path.read_bytes()
    path.unlink() if damage is None else path.write_bytes(damage)
    run_on(few, tmp_path / "run")
    assert path.read_bytes() == before
    shutil.rmtree(tmp_path / "run" / "resume")
    path.unlink()
    run_on(few, tmp_path / "run")
    assert not path.exists()  # who took both away is not asked to train anew


def kill_after_saves(patch, count):
    real, saves = cascade_module.save_level, []

    def save_and_die(*args):
        real(*args)
        saves.append(1)
        if len(saves) == count:
            raise Killed

    patch.setattr(cascade_module, "save_level", save_and_die)


def test_a_run_that_was_killed_leaves_the_bytes_of_one_that_was_not(few, tmp_path, monkeypatch):
    settings = tiny_settings(steps=8)
    with monkeypatch.context() as patch:
        kill_after_saves(patch, 3)
        with pytest.raises(Killed):
            run_on(few, tmp_path / "killed", settings)
    assert not (tmp_path / "killed" / "model").exists()
    resumed, undisturbed = (bytes_of(run_on(few, tmp_path / r, settings)) for r in ("killed", "undisturbed"))
    assert resumed == undisturbed


def change_since_preprocess(scans, what):
    """What check says now of scans that were prepared before."""
    facts, data = read_findings(scans.findings).facts, read_dataset(scans.dataset)
    refused = [Finding("landmark-outside", "error", "c01", "far out", "")] if what == "left out" else []
    if what == "new":
        write_dataset(data.with_cases((*data.cases, replace(data.cases[0], id="c04", subject="c04"))), scans.dataset)
    other = {"new": "c04", "exchanged": "c01"}.get(what)
    write_findings(Findings(tuple(refused), facts | ({other: facts["c00"]} if other else {})), scans.findings)


@pytest.mark.parametrize(
    ("what", "told", "learned"),
    [
        ("left out", "prepared, but left out by check: 'c01'", ["c00"]),
        ("new", "not prepared: 'c04'", ["c00", "c01", "c04"]),
        ("exchanged", "prepared from another scan: 'c01'", ["c00", "c01"]),
    ],
)
def test_arrays_of_other_cases_than_check_let_through_are_not_learned(few, tmp_path, what, told, learned):
    change_since_preprocess(few, what)
    prepared = few.folder / "prepared"
    with pytest.raises(ConfigError) as caught:
        run_on(few, tmp_path / "run")
    assert str(caught.value) == (
        f"{prepared}/index.json: holds other cases than check let through since:\n  {told}\n"
        "Run preprocess again; arrays that are right are kept."
    )
    assert not (tmp_path / "run" / "resume").exists()
    if what == "exchanged":
        shutil.copy(few.folder / "images" / "c00.nii.gz", few.folder / "images" / "c01.nii.gz")
    preprocess(few.dataset, few.findings, prepared, (4.0, 2.0), workers=1)
    model = run_on(few, tmp_path / "run")
    assert json.loads((model / "model.json").read_text())["training"]["cases"]["train"] == learned


def test_a_run_that_has_learned_goes_on_with_its_arrays(few, tmp_path, monkeypatch):
    """Whether its scans are the same, who asks for it has made sure of."""
    undisturbed = bytes_of(run_on(few, tmp_path / "undisturbed"))
    with monkeypatch.context() as patch:
        kill_after_saves(patch, 1)
        with pytest.raises(Killed):
            run_on(few, tmp_path / "killed")
    change_since_preprocess(few, "left out")
    assert bytes_of(run_on(few, tmp_path / "killed")) == undisturbed


def test_arrays_of_an_earlier_recipe_are_of_the_scans_that_they_were_made_of(few, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.stages.preprocess.RECIPE", EARLIER[-1])
        preprocess(few.dataset, few.findings, few.folder / "prepared", (4.0, 2.0), workers=1)
    assert run_on(few, tmp_path / "run").is_dir()


def test_a_run_keeps_sums_of_what_it_was_made_of_and_its_model_does_not(few, tmp_path):
    model = run_on(few, tmp_path / "run")
    facts, kept = read_findings(few.dataset.parent / "findings.json").facts, read_store(few.folder / "prepared").keys
    scans = {case: facts[case]["sha256"] for case in kept}
    assert scans and contents_made_of(tmp_path / "run") == contents_of(read_dataset(few.dataset), scans)
    assert "contents" not in json.loads((model / "model.json").read_text())["training"]["made_of"]


def test_a_run_folder_of_other_settings_is_refused_and_nothing_is_lost(few, tmp_path):
    before = bytes_of(run_on(few, tmp_path / "run"))
    with pytest.raises(CheckpointError, match="was saved under other settings or data than this run's"):
        run_on(few, tmp_path / "run", tiny_settings(seed=1))
    assert bytes_of(tmp_path / "run" / "model") == before


def test_a_moved_landmark_is_another_run(few, tmp_path):
    run_on(few, tmp_path / "run")
    change(few, c00={"landmarks": {"bright": (0.0, 0.0, 0.0), "dark": None}})
    with pytest.raises(CheckpointError, match="other settings or data than this run's:\n  the data set: its cases"):
        run_on(few, tmp_path / "run")


def test_what_differs_is_named(few, tmp_path):
    run_on(few, tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"this run's:\n  training.seed: 0 there, 1 asked for\nUse the settings"):
        run_on(few, tmp_path / "run", tiny_settings(seed=1))


def test_a_trained_model_is_not_replaced_where_resume_is_gone(few, tmp_path):
    before = bytes_of(run_on(few, tmp_path / "run"))
    shutil.rmtree(tmp_path / "run" / "resume")
    change(few, c00={"landmarks": {"bright": (0.0, 0.0, 0.0), "dark": None}})
    with pytest.raises(CheckpointError, match=r"model.json: was saved under other .*:\n  the data set.*\n.* delete"):
        run_on(few, tmp_path / "run")
    assert bytes_of(tmp_path / "run" / "model") == before


def test_other_threads_are_the_same_run(few, tmp_path, monkeypatch):
    before = bytes_of(run_on(few, tmp_path / "run"))
    (tmp_path / "run" / "model" / "level1.safetensors").write_bytes(b"")  # so that it goes on from resume/
    run_on(few, tmp_path / "run", tiny_settings(threads=2))
    monkeypatch.setattr(cascade_module.Cascade, "train", None)
    assert bytes_of(run_on(few, tmp_path / "run", tiny_settings(threads=3))) == before


def test_a_run_from_before_threads_were_left_out_goes_on(few, tmp_path, monkeypatch):
    data, keys = read_dataset(few.dataset), read_store(few.folder / "prepared").keys
    old = fingerprint([asdict(tiny_settings()), asdict(data) | {"root": ""}, keys, "landmarks"])
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.training.looks.identity_of", lambda *_: (old, {}))
        model = run_on(few, tmp_path / "run")
    (model / "level1.safetensors").write_bytes(b"")
    run_on(few, tmp_path / "run", tiny_settings(threads=2))
    monkeypatch.setattr(cascade_module.Cascade, "train", None)
    run_on(few, tmp_path / "run", tiny_settings(threads=3))


def test_a_moved_folder_is_the_same_run(few, tmp_path, monkeypatch):
    run_on(few, tmp_path / "run")
    few.folder.rename(tmp_path / "moved")
    data = read_dataset(tmp_path / "moved" / "dataset.json")
    write_dataset(replace(data, root=tmp_path / "moved"), tmp_path / "moved" / "dataset.json")
    monkeypatch.setattr(cascade_module.Cascade, "train", None)
    train(
        tmp_path / "moved" / "dataset.json", tmp_path / "moved" / "prepared", tmp_path / "run", tiny_settings(), "cpu"
    )


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_part_without_cases_is_named(few, tmp_path, part):
    change(few, **{c: {"split": "test"} for c in ("c00", "c01", "c02") if (c == "c02") == (part == "validation")})
    with pytest.raises(DataError, match=f"dataset tiny: no case .*part '{part}'"):
        run_on(few, tmp_path / "run")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_part_that_shows_no_landmark_is_named(few, tmp_path, part):
    nothing = {"landmarks": {"bright": None, "dark": None}}
    change(few, **({"c02": nothing} if part == "validation" else {"c00": nothing, "c01": nothing}))
    with pytest.raises(DataError, match=f"dataset tiny: no case of part '{part}' shows any landmark"):
        run_on(few, tmp_path / "run")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_part_that_shows_only_what_is_not_asked_is_named(few, tmp_path, part):
    other = {"landmarks": {"bright": None, "dark": None}, "boxes": (Box("cube", (0.0, 0.0, 0.0), (9.0, 9.0, 9.0)),)}
    change(few, **({"c02": other} if part == "validation" else {"c00": other, "c01": other}))
    with pytest.raises(DataError, match=f"task=landmarks, but none of the . cases of its part '{part}' shows a landm"):
        run_on(few, tmp_path / "run")
    assert not (tmp_path / "run" / "model").exists()


def test_landmarks_that_some_cases_lack_are_no_hindrance(few, tmp_path):
    first = {"bright": tuple(few.world["c00"][0])}
    second = {"bright": None, "dark": tuple(few.world["c01"][1])}
    change(few, c00={"landmarks": first}, c01={"landmarks": second})
    told = json.loads((run_on(few, tmp_path / "run") / "model.json").read_text())["training"]
    assert told["mean_position"]["dark"] == pytest.approx(few.world["c01"][1].tolist())


def test_a_damaged_prepared_array_is_named_before_anything_is_trained(few, tmp_path):
    key = read_store(few.folder / "prepared").keys["c01"][1]
    path = few.folder / "prepared" / f"{key}.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"prepared arrays of \['c01'\] are damaged; run preprocess again"):
        run_on(few, tmp_path / "run")


def test_a_weight_file_that_went_bad_is_made_again(few, tmp_path):
    model = run_on(few, tmp_path / "run")
    before = bytes_of(model)
    (model / "level1.safetensors").write_bytes(b"damaged")
    run_on(few, tmp_path / "run")
    assert bytes_of(model) == before
