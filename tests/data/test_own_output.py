"""What the program wrote itself is known where it lies among what a user gives."""

import numpy as np
import PIL.Image
import pytest

from pipeline.data.atomic import write_json
from pipeline.data.boxes_coco import write_coco
from pipeline.data.collect import collect
from pipeline.data.collect_boxes import collect_boxes
from pipeline.data.dataset import Box
from pipeline.data.kept_answers import KeptAnswers
from pipeline.data.own_output import about_drawings, own_answers
from pipeline.data.points_file import write_points_file
from pipeline.data.run_report import write_report
from pipeline.data.scan_files import asked_scans, find_scans


def answered(folder, ids, verb="predict"):
    folder.mkdir(exist_ok=True)
    write_json(folder / "predictions.json", {"cases": {case: {} for case in ids}})
    write_report(folder, verb, 0.0, {}, {})


def pictures(folder, names):
    folder.mkdir(exist_ok=True)
    for name in names:
        PIL.Image.fromarray(np.zeros((4, 5), np.uint8)).save(folder / name)


def test_pictures_that_answers_were_drawn_on_are_told_where_their_folder_is_given_itself(tmp_path, capsys):
    answered(tmp_path / "answers", ["a", "b"])
    pictures(tmp_path / "answers", ["a.png", "b.png", "b.jpg", "c.png"])
    assert sorted(asked_scans([tmp_path / "answers" / name for name in ("a.png", "c.png")], tmp_path)) == ["a", "c"]
    told = capsys.readouterr().err
    assert f"'{tmp_path}/answers/a.png': predict wrote its answers there" in told and "c.png" not in told
    findings = find_scans(tmp_path / "answers")[1]
    assert [(f.rule, f.severity) for f in findings if f.case is None] == [("drawn-on", "warning")]
    assert "answers/a.png', '" in findings[0].message and "b.jpg" not in findings[0].message


@pytest.mark.parametrize("verb", ["identify", "align"])
def test_pictures_among_what_others_wrote_are_not_told(tmp_path, verb, capsys):
    answered(tmp_path / "answers", ["a"], verb)
    pictures(tmp_path / "answers", ["a.png"])
    (tmp_path / "own").mkdir()
    write_json(tmp_path / "own" / "predictions.json", ["of the user"])
    pictures(tmp_path / "own", ["a.png"])
    assert not about_drawings([tmp_path / "answers" / "a.png", tmp_path / "own" / "a.png"])


@pytest.mark.parametrize("name", ["a.mrk.json", "a.fcsv", "a.points.json", "a.xml", "boxes.json", "values.csv"])
def test_answers_that_lie_where_annotations_are_looked_for_are_told(tmp_path, name):
    answered(tmp_path, ["a", "b"])
    own = [tmp_path / "c.mrk.json", tmp_path / "landmarks.csv", tmp_path / "mine" / "a.mrk.json"]
    assert not own_answers(own)
    (finding,) = own_answers([*own, tmp_path / name])
    assert (finding.rule, finding.severity, finding.case) == ("own-answers", "warning", None)
    assert finding.message.startswith(f"'{tmp_path / name}': predict wrote answers there")


def kept(folder, case, files):
    """What is there of a case before its files are written, and of a call only at its end: `answered`."""
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    KeptAnswers(folder).write(case, {"made_of": "", "stamp": ""}, folder / f"{case}.nii.gz", files)


def test_answers_of_a_call_that_did_not_end_are_told(tmp_path):
    kept(tmp_path, "a", ["a.mrk.json", "values.csv"])
    names = ("a.mrk.json", "b.mrk.json", "boxes.csv", "values.csv")
    (finding,) = own_answers([tmp_path / name for name in names])
    assert finding.message.startswith(f"'{tmp_path}/a.mrk.json', '{tmp_path}/values.csv': predict")
    assert "without cases/ and predictions.json there" in finding.advice


@pytest.mark.parametrize("name", ["a.mrk.json", "a.png", "boxes.json", "values.csv"])
def test_files_called_as_an_image_that_were_not_asked_for_are_no_answers(tmp_path, name):
    answered(tmp_path, ["a"])
    kept(tmp_path, "a", ["a.fcsv"])
    assert not own_answers([tmp_path / name]) and not about_drawings([tmp_path / name])
    assert own_answers([tmp_path / "a.fcsv"])


def test_import_takes_answers_among_landmarks_with_a_warning(tmp_path):
    names = [f"p{n}" for n in range(4)]
    pictures(tmp_path / "images", [f"{name}.png" for name in names])
    answered(tmp_path / "landmarks", names[:2])
    for name in names:
        write_points_file(tmp_path / "landmarks" / f"{name}.points.json", {"tip": (1.0, 2.0)})
    data, findings = collect(tmp_path, "mine")
    told = [f.message for f in findings if f.rule == "own-answers"]
    assert len(data.cases) == 4 and len(told) == 1
    assert "p1.points.json'" in told[0] and "p2" not in told[0]


def test_import_takes_answers_among_boxes_with_a_warning(tmp_path):
    pictures(tmp_path / "images", [f"p{n}.png" for n in range(4)])
    boxes = {f"p{n}.png": ((5, 4), [Box("cat", (0.0, 0.0), (2.0, 2.0))]) for n in range(4)}
    write_coco(tmp_path / "boxes.json", boxes)
    assert collect_boxes(tmp_path, "mine")[1] == []
    answered(tmp_path, ["p0"])
    assert [f.rule for f in collect_boxes(tmp_path, "mine")[1]] == ["own-answers"]
