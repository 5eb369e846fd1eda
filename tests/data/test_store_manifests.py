"""dataset.json and predictions.json: what is written is read again, anything else is refused by name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.data.atomic import write_json
from pipeline.data.box_predictions import BoxPredictions, FoundBox, read_box_predictions, write_box_predictions
from pipeline.data.columns import Column
from pipeline.data.dataset import Box, Case, Dataset, read_dataset, write_dataset
from pipeline.data.predictions import Answer, Predictions, read_predictions, write_predictions
from pipeline.data.value_predictions import (
    ValueAnswer,
    ValuePredictions,
    read_value_predictions,
    write_value_predictions,
)
from pipeline.data.vector_predictions import VectorPredictions, read_vector_predictions, write_vector_predictions
from pipeline.errors import DataError

CASES = (
    Case("c1", "s1", "images/c1.nii.gz", {"b": (1.0, 2.0, 3.5), "a": None}, "train"),
    Case("c2", "s2", "images/c2.nii.gz", {"b": (0.0, 0.0, 0.0)}),
)
PREDICTIONS = Predictions(
    "model",
    {
        "c1": {
            "a": Answer((1.0, 2.0, 3.0), True, 0.9, 0.5, 7, 2.5),
            "b": Answer(None, False, 0.1, None, 0, None, (4.0, 5.0, 6.0), "belief 0.10 is below the threshold 0.50"),
        }
    },
    failures={"c2": "truncated"},
)


def dataset(root):
    return Dataset("set", root, ("a", "b", "c"), CASES)


def test_a_dataset_comes_back(tmp_path):
    write_dataset(dataset(tmp_path), tmp_path / "dataset.json")
    assert read_dataset(tmp_path / "dataset.json") == dataset(tmp_path)


def test_a_position_absent_and_not_annotated_stay_three_things(tmp_path):
    write_dataset(dataset(tmp_path), tmp_path / "dataset.json")
    landmarks = read_dataset(tmp_path / "dataset.json").case("c1").landmarks
    assert landmarks == {"b": (1.0, 2.0, 3.5), "a": None}
    assert "c" not in landmarks


def test_points_come_in_the_datasets_order_and_parts_by_name(tmp_path):
    data = dataset(tmp_path)
    points = data.points(CASES[0], 3)
    assert points.names == ("a", "b", "c")
    assert points.world[1].tolist() == [1.0, 2.0, 3.5]
    assert np.isnan(points.world[[0, 2]]).all()
    assert [c.id for c in data.part("train")] == ["c1"]
    assert data.part("test") == ()
    with pytest.raises(DataError, match="dataset set: no case 'c9'; it has 2 cases"):
        data.case("c9")


@pytest.mark.parametrize(("root", "expected"), [(None, "."), ("scans", "scans"), ("/far/away", "/far/away")])
def test_images_lie_under_the_root_which_is_the_manifests_folder_unless_stated(tmp_path, root, expected):
    write_dataset(dataset(Path("x")), tmp_path / "dataset.json")
    content = json.loads((tmp_path / "dataset.json").read_text())
    content.pop("root") if root is None else content.update(root=root)
    write_json(tmp_path / "dataset.json", content)
    data = read_dataset(tmp_path / "dataset.json")
    assert data.image_path(data.cases[0]) == tmp_path / expected / "images/c1.nii.gz"


NAN = float("nan")
BOX = {"class": "x", "low": [1, 1], "high": [2, 2]}


def _broken(content, change):
    change(content)
    return content


def _case(content, **fields):
    content["cases"][0].update(fields)


def _valued(content, kind, value):
    content["outputs"] = {"age": kind}
    _case(content, values={"age": value})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(version=2), "version 2, frame LPS; this program reads version 1"),
        (lambda c: c.update(frame="RAS"), "version 1, frame RAS; this program reads version 1, LPS"),
        (lambda c: c.pop("landmarks"), "not a dataset manifest: KeyError.*Make it with"),
        (lambda c: c.update(cases=[3]), "not a dataset manifest"),
        (lambda c: c["cases"][0].pop("subject"), "not a dataset manifest: KeyError"),
        (lambda c: c["cases"][0].update(landmarks=[1]), "not a dataset manifest"),
        (lambda c: c.update(landmarks="ab"), "dataset.json: landmarks = 'ab'; a list of names is needed"),
        (lambda c: _case(c, landmarks={"a": [NAN, 1]}), r"json: case c1: landmarks: a = \[nan, 1\]; a list of finite"),
        (lambda c: _case(c, landmarks={"a": [1, -1e999]}), r"json: case c1: landmarks: a = \[1, -inf\]; a list of"),
        (lambda c: _case(c, landmarks={"a": ["x", 1]}), r"json: case c1: landmarks: a = \['x', 1\]; a list of"),
        (
            lambda c: _case(c, landmarks={"a": [10**400, 1]}),
            "json: case c1: landmarks: a = .*; a list of finite numbers",
        ),
        (lambda c: _case(c, landmarks={"a": "12"}), "json: case c1: landmarks: a = '12'; a list of finite numbers"),
        (lambda c: _case(c, landmarks={"a": []}), r"json: case c1: landmarks: a = \[\]; a list of finite numbers"),
        (lambda c: _case(c, observers={"A": {"b": [NAN, 1]}}), r"json: case c1: observers: A: b = \[nan, 1\]"),
        (lambda c: _case(c, boxes=[BOX | {"low": [NAN, 1]}]), r"json: case c1: boxes: low = \[nan, 1\]; a list of"),
        (lambda c: _case(c, boxes=[BOX | {"high": [3]}]), r"json: case c1: boxes: low = .*, high = \[3\]; as many"),
        (lambda c: _valued(c, "number", NAN), "json: case c1: column 'age': nan is no number"),
        (lambda c: _valued(c, "logarithm", 0), "json: case c1: column 'age': 0 has no logarithm; it must be above 0"),
        (lambda c: _valued(c, "nmber", 3), "json: outputs: age is 'nmber'; known are number, logarithm"),
        (lambda c: c["cases"][0].update(subject=None), "dataset.json: case 'c1': subject = None; a text is needed"),
        (lambda c: c["cases"][0].update(id=""), "dataset.json: case '': id = ''; a text is needed"),
        (lambda c: c.update(unit="cm"), "dataset.json: unit = 'cm'; this program reads mm and px"),
        (lambda c: c["cases"][1].update(id="c1"), "dataset.json: cases: 'c1' is there twice"),
        (lambda c: c["landmarks"].append("b"), "dataset.json: landmarks: 'b' is there twice"),
        (
            lambda c: c["cases"][0].update(split="lunch"),
            "dataset.json: case c1: split='lunch'; choose one of",
        ),
    ],
)
def test_a_damaged_dataset_names_the_field(tmp_path, change, complaint):
    path = tmp_path / "dataset.json"
    write_dataset(dataset(tmp_path), path)
    path.write_text(json.dumps(_broken(json.loads(path.read_text()), change)))
    with pytest.raises(DataError, match=complaint):
        read_dataset(path)


def test_predictions_come_back(tmp_path):
    write_predictions(PREDICTIONS, tmp_path / "p.json")
    assert read_predictions(tmp_path / "p.json") == PREDICTIONS


def test_a_found_landmark_carries_no_guess_and_no_reason(tmp_path):
    write_predictions(PREDICTIONS, tmp_path / "p.json")
    content = json.loads((tmp_path / "p.json").read_text())
    assert set(content["cases"]["c1"]["a"]) == {"position", "found", "belief", "spread", "votes", "radius95"}
    assert content["cases"]["c1"]["b"]["position"] is None
    assert (content["frame"], content["unit"], content["failures"]) == ("LPS", "mm", {"c2": "truncated"})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(version=9), "version 9, frame LPS; expected version 1"),
        (
            lambda c: c.update(frame="RAS"),
            "frame RAS; expected version 1, frame LPS. To convert, negate x and y of every position and guess, and "
            'write "frame": "LPS"',
        ),
        (
            lambda c: c.update(frame="voxel"),
            "expected version 1, frame LPS. A predictions.json is needed: make it",
        ),
        (lambda c: c.update(unit="um"), "unit um; expected mm, of pictures px. Convert every position, .* to mm, and"),
        (lambda c: c.pop("model"), "not a predictions file: KeyError"),
        (lambda c: c["cases"]["c1"]["a"].update(colour="red"), "p.json: c1, a: a field is missing, unknown .*'colour'"),
        (lambda c: c["cases"]["c1"]["a"].pop("votes"), "p.json: c1, a: a field is missing, .*'votes'"),
        (
            lambda c: c["cases"]["c1"].update(a=[1, 2, 3]),
            "p.json: c1, a: a field is missing, unknown or of another type",
        ),
        (lambda c: c["cases"]["c1"]["a"].update(position=5), "c1, a: position is 5; a list of numbers is needed"),
        (lambda c: c["cases"]["c1"]["a"].update(position=[]), r"c1, a: position is \[\]; a list of numbers"),
        (lambda c: c["cases"]["c1"]["a"].update(position=[NAN, 1, 2]), "c1, a: position is nan; a number is needed"),
        (
            lambda c: c["cases"]["c1"]["a"].update(position=[1, -1e200, 2]),
            r"c1, a: position is \[1.0, -1e\+200, 2.0\]; numbers up to 1e\+09 are needed",
        ),
        (lambda c: c.update(presence=None), "p.json: presence is None; an object"),
        (lambda c: c.update(values=[]), r"p.json: values is \[\]; an object"),
        (lambda c: c.update(boxes={"c1": None}), "p.json: c1: a field is missing, unknown or of another type"),
        (lambda c: c.update(columns={"age": "nmber"}), "p.json: columns: age is 'nmber'; known are number"),
        (lambda c: c.update(cases=[]), "not a predictions file"),
        (lambda c: c["cases"]["c1"]["a"].update(radius95="wide"), r"c1, a: radius95 is 'wide'; a number is needed"),
        (lambda c: c["cases"]["c1"]["a"].update(belief=None), r"c1, a: belief is None"),
        (lambda c: c["cases"]["c1"]["a"].update(position=[1, "2", 3]), r"c1, a: position is '2'"),
        (lambda c: c["cases"]["c1"]["a"].update(found="yes"), r"c1, a: found is 'yes'"),
        (lambda c: c["cases"]["c1"]["a"].update(position=None), r"c1, a: found is True, position is None"),
    ],
)
def test_damaged_predictions_are_refused(tmp_path, change, complaint):
    path = tmp_path / "p.json"
    write_predictions(PREDICTIONS, path)
    path.write_text(json.dumps(_broken(json.loads(path.read_text()), change)))
    with pytest.raises(DataError, match=complaint):
        read_predictions(path)


BOXES = {"c1": (FoundBox(Box("cell", (1.0, 2.0), (3.0, 4.0)), 0.9, True),)}
COLUMNS = (Column("age", "number"), Column("sex", "class"))
VALUES = {"c1": {"age": ValueAnswer(4.0, {}, 3.0, 5.0), "sex": ValueAnswer("f", {"f": 0.9})}}


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("belief", "high", "p.json: c1: belief is 'high'; a number is needed"),
        ("belief", float("nan"), "p.json: c1: belief is nan; a number is needed"),
        ("low", ["a", 1], "p.json: c1: low is 'a'; a number is needed"),
        ("low", 3, "p.json: c1: low is 3; a list of numbers is needed"),
        ("low", [9, 1], "p.json: c1: low is [9, 1], high is [3.0, 4.0]; low ends come first"),
        ("high", [3, 1e200], "p.json: c1: high is [3.0, 1e+200]; numbers up to 1e+09 are needed"),
        ("high", [3], "p.json: c1: low is [1.0, 2.0], high is [3]; as many numbers are needed"),
        ("found", "false", "p.json: c1: found is 'false'; true or false is needed"),
        ("class", 3, "p.json: c1: class is 3; a text is needed"),
    ],
)
def test_a_field_of_a_box_of_another_type_is_named(tmp_path, beside, field, value, complaint):
    path = tmp_path / "p.json"
    if beside:
        write_predictions(Predictions("m", {"c1": {}}, "px", boxes=BOXES), path)
    else:
        write_box_predictions(BoxPredictions("m", BOXES, ("cell",)), path)
    content = json.loads(path.read_text())
    (content["boxes"]["c1"] if beside else content["cases"]["c1"]["boxes"])[0][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(DataError) as told:
        (read_predictions if beside else read_box_predictions)(path)
    assert complaint in str(told.value)


@pytest.mark.parametrize("beside", [False, True])
def test_boxes_of_other_programs_are_told_how_their_own_fields_are_converted(tmp_path, beside):
    path, box = tmp_path / "p.json", Box("cell", (-3.0, -4.0, 1.0), (-1.0, -2.0, 5.0))
    boxes = {"c1": (FoundBox(box, 0.9, True),)}
    if beside:
        write_predictions(Predictions("m", {"c1": {}}, boxes=boxes), path)
    else:
        write_box_predictions(BoxPredictions("m", boxes, ("cell",), "mm"), path)
    read, whole = (read_predictions if beside else read_box_predictions), json.loads(path.read_text())
    exchanged = "negate x and y of low and high of every box and exchange the two ends along both, and write "
    for change, advice in (({"frame": "RAS"}, exchanged), ({"unit": "um"}, "low and high of every box to mm, and ")):
        path.write_text(json.dumps(whole | change))
        with pytest.raises(DataError, match=advice) as told:
            read(path)
        assert ("every position, guess" in str(told.value) or "every position and guess" in str(told.value)) == beside
    low, high = (1.0, 2.0, 1.0), (3.0, 4.0, 5.0)  # the same box in RAS, converted as told
    converted = {"low": [-high[0], -high[1], low[2]], "high": [-low[0], -low[1], high[2]]}
    (whole["boxes"]["c1"] if beside else whole["cases"]["c1"]["boxes"])[0].update(converted)
    path.write_text(json.dumps(whole))
    assert read(path).boxes == boxes if beside else read(path).cases == boxes


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(
    ("name", "field", "value", "complaint"),
    [
        ("age", "value", "old", "p.json: c1, age: value is 'old'; a number is needed"),
        ("age", "value", float("nan"), "p.json: c1, age: value is nan"),
        ("age", "low", "3", "p.json: c1, age: low is '3'; a number is needed"),
        ("age", "beliefs", None, "p.json: c1, age: a field is missing, unknown or of another type"),
        ("sex", "value", 3, "p.json: c1, sex: column 'sex': 3 is no class"),
        ("sex", "beliefs", {"f": "sure"}, "p.json: c1, sex: f is 'sure'; a number is needed"),
    ],
)
def test_a_field_of_a_value_of_another_type_is_named(tmp_path, beside, name, field, value, complaint):
    path = tmp_path / "p.json"
    if beside:
        write_predictions(Predictions("m", {"c1": {}}, "px", values=VALUES, columns=COLUMNS), path)
    else:
        write_value_predictions(ValuePredictions("m", VALUES, COLUMNS), path)
    content = json.loads(path.read_text())
    (content["values"]["c1"] if beside else content["cases"]["c1"]["values"])[name][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(DataError) as told:
        (read_predictions if beside else read_value_predictions)(path)
    assert complaint in str(told.value)


def test_a_presence_that_is_no_number_is_named(tmp_path):
    write_predictions(Predictions("m", {"c1": {}}, "px", presence={"c1": "often"}), tmp_path / "p.json")
    with pytest.raises(DataError, match="presence: c1 is 'often'; a number is needed"):
        read_predictions(tmp_path / "p.json")


KINDS = pytest.mark.parametrize(
    ("write", "read", "told"),
    [
        (write_predictions, read_predictions, PREDICTIONS),
        (write_box_predictions, read_box_predictions, BoxPredictions("m", BOXES, ("cell",))),
        (write_value_predictions, read_value_predictions, ValuePredictions("m", VALUES, COLUMNS)),
        (write_vector_predictions, read_vector_predictions, VectorPredictions("m", {"c1": np.eye(1, 2)[0]}, 0.5)),
    ],
)


@pytest.mark.parametrize("made_by", [None, "a" * 64])
@KINDS
def test_which_model_answered_comes_back_and_may_be_missing(tmp_path, write, read, told, made_by):
    write(replace(told, model_sha256=made_by), tmp_path / "p.json")
    assert ("model_sha256" in json.loads((tmp_path / "p.json").read_text())) == (made_by is not None)
    assert read(tmp_path / "p.json").model_sha256 == made_by


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c["cases"]["c2"].update(vector=[1, 0, 0]), "c2: vector has 3 numbers, that of c1 2; as many"),
        (lambda c: c["cases"]["c2"].update(vector=["1", 0]), "c2: vector is '1'; a number is needed"),
        (lambda c: c["cases"]["c2"].update(vector=[float("nan"), 0]), "c2: vector is nan; a number is needed"),
        (lambda c: c["cases"]["c2"].update(vector=[2, 0]), "c2: vector has the length 2; 1 is needed"),
        (lambda c: c["cases"]["c2"].update(vector=[]), r"c2: vector is \[\]; a list of numbers is needed"),
        (lambda c: c["cases"]["c2"].update(vector=1), "p.json: c2: vector is 1; a list of numbers is needed"),
        (lambda c: c["cases"]["c2"].pop("vector"), "p.json: c2: a field is missing, .*'vector'"),
        (lambda c: c.update(threshold=float("inf")), "p.json: threshold is inf; a number is needed"),
    ],
)
def test_vectors_that_cannot_be_compared_are_named(tmp_path, change, complaint):
    path = tmp_path / "p.json"
    write_vector_predictions(VectorPredictions("m", dict.fromkeys(("c1", "c2"), np.eye(1, 2)[0]), 0.5), path)
    path.write_text(json.dumps(_broken(json.loads(path.read_text()), change)))
    with pytest.raises(DataError, match=complaint):
        read_vector_predictions(path)


@KINDS
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"failures": []}, r"p.json: failures is \[\]; an object"),
        ({"failures": None}, "p.json: failures is None; an object"),
        ({"failures": {"c2": ["cut"]}}, r"p.json: failures: c2 is \['cut'\]; a text is needed"),
        ({"cases": {"c1": None}}, "p.json: c1: a field is missing, unknown or of another type"),
    ],
)
def test_a_field_that_all_predictions_have_is_named(tmp_path, write, read, told, change, complaint):
    write(told, tmp_path / "p.json")
    (tmp_path / "p.json").write_text(json.dumps(json.loads((tmp_path / "p.json").read_text()) | change))
    with pytest.raises(DataError, match=complaint):
        read(tmp_path / "p.json")


@pytest.mark.parametrize(
    "read", [read_predictions, read_box_predictions, read_value_predictions, read_vector_predictions]
)
def test_a_table_in_the_place_of_predictions_is_told_what_is_needed(tmp_path, read):
    (tmp_path / "answers.csv").write_text("case,landmark,x,y,z\n")
    with pytest.raises(DataError, match=r"answers.csv: not readable as JSON: .* A predictions.json is needed: .*docs/"):
        read(tmp_path / "answers.csv")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"frame": "RAS"}, "p.json: version 1, frame RAS; expected version 1, frame image"),
        ({"unit": "mm"}, "p.json: version 1, frame image; expected version 1, frame LPS"),
        ({"classes": [3]}, r"p.json: classes is \[3\]; a list of names is needed"),
        ({"task": "landmarks"}, "p.json: task landmarks; expected boxes or one_object"),
    ],
)
def test_boxes_of_another_frame_or_kind_are_refused(tmp_path, change, complaint):
    write_box_predictions(BoxPredictions("m", BOXES, ("cell",)), tmp_path / "p.json")
    (tmp_path / "p.json").write_text(json.dumps(json.loads((tmp_path / "p.json").read_text()) | change))
    with pytest.raises(DataError, match=complaint):
        read_box_predictions(tmp_path / "p.json")
