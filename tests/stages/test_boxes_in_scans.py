"""Boxes in scans: around landmarks, found in three dimensions, and opened in 3D Slicer as regions of interest."""

import json

import nibabel
import numpy as np
import pytest

from pipeline.cli.door import main
from pipeline.data.box_predictions import read_box_predictions
from pipeline.data.dataset import Box
from pipeline.data.markups import read_markups, write_markups
from pipeline.data.roi_markups import write_rois

SETTINGS = [
    "task=boxes", "levels=[1.0]", "training.minutes=null", "training.steps=60", "training.rate=0.01", "device=cpu",
    "training.looks=1", "threads=1", "training.average=0.9", "training.validations=3", "training.precision=float32",
    "training.coarse.parameters={stride: 4, width: 8, growth: 8, depth: 1}", "training.coarse.batch=2",
    "training.augment.rotation=0", "data.boxes_around={cube: [low, high]}", "data.margin=0.5",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A bright cube in noise, its two ends marked."""
    folder, rng = tmp_path_factory.mktemp("cubes"), np.random.default_rng(0)
    (folder / "images").mkdir()
    for number in range(14):
        voxels, corner = rng.normal(100, 5, (24, 22, 20)), rng.integers(2, 10, 3)
        voxels[tuple(slice(c, c + 8) for c in corner)] += 300
        affine = np.diag([-1.0, -1.0, 1.0, 1.0])  # voxel axes along L, P, S
        nibabel.save(nibabel.Nifti1Image(voxels.astype(np.int16), affine), folder / f"images/c{number:02d}.nii.gz")
        ends = {"low": tuple(map(float, corner)), "high": tuple(float(c + 7) for c in corner)}
        write_markups(folder / f"landmarks/c{number:02d}.mrk.json", ends)
    place = folder.parent / "cubes_run"
    assert main(["run", "experiment=my_landmarks", f"source={folder}", f"run={place}", *SETTINGS]) == 0
    return place


def test_boxes_of_three_dimensions_are_found_and_measured(run):
    summary = json.loads((run / "test" / "summary.json").read_text())
    assert summary["unit"] == "mm" and summary["metrics"]["ap50"] > 0.5
    answers = read_box_predictions(run / "test" / "predictions.json")
    assert all(len(b.box.low) == 3 for boxes in answers.cases.values() for b in boxes)
    page = (run / "report.html").read_text()
    assert "average precision" in page and "White: the reference; in colour: the answers. Planes run through" in page


def test_slicer_gets_a_region_of_interest_for_each_answer(run):
    answers = read_box_predictions(run / "test" / "predictions.json")
    for case, boxes in answers.cases.items():
        found = [b.box for b in boxes if b.found]
        rois = json.loads((run / "test" / f"{case}.mrk.json").read_text())["markups"]
        assert [r["type"] for r in rois] == ["ROI"] * len(found)
        for roi, box in zip(rois, found, strict=True):
            assert roi["coordinateSystem"] == "LPS"
            np.testing.assert_allclose(np.array(roi["center"]) - np.array(roi["size"]) / 2, box.low, atol=1e-9)
            np.testing.assert_allclose(np.array(roi["center"]) + np.array(roi["size"]) / 2, box.high, atol=1e-9)


def test_formats_of_pictures_are_refused_before_a_scan_is_opened(run, tmp_path, capsys):
    words = [f"model={run / 'model'}", "-i", str(tmp_path), "-o", str(tmp_path / "o"), "predict.formats=[voc]"]
    (tmp_path / "a.nii.gz").write_bytes(b"")
    assert main(["predict", *words]) == 2
    assert "predict.formats=voc: of boxes in mm there are mrk.json" in capsys.readouterr().err


def test_a_region_of_interest_is_called_by_its_class(tmp_path):
    boxes = [Box("left kidney", (0.0,) * 3, (1.0,) * 3), Box("tumour", (2.0,) * 3, (3.0,) * 3)]
    write_rois(tmp_path / "a.mrk.json", boxes, ["sure", "unsure"])
    rois = json.loads((tmp_path / "a.mrk.json").read_text())["markups"]
    assert [roi["name"] for roi in rois] == [roi["controlPoints"][0]["label"] for roi in rois]
    assert [roi["name"] for roi in rois] == ["left kidney", "tumour"]


def test_a_box_of_fewer_axes_has_zeros_for_the_rest(tmp_path):
    write_rois(tmp_path / "a.mrk.json", [Box("x", (1.0, 2.0), (3.0, 6.0))], ["sure"])
    (roi,) = json.loads((tmp_path / "a.mrk.json").read_text())["markups"]
    assert roi["center"] == [2.0, 4.0, 0.0] and roi["size"] == [2.0, 4.0, 0.0]


def test_a_file_without_a_box_holds_an_empty_list_that_slicer_opens(tmp_path):
    write_rois(tmp_path / "a.mrk.json", [], [])
    (points,) = json.loads((tmp_path / "a.mrk.json").read_text())["markups"]
    assert points["type"] == "Fiducial" and points["controlPoints"] == []
    assert read_markups(tmp_path / "a.mrk.json") == ({}, [])
