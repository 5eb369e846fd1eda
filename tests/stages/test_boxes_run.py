"""Boxes from a user's folder to a report, with a network that learns for a few seconds."""

import json
import shutil
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from pipeline.cli.door import main
from pipeline.data.atomic import sha256_of
from pipeline.data.box_predictions import read_box_predictions
from pipeline.data.boxes_csv import write_boxes_csv
from pipeline.data.dataset import Box, read_dataset, write_dataset
from pipeline.data.kept_answers import AnswerFiles
from pipeline.data.store import read_store
from pipeline.report.box_figure import draw_boxes
from pipeline.stages.train import train
from pipeline.training.cascade import Cascade
from pipeline.training.settings import TrainingSettings

SETTINGS = [
    "task=boxes", "levels=[1.0]", "training.minutes=null", "training.steps=60", "training.rate=0.01", "device=cpu",
    "training.looks=1", "threads=1", "training.average=0.9", "training.validations=3", "training.precision=float32",
    "training.coarse.parameters={stride: 4, width: 8, growth: 8, depth: 1}", "training.coarse.batch=4",
    "training.augment.rotation=0",
]  # fmt: skip


def squares(rng):
    """Bright and dark squares on grey."""
    pixels = rng.normal(120, 5, (48, 56)).astype(np.float32)
    boxes = []
    for label, value in (("bright", 240), ("dark", 10)):
        x, y, edge = int(rng.integers(0, 40)), int(rng.integers(0, 32)), int(rng.integers(8, 15))
        pixels[y : y + edge, x : x + edge] = value
        boxes.append(Box(label, (x - 0.5, y - 0.5), (min(x + edge, 56) - 0.5, min(y + edge, 48) - 0.5)))
    return np.clip(pixels, 0, 255).astype(np.uint8), boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("squares")
    rng, told = np.random.default_rng(0), {}
    (place / "images").mkdir()
    for number in range(24):
        pixels, told[f"images/p{number:02d}.png"] = squares(rng)
        PIL.Image.fromarray(pixels).save(place / "images" / f"p{number:02d}.png")
    told["images/p00.png"].append(Box("dark", (3.0, 3.0), (3.0, 9.0)))  # without area
    write_boxes_csv(place / "boxes.csv", told)
    return place


@pytest.fixture(scope="module")
def run(folder):
    place = folder.parent / "run"
    assert main(["run", "experiment=my_landmarks", f"source={folder}", f"run={place}", *SETTINGS]) == 0
    return place


def test_a_run_leaves_answers_numbers_and_a_page(run, capsys):
    summary = json.loads((run / "test" / "summary.json").read_text())
    assert summary["model_sha256"] == sha256_of(run / "model" / "model.json")
    assert summary["task"] == "boxes" and set(summary["classes"]) == {"bright", "dark"}
    assert summary["metrics"]["ap50"] > 0.3  # bright and dark squares are soon told
    assert summary["overall"]["boxes"] == 2 * summary["cases"]
    page = (run / "report.html").read_text()
    assert "average precision" in page and "Worst case" in page and "No training curve" not in page
    pictures = list((run / "test").glob("*.png"))
    assert len(pictures) == summary["cases"]
    assert json.loads((run / "findings.json").read_text())["findings"][0]["rule"] == "empty-box"


def test_a_picture_is_not_replaced_by_its_drawing(run, folder, capsys):
    before = {p: p.read_bytes() for p in (folder / "images").iterdir()}
    assert main(["predict", f"model={run / 'model'}", "-i", f"{folder}/images", "-o", f"{folder}/images"]) == 2
    assert "its pictures are read, and would lie among drawings" in capsys.readouterr().err
    assert before == {p: p.read_bytes() for p in before}


def test_new_pictures_are_answered_in_the_formats_asked_for(run, folder, tmp_path):
    words = [f"model={run / 'model'}", "-i", str(folder / "images"), "-o", str(tmp_path)]
    assert main(["predict", "task=boxes", *words, "predict.formats=[voc,coco,yolo,csv]", "device=cpu"]) == 0
    answers = read_box_predictions(tmp_path / "predictions.json")
    assert len(answers.cases) == 24 and answers.unit == "px"
    assert len(list(tmp_path.glob("*.xml"))) == len(list(tmp_path.glob("p*.txt"))) == 24
    assert (tmp_path / "boxes.json").is_file() and (tmp_path / "classes.txt").read_text() == "bright\ndark\n"
    told = AnswerFiles("boxes", ("voc", "coco", "yolo", "csv"))
    there = {p.name for p in tmp_path.iterdir() if p.is_file()} - {".lock"}
    assert there | {"failures.csv"} == {*told.of_all(), *(n for case in answers.cases for n in told.of_case(case))}
    found = [b for boxes in answers.cases.values() for b in boxes if b.found]
    assert found and all(b.belief >= 0.03 for b in found)


def test_tables_of_boxes_go_on_where_later_calls_do_not_ask_for_them(run, folder, tmp_path):
    pictures, names = sorted((folder / "images").iterdir())[:2], {"boxes.csv", "boxes.json", "classes.txt"}
    asked = [f"model={run / 'model'}", "device=cpu", "predict.formats=[coco,csv,yolo]"]
    for out, given, words in (
        ("out", pictures[:1], asked),
        ("out", pictures[1:], asked[:2]),
        ("once", pictures, asked),
    ):
        assert main(["predict", *words, "-i", *map(str, given), "-o", str(tmp_path / out)]) == 0
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()


def test_running_again_changes_nothing(run, folder):
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name not in ("run_report.json", ".lock")}
    assert main(["run", "experiment=my_landmarks", f"source={folder}", f"run={run}", *SETTINGS]) == 0
    after = {p: p.read_bytes() for p in before}
    changed = [p.name for p in before if before[p] != after[p]]
    assert changed in ([], ["report.html"])


def test_a_part_that_shows_no_box_is_measured_and_shown(run, tmp_path, capsys):
    place = shutil.copytree(run, tmp_path / "r")
    data = json.loads((place / "dataset.json").read_text())
    for case in data["cases"]:
        case["boxes"] = [] if case["split"] == "test" else case["boxes"]
    (place / "dataset.json").write_text(json.dumps(data))
    assert main(["check", f"run={place}"]) == main(["evaluate", f"run={place}"]) == 0
    assert "no box to find, 4 cases" in capsys.readouterr().out
    assert main(["report", f"run={place}"]) == 0


def test_boxes_that_are_left_out_are_not_drawn(run, tmp_path, monkeypatch):
    place = shutil.copytree(run, tmp_path / "r")
    data = read_dataset(place / "dataset.json")
    odd = Box("dark", (9.0, 9.0), (3.0, 3.0)), Box("dark", (90.0, 3.0), (95.0, 9.0))  # ends before it begins, outside
    told = tuple(replace(c, boxes=(*(c.boxes or ()), *odd)) for c in data.cases)
    write_dataset(data.with_cases(told), place / "dataset.json")
    assert main(["check", f"run={place}"]) == 0
    drawn = []
    monkeypatch.setattr(
        "pipeline.stages.report_boxes.draw_boxes", lambda *shown: drawn.append(shown[1]) or draw_boxes(*shown)
    )
    assert main(["evaluate", f"run={place}"]) == main(["report", f"run={place}"]) == 0
    assert drawn and all(len(reference) == 2 for reference in drawn)


def test_a_class_that_no_training_case_shows_is_told_before_anything_is_learned(run, tmp_path, monkeypatch, capsys):
    data, virus = read_dataset(run / "dataset.json"), Box("virus", (1.0, 1.0), (9.0, 9.0))
    told = tuple(replace(c, boxes=(*(c.boxes or ()), virus)) if c.split == "test" else c for c in data.cases)
    write_dataset(data.with_cases(told), tmp_path / "dataset.json")
    untaught = []
    monkeypatch.setattr(Cascade, "train", lambda cascade: untaught.append(cascade.task_of(1).untaught))
    with pytest.raises(TypeError):
        train(
            tmp_path / "dataset.json", run / "prepared", tmp_path / "run", TrainingSettings(), "cpu", question="boxes"
        )
    assert capsys.readouterr().err == "boxes: no training case shows 'virus'; that will never be answered.\n"
    assert untaught == [("virus",)]  # nor is it: the task knows


def test_one_thing_or_none_from_phantoms_to_a_page(tmp_path, capsys):
    assert main(["simulate", "kind=objects", f"out={tmp_path / 'objects'}", "cases=24"]) == 0
    place = tmp_path / "run"
    settings = [s for s in SETTINGS if s != "task=boxes"]
    given = ["experiment=one_object_phantom", f"source={tmp_path / 'objects'}", f"run={place}"]
    assert main(["run", *given, *settings]) == 0
    summary = json.loads((place / "test" / "summary.json").read_text())
    assert summary["task"] == "one_object"
    assert 0 <= summary["metrics"]["accuracy"] <= 1 and 0 <= summary["metrics"]["mean_iou"] <= 1
    answers = read_box_predictions(place / "test" / "predictions.json")
    assert all(len(boxes) == 1 for boxes in answers.cases.values())
    accuracy, overlap = (summary["metrics"][name] for name in ("accuracy", "mean_iou"))
    assert f"accuracy {accuracy:.3f}, mean_iou of all things {overlap:.4g}, " in capsys.readouterr().out
    page = (place / "report.html").read_text()
    assert (
        f"<span>accuracy</span><b>{accuracy:.3f}</b>" in page and f"<span>mean_iou</span><b>{overlap:.3f}</b>" in page
    )
    assert "validation error, 2 - accuracy - mean_iou" in page and "1 - AP50" not in page


def test_one_network_looks_once_for_the_one_thing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pipeline.stages.preprocess.derive_spacings", lambda *_: (4.0, 2.0))
    assert main(["simulate", "kind=objects", f"out={tmp_path / 'objects'}", "cases=24"]) == 0
    given = ["experiment=my_landmarks", "task=one_object", f"source={tmp_path / 'objects'}", f"run={tmp_path / 'run'}"]
    settings = [s for s in SETTINGS if not s.startswith(("task=", "levels=", "training.steps="))]
    settings += ["training.steps=4"]
    assert main(["run", *given, *settings]) == 0
    assert len(json.loads((tmp_path / "run" / "model" / "model.json").read_text())["levels"]) == 1
    made = read_store(tmp_path / "run" / "prepared")
    replace(made, spacings=(4.0, 2.0), keys={case: key * 2 for case, key in made.keys.items()}).write()
    assert main(["train", f"run={tmp_path / 'run'}", *settings]) == 2
    assert "prepared: was made with levels=[4,2], and task=one_object looks at all" in capsys.readouterr().err


def test_several_things_are_no_question_for_one_object(folder, tmp_path, capsys):
    given = ["experiment=one_object_phantom", f"source={folder}", f"run={tmp_path / 'run'}"]
    assert main(["import", *given]) == 1
    assert "24 cases show several things, the first p00: use task=boxes" in capsys.readouterr().err


def test_what_shows_several_things_is_left_out_and_so_is_a_box_without_area_or_drawn_twice(tmp_path, capsys):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(5):
        PIL.Image.fromarray(squares(np.random.default_rng(number))[0]).save(source / f"p{number}.png")
    thing, empty, outside = ((3.0, 3.0), (9.0, 9.0)), ((5.0, 3.0), (5.0, 9.0)), ((90.0, 3.0), (95.0, 9.0))
    told = {f"p{number}.png": [Box("dark", *ends) for ends in (thing, thing, empty, outside)] for number in range(5)}
    write_boxes_csv(source / "boxes.csv", told)
    given = ["experiment=one_object_phantom", f"source={source}", f"run={tmp_path / 'run'}"]
    assert main(["import", *given]) == 0
    assert len(read_dataset(tmp_path / "run" / "dataset.json").cases) == 5
    for case in ("p1", "p3"):
        told[f"{case}.png"].append(Box("dark", (20.0, 3.0), (29.0, 9.0)))
    write_boxes_csv(source / "boxes.csv", told)
    assert main(["import", *given]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [f"  {case}: 2 boxes; one is needed." for case in ("p1", "p3")]
    assert [c.id for c in read_dataset(tmp_path / "run" / "dataset.json").cases] == ["p0", "p2", "p4"]
    told["p4.png"].append(Box("dark", (20.0, 3.0), (29.0, 9.0)))
    write_boxes_csv(source / "boxes.csv", told)
    assert main(["import", *given]) == 1
    assert "3 cases show several things, the first p1: use task=boxes" in capsys.readouterr().err


def test_a_video_given_as_frames_is_answered_frame_by_frame_and_only_new_ones_are_computed(run, folder, tmp_path):
    """Frames keep their names and order, so that the drawn ones can be joined again."""
    frames = tmp_path / "frames"
    frames.mkdir()
    rng = np.random.default_rng(5)
    for number in range(1, 13):
        PIL.Image.fromarray(squares(rng)[0]).save(frames / f"{number:05d}.png")
    words = ["predict", f"model={run / 'model'}", "-i", str(frames), "-o", str(frames / "answers"), "device=cpu"]
    assert main(words) == 0
    names = [f"{number:05d}" for number in range(1, 13)]
    answers = read_box_predictions(frames / "answers" / "predictions.json")
    assert list(answers.cases) == names and answers.unit == "px"
    drawn = [PIL.Image.open(frames / "answers" / f"{name}.png") for name in names]
    assert len({picture.size for picture in drawn}) == 1 and drawn[0].size[0] >= 480
    PIL.Image.fromarray(squares(rng)[0]).save(frames / "00013.png")
    assert main(words) == 0
    report = json.loads((frames / "answers" / "run_report.json").read_text())
    assert list(report["seconds_per_case"]) == ["00013"]  # and none of the drawings, though they lie below
    assert main([*words[:-2], str(frames), "device=cpu"]) == 2  # where a drawing would replace its frame


def test_a_class_that_alone_says_a_side_is_not_mirrored(untrained, capsys):
    content = (untrained / "dataset.json").read_text().replace('"dark"', '"left_lung"')
    (untrained / "dataset.json").write_text(content)
    main(["check", f"run={untrained}"])
    words = ["training.augment.mirror=0.5", "training.minutes=null", "training.steps=1", "threads=1"]
    assert main(["train", f"run={untrained}", *words]) == 2
    assert "'left_lung' says its side, and there is no 'right_lung'" in capsys.readouterr().err
