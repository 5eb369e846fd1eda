"""Answers to an image of two axes are written in the plane that it lies in."""

import json
from types import SimpleNamespace

import nibabel
import numpy as np

from pipeline.data.box_predictions import FoundBox, box_content
from pipeline.data.dataset import Box
from pipeline.data.fcsv import read_fcsv
from pipeline.data.kept_answers import AnswerFiles, KeptAnswers
from pipeline.data.markups import read_markups
from pipeline.data.points_csv import read_points_csv
from pipeline.data.predictions import Answer, read_predictions
from pipeline.inference.answer_scans import ScanQuestions
from pipeline.inference.answering import BoxAnswering, LandmarkAnswering
from pipeline.inference.beside import Beside

MODEL = SimpleNamespace(name="flat", unit="mm", sha256=None, edges=(), names=("x",), task=None)
MODEL.calibration = SimpleNamespace(largest=None)
FORMATS = ("mrk.json", "fcsv", "csv")


class Landmarks(LandmarkAnswering):
    def answer(self, image, beside):
        told = {"a": Answer((-2.0, -3.0), True, 0.9, 0.5, 7), "gone": Answer(None, False, 0.1, None, 0)}
        return {"answers": {name: vars(answer) for name, answer in told.items()}, "presence": None}


class Boxes(BoxAnswering):
    def answer(self, image, beside):
        return {"boxes": [box_content(FoundBox(Box("x", (-4.0, -6.0), (-2.0, -3.0)), 0.9, True))]}


def asked_twice(asked, kind, tmp_path):
    """Cases as they are kept, of an image in the plane S 50; what is kept already is written as well."""
    affine = np.diag([2.0, 3.0, 1.0, 1.0])
    affine[2, 3] = 50
    scan, kept = tmp_path / "a.nii", KeptAnswers(tmp_path)
    nibabel.save(nibabel.Nifti1Image(np.arange(20, dtype=np.int16).reshape(4, 5), affine), scan)
    for _ in range(2):
        for written in tmp_path.glob("a.[fm]*"):
            written.unlink()
        files = AnswerFiles(kind, asked.formats)
        questions = ScanQuestions(asked, "by", {"a": scan}, {"a": Beside()}, kept, files, lambda *_: None)
        said = questions.answer(["a"])
        assert not said.failures
    return said.cases, {"a": scan}


def test_landmarks_of_a_flat_image_are_written_at_its_height(tmp_path):
    asked = Landmarks(MODEL, FORMATS)
    asked.write_all(tmp_path, *asked_twice(asked, "points", tmp_path), {})
    assert read_markups(tmp_path / "a.mrk.json")[0] == {"a": (-2.0, -3.0, 50.0)}
    assert read_fcsv(tmp_path / "a.fcsv")[0] == {"a": (-2.0, -3.0, 50.0)}
    assert read_points_csv(tmp_path / "points.csv").cases["a"] == {"a": (-2.0, -3.0, 50.0), "gone": None}
    assert read_predictions(tmp_path / "predictions.json").cases["a"]["a"].position == (-2.0, -3.0)


def test_boxes_of_a_flat_image_are_written_at_its_height(tmp_path):
    asked_twice(Boxes(MODEL, ("mrk.json",)), "boxes", tmp_path)
    (roi,) = json.loads((tmp_path / "a.mrk.json").read_text())["markups"]
    assert roi["center"] == [-3.0, -4.5, 50.0] and roi["size"] == [2.0, 3.0, 0.0]
