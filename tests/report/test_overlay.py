"""Filters: a picture laid on another lies where the landmarks say, to the pixel."""

import json
import unicodedata

import numpy as np
import PIL.Image
import pytest

from pipeline.cli.door import main
from pipeline.data.predictions import Answer, Predictions, write_predictions
from pipeline.errors import ConfigError, DataError, GeometryError
from pipeline.report.overlay import Filter, lay_over, own_filters, read_filter
from pipeline.stages.overlay import overlay


def dot(size=(21, 21), at=(10, 10)):
    """One red pixel, with a soft edge, on nothing."""
    pixels = np.zeros((size[1], size[0], 4), np.uint8)
    pixels[at[1] - 1 : at[1] + 2, at[0] - 1 : at[0] + 2] = (255, 0, 0, 255)
    return PIL.Image.fromarray(pixels)


def middle_of(picture):
    red = np.asarray(picture).astype(float)[..., 0]
    y, x = np.indices(red.shape)
    return np.array([(x * red).sum(), (y * red).sum()]) / red.sum()


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("angle", [0.0, 90.0, 33.0])
def test_what_lies_between_two_anchors_comes_to_lie_between_two_landmarks(scale, angle):
    turned = np.radians(angle)
    half = 8 * scale * np.array([np.cos(turned), np.sin(turned)])
    goal = np.array([50.3, 41.8])
    worn = Filter(dot(), {"a": (2.0, 10.0), "b": (18.0, 10.0)})
    laid = lay_over(PIL.Image.new("RGB", (100, 80)), worn, {"a": tuple(goal - half), "b": tuple(goal + half)})
    assert np.abs(middle_of(laid) - goal).max() < 0.15


def test_three_anchors_may_be_sheared():
    worn = Filter(dot(), {"a": (0.0, 0.0), "b": (20.0, 0.0), "c": (0.0, 20.0)})
    laid = lay_over(PIL.Image.new("RGB", (100, 80)), worn, {"a": (20.0, 20.0), "b": (60.0, 20.0), "c": (30.0, 50.0)})
    assert np.abs(middle_of(laid) - (45.0, 35.0)).max() < 0.15


@pytest.mark.parametrize("off", [0.0, 0.01])
@pytest.mark.parametrize("way", [(1.0, 0.0), (0.6, -0.8)])
def test_landmarks_in_one_line_are_refused(way, off):
    worn = Filter(dot(), {"a": (0.0, 0.0), "b": (20.0, 0.0), "c": (0.0, 20.0)})
    places = {name: (40 + n * way[0], 40 + n * way[1]) for name, n in zip("abc", (0, 10, 25), strict=True)}
    places["b"] = (places["b"][0], places["b"][1] + off)
    with pytest.raises(GeometryError, match="lie in one line"):
        lay_over(PIL.Image.new("RGB", (100, 80)), worn, places)


@pytest.mark.parametrize("name", ["glasses", "hat"])
def test_the_filters_that_come_along_hang_on_the_eyes(name):
    worn = read_filter(own_filters()[name])
    assert worn.picture.mode == "RGBA" and set(worn.anchors) == {"eye_imgleft", "eye_imgright"}


def answered(**positions):
    return {n: Answer(p, p is not None, 0.9, 0.5, 9) for n, p in positions.items()}


@pytest.fixture
def folder(tmp_path):
    for case in ("one", "two", "three"):
        PIL.Image.new("RGB", (60, 50), (200, 180, 160)).save(tmp_path / f"{case}.png")
    cases = {"one": answered(l=(20.0, 25.0), r=(40.0, 25.0)), "two": answered(l=(20.0, 25.0), r=None)}
    write_predictions(Predictions("m", cases, "px"), tmp_path / "predictions.json")
    return tmp_path


def test_pictures_without_the_landmarks_are_named_and_the_others_written(folder):
    worn, names = own_filters()["glasses"], {"eye_imgleft": "l", "eye_imgright": "r"}
    written, failed = overlay(folder / "predictions.json", [folder], worn, folder / "out", names)
    assert written == 1 and sorted(failed) == ["three", "two"]
    assert "r not found" in failed["two"] and "no answers" in failed["three"]
    report = json.loads((folder / "out" / "run_report.json").read_text())
    assert (report["verb"], report["failures"]) == ("overlay", failed)
    laid = np.asarray(PIL.Image.open(folder / "out" / "one.png"))
    assert laid.shape == (50, 60, 3) and (laid != (200, 180, 160)).any()


def test_the_pictures_with_a_filter_on_are_no_pictures_of_the_next_time(folder):
    worn, names = own_filters()["glasses"], {"eye_imgleft": "l", "eye_imgright": "r"}
    for _ in range(2):
        assert overlay(folder / "predictions.json", [folder], worn, folder / "out", names)[0] == 1
    with pytest.raises(ConfigError, match=r"one\.png: is read, and would be replaced"):
        overlay(folder / "predictions.json", [folder / "one.png"], worn, folder, names)


def test_what_an_earlier_call_laid_on_a_picture_that_now_fails_is_removed(folder):
    worn, names = own_filters()["glasses"], {"eye_imgleft": "l", "eye_imgright": "r"}
    assert overlay(folder / "predictions.json", [folder], worn, folder / "out", names)[0] == 1
    lost = {"one": answered(l=(20.0, 25.0), r=None), "two": answered(l=(20.0, 25.0), r=(40.0, 25.0))}
    write_predictions(Predictions("m", lost, "px"), folder / "predictions.json")
    assert overlay(folder / "predictions.json", [folder], worn, folder / "out", names)[0] == 1
    assert [path.name for path in (folder / "out").glob("*.png")] == ["two.png"]


@pytest.mark.parametrize("task", ["boxes", "one_object", "attributes", "embedding"])
def test_answers_without_landmarks_are_named_by_their_task(folder, task):
    (folder / "predictions.json").write_text(json.dumps({"version": 1, "task": task, "cases": {"one": {"boxes": []}}}))
    with pytest.raises(DataError, match=rf"holds answers of task={task}; those of a model that finds landmarks are"):
        overlay(folder / "predictions.json", [folder], own_filters()["hat"], folder / "out")


def test_a_filter_that_there_is_not_is_refused_and_the_nearest_is_named(folder, capsys):
    words = ["overlay", "-i", str(folder), f"predictions={folder / 'predictions.json'}", "-o", f"{folder}/new/out"]
    assert main([*words, "filter=glases"]) == 2
    said = capsys.readouterr().err
    assert "filter=glases: no such filter, and no such file. Did you mean 'glasses'? There are glasses, hat." in said
    assert not (folder / "new").exists()


def test_an_anchor_that_the_model_does_not_know_is_named(folder):
    with pytest.raises(ConfigError, match=r"'eye_imgleft' is no landmark .* it has l, r"):
        overlay(folder / "predictions.json", [folder], own_filters()["hat"], folder / "out")


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"eye_left": "l"}, "'eye_left' is no anchor of .*it has eye_imgleft, eye_imgright"),
        ({"eye_imgleft": "l", "eye_imgright": "l"}, "two anchors .* landmark 'l': give each its own"),
        ({"eye_imgleft": "eye_imgright"}, "two anchors .* landmark 'eye_imgright'"),
    ],
)
def test_names_that_speak_of_no_anchor_or_lay_two_on_one_landmark_are_refused(folder, names, complaint):
    with pytest.raises(ConfigError, match=complaint):
        overlay(folder / "predictions.json", [folder], own_filters()["hat"], folder / "out", names)


def test_where_nothing_is_answered_each_picture_says_so(folder):
    write_predictions(Predictions("m", {}, "px", {"one": "damaged"}), folder / "predictions.json")
    written, failed = overlay(folder / "predictions.json", [folder], own_filters()["hat"], folder / "out")
    assert written == 0 and set(failed) == {"one", "two", "three"}
    assert "no answers for it" in failed["one"]


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_a_picture_of_more_than_8_bits_is_shown_from_its_least_value_to_its_largest(folder, kind):
    worn, names = own_filters()["glasses"], {"eye_imgleft": "l", "eye_imgright": "r"}
    pixels = np.linspace(300, 60000, 50 * 60).reshape(50, 60).astype(kind)
    PIL.Image.fromarray(pixels).save(folder / "one.tif")
    assert overlay(folder / "predictions.json", [folder / "one.tif"], worn, folder / "out", names)[0] == 1
    laid = np.asarray(PIL.Image.open(folder / "out" / "one.png"))
    assert laid[0].max() < 8 and laid[-1].min() > 247


@pytest.mark.parametrize(
    "anchors", [{}, {"a": [1, 2]}, {"a": [1], "b": [2]}, {"a": [1, 2], "b": ["x", 2]}, {"a": [1, 2], "b": "34"}, None]
)
def test_a_filter_that_is_none_is_refused(tmp_path, anchors):
    dot().save(tmp_path / "f.png")
    if anchors is not None:
        (tmp_path / "f.json").write_text(json.dumps({"version": 1, "anchors": anchors}))
    with pytest.raises(DataError, match=r"f\.(png|json)"):
        read_filter(tmp_path / "f.png")


def test_anchors_of_a_filter_are_spelled_as_landmarks_are(tmp_path):
    dot().save(tmp_path / "f.png")
    anchors = {unicodedata.normalize("NFD", "crête"): [1, 2], "b": [3, 4]}
    (tmp_path / "f.json").write_text(json.dumps({"version": 1, "anchors": anchors}))
    assert list(read_filter(tmp_path / "f.png").anchors) == ["crête", "b"]


def test_a_filter_that_is_damaged_or_too_large_is_refused_by_name(tmp_path, monkeypatch):
    path = tmp_path / "f.png"
    (tmp_path / "f.json").write_text(json.dumps({"version": 1, "anchors": {"a": [1, 2], "b": [9, 2]}}))
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 4), np.uint8)).save(path)
    whole = path.read_bytes()
    second = whole.index(b"IDAT", whole.index(b"IDAT") + 4)
    path.write_bytes(whole[:second] + b"\0\1\2\3" + whole[second + 4 :])
    with pytest.raises(DataError, match=r"f\.png: not readable as a picture"):
        read_filter(path)
    path.write_bytes(whole)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"f\.png: more than 200 pixels"):
        read_filter(path)


def test_no_picture_of_the_users_is_replaced(folder):
    worn, names = own_filters()["glasses"], {"eye_imgleft": "l", "eye_imgright": "r"}
    before = (folder / "one.png").read_bytes()
    with pytest.raises(ConfigError, match="its pictures are read, and would lie among drawings"):
        overlay(folder / "predictions.json", [folder], worn, folder, names)
    (folder / "other").mkdir()
    PIL.Image.new("RGB", (60, 50)).save(folder / "other" / "one.png")
    with pytest.raises(ConfigError, match=r"other.one\.png: is in the way"):
        overlay(folder / "predictions.json", [folder / "one.png"], worn, folder / "other", names)
    assert (folder / "one.png").read_bytes() == before
    for _ in range(2):  # what it wrote itself may be written again
        assert overlay(folder / "predictions.json", [folder / "one.png"], worn, folder / "out", names) == (1, {})


def test_what_a_killed_call_left_is_swept(folder):
    worn, names = own_filters()["glasses"], {"eye_imgleft": "l", "eye_imgright": "r"}
    (folder / "out").mkdir()
    (folder / "out" / ".tmp-0123abcd.png").touch()
    overlay(folder / "predictions.json", [folder / "one.png"], worn, folder / "out", names)
    assert {path.name for path in (folder / "out").iterdir()} == {".lock", "one.png", "run_report.json"}
