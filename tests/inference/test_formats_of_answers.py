"""A format that cannot be written is told before the first scan is read."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.errors import ConfigError
from pipeline.inference.answering import answering
from pipeline.inference.formats import check_formats
from pipeline.tasks.asked import Asked
from pipeline.tasks.table import TASKS, new_task
from pipeline.training.settings import TrainingSettings

ASKED = Asked(("landmark",), ("class",), (Encoder(Column("value", "number")),))


def model(task: str):
    return SimpleNamespace(task=new_task(task, ASKED, TrainingSettings()), unit="mm")


@pytest.mark.parametrize(
    ("task", "unit", "formats", "scan", "said"),
    [
        ("landmarks", "px", ("voc",), "a.png", "voc: of points in px there are mrk.json"),
        ("landmarks", "mm", ("csv", "voc"), "a.nii", "voc: of points in mm there are mrk.json, .*, png, dicom-sr$"),
        ("landmarks", "px", ("dicom-sr",), "a.png", "dicom-sr: of points in px there are mrk.json, .*, png$"),
        ("landmarks", "mm", ("points.json",), "a.nii", "points.json: of points in mm there are mrk.json"),
        ("landmarks", "mm", ("dicom-sr",), "a.nii", "dicom-sr: a.nii is no DICOM series"),
        ("boxes", "mm", ("png",), "a.nii", "png: of boxes in mm there are mrk.json"),
        ("boxes", "px", ("png",), "a.npy", "png: a.npy is no picture"),
        ("landmarks", "px", ("png",), "a.npy", "png: a.npy is no picture"),
        ("attributes", "px", ("csv",), "a.png", "csv: of values nothing but predictions.json and values.csv"),
        ("embedding", "px", ("csv",), "a.png", "csv: of vectors nothing but predictions.json is written"),
    ],
)
def test_a_format_that_does_not_fit_is_refused(task, unit, formats, scan, said):
    with pytest.raises(ConfigError, match=f"predict.formats={said}"):
        check_formats(TASKS[task].answers, unit, formats, {"a": Path(scan)})


@pytest.mark.parametrize("formats", [None, ()])
@pytest.mark.parametrize("task", TASKS)
def test_the_usual_formats_and_none_at_all_always_fit(task, formats):
    check_formats(TASKS[task].answers, "mm", formats, {"a": Path("a.nii")})


@pytest.fixture
def highdicom(monkeypatch):
    """As if it were installed."""
    monkeypatch.setitem(sys.modules, "highdicom", SimpleNamespace(__spec__=True))


def test_a_report_is_refused_where_what_writes_it_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(ConfigError, match=r"dicom-sr: needs highdicom: pip install 'patchvote\[dicom\]'"):
        check_formats("points", "mm", ("dicom-sr",), {"a": tmp_path})


def test_points_in_scans_of_any_kind_are_drawn(tmp_path):
    scans = ("a.nii.gz", "b.npy", "c", "1.2.840.1")
    check_formats("points", "mm", ("png", "mrk.json"), {name: tmp_path / name for name in scans})


def test_a_series_has_a_report(tmp_path, highdicom):
    check_formats("points", "mm", ("dicom-sr", "csv"), {"a": tmp_path, "b": tmp_path / "1.2.840.1"})


@pytest.mark.parametrize(("unit", "name", "scan"), [("px", "png", "a.png"), ("mm", "dicom-sr", "1.2.840.1")])
def test_a_scan_of_a_kind_that_is_not_read_keeps_no_format_from_the_others(tmp_path, highdicom, unit, name, scan):
    check_formats("points", unit, (name,), {"a": tmp_path / scan, "b": tmp_path / "b.mgz"})


@pytest.mark.parametrize("task", ["landmarks", "boxes"])
def test_no_format_is_not_the_usual_one(task):
    assert answering(model(task), ()).formats == ()
    assert answering(model(task), None).formats == ("mrk.json",)


@pytest.mark.parametrize("series", ["", "1.2.840.1"])
def test_a_report_that_names_its_patient_is_refused_of_scans_that_go_by_codes(tmp_path, series, highdicom):
    (link := tmp_path / "private" / "case-7").mkdir(parents=True)
    check_formats("points", "mm", ("dicom-sr",), {"case-7": link / series})  # somebody's own folder of that name
    (link.parent / "key").touch()
    with pytest.raises(ConfigError, match="dicom-sr: a report names its patient, and case-7 is a code"):
        check_formats("points", "mm", ("csv", "dicom-sr"), {"case-7": link / series})
