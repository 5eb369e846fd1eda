"""What the program wrote itself is known where it lies among what a user gives."""

import numpy as np
import PIL.Image
import pytest

from pipeline.data.atomic import write_json
from pipeline.data.own_output import about_drawings
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
