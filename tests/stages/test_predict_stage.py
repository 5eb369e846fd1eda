"""predict: from a model and scans to points, the same points however a scan is stored."""

import json
import os
import re
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from crooked import rotation, storages, stored
from numpy.testing import assert_allclose
from scipy.ndimage import affine_transform
from tiny_scans import NAMES, draw_scan, write_scan

from pipeline.data.atomic import read_sealed, sha256_of, write_sealed
from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.kept_answers import ENDINGS, AnswerFiles
from pipeline.data.markups import read_markups
from pipeline.data.predictions import read_predictions
from pipeline.data.run_report import require_free_report, write_report
from pipeline.data.share import Share
from pipeline.errors import CheckpointError, ConfigError, DataError
from pipeline.geometry import ImageFrame
from pipeline.inference import answering
from pipeline.inference.beside import beside_dataset
from pipeline.stages.predict import predict


def on_cpu(model, out, *inputs, **kwargs):
    return predict(model, out, inputs, device="cpu", threads=1, **kwargs)


def positions(answers):
    return np.array([answers[n].position or answers[n].guess for n in NAMES])


def test_the_cases_of_a_part_are_found_where_they_are(scans, trained, tmp_path):
    told = on_cpu(trained, tmp_path, dataset=scans.dataset, part="test")
    assert list(told.cases) == ["c16", "c17", "c18"]
    for case, answers in told.cases.items():
        assert all(a.found for a in answers.values())
        assert np.linalg.norm(positions(answers) - scans.world[case], axis=1).max() < 2.5
    assert read_predictions(tmp_path / "predictions.json") == told


@pytest.mark.parametrize("centred", [False, True])  # an even number of voxels about 0 lies half between the lattice
def test_one_scan_in_all_48_storage_orders_has_the_same_landmarks(trained, tmp_path, centred):
    voxels, frame, _ = draw_scan(np.random.default_rng(100), centred)
    for number, (order, flips) in enumerate(storages(3)):
        write_scan(tmp_path / "in" / f"{number:02d}.nii", *stored(voxels, frame, order, flips))
    told = on_cpu(trained, tmp_path / "out", tmp_path / "in").cases
    assert len(told) == 48
    for answers in told.values():
        assert np.linalg.norm(positions(answers) - positions(told["00"]), axis=1).max() < 0.01
        assert [answers[n].found for n in NAMES] == [told["00"][n].found for n in NAMES]


def test_oblique_copies_of_scans_have_the_same_landmarks_within_half_a_voxel(trained, tmp_path):
    rng = np.random.default_rng(200)
    for number in range(8):
        voxels, frame, _ = draw_scan(rng)
        write_scan(tmp_path / "in" / f"{number}.nii", voxels, frame)
        write_scan(tmp_path / "in" / f"{number}-oblique.nii", *oblique(rng, voxels, frame))
    told = on_cpu(trained, tmp_path / "out", tmp_path / "in").cases
    moved = [positions(told[f"{n}-oblique"]) - positions(told[f"{n}"]) for n in range(8)]
    distance = np.linalg.norm(np.concatenate(moved), axis=1)
    # A model that learned for seconds takes the scan's edge for the dark blob now and then.
    assert np.percentile(distance, 80) < 0.5


def oblique(rng, voxels, frame):
    """The scan on turned axes of 1 mm; beyond it the value that becomes 0."""
    size = 52
    affine = np.eye(4)
    affine[:3, :3] = rotation(rng, 3)
    middle = frame.voxel_to_world((np.array(frame.shape)[None] - 1) / 2)[0]
    affine[:3, 3] = middle - affine[:3, :3] @ np.full(3, (size - 1) / 2)
    step = np.linalg.solve(frame.affine, affine)
    turned = affine_transform(voxels.astype(np.float32), step[:3, :3], step[:3, 3], (size,) * 3, order=3, cval=-228.0)
    return np.round(turned).astype(np.int16), ImageFrame((size,) * 3, affine)


@pytest.fixture
def inputs(scans, tmp_path):
    """Two scans in a folder of their own."""
    (tmp_path / "in").mkdir()
    for case in ("c16", "c17"):
        shutil.copy(scans.folder / "images" / f"{case}.nii.gz", tmp_path / "in")
    return tmp_path / "in"


def test_slicer_shows_each_answer_over_its_scan(trained, inputs, tmp_path):
    told = on_cpu(trained, tmp_path / "out", inputs)
    for case, answers in told.cases.items():
        points, _ = read_markups(tmp_path / "out" / f"{case}.mrk.json")
        assert points == {n: a.position for n, a in answers.items() if a.found}


def test_a_scan_of_a_kind_that_is_not_read_fails_beside_the_others(trained, inputs, tmp_path):
    (inputs / "c18.mgz").touch()
    told = on_cpu(trained, tmp_path / "out", inputs)
    assert set(told.cases) == {"c16", "c17"}
    assert set(told.failures) == {"c18"} and "c18.mgz: unknown kind of file" in told.failures["c18"]


def test_a_voxel_size_in_another_unit_is_told_and_a_huge_one_refused(trained, scans, tmp_path, capsys):
    """The scans that were learned from are 28 to 33 voxels of 1 mm wide."""
    voxels, frame, _ = draw_scan(np.random.default_rng(100), centred=True)
    assert 30 < read_sealed(trained / "model.json")["calibration"]["largest"] < 37
    for times in (4, 6, 20):
        scaled = ImageFrame(frame.shape, frame.affine @ np.diag([times, times, times, 1]))
        write_scan(tmp_path / "in" / f"{times}.nii", voxels, scaled)
    told = on_cpu(trained, tmp_path / "out", tmp_path / "in")
    assert set(told.cases) == {"4", "6"} and set(told.failures) == {"20"}
    assert told.failures["20"].startswith(f"{tmp_path / 'in' / '20.nii'}: with voxels of [20.0, 18.0, 22.0] mm")
    remarks = json.loads((tmp_path / "out" / "run_report.json").read_text())["remarks"]
    assert [r["case"] for r in remarks if r["rule"] == "extent"] == ["6"]
    assert "6: with voxels of [6.0, 5.4, 6.6] mm this scan is 192 mm long" in capsys.readouterr().err


def test_what_was_answered_is_not_computed_again(trained, inputs, tmp_path, monkeypatch):
    on_cpu(trained, tmp_path / "out", inputs)
    names = ["predictions.json", "c16.mrk.json", "c17.mrk.json"]
    before = [(tmp_path / "out" / n).read_bytes() for n in names]
    monkeypatch.setattr(answering, "locate", None)
    on_cpu(trained, tmp_path / "out", inputs)
    assert [(tmp_path / "out" / n).read_bytes() for n in names] == before


@pytest.mark.parametrize("part", [None, "test"])
def test_planes_are_drawn_of_the_scan_in_memory_and_drawn_again_of_kept_answers(
    trained, scans, inputs, tmp_path, monkeypatch, part
):
    which = {"inputs": [inputs]} if part is None else {"dataset": scans.dataset, "part": part}
    how = {**which, "formats": ["png"], "device": "cpu", "threads": 1}
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.inference.answer_scans.read_safely", None)
        predict(trained, tmp_path / "out", **how)
    drawn = {path: path.read_bytes() for path in sorted((tmp_path / "out").glob("*.png"))}
    assert [path.name for path in drawn][:2] == ["c16.png", "c17.png"]
    next(iter(drawn)).unlink()
    monkeypatch.setattr(answering, "locate", None)
    predict(trained, tmp_path / "out", **how)
    assert drawn == {path: path.read_bytes() for path in sorted((tmp_path / "out").glob("*.png"))}


def test_planes_that_cannot_be_cut_cost_no_answer(trained, inputs, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.stages.predict.cut_answers", lambda *_: 1 / 0)
    predict(trained, tmp_path / "out", [inputs], formats=["png", "mrk.json"], device="cpu", threads=1)
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert "c16" in report["failures"] and not list((tmp_path / "out").glob("*.png"))
    assert (tmp_path / "out" / "cases" / "c16.json").is_file() and (tmp_path / "out" / "c16.mrk.json").is_file()


def count_looks(monkeypatch):
    real, looks = answering.locate, []

    def counted(*args):
        looks.append(1)
        return real(*args)

    monkeypatch.setattr(answering, "locate", counted)
    return looks


def test_a_changed_scan_is_answered_again_and_the_others_are_not(trained, inputs, tmp_path, monkeypatch):
    on_cpu(trained, tmp_path / "out", inputs)
    shutil.copy(inputs / "c16.nii.gz", inputs / "c17.nii.gz")
    looks = count_looks(monkeypatch)
    told = on_cpu(trained, tmp_path / "out", inputs)
    assert len(looks) == 1
    assert told.cases["c17"] == told.cases["c16"]


def test_scans_that_exchanged_their_names_are_answered_again(trained, inputs, tmp_path):
    one, two, aside = (tmp_path / "in" / name for name in ("c16.nii", "c17.nii", "aside"))
    for path in (one, two):
        voxels, frame, _ = draw_scan(np.random.default_rng(path is one), centred=True)
        write_scan(path, voxels, frame)
        (inputs / f"{path.name}.gz").unlink()
        os.utime(path, (1, 1))
    assert one.stat().st_size == two.stat().st_size  # or the size would tell them apart
    before = on_cpu(trained, tmp_path / "out", inputs).cases
    for old, new in ((one, aside), (two, one), (aside, two)):
        old.rename(new)
    after = on_cpu(trained, tmp_path / "out", inputs).cases
    assert (after["c16"], after["c17"]) == (before["c17"], before["c16"])


def test_another_program_answers_again(trained, inputs, tmp_path, monkeypatch):
    on_cpu(trained, tmp_path / "out", inputs)
    monkeypatch.setattr("pipeline.stages.predict.program_sum", lambda: "another")
    looks = count_looks(monkeypatch)
    on_cpu(trained, tmp_path / "out", inputs)
    assert len(looks) == len(list(inputs.iterdir()))


def that_finds_nothing(trained, folder):
    """Another model."""
    other = shutil.copytree(trained, folder / "other")
    content = read_sealed(other / "model.json")
    content["calibration"]["threshold"] = 1.1
    write_sealed(other / "model.json", content)
    return other


def test_another_model_answers_again(trained, inputs, tmp_path):
    on_cpu(trained, tmp_path / "out", inputs)
    other = that_finds_nothing(trained, tmp_path)
    told = on_cpu(other, tmp_path / "out", inputs)
    assert not any(a.found for answers in told.cases.values() for a in answers.values())
    assert "the model finds no landmark: in validation even the surest" in told.cases["c16"]["dark"].reason
    points, _ = read_markups(tmp_path / "out" / "c16.mrk.json")
    assert not any(points.values())


def test_no_file_shows_the_answers_of_another_model(trained, inputs, tmp_path):
    out = tmp_path / "out"
    on_cpu(trained, out, inputs, formats=["fcsv", "csv"])
    on_cpu(trained, out, inputs, formats=["mrk.json"])
    first = {"c16.fcsv", "c17.fcsv", "points.csv"}
    assert all((out / name).is_file() for name in first)  # the same answers
    (out / "c16.txt").write_text("by hand")
    on_cpu(that_finds_nothing(trained, tmp_path), out, inputs, formats=["mrk.json"])
    there = {path.name for path in out.iterdir() if path.is_file()}
    assert not there & first and {"c16.txt", "c16.mrk.json", "predictions.json"} <= there


def test_a_damaged_answer_is_made_again(trained, inputs, tmp_path):
    told = on_cpu(trained, tmp_path / "out", inputs)
    for damage in ("{", "[]", "{}"):
        (tmp_path / "out" / "cases" / "c16.json").write_text(damage)
        again = on_cpu(trained, tmp_path / "out", inputs)
        assert again == told


def test_a_scan_that_cannot_be_read_is_listed_and_the_others_are_answered(trained, inputs, tmp_path):
    (inputs / "bad.nii.gz").write_bytes((inputs / "c16.nii.gz").read_bytes()[:3000])
    (inputs / "empty.nrrd").write_bytes(b"")
    told = on_cpu(trained, tmp_path / "out", inputs)
    assert sorted(told.cases) == ["c16", "c17"]
    assert sorted(told.failures) == ["bad", "empty"]
    assert "bad.nii.gz" in told.failures["bad"]
    assert json.loads((tmp_path / "out" / "predictions.json").read_text())["failures"] == told.failures
    assert json.loads((tmp_path / "out" / "run_report.json").read_text())["failures"] == told.failures
    assert not (tmp_path / "out" / "bad.mrk.json").exists()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_scan_that_needs_too_much_memory_is_told_with_its_size(trained, scans, tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(answering, "locate", fail)
    failures = on_cpu(trained, tmp_path / "out", dataset=scans.dataset, part="test", exclude=["c17", "c18"]).failures
    size = r"\d+ x \d+ x \d+"
    said = rf"\S+c16\S*: an image of {size} needs more memory to answer than there is\. Make it smaller, close other"
    assert list(failures) == ["c16"] and re.match(said, failures["c16"]) and "alloc" not in failures["c16"]


def test_a_fault_of_another_kind_stays_what_it_is(trained, scans, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "locate", lambda *_: torch.zeros(2).reshape(3))
    failures = on_cpu(trained, tmp_path / "out", dataset=scans.dataset, part="test", exclude=["c17", "c18"]).failures
    assert "answering failed: RuntimeError(" in failures["c16"]


def test_a_scan_of_the_dataset_that_is_gone_is_listed(scans, trained, tmp_path):
    folder = shutil.copytree(scans.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("prepared"))
    content = json.loads((folder / "dataset.json").read_text()) | {"root": "."}
    (folder / "dataset.json").write_text(json.dumps(content))
    (folder / "images" / "c17.nii.gz").unlink()
    told = on_cpu(trained, tmp_path / "out", dataset=folder / "dataset.json", part="test")
    assert list(told.cases) == ["c16", "c18"]
    assert "c17.nii.gz" in told.failures["c17"]


@pytest.fixture
def moving(scans, tmp_path):
    """A data set in a folder of its own, which may be moved."""
    folder = shutil.copytree(scans.folder, tmp_path / "drive", ignore=shutil.ignore_patterns("prepared"))
    content = json.loads((folder / "dataset.json").read_text()) | {"root": str(folder)}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    return folder


def test_answers_to_scans_that_are_gone_stay(trained, moving, tmp_path):
    out, which = tmp_path / "out", {"dataset": tmp_path / "dataset.json", "part": "test"}
    first = on_cpu(trained, out, **which)
    (moving / "images" / "c17.nii.gz").rename(tmp_path / "c17.nii.gz")
    assert list(on_cpu(trained, out, **which).failures) == ["c17"]
    assert (out / "c17.mrk.json").is_file() and (out / "cases" / "c17.json").is_file()
    (tmp_path / "c17.nii.gz").rename(moving / "images" / "c17.nii.gz")
    assert on_cpu(trained, out, **which) == first


@pytest.mark.parametrize("share", [None, Share(1, 2)])
def test_where_no_scan_is_there_nothing_is_written(trained, moving, tmp_path, share):
    out, which = tmp_path / "out", {"dataset": tmp_path / "dataset.json", "part": "test", "share": share}
    on_cpu(trained, out, **which)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    moving.rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match=rf"not one of 3 scans is there, for there is no {moving}\. "):
        on_cpu(trained, out, **which)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_scan_of_other_dimensions_is_listed(trained, inputs, tmp_path):
    import SimpleITK as sitk

    sitk.WriteImage(sitk.GetImageFromArray(np.arange(64, dtype=np.float32).reshape(8, 8)), inputs / "flat.mha")
    told = on_cpu(trained, tmp_path / "out", inputs)
    assert "2 dimensions" in told.failures["flat"]


def test_two_scans_of_one_name_are_refused(trained, inputs, tmp_path):
    other = tmp_path / "other" / "c16.nii.gz"
    other.parent.mkdir()
    shutil.copy(inputs / "c16.nii.gz", other)
    with pytest.raises(DataError, match=r"another scan is called 'c16' too: .*into two folders"):
        on_cpu(trained, tmp_path / "out", inputs, other)


def test_the_same_scan_given_twice_is_answered_once(trained, inputs, tmp_path):
    assert list(on_cpu(trained, tmp_path / "out", inputs / "c16.nii.gz", inputs / "c16.nii.gz").cases) == ["c16"]


def test_one_file_by_two_ways_is_one_scan(trained, inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(inputs)
    assert list(on_cpu(trained, tmp_path / "out", Path("c16.nii.gz"), inputs / "c16.nii.gz").cases) == ["c16"]


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_a_link_that_leads_to_itself_is_listed_and_the_others_are_answered(trained, inputs, tmp_path, pseudonyms):
    (inputs / "loop.nii.gz").symlink_to("loop.nii.gz")
    for _ in range(2):
        told = on_cpu(trained, tmp_path / "out", inputs, pseudonyms=pseudonyms)
        assert len(told.cases) == 2 and len(told.failures) == 1
    if not pseudonyms:
        assert "loop.nii.gz: no such file" in told.failures["loop"]
        later = tmp_path / "later"
        later.mkdir()
        shutil.copy(inputs / "c16.nii.gz", later / "c99.nii.gz")
        (later / "other.nii.gz").symlink_to("other.nii.gz")
        told = on_cpu(trained, tmp_path / "out", later)
        assert list(told.cases) == ["c16", "c17", "c99"] and list(told.failures) == ["other"]


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_a_scan_whose_name_is_not_utf8_is_listed_and_the_others_are_answered(trained, inputs, tmp_path, pseudonyms):
    shutil.copy(inputs / "c16.nii.gz", inputs / "caf\udce9.nii.gz")  # as Python calls the byte e9
    told = on_cpu(trained, tmp_path / "out", inputs, pseudonyms=pseudonyms)
    if pseudonyms:  # nothing of the name is left
        assert len(told.cases) == 3
    else:
        assert list(told.cases) == ["c16", "c17"] and "its name is not UTF-8" in told.failures["caf\udce9"]
        assert read_predictions(tmp_path / "out" / "predictions.json") == told


def test_no_scan_is_an_error_that_names_where_was_looked(trained, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match=r"in: no scan there; give -i"):
        on_cpu(trained, tmp_path / "out", tmp_path / "in")
    with pytest.raises(DataError, match="no input: no scan there"):
        on_cpu(trained, tmp_path / "out")
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        on_cpu(trained, tmp_path / "out", tmp_path / "nowhere")


def test_a_damaged_model_answers_nothing(trained, inputs, tmp_path):
    model = shutil.copytree(trained, tmp_path / "model")
    (model / "level0.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"level0.safetensors"):
        on_cpu(model, tmp_path / "out", inputs)


def test_the_run_report_says_what_ran_on_what(trained, inputs, tmp_path):
    on_cpu(trained, tmp_path / "out", inputs)
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert (report["version"], report["model"], report["device"], report["threads"]) == (1, "tiny", "cpu", 1)
    answers = read_predictions(tmp_path / "out" / "predictions.json")
    assert (answers.model, answers.model_sha256) == ("tiny", sha256_of(trained / "model.json"))
    assert {"patchvote", "torch", "python"} <= set(report["versions"])
    assert set(report["seconds_per_case"]) == {"c16", "c17"}


def test_what_is_odd_about_a_scan_or_was_decided_is_said_and_kept(trained, inputs, tmp_path, capsys, monkeypatch):
    image = nibabel.load(inputs / "c16.nii.gz")
    voxels, other = np.asarray(image.dataobj), image.affine.copy()
    other[:3, 3] += 30
    odd = nibabel.Nifti1Image(voxels, image.affine)
    odd.set_sform(image.affine, 1)
    odd.set_qform(other, 1)
    nibabel.save(odd, inputs / "two.nii.gz")
    nibabel.save(nibabel.Nifti1Image(voxels * np.float32(1e27), image.affine), inputs / "huge.nii.gz")
    nibabel.save(nibabel.Nifti1Image(voxels[..., :3], image.affine), inputs / "thin.nii.gz")
    (inputs / "c17.nii.gz").rename(tmp_path / "c17.nii.gz")
    for _ in range(2):  # the second time from what was kept
        told = on_cpu(trained, tmp_path / "out", inputs)
        assert list(told.cases) == ["c16", "huge", "thin", "two"]  # none is refused
        remarks = json.loads((tmp_path / "out" / "run_report.json").read_text())["remarks"]
        warnings = [(r["case"], r["rule"]) for r in remarks if r["severity"] != "note"]
        assert warnings == [("huge", "values"), ("thin", "few-slices"), ("two", "two-positions")]
        assert ("c16", "reader-note", "note") in [(r["case"], r["rule"], r["severity"]) for r in remarks]
        said = capsys.readouterr().err
        assert "two: sform and qform differ by 52 mm" in said and "huge: values from" in said
        assert "thin: shape [" in said and "unit not stated" not in said
        monkeypatch.setattr(answering, "locate", None)
    monkeypatch.undo()
    on_cpu(trained, tmp_path / "out", tmp_path / "c17.nii.gz")
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert [r for r in report["remarks"] if r["case"] != "c17"] == remarks and len(report["remarks"]) > len(remarks)
    assert "two: " not in capsys.readouterr().err


def test_a_finer_level_than_the_scan_is_no_hindrance(trained, tmp_path):
    voxels, frame, world = draw_scan(np.random.default_rng(300))
    coarse = frame.at_spacing(1.6)
    step = np.linalg.solve(frame.affine, coarse.affine)
    small = affine_transform(
        voxels.astype(np.float32), step[:3, :3], step[:3, 3], coarse.shape, order=1, mode="nearest"
    )
    write_scan(tmp_path / "in" / "coarse.nii", small.astype(np.int16), coarse)
    told = on_cpu(trained, tmp_path / "out", tmp_path / "in").cases["coarse"]
    assert_allclose(positions(told), world, atol=2.5)


def test_a_part_without_cases_is_named(scans, trained, tmp_path):
    content = json.loads(scans.dataset.read_text())
    for case in content["cases"]:
        case["split"] = "train"
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"dataset.json: no case in part 'test'"):
        on_cpu(trained, tmp_path / "out", dataset=tmp_path / "dataset.json", part="test")


def test_cases_that_are_excluded_are_not_answered(scans, trained, tmp_path):
    told = on_cpu(trained, tmp_path, dataset=scans.dataset, part="test", exclude=("c17",))
    assert sorted(told.cases) == ["c16", "c18"]


def test_a_second_image_that_check_kept_out_is_missing(tmp_path):
    case = Case("a", "a", "a_x.png", {}, "test", pictures={"y": "a_y.png", "z": "a_z.png"})
    write_dataset(Dataset("views", tmp_path, (), (case,), "px"), tmp_path / "dataset.json")
    scans, beside = beside_dataset(tmp_path / "dataset.json", "test", ["a/y"])
    assert scans == {"a": tmp_path / "a_x.png"} and beside["a"].views == {"z": tmp_path / "a_z.png"}


@pytest.mark.parametrize(
    "name, formats",
    [("c16.mrk.json", None), ("c16.fcsv", ["fcsv"]), ("points.csv", ["csv"]), ("c16.png", ["png"])],
)
def test_an_annotation_of_the_users_is_not_replaced(trained, inputs, tmp_path, name, formats):
    (inputs / name).write_text("by hand")
    with pytest.raises(ConfigError, match=rf"{name}: is in the way, .* Choose another -o FOLDER"):
        on_cpu(trained, inputs, inputs, formats=formats)
    assert (inputs / name).read_text() == "by hand"
    (inputs / name).unlink()
    for _ in range(2):  # what an earlier call wrote is written again
        on_cpu(trained, inputs, inputs, formats=formats)


def test_a_file_that_is_put_among_the_answers_is_not_replaced(trained, inputs, tmp_path):
    on_cpu(trained, tmp_path / "out", inputs)
    (tmp_path / "out" / "c16.fcsv").write_text("by hand")
    with pytest.raises(ConfigError, match=r"c16.fcsv: is in the way"):
        on_cpu(trained, tmp_path / "out", inputs, formats=["fcsv", "mrk.json"])
    on_cpu(trained, tmp_path / "out", inputs)


def test_the_report_of_another_verb_is_not_replaced_nor_that_of_predict(trained, inputs, tmp_path):
    write_report(tmp_path, "align", 0.0, {"a": "cut off"}, {})
    with pytest.raises(ConfigError, match=r"run_report\.json: is what align left, .* Choose another -o FOLDER"):
        on_cpu(trained, tmp_path, inputs)
    (tmp_path / "run_report.json").unlink()
    on_cpu(trained, tmp_path, inputs)
    with pytest.raises(ConfigError, match=r"run_report\.json: is what predict left, and align would replace it"):
        require_free_report(tmp_path, "align")


def test_a_scan_is_never_replaced(trained, inputs, tmp_path, monkeypatch):
    monkeypatch.setitem(ENDINGS, "mrk.json", ".nii.gz")
    with pytest.raises(ConfigError, match=r"c16.nii.gz: is read, and would be replaced"):
        on_cpu(trained, inputs, inputs)


@pytest.mark.parametrize("formats", [None, ["mrk.json", "fcsv", "png", "csv", "nnlandmark"]])
def test_a_case_names_all_files_that_show_its_answers(trained, inputs, tmp_path, formats):
    on_cpu(trained, tmp_path, inputs, formats=formats)
    there = sorted(p.name for p in tmp_path.glob("c16.*"))
    told = AnswerFiles("points", tuple(formats or ["mrk.json"]))
    assert read_sealed(tmp_path / "cases" / "c16.json")["files"] == sorted([*there, *told.tables()])
    sets = {p.name for p in tmp_path.iterdir() if p.is_file()} - {".lock", *there, *told.of_case("c17")}
    assert sets | {"failures.csv"} == set(told.of_all())


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_one_scan_a_call_gives_what_all_at_once_give(trained, inputs, tmp_path, pseudonyms):
    how = {"formats": ["csv", "nnlandmark", "mrk.json"], "pseudonyms": pseudonyms}
    for scan in sorted(inputs.iterdir(), reverse=True):
        told = on_cpu(trained, tmp_path / "out", scan, **how)
    assert len(told.cases) == 2
    if pseudonyms:
        assert "c16.nii" not in "".join(p.read_text() for p in (tmp_path / "out" / "cases").iterdir())
        assert {r.split(",")[1] for r in (tmp_path / "out/private/codes.csv").read_text().split()[1:]} == {"c16", "c17"}
        return
    at_once = on_cpu(trained, tmp_path / "once", inputs, **how)
    assert list(told.cases.items()) == list(at_once.cases.items())
    for name in ("points.csv", "all_landmarks_voxel.json", "predictions.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()


@pytest.mark.parametrize("first", [["csv", "nnlandmark", "mrk.json"], ["csv"]])
def test_tables_of_an_earlier_call_hold_what_predictions_do(trained, inputs, tmp_path, first):
    out, tables = tmp_path / "out", ["points.csv", "all_landmarks_voxel.json", "spacing.json"][: 3 if first[1:] else 1]
    on_cpu(trained, out, inputs / "c16.nii.gz", formats=first)
    for name in ("values.csv", "boxes.json"):
        (out / name).write_text("the user's own")
    on_cpu(trained, out, inputs / "c17.nii.gz")
    on_cpu(trained, tmp_path / "once", inputs, formats=first)
    (inputs / "c16.nii.gz").unlink()
    on_cpu(trained, tmp_path / "one", inputs, formats=first)
    for name in tables:
        assert (out / name).read_bytes() == (tmp_path / "once" / name).read_bytes()
    assert list(on_cpu(trained, out, inputs).cases) == ["c17"]
    for name in tables:
        assert (out / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    assert {(out / name).read_text() for name in ("values.csv", "boxes.json")} == {"the user's own"}


def test_a_table_of_another_models_answers_to_other_scans_does_not_stay(trained, inputs, tmp_path):
    out = tmp_path / "out"
    on_cpu(trained, out, inputs / "c16.nii.gz", formats=["csv", "fcsv"])
    on_cpu(that_finds_nothing(trained, tmp_path), out, inputs / "c17.nii.gz")
    assert not (out / "points.csv").exists() and (out / "c16.fcsv").is_file()


def test_a_table_that_was_taken_away_does_not_come_again(trained, inputs, tmp_path):
    on_cpu(trained, tmp_path / "out", inputs, formats=["csv"])
    (tmp_path / "out" / "points.csv").unlink()
    on_cpu(trained, tmp_path / "out", inputs)
    assert not (tmp_path / "out" / "points.csv").exists()


@pytest.mark.parametrize("change", ["gone", "changed", "model"])
def test_an_earlier_answer_that_no_longer_holds_is_left_out_and_said(trained, inputs, tmp_path, capsys, change):
    on_cpu(trained, tmp_path / "out", inputs / "c17.nii.gz")
    if change == "gone":
        (inputs / "c17.nii.gz").unlink()
    elif change == "changed":
        shutil.copy(inputs / "c16.nii.gz", inputs / "c17.nii.gz")
    else:
        trained = that_finds_nothing(trained, tmp_path)
    assert list(on_cpu(trained, tmp_path / "out", inputs / "c16.nii.gz").cases) == ["c16"]
    assert "not in predictions.json any more" in (said := capsys.readouterr().err) and said.rstrip().endswith(": c17")


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_a_scan_that_has_another_id_now_is_there_once(trained, inputs, tmp_path, capsys, pseudonyms):
    """As the series of two patients, which have the way to them as ids once there are two."""
    first = on_cpu(trained, tmp_path / "out", inputs / "c17.nii.gz", pseudonyms=pseudonyms)
    (inputs / "again.nii.gz").symlink_to(inputs / "c17.nii.gz")
    (inputs / "c16.nii.gz").unlink()
    told = on_cpu(trained, tmp_path / "out", inputs / "again.nii.gz", pseudonyms=pseudonyms)
    assert len(told.cases) == 1 and not set(told.cases) & set(first.cases)
    assert f"have another id now: {', '.join(first.cases)}" in capsys.readouterr().err


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_another_scan_of_an_answered_name_is_refused(trained, inputs, tmp_path, pseudonyms):
    on_cpu(trained, tmp_path / "out", inputs / "c16.nii.gz", pseudonyms=pseudonyms)
    other = tmp_path / "other" / "c16.nii.gz"
    other.parent.mkdir()
    shutil.copy(inputs / "c17.nii.gz", other)
    with pytest.raises(DataError, match=r"another scan is called 'c16' too: .*; ask about them one after the other"):
        on_cpu(trained, tmp_path / "out", other, pseudonyms=pseudonyms)
    (inputs / "c16.nii.gz").unlink()  # moved there, as far as anyone knows
    on_cpu(trained, tmp_path / "out", other, pseudonyms=pseudonyms)


def test_nothing_stays_of_the_answers_to_a_scan_that_now_fails(trained, inputs, tmp_path):
    out = tmp_path / "out"
    on_cpu(trained, out, inputs, formats=["mrk.json", "fcsv"])
    (out / "c17.txt").write_text("by hand")
    (inputs / "c17.nii.gz").write_bytes(b"damaged")
    told = on_cpu(trained, out, inputs)
    assert list(told.failures) == ["c17"] and list(told.cases) == ["c16"]
    assert sorted(p.name for p in out.rglob("c1*")) == ["c16.fcsv", "c16.json", "c16.mrk.json", "c17.txt"]


@pytest.mark.parametrize("before", [False, True])
def test_names_and_codes_do_not_come_into_one_folder(trained, inputs, tmp_path, before):
    on_cpu(trained, tmp_path / "out", inputs, pseudonyms=before)
    with pytest.raises(ConfigError, match=r"holds answers under .* Choose another -o FOLDER"):
        on_cpu(trained, tmp_path / "out", inputs, pseudonyms=not before)


def test_an_answer_that_cannot_be_written_is_told_and_stays(trained, inputs, tmp_path, monkeypatch):
    on_cpu(trained, tmp_path / "out", inputs)
    write = answering.LandmarkAnswering.write_case

    def fails(self, out, case, *more):
        if case == "c16":
            raise AttributeError("a library stumbled")
        return write(self, out, case, *more)

    monkeypatch.setattr(answering.LandmarkAnswering, "write_case", fails)
    told = on_cpu(trained, tmp_path / "out", inputs, formats=("fcsv",))
    assert "writing its answers failed" in told.failures["c16"] and list(told.failures) == ["c16"]
    assert list(told.cases) == ["c16", "c17"] and [p.name for p in (tmp_path / "out").glob("*.fcsv")] == ["c17.fcsv"]
    assert (tmp_path / "out" / "c16.mrk.json").is_file() and (tmp_path / "out" / "cases" / "c16.json").is_file()


@pytest.mark.parametrize("before", [False, True])
def test_where_one_format_cannot_be_written_the_answers_are_there_in_the_others(
    trained, inputs, tmp_path, monkeypatch, before
):
    """Also those of a scan that another share answered."""
    out, formats = tmp_path / "out", ["mrk.json", "fcsv", "png", "csv"]
    if before:
        on_cpu(trained, out, inputs, formats=formats[1:])
        monkeypatch.setattr("pipeline.stages.predict.program_sum", lambda: "another")
    monkeypatch.setattr("pipeline.data.write_answers.write_fcsv", lambda *_: 1 / 0)
    on_cpu(trained, out, inputs, formats=formats, share=Share(1, 2))
    told = on_cpu(trained, out, inputs, formats=formats, share=Share(2, 2))
    assert list(told.cases) == list(told.failures) == ["c16", "c17"] and "ZeroDivision" in told.failures["c16"]
    assert {row.split(",")[0] for row in (out / "points.csv").read_text().splitlines()[2:]} == {"c16", "c17"}
    shown = ["c16.mrk.json", "c16.png", "c17.mrk.json", "c17.png"]  # and no .fcsv of the other program
    assert sorted(path.name for path in out.glob("c1*")) == shown


@pytest.mark.parametrize("program", ["the same", "another"])
def test_where_the_disk_is_full_the_answers_of_before_stay(trained, inputs, tmp_path, monkeypatch, program):
    out = tmp_path / "out"
    on_cpu(trained, out, inputs)
    before = {path: path.read_bytes() for path in out.rglob("c1*")}
    if program == "another":
        monkeypatch.setattr("pipeline.stages.predict.program_sum", lambda: "another")

    def full(*_):
        raise DataError("writing failed: No space left on device")

    monkeypatch.setattr("pipeline.stages.predict.KeptAnswers.write", full)
    told = on_cpu(trained, out, inputs)
    assert list(told.failures) == ["c16", "c17"] and "No space left" in told.failures["c16"]
    assert list(told.cases) == (["c16", "c17"] if program == "the same" else [])
    assert before == {path: path.read_bytes() for path in out.rglob("c1*")}


def test_what_a_killed_call_left_is_swept(trained, inputs, tmp_path):
    for folder in (tmp_path / "out", tmp_path / "out" / "cases", tmp_path / "out" / "boxes"):
        folder.mkdir(exist_ok=True)
        (folder / ".tmp-0123abcd.json").touch()
    on_cpu(trained, tmp_path / "out", inputs)
    assert not list((tmp_path / "out").rglob(".tmp-*"))


def test_damaged_predictions_are_written_anew_where_the_rest_of_the_folder_is_ours(trained, inputs, tmp_path):
    out, damaged = tmp_path / "out", '{"version": 1, "model": "m", "cas'
    told = on_cpu(trained, out, inputs)
    (out / "predictions.json").write_text(damaged)
    assert on_cpu(trained, out, inputs) == told == read_predictions(out / "predictions.json")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "predictions.json").write_text(damaged)
    with pytest.raises(ConfigError, match=r"predictions\.json: is in the way"):
        on_cpu(trained, tmp_path / "theirs", inputs)
