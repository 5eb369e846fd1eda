"""Simulate: a folder as a user would bring it, made once, the same whatever the number of processes."""

import numpy as np
import pytest

import pipeline.stages.simulate as stage
from pipeline.data.markups import read_markups
from pipeline.data.read_nifti import read_nifti
from pipeline.errors import ConfigError, DataError
from pipeline.phantoms.cta import LANDMARKS, simulate_cta
from pipeline.phantoms.phantom import PhantomSize


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("[!.]*") if p.is_file()}


def test_scans_and_landmarks_are_written_under_the_name_of_their_seed(tmp_path):
    stage.simulate(tmp_path, 1, seed=123, fov_mm=60, spacing_mm=3, workers=1)
    assert set(files(tmp_path)) == {
        "images/cta_000123.nii.gz",
        "landmarks/cta_000123.mrk.json",
        "simulation.json",
        "values.csv",
    }
    wanted = simulate_cta(123, PhantomSize(60, 3))
    image = read_nifti(tmp_path / "images/cta_000123.nii.gz")
    points, _ = read_markups(tmp_path / "landmarks/cta_000123.mrk.json")
    assert image.voxels.dtype == np.int16 and np.array_equal(image.voxels, wanted.voxels)
    assert image.frame.same_as(wanted.frame, 1e-3)
    assert tuple(points) == LANDMARKS
    assert all(
        p is None if q is None else np.allclose(p, q)
        for p, q in zip(points.values(), wanted.landmarks.values(), strict=True)
    )


def test_scans_of_one_patient_have_one_subject_and_a_second_run_adds_to_them(tmp_path):
    for scans in (1, 3, 3):
        stage.simulate(tmp_path, 2, fov_mm=40, spacing_mm=4, workers=1, scans=scans)
    ids = [f"cta_00000{patient}{scan}" for patient in (0, 1) for scan in ("", "_scan2", "_scan3")]
    assert [path.name for path in sorted((tmp_path / "images").iterdir())] == sorted(f"{case}.nii.gz" for case in ids)
    assert (tmp_path / "subjects.csv").read_text().split() == ["case,subject", *(f"{c},{c[:10]}" for c in ids)]
    assert [line.split(",")[0] for line in (tmp_path / "values.csv").read_text().split()] == ["case", *ids]


@pytest.mark.parametrize(("name", "scans"), [("values.csv", 1), ("subjects.csv", 2)])
def test_a_table_of_the_users_is_not_replaced(tmp_path, name, scans):
    (tmp_path / name).write_text("the user's own")
    with pytest.raises(ConfigError, match=rf"{name}: is in the way, .*Choose another out=FOLDER"):
        stage.simulate(tmp_path, 1, fov_mm=40, spacing_mm=4, workers=1, scans=scans)
    assert files(tmp_path) == {name: b"the user's own"}


@pytest.mark.parametrize(("name", "scans"), [("values.csv", 1), ("subjects.csv", 2)])
def test_a_table_that_the_user_changed_is_not_replaced(tmp_path, name, scans):
    small = {"fov_mm": 40, "spacing_mm": 4, "workers": 1, "scans": scans}
    stage.simulate(tmp_path, 1, **small)
    (tmp_path / name).write_text((tmp_path / name).read_text().replace("\n", ",70\n"))
    before = files(tmp_path)
    for again in (scans, 1):
        with pytest.raises(ConfigError, match=rf"{name}: is in the way"):
            stage.simulate(tmp_path, 2, **(small | {"scans": again}))
    assert files(tmp_path) == before


def test_the_files_do_not_depend_on_the_number_of_processes(tmp_path):
    stage.simulate(tmp_path / "one", 3, kind="blobs", workers=1)
    stage.simulate(tmp_path / "two", 3, kind="blobs", workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("lost", ["landmarks/blobs_000001.mrk.json", "images/blobs_000001.nii.gz"])
def test_a_rerun_makes_only_what_is_missing(tmp_path, monkeypatch, lost):
    stage.simulate(tmp_path, 3, kind="blobs", workers=1)
    before = files(tmp_path)
    (tmp_path / lost).unlink()
    made = []
    draw = stage.KINDS["blobs"]
    monkeypatch.setitem(stage.KINDS, "blobs", lambda seed, size, scan: made.append(seed) or draw(seed, size, scan))
    stage.simulate(tmp_path, 3, kind="blobs", workers=1)
    assert made == [1] and files(tmp_path) == before


def test_a_case_that_fails_is_named_and_the_others_are_written(tmp_path, monkeypatch):
    draw = stage.KINDS["blobs"]

    def breaks(seed, size, scan):
        if seed == 1:
            raise ValueError("out of luck")
        return draw(seed, size, scan)

    monkeypatch.setitem(stage.KINDS, "blobs", breaks)
    with pytest.raises(DataError, match="blobs_000001: ValueError: out of luck"):
        stage.simulate(tmp_path, 3, kind="blobs", workers=1)
    assert len(list((tmp_path / "landmarks").iterdir())) == 2


def test_phantoms_of_other_settings_are_not_mixed(tmp_path):
    stage.simulate(tmp_path, 1, kind="blobs", workers=1)
    with pytest.raises(ConfigError, match=r"simulation\.json.*Choose another out"):
        stage.simulate(tmp_path, 2, kind="blobs", spacing_mm=2.0, workers=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "dog"},
        {"cases": 0},
        {"seed": -1},
        {"workers": 0},
        {"fov_mm": -5.0},
        {"spacing_mm": 0.0},
        {"scans": 0},
        {"scans": 2},
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_is_written(tmp_path, wanted_dir, wrong):
    settings = {"cases": 1, "kind": "blobs", **wrong}
    with pytest.raises(ConfigError):
        stage.simulate(wanted_dir, **settings)
    assert not wanted_dir.exists()


@pytest.fixture
def wanted_dir(tmp_path):
    return tmp_path / "out"
