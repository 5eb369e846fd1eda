"""The evaluate stage: files in, files out."""

import csv
import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from pipeline.data.atomic import read_sealed
from pipeline.data.box_predictions import BoxPredictions, FoundBox, read_box_predictions, write_box_predictions
from pipeline.data.columns import Column
from pipeline.data.dataset import Box, Case, Dataset, write_dataset
from pipeline.data.measured import edited_table
from pipeline.data.predictions import Answer, Predictions, write_predictions
from pipeline.data.summary_head import NO_PREDICTION
from pipeline.data.value_predictions import ValueAnswer, ValuePredictions, write_value_predictions
from pipeline.data.vector_predictions import VectorPredictions, write_vector_predictions
from pipeline.errors import ConfigError, DataError
from pipeline.report.page import sentences
from pipeline.report.run_files import read_rows
from pipeline.report.terminal import summary_table
from pipeline.report.value_listing import value_listing
from pipeline.stages.evaluate import evaluate
from pipeline.stages.evaluate_boxes import evaluate_boxes
from pipeline.stages.evaluate_values import evaluate_values
from pipeline.stages.evaluate_vectors import evaluate_vectors

NAMES = ("a", "b")


def found(*position, radius95=None):
    return Answer(position, True, 0.9, 0.5, 7, radius95)


NOT_FOUND = Answer(None, False, 0.1, None, 0, guess=(1.0, 1.0, 1.0), reason="no patch believed in it")


@pytest.fixture
def files(tmp_path):
    cases = (
        Case("t1", "s0", "t1.nii.gz", {"a": (0, 0, 1), "b": (0, 0, 8)}, "train"),
        Case("t2", "s4", "t2.nii.gz", {"a": (0, 0, 500)}, "train"),
        Case("c1", "s1", "c1.nii.gz", {"a": (0, 0, 0), "b": (5, 5, 5)}, "test"),
        Case("c2", "s2", "c2.nii.gz", {"a": (0, 0, 0), "b": None}, "test"),
        Case("c3", "s3", "c3.nii.gz", {"a": (0, 0, 0)}, "test"),
    )
    write_dataset(Dataset("toy", tmp_path, NAMES, cases), tmp_path / "dataset.json")
    answers = {
        "c1": {"a": found(0.0, 3.0, 4.0, radius95=6.0), "b": NOT_FOUND},
        "c2": {"a": found(1.0, 0.0, 0.0, radius95=0.5), "b": NOT_FOUND},
    }
    return lambda cases=answers, unit="mm", failures=None: _write(tmp_path, cases, unit, failures or {})


def _write(folder, cases, unit, failures):
    write_predictions(Predictions("model", cases, unit, failures), folder / "predictions.json")
    return folder / "predictions.json", folder / "dataset.json", folder / "out"


def test_the_summary_holds_the_numbers_worked_out_by_hand(files):
    summary = evaluate(*files(failures={"c3": "scan is truncated"}), exclude=["t2"])
    assert (summary["n"], summary["mean"], summary["n_present"]) == (2, 3.0, 4)
    assert (summary["found_rate"], summary["absent_told"], summary["radius95_coverage"]) == (0.5, 1.0, 0.5)
    assert summary["success"] == {"2": 0.25, "2.5": 0.25, "3": 0.25, "4": 0.25}
    assert summary["failures"] == {"c3": "scan is truncated"}
    assert summary["metrics"]["mean"] == summary["metrics"]["macro_mean"] == 3.0 and summary["cases"] == 3
    assert summary["landmarks"]["b"]["mean"] is None
    assert summary["mean_position"] == pytest.approx((1 + 1) / 2)  # of the two that were found, as the mean


def test_radii_are_shown_from_small_to_large_however_they_are_given(files):
    summary = evaluate(*files(), radii=[4.0, 2.0])
    assert list(summary["success"]) == ["2", "4"] and summary["settings"]["radii"] == [2.0, 4.0]


def test_every_case_and_landmark_has_a_line_with_its_status(files):
    *paths, out = files()
    evaluate(*paths, out)
    rows = list(csv.DictReader((out / "errors.csv").open()))
    assert [r["status"] for r in rows] == ["found", "missed", "found", "told absent", "missed", "ignored"]
    first = {k: rows[0][k] for k in ("case", "error", "found", "radius95", "x", "z", "ref_x", "frame", "unit")}
    assert first == dict(zip(first, ("c1", "5", "true", "6", "0", "4", "0", "LPS", "mm"), strict=True))
    assert rows[3]["x"] == rows[3]["ref_x"] == rows[3]["error"] == ""


def test_distances_that_no_case_has_both_ends_of_are_null_and_the_names_must_be_there(files):
    *paths, out = files()
    (pair,) = evaluate(*paths, out, distances=[("a", "b")])["distances"]
    kept = json.loads((out / "summary.json").read_text())["distances"]
    assert kept == [pair] and (pair["between"], pair["n"], pair["cases"]) == (["a", "b"], 0, {})
    assert pair["icc"] is pair["limits"] is None and "distances" not in evaluate(*paths, out)
    with pytest.raises(
        ConfigError, match=r"evaluate\.distances: no landmark .bb.; there are a, b\. Did you mean .b.\?"
    ):
        evaluate(*paths, out, distances=[("a", "bb")])


def test_a_rerun_gives_the_same_bytes_and_no_file_holds_nan(files):
    *paths, out = files()
    evaluate(*paths, out)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    evaluate(*paths, out)
    assert before == {p.name: p.read_bytes() for p in out.iterdir()}
    assert set(before) == {"errors.csv", "summary.json"}
    assert not any(b"nan" in content.lower() for content in before.values())
    json.loads(before["summary.json"])


def test_a_case_nobody_predicted_is_a_failure(files):
    assert evaluate(*files())["failures"] == {"c3": NO_PREDICTION}


def test_a_case_that_check_kept_out_is_listed_and_not_counted(files):
    summary = evaluate(*files(), exclude=["c3"])
    assert (summary["cases"], summary["failures"], summary["excluded"]) == (2, {}, ["c3"])
    assert summary["mean_position"] == 250.5
    assert summary["n_present"] == 3


def test_without_a_part_only_the_cases_the_predictions_speak_of_count(files):
    summary = evaluate(*files(), part=None)
    assert (summary["cases"], summary["split"], summary["mean_position"]) == (2, "all", None)


@pytest.mark.parametrize(
    ("change", "part", "message"),
    [
        ({}, "validation", "no case of part 'validation'"),
        ({"cases": {"other": {"a": NOT_FOUND}}}, "test", "Predict the part 'test'"),
        ({"cases": {"other": {"a": NOT_FOUND}}}, None, "none of the cases"),
        ({"unit": "px"}, "test", "is in px"),
        ({"cases": {"c1": {"z": NOT_FOUND}}}, "test", "no landmark in common"),
        ({"cases": {"c1": {"a": found(1.0, 2.0)}}}, "test", r"positions have \[2\]"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(files, change, part, message):
    with pytest.raises(DataError, match=message):
        evaluate(*files(**change), part=part)


def test_landmarks_that_only_answers_or_reference_have_are_told(files, capsys):
    paths = files({"c1": {"a": found(0.0, 3.0, 4.0), "x": NOT_FOUND}, "c2": {"y": found(1.0, 0.0, 0.0)}})
    summary, told = evaluate(*paths), capsys.readouterr().err
    assert summary["unshared"] == {"answers": ["x", "y"], "reference": ["b"]}
    assert "predictions.json, " in told and "no landmark of the reference, so not measured: 'x', 'y'\n" in told
    assert "in no case of the answers, so all missed: landmark 'b'\n" in told
    for shown in (sentences(summary, None), summary_table(summary).caption.split("  ")):
        text = " ".join(shown)
        assert "Only in the answers, so not measured: 'x', 'y'." in text
        assert "In no case of the answers, so all missed: 'b'." in text
    assert "unshared" not in evaluate(*files()) and not capsys.readouterr().err


def test_landmarks_that_are_likely_one_are_to_be_called_alike(files):
    paths = files({"c1": {"a": NOT_FOUND, "B ": found(1.0, 0.0, 0.0), "z": NOT_FOUND}})
    with pytest.raises(DataError, match=r"alone:\n  the answers have 'B', the reference has 'b'\nRename them in one"):
        evaluate(*paths)


def test_a_dataset_without_any_position_has_nothing_to_measure(files, tmp_path):
    paths = files()
    write_dataset(Dataset("toy", tmp_path, NAMES, (Case("c1", "s", "x", {"a": None}, "test"),)), paths[1])
    with pytest.raises(DataError, match="nothing to measure"):
        evaluate(*paths)


@pytest.mark.parametrize(
    ("places", "told"),
    [
        (("x/1", "x/2", "y/3"), ["x", "y"]),  # of two kinds
        (("s1/ct", "s2/ct", "s3/ct"), None),  # a folder a subject
        (("1", "2", "3"), None),
    ],
)
def test_folders_that_hold_several_subjects_have_numbers_of_their_own(tmp_path, places, told):
    cases = tuple(Case(p, p, f"{p}.nii.gz", {"a": (0, 0, 0)}, "test") for p in places)
    write_dataset(Dataset("toy", tmp_path, ("a",), cases), tmp_path / "dataset.json")
    summary = evaluate(*_write(tmp_path, {p: {"a": found(0.0, 3.0, 4.0)} for p in places}, "mm", {}))
    assert list(summary.get("folders", {})) == (told or [])


def test_of_an_image_that_failed_nobody_said_that_it_shows_nothing(tmp_path):
    PIL.Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "empty.png")
    cases = tuple(Case(name, name, "empty.png", {}, "test", boxes=()) for name in "abc")
    thing = Case("d", "d", "empty.png", {}, "train", boxes=(Box("cell", (1.0, 1.0), (3.0, 3.0)),))
    write_dataset(Dataset("toy", tmp_path, (), (*cases, thing), "px"), tmp_path / "dataset.json")
    doubted = (FoundBox(Box("cell", (1.0, 1.0), (3.0, 3.0)), 0.1, False),)
    told = BoxPredictions("model", {"a": doubted, "b": doubted}, ("cell",), "px", "one_object", {"c": "broken"})
    write_box_predictions(told, tmp_path / "predictions.json")
    summary = evaluate_boxes(tmp_path / "predictions.json", tmp_path / "dataset.json", tmp_path / "out")
    assert summary["metrics"]["accuracy"] == pytest.approx(2 / 3)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["boxes_errors.csv", "summary.json"]


BOX = Box("cell", (1.0, 1.0), (3.0, 3.0))
ODD = Box("dust", (4.0, 4.0), (6.0, 6.0))


def of_pictures(folder, cases, names=("a",), **more):
    """A data set of grey pictures of 8 by 8."""
    for case in cases:
        PIL.Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / case.image)
    write_dataset(Dataset("toy", folder, names, tuple(cases), "px", **more), folder / "dataset.json")
    return folder / "predictions.json", folder / "dataset.json", folder / "out"


@pytest.mark.parametrize(
    ("boxes", "accuracy"),
    [
        ([("cell", 0.4, True)], 1.0),  # another program's own scale of belief
        ([("cell", 0.9, False)], 0.0),
        ([("dust", 0.1, False), ("cell", 0.9, True)], 1.0),
        ([("dust", 0.9, False), ("cell", 0.4, True)], 1.0),
        ([("dust", 0.3, True), ("cell", 0.4, True)], 1.0),  # of several the surest
        ([("cell", 0.3, True), ("dust", 0.4, True)], 0.0),
    ],
)
def test_of_one_thing_the_answer_is_the_surest_box_that_is_one(tmp_path, boxes, accuracy):
    case = Case("a", "a", "a.png", {}, "test", boxes=(BOX,))
    where = of_pictures(tmp_path, (case,), ())
    places = {"cell": BOX, "dust": ODD}
    told = tuple(FoundBox(places[label], belief, right) for label, belief, right in boxes)
    write_box_predictions(BoxPredictions("m", {"a": told}, ("cell", "dust"), "px", "one_object"), where[0])
    metrics = evaluate_boxes(*where)["metrics"]
    assert metrics["accuracy"] == accuracy and metrics["mean_iou"] == (boxes[-1][0] == "cell")


def said(box, found=True):
    return (FoundBox(box, 0.9, found),)


def beside(boxes, failures=(), **more):
    """Answers to a landmark, and to what stands beside it."""
    cases = {case: {"a": Answer((1.0, 1.0), True, 0.9, 0.5, 7)} for case in boxes}
    return Predictions("model", cases, "px", dict.fromkeys(failures, "broken"), boxes=boxes, **more)


def test_boxes_beside_landmarks_of_an_image_that_failed_are_missed_and_other_classes_are_false_alarms(tmp_path):
    cases = [Case(n, n, f"{n}.png", {"a": (1.0, 1.0)}, "test", boxes=(BOX,)) for n in ("good", "failed")]
    paths = of_pictures(tmp_path, cases)
    write_predictions(beside({"good": said(BOX) + said(ODD)}, ["failed"]), paths[0])
    overall = evaluate(*paths)["boxes"]["overall"]
    assert (overall["boxes"], overall["answers"], overall["recall"], overall["precision"]) == (2, 2, 0.5, 0.5)


def test_what_stands_beside_landmarks_is_in_the_tables_that_it_has_alone(tmp_path):
    kind = Column("kind", "class")
    facts = {"landmarks": {"a": (1.0, 1.0)}, "split": "test", "values": {"kind": "x"}}
    cases = [Case(n, n, f"{n}.png", boxes=boxes, **facts) for n, boxes in (("c", (BOX,)), ("d", None))]
    paths = of_pictures(tmp_path, cases, outputs=(kind,))
    values = {"c": {"kind": ValueAnswer("y", {"x": 0.25, "y": 0.75})}}
    write_predictions(beside({"c": said(BOX) + said(ODD), "d": ()}, values=values, columns=(kind,)), paths[0])
    evaluate(*paths)
    rows = {name: (paths[2] / f"{name}_errors.csv").read_text().splitlines()[1:] for name in ("boxes", "values")}
    assert rows == {"boxes": ["c,c,1,2,1"], "values": ["c,c,kind,x,y,,,0.75"]}  # whose boxes are not known has no row
    write_predictions(replace(beside({"c": (), "d": ()}), boxes={}), paths[0])
    evaluate(paths[0], paths[1], tmp_path / "points")
    assert [path.name for path in (tmp_path / "points").glob("*_errors.csv")] == []


def test_boxes_beside_landmarks_where_nothing_shows_or_says_any_give_no_numbers(tmp_path):
    paths = of_pictures(tmp_path, [Case("c", "c", "c.png", {"a": (1.0, 1.0)}, "test", boxes=())])
    write_predictions(beside({"c": ()}), paths[0])
    assert "boxes" not in evaluate(*paths)


def test_an_answer_of_a_class_that_nobody_lists_is_a_false_alarm(tmp_path):
    paths = of_pictures(tmp_path, [Case("c", "c", "c.png", {}, "test", boxes=(BOX,))])
    write_box_predictions(BoxPredictions("model", {"c": said(BOX) + said(ODD)}, ("cell",)), paths[0])
    summary = evaluate_boxes(*paths)
    overall = summary["overall"]
    assert (overall["answers"], overall["recall"], overall["precision"]) == (2, 1.0, 0.5)
    assert set(summary["metrics"]) == {"ap50", "ap", "mean_iou", "precision", "recall"}  # an accuracy of boxes is none
    assert read_box_predictions(paths[0]).classes == ("cell", "dust")  # the report colours them by it


def test_boxes_of_other_classes_than_the_datas_are_refused_and_those_of_some_are_told(tmp_path, capsys):
    cases = [Case(n, n, f"{n}.png", {}, "test", boxes=(box,)) for n, box in (("a", BOX), ("b", ODD))]
    paths = of_pictures(tmp_path, cases)
    write_box_predictions(BoxPredictions("model", {"a": said(BOX)}, ("cell", "rust")), paths[0])
    assert evaluate_boxes(*paths)["overall"]["recall"] == 0.5
    told = capsys.readouterr().err
    assert "no class of the reference, so never right: 'rust'" in told
    assert "no class of the answers, so never found: 'dust'" in told
    write_box_predictions(BoxPredictions("model", {"a": said(replace(BOX, label="Cell"))}, ("Cell",)), paths[0])
    with pytest.raises(DataError, match=r"json: no class in common: the answers have 'Cell', the reference has 'cell'"):
        evaluate_boxes(*paths)
    write_box_predictions(BoxPredictions("model", {"a": ()}, ()), paths[0])  # whoever found nothing names no class
    assert evaluate_boxes(*paths)["overall"]["recall"] == 0.0


def test_the_most_believed_box_is_matched_first_wherever_it_stands_in_the_file(tmp_path):
    """The less believed one overlaps both boxes, the other only that which suits it best."""
    ends = {"one": (1.0, 5.0), "other": (2.6, 6.6), "both": (1.4, 5.4), "first": (-0.2, 3.8)}
    box = {name: Box("cell", (low, 1.0), (high, 5.0)) for name, (low, high) in ends.items()}
    paths = of_pictures(tmp_path, [Case("c", "c", "c.png", {}, "test", boxes=(box["one"], box["other"]))])
    answers = FoundBox(box["both"], 0.5, True), FoundBox(box["first"], 0.9, True)
    write_box_predictions(BoxPredictions("model", {"c": answers}, ("cell",)), paths[0])
    overall = evaluate_boxes(*paths)["overall"]
    assert (overall["recall"], overall["precision"], overall["ap50"]) == (1.0, 1.0, 1.0)
    assert (paths[2] / "boxes_errors.csv").read_text().splitlines()[1] == "c,c,2,2,2"


def test_values_beside_landmarks_of_an_image_that_failed_are_wrong(tmp_path):
    kind = Column("kind", "class")
    names = ("good", "failed", "t", "odd", "odder")
    told = [Case(n, n, f"{n}.png", {"a": (1.0, 1.0)}, values={"kind": "x"}) for n in names]
    told = [replace(c, split="test" if c.id in ("good", "failed") else "train") for c in told]
    told = [replace(c, values={"kind": "y"}) if "odd" in c.id else c for c in told]
    paths = of_pictures(tmp_path, told, outputs=(kind,))
    values = {"good": {"kind": ValueAnswer("x", {"x": 0.9, "y": 0.1})}}
    write_predictions(beside({"good": ()}, ["failed"], values=values, columns=(kind,)), paths[0])
    numbers = evaluate(*paths, exclude=["odd", "odder"])["values"]["kind"]
    assert (numbers["accuracy"], numbers["images"], numbers["failed"]) == (0.5, 2, 1)
    assert numbers["without_looking"]["always_accuracy"] == 1.0  # the odd ones are kept out of what is usual, too


@pytest.mark.parametrize("damage", ["empty", "gone"])
def test_a_picture_that_cannot_be_read_any_more_costs_itself_alone(tmp_path, damage):
    beyond = Box("cell", (5.0, 5.0), (99.0, 99.0))
    cases = [Case(n, n, f"{n}.png", {}, "test", boxes=(beyond,)) for n in ("good", "bad")]
    paths = of_pictures(tmp_path, cases)
    (tmp_path / "bad.png").write_bytes(b"") if damage == "empty" else (tmp_path / "bad.png").unlink()
    cut = Box("cell", (5.0, 5.0), (7.5, 7.5))
    write_box_predictions(BoxPredictions("model", {"good": said(cut)}, ("cell",), failures={"bad": "cut"}), paths[0])
    summary = evaluate_boxes(*paths)
    assert summary["failures"] == {"bad": "cut"}
    assert (summary["overall"]["boxes"], summary["overall"]["recall"], summary["overall"]["precision"]) == (2, 0.5, 1.0)
    (tmp_path / "good.png").unlink()
    assert evaluate_boxes(*paths)["overall"]["boxes"] == 2


def test_values_of_an_image_that_failed_are_wrong_and_numbers_are_of_the_others(tmp_path):
    age, sex = Column("age", "number"), Column("sex", "class")
    rows = {"a": ("test", 10.0, "f"), "b": ("test", 70.0, "f"), "t": ("train", 20.0, "f"), "odd": ("train", 900.0, "m")}
    cases = [Case(n, n, f"{n}.png", {}, part, values={"age": v, "sex": w}) for n, (part, v, w) in rows.items()]
    paths = of_pictures(tmp_path, cases, outputs=(age, sex))
    answers = {"a": {"age": ValueAnswer(13.0), "sex": ValueAnswer("f", {"f": 0.9, "m": 0.1})}}
    write_value_predictions(ValuePredictions("m", answers, (age, sex), failures={"b": "broken"}), paths[0])
    summary = evaluate_values(*paths, exclude=["odd"])
    assert summary["metrics"] == {"age.mae": 3.0, "sex.accuracy": 0.5} and summary["failures"] == {"b": "broken"}
    of_age, of_sex = (summary["values"][n] for n in ("age", "sex"))
    assert (of_age["images"], of_age["failed"], of_age["without_looking"]["always_mae"]) == (2, 1, 10.0)
    assert (of_sex["failed"], of_sex["without_looking"]["always_accuracy"]) == (1, 1.0)
    note = value_listing(summary["values"]).note
    assert "Without an answer: 1; classes count it as wrong, labels as missed, numbers leave it out." in note


def test_a_value_that_another_program_left_out_has_no_row(tmp_path):
    age, sex = Column("age", "number"), Column("sex", "class")
    cases = [Case(n, n, f"{n}.png", {}, "test", values={"age": 10.0, "sex": "f"}) for n in "ab"]
    paths = of_pictures(tmp_path, cases, outputs=(age, sex))
    answers = {"a": {"age": ValueAnswer(13.0)}, "b": {"age": ValueAnswer(9.0), "sex": ValueAnswer("f", {"m": 0.1})}}
    write_value_predictions(ValuePredictions("m", answers, (age, sex)), paths[0])
    assert evaluate_values(*paths)["metrics"] == {"age.mae": 2.0, "sex.accuracy": 0.5}
    rows = (paths[2] / "values_errors.csv").read_text().splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [["a", "a", "age"], ["b", "b", "age"], ["b", "b", "sex"]]


def test_words_of_a_class_that_the_data_lack_are_refused_or_told(tmp_path, capsys):
    sex = Column("sex", "class")
    cases = [Case(n, n, f"{n}.png", {}, "test", values={"sex": word}) for n, word in (("a", "f"), ("b", "x"))]
    paths = of_pictures(tmp_path, cases, outputs=(sex,))

    def measured(*words):
        answers = {n: {"sex": ValueAnswer(words[0], dict.fromkeys(words, 0.5))} for n in "ab"}
        write_value_predictions(ValuePredictions("m", answers, (sex,)), paths[0])
        return evaluate_values(*paths)["metrics"]

    assert measured("f", "m") == {"sex.accuracy": 0.5}
    told = capsys.readouterr().err
    assert "no word of column 'sex' of the reference, so never right: 'm'" in told
    assert "no word of column 'sex' of the answers, so never found: 'x'" in told
    with pytest.raises(DataError, match="common: the answers have 'female', 'male', the reference has 'f', 'x'"):
        measured("female", "male")


def test_answers_that_do_not_list_their_words_are_measured_whatever_they_say(tmp_path, capsys):
    sex = Column("sex", "class")
    paths = of_pictures(tmp_path, [Case("a", "a", "a.png", {}, "test", values={"sex": "f"})], outputs=(sex,))
    write_value_predictions(ValuePredictions("other", {"a": {"sex": ValueAnswer("m")}}, (sex,)), paths[0])
    assert evaluate_values(*paths)["metrics"] == {"sex.accuracy": 0.0}
    assert "no word of column 'sex' in common, so none is right: the answers have 'm'" in capsys.readouterr().err


def test_beside_landmarks_words_and_classes_that_none_share_are_told_and_the_landmarks_measured(tmp_path, capsys):
    sex, place = Column("sex", "class"), {"a": (1.0, 1.0)}
    case = Case("c", "c", "c.png", place, "test", boxes=(BOX,), values={"sex": "female"})
    paths = of_pictures(tmp_path, [case], outputs=(sex,))
    values = {"c": {"sex": ValueAnswer("F", {"F": 0.9, "M": 0.1})}}
    write_predictions(beside({"c": said(replace(BOX, label="Cell"))}, values=values, columns=(sex,)), paths[0])
    metrics, told = evaluate(*paths)["metrics"], capsys.readouterr().err
    assert (metrics["mean"], metrics["sex.accuracy"], metrics["boxes.ap50"]) == (0.0, 0.0, 0.0)
    assert "no word of column 'sex' in common, so none is right: the answers have 'F', 'M', the reference" in told
    assert "no class in common, so none is right: the answers have 'Cell', the reference has 'cell'" in told


BOTH_WAYS = ("cr\N{LATIN SMALL LETTER E WITH ACUTE}te", "cre\N{COMBINING ACUTE ACCENT}te")


@pytest.mark.parametrize(("there", "told"), [BOTH_WAYS, BOTH_WAYS[::-1]])
def test_names_that_look_the_same_are_one_in_answers_and_data(tmp_path, there, told):
    kind, drawn = (Column("kind", "class"), Column("signs", "labels")), replace(BOX, label=there)
    case = Case(
        "c", "c", "c.png", {there: (1.0, 1.0)}, "test", boxes=(drawn,), values={"kind": there, "signs": (there,)}
    )
    paths = of_pictures(tmp_path, [case], names=(there,), outputs=kind)
    of_class, of_labels = ValueAnswer(told, {told: 0.9, "x": 0.1}), ValueAnswer((told,), {told: 0.9, "x": 0.1})
    values, boxes = {"c": {"kind": of_class, "signs": of_labels}}, {"c": said(replace(BOX, label=told))}
    answers = {"c": {told: Answer((1.0, 1.0), True, 0.9, 0.5, 7)}}
    write_predictions(Predictions("m", answers, "px", values=values, columns=kind, boxes=boxes), paths[0])
    metrics = evaluate(*paths)["metrics"]
    right = ("found_rate", "kind.accuracy", "signs.ap", "boxes.ap50", "boxes.precision")
    assert [metrics[name] for name in right] == [1.0] * len(right)
    write_box_predictions(BoxPredictions("m", boxes, (told,)), paths[0])
    assert evaluate_boxes(*paths)["metrics"]["precision"] == 1.0 and len(read_box_predictions(paths[0]).classes) == 1
    write_value_predictions(ValuePredictions("m", values, kind), paths[0])
    assert evaluate_values(*paths)["metrics"] == {"kind.accuracy": 1.0, "signs.ap": 1.0}


@pytest.mark.parametrize("landmarks", [False, True])
@pytest.mark.parametrize(("there", "told"), [BOTH_WAYS, BOTH_WAYS[::-1]])
def test_columns_that_look_the_same_are_one_in_answers_and_data(tmp_path, there, told, landmarks):
    def columns(name):
        return (Column(name, "number"),)

    case = Case("c", "c", "c.png", {"a": (1.0, 1.0)}, "test", values={told: 10.0})  # not as its own columns
    paths = of_pictures(tmp_path, [case], outputs=columns(there))
    for named, said_as in ((told, told), (told, there), (there, told)):
        values = {"c": {said_as: ValueAnswer(13.0)}}
        if landmarks:
            write_predictions(beside({"c": ()}, values=values, columns=columns(named)), paths[0])
        else:
            write_value_predictions(ValuePredictions("m", values, columns(named)), paths[0])
        metrics = (evaluate if landmarks else evaluate_values)(*paths)["metrics"]
        assert metrics[f"{there}.mae"] == 3.0  # called as the data set, and the model, call it
    write_value_predictions(ValuePredictions("m", {}, columns(there) + columns(told)), paths[0])
    with pytest.raises(DataError, match=f"columns: '{there}' is there in two spellings that look the same"):
        evaluate_values(*paths)


def test_where_every_image_failed_boxes_are_missed_and_classes_are_wrong(tmp_path):
    age, sex, failures = Column("age", "number"), Column("sex", "class"), dict.fromkeys("ab", "cut off")
    cases = [Case(n, n, f"{n}.png", {}, "test", boxes=(BOX,), values={"age": 10.0, "sex": "f"}) for n in "ab"]
    paths = of_pictures(tmp_path, cases, outputs=(age, sex))
    write_box_predictions(BoxPredictions("model", {}, ("cell",), failures=failures), paths[0])
    summary = evaluate_boxes(*paths)
    assert summary["failures"] == failures
    assert (summary["overall"]["boxes"], summary["overall"]["recall"], summary["metrics"]["ap50"]) == (2, 0.0, 0.0)
    write_value_predictions(ValuePredictions("m", {}, (age, sex), failures=failures), paths[0])
    summary = evaluate_values(*paths)
    assert summary["failures"] == failures and summary["metrics"] == {"sex.accuracy": 0.0}
    write_value_predictions(ValuePredictions("m", {}, (age, sex), failures={"c": "cut off"}), paths[0])
    with pytest.raises(DataError, match=r"no answers for a case of part 'test' of .*\. Predict that part first"):
        evaluate_values(*paths)


def test_answers_of_columns_that_the_data_lack_are_refused(tmp_path):
    case = Case("a", "a", "a.png", {}, "test", values={"weight": 3.0})
    paths = of_pictures(tmp_path, [case], outputs=(Column("weight", "number"),))
    answers = {"a": {"age": ValueAnswer(13.0)}}
    write_value_predictions(ValuePredictions("m", answers, (Column("age", "number"),)), paths[0])
    with pytest.raises(DataError, match=r"no column in common: the one has 'age', the other 'weight'"):
        evaluate_values(*paths)


@pytest.mark.parametrize("landmarks", [False, True])
@pytest.mark.parametrize(("kind", "value"), [("number", 1.0), ("labels", ("f",)), ("class", "f"), ("text", "f")])
def test_a_class_is_not_compared_with_a_number_or_labels(tmp_path, landmarks, kind, value):
    case = Case("a", "a", "a.png", {"a": (1.0, 1.0)}, "test", values={"sex": value})
    paths, sex = of_pictures(tmp_path, [case], outputs=(Column("sex", kind),)), (Column("sex", "class"),)
    answers = {"a": {"sex": ValueAnswer("f", {"f": 0.9})}}
    if landmarks:
        write_predictions(beside({"a": ()}, values=answers, columns=sex), paths[0])
    else:
        write_value_predictions(ValuePredictions("m", answers, sex), paths[0])
    measure = evaluate if landmarks else evaluate_values
    if kind in ("class", "text"):
        assert measure(*paths)["metrics"]["sex.accuracy"] == 1.0
    else:
        with pytest.raises(DataError, match=f"column 'sex' is class in the answers, {kind} in the reference"):
            measure(*paths)


LIST = "2 2\np1 1 2\np2 1 2\np1 1 p2 1\np2 2 p3 1\np3 1 2\np4 1 2\np3 1 p4 1\np4 2 p1 2\n"


def of_people(folder, lost=(), failures=()):
    """Two images of each of four people, told apart; those that are lost have no vector."""
    names = [f"p{who}_{number:04d}" for who in (1, 2, 3, 4) for number in (1, 2)]
    cases = [Case(name, name[:2], f"{name}.png", {}, "test") for name in names]
    paths = of_pictures(folder, cases)
    told = {name: np.eye(4)[int(name[1]) - 1] for name in names if name not in lost}
    write_vector_predictions(VectorPredictions("m", told, 1.0, failures=dict.fromkeys(failures, "cut off")), paths[0])
    (folder / "pairs.txt").write_text(LIST)
    return {"predictions": paths[0], "dataset": paths[1], "out": paths[2], "pairs": folder / "pairs.txt"}


@pytest.mark.parametrize(("answered", "kept_out"), [(False, False), (False, True), (True, True)])
def test_listed_pairs_of_an_image_that_failed_are_left_out_and_told(tmp_path, capsys, answered, kept_out):
    lost = ["p1_0001"]
    paths = of_people(tmp_path, () if answered else lost, () if kept_out else lost)
    summary = evaluate_vectors(**paths, exclude=lost if kept_out else ())
    assert summary["metrics"]["folds_accuracy"] == 1.0
    said = "pairs.txt: 2 of 8 pairs are left out, for these images have no answer or were kept out: 'p1_0001'"
    assert said in capsys.readouterr().err


def test_pairs_of_which_one_fold_is_left_are_refused(tmp_path):
    lost = ["p1_0001", "p2_0001", "p2_0002"]
    with pytest.raises(DataError, match=r"both images have an answer of 4 pairs, not of two folds"):
        evaluate_vectors(**of_people(tmp_path, lost, lost))


def test_a_listed_image_that_nobody_asked_about_is_refused(tmp_path):
    said = r"'p1_0001', of part 'test', is not among those .*\n.* predict model=.*/model -i \S+ -o ANSWERS"
    with pytest.raises(DataError, match=said):
        evaluate_vectors(**of_people(tmp_path, ["p1_0001"]))


AGE = Column("age", "number")


TABLES = pytest.mark.parametrize("table", ["errors.csv", "boxes_errors.csv", "values_errors.csv", "pairs.csv"])


def measured_into(folder, table, ids):
    """The table of that name, of four cases, and the content of the summary beside it."""
    facts = {"boxes": (BOX,), "values": {"age": 3.0}}
    cases = [Case(i, i[0], f"{n}.png", {"a": (1.0, 1.0)}, "test", **facts) for n, i in enumerate(ids)]
    paths = of_pictures(folder, cases, outputs=(AGE,))
    if table == "errors.csv":
        write_predictions(Predictions("m", {i: {"a": found(1.0, 1.0)} for i in ids}, "px"), paths[0])
        return paths[2] / table, evaluate(*paths)
    if table == "boxes_errors.csv":
        write_box_predictions(BoxPredictions("m", {i: said(BOX) for i in ids}, ("cell",)), paths[0])
        return paths[2] / table, evaluate_boxes(*paths)
    if table == "values_errors.csv":
        write_value_predictions(ValuePredictions("m", {i: {"age": ValueAnswer(3.0)} for i in ids}, (AGE,)), paths[0])
        return paths[2] / table, evaluate_values(*paths)
    write_vector_predictions(VectorPredictions("m", dict(zip(ids, np.eye(4), strict=True)), 1.0), paths[0])
    return paths[2] / table, evaluate_vectors(*paths)


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\rb", '#a, "b"; c'])
@TABLES
def test_the_report_meets_a_case_by_its_name_whatever_signs_that_has(tmp_path, table, name):
    ids = [name, "#2", "a3", "b"]
    assert [row["case"] for row in read_rows(measured_into(tmp_path, table, ids)[0])] == ids


@TABLES
def test_an_edit_of_a_table_shows_in_the_summary_beside_it(tmp_path, table):
    path, summary = measured_into(tmp_path, table, ("a1", "a2", "a3", "b"))
    assert read_sealed(path.with_name("summary.json")) == summary and edited_table(path.parent, summary) is None
    path.write_text(path.read_text().replace("a1", "a9"))
    assert edited_table(path.parent, summary) == path
    path.unlink()
    assert edited_table(path.parent, summary) is None


@pytest.mark.parametrize("left", [[], ["p1_0001"], ["p1_0001", "p1_0002"], ["p1_0001", "p2_0001"]])
def test_where_failures_leave_too_few_images_to_tell_apart_they_are_named(tmp_path, left):
    lost = [f"p{who}_{number:04d}" for who in (1, 2, 3, 4) for number in (1, 2) if f"p{who}_{number:04d}" not in left]
    said = rf"{len(lost)} of 8 images have no answer, and the others are too few .* first is '{lost[0]}': cut off"
    with pytest.raises(DataError, match=said):
        evaluate_vectors(**of_people(tmp_path, lost, lost))


def test_too_few_images_of_which_none_failed_are_no_failures(tmp_path):
    paths = of_people(tmp_path)
    with pytest.raises(DataError, match="4 images of 4 identities; two identities and two images of one are needed"):
        evaluate_vectors(**paths, exclude=[f"p{who}_0001" for who in (1, 2, 3, 4)])


LONGER = Box("cell", (1.0, 1.0, 1.0), (3.0, 3.0, 3.0))


@pytest.mark.parametrize("landmarks", [False, True])
@pytest.mark.parametrize(("drawn", "told"), [((LONGER,), (BOX,)), ((BOX,), (LONGER,)), ((BOX,), (BOX, LONGER))])
def test_boxes_of_more_axes_than_their_image_are_refused(tmp_path, landmarks, drawn, told):
    paths = of_pictures(tmp_path, [Case("c", "c", "c.png", {"a": (1.0, 1.0)}, "test", boxes=drawn)])
    boxes = {"c": tuple(found for box in told for found in said(box))}
    if landmarks:
        write_predictions(beside(boxes), paths[0])
    else:
        write_box_predictions(BoxPredictions("m", boxes, ("cell",)), paths[0])
    whose = "reference" if LONGER in drawn else "answers"
    with pytest.raises(
        DataError, match=rf"p.*dataset\.json: case 'c': a box of the {whose} from \[1.0, 1.0, 1.0\] .*; 2 "
    ):
        (evaluate if landmarks else evaluate_boxes)(*paths)


def test_a_case_that_check_kept_out_may_have_positions_of_other_axes(files, tmp_path):
    paths = files()
    content = json.loads(paths[1].read_text())
    content["cases"][-1]["landmarks"]["a"] = [0, 0]
    paths[1].write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"\[2, 3\] in .*dataset.json"):
        evaluate(*paths)
    assert evaluate(*paths, exclude=["c3"])["cases"] == 2
