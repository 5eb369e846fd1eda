"""One network for landmarks, boxes and values: from a folder to answers, measured and shown."""

import csv
import json
import shutil

import pytest
from words import with_others

from pipeline.cli.door import main
from pipeline.cli.measuring import _found
from pipeline.cli.promise import promise
from pipeline.data.boxes_table import BoxesTable
from pipeline.data.boxes_voc import read_voc
from pipeline.stages.simulate import simulate
from pipeline.tasks.names import BESIDE

SETTINGS = [
    "experiment=my_landmarks", "task=multi", "training.minutes=null", "training.steps=30", "device=cpu", "threads=1",
    "training.validations=1", "training.precision=float32", "training.looks=1",
    "training.coarse.parameters={stride: 4, width: 8, growth: 8, depth: 1}", "training.coarse.batch=8",
]  # fmt: skip
PARTS = {4: "test", 5: "test", 6: "test", 7: "validation", 11: "validation"}  # the others train


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Things in pictures: their middle as a landmark and their width in a table, each of three pictures in four, and in
    half of them their box."""
    place = tmp_path_factory.mktemp("things")
    simulate(place, 16, kind="objects", workers=1)
    with open(place / "landmarks.csv", "w") as points, open(place / "values.csv", "w") as values:
        points.write("case,landmark,x_px,y_px\n")
        values.write("case,width\n")
        for number, path in enumerate(sorted((place / "Annotations").glob("*.xml"))):
            found = BoxesTable()
            read_voc(path, path.stem, found)
            for box in found.cases[path.stem]:
                x, y = ((a + b) / 2 for a, b in zip(box.low, box.high, strict=True))
                if number % 4 != 1:
                    points.write(f"{path.stem},middle,{x:.2f},{y:.2f}\n")
                if number % 4 != 2:
                    values.write(f"{path.stem},{box.high[0] - box.low[0]:.2f}\n")
            if number % 2:
                path.unlink()
    parts = (f"objects_{number:06d},{PARTS.get(number, 'train')}" for number in range(16))
    (place / "split.csv").write_text("\n".join(("case,split", *parts)))
    return place


@pytest.fixture(scope="module")
def run(pictures):
    place = pictures.parent / "multi_run"
    words = [f"source={pictures}", f"run={place}", "levels=[1.0]", "outputs.numbers=[width]"]
    assert main(["run", *SETTINGS, *words, "training.attributes.balance=gradnorm"]) == 0
    return place


def test_what_is_not_known_of_a_case_costs_that_part_alone(run):
    cases = json.loads((run / "dataset.json").read_text())["cases"]
    known = {("middle" in case["landmarks"], "boxes" in case, "values" in case) for case in cases}
    assert known == {(True, True, True), (False, False, True), (True, True, False), (True, False, True)}


def test_too_few_validation_cases_for_a_radius_or_a_range_are_told(run):
    radius, range_of_width = promise(run / "model")
    assert "no radius95 will be given: 2 validation cases" in radius
    assert "no range will be given of 'width': 2 validation cases" in range_of_width


def test_every_part_has_its_loss_and_its_share(run):
    with open(run / "history.csv") as file:
        row = list(csv.DictReader(file))[-1]
    for part in ("landmarks", "boxes", "width"):
        assert float(row[f"loss_{part}"]) > 0 and 0 < float(row[f"pull_share_{part}"]) < 1


def test_one_prediction_has_points_boxes_and_values(run):
    told = json.loads((run / "test" / "predictions.json").read_text())
    for case in told["cases"]:
        assert "middle" in told["cases"][case] and "width" in told["values"][case]
        for box in told["boxes"][case]:
            assert set(box) == {"class", "low", "high", "belief", "found"}
    assert {p.suffix for p in (run / "test" / "boxes").iterdir()} == {".png"}


def test_all_parts_are_measured_and_shown(run):
    summary = json.loads((run / "test" / "summary.json").read_text())
    known = [c for c in json.loads((run / "dataset.json").read_text())["cases"] if c["split"] == "test"]
    there = sum(len(c.get("boxes") or ()) for c in known)
    assert summary["boxes"]["overall"]["boxes"] == there and "width.mae" in summary["metrics"]
    assert "boxes.ap50" in summary["metrics"]
    assert summary["n_present"] == sum(bool(c["landmarks"]) for c in known) < len(known)
    assert summary["values"]["width"]["images"] == sum("values" in c for c in known) < len(known)
    page = (run / "report.html").read_text()
    assert "<h3>Boxes</h3>" in page and "Of the images as a whole" in page


def test_the_terminal_shows_what_was_measured_of_each_part(run, capsys):
    assert main(["evaluate", f"run={run}"]) == 0
    said, summary = capsys.readouterr().out, json.loads((run / "test" / "summary.json").read_text())
    rows = [line.split() for line in said.splitlines()]
    assert f"{summary['n']} of 2 landmarks found, 3 cases" in " ".join(said.split())
    assert ["width", "mae", f"{summary['metrics']['width.mae']:.4g}"] in [row[:3] for row in rows]
    overall = summary["boxes"]["overall"]
    assert ["all", "classes", f"{overall['boxes']}", f"{overall['answers']}"] in [row[:4] for row in rows]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"n": 34, "n_present": 36, "mean": 1.234}, "mean error 1.23 px, 34 of 36 landmarks found"),
        ({"n": 0, "n_present": 36, "mean": None}, "0 of 36 landmarks found"),
        ({"n": 0, "n_present": 0, "mean": None}, "no landmark to find"),
    ],
)
def test_where_no_landmark_is_found_there_was_one_to_find(numbers, said):
    assert _found({**numbers, "unit": "px"}) == said


def test_boxes_around_landmarks_of_scans_stand_beside_them(tmp_path):
    simulate(tmp_path / "blobs", 6, kind="blobs", workers=1, fov_mm=32.0)
    words = [f"source={tmp_path / 'blobs'}", f"run={tmp_path / 'run'}", "levels=[2.0]", "data.margin=2"]
    names = json.loads(next((tmp_path / "blobs" / "landmarks").iterdir()).read_text())["markups"][0]["controlPoints"]
    pair = ",".join(point["label"] for point in names[:2])
    words = with_others(SETTINGS, [*words, f"data.boxes_around={{pair: [{pair}]}}", "training.steps=4"])
    assert main(["run", *words]) == 0
    data = json.loads((tmp_path / "run" / "dataset.json").read_text())
    shown = {c["id"]: all(c["landmarks"][point["label"]] for point in names[:2]) for c in data["cases"]}
    assert any(shown.values()) and all(len(c["boxes"]) == shown[c["id"]] for c in data["cases"])
    out = tmp_path / "run" / "test"
    assert len(list(out.glob("*.mrk.json"))) == len(list((out / "boxes").glob("*.mrk.json"))) > 0
    (test,) = (c["id"] for c in data["cases"] if c["split"] == "test")
    assert json.loads((out / "summary.json").read_text())["boxes"]["overall"]["boxes"] == shown[test]


def test_landmarks_alone_are_not_several_outputs(tmp_path, capsys):
    simulate(tmp_path / "blobs", 6, kind="blobs", workers=1, fov_mm=32.0)
    assert main(["import", *SETTINGS[:2], f"source={tmp_path / 'blobs'}", f"run={tmp_path / 'run'}"]) == 1
    assert "nothing beside the landmarks" in capsys.readouterr().err


def test_answers_to_another_part_lie_beside_those_to_the_test_part(run):
    before = {path: path.read_bytes() for path in (run / "test").rglob("*") if path.is_file()}
    before[run / "report.html"] = (run / "report.html").read_bytes()
    for verb in ("predict", "evaluate", "report"):
        assert main([verb, f"run={run}", "evaluate.part=validation"]) == 0
    assert {path: path.read_bytes() for path in before} == before
    summary = json.loads((run / "validation" / "summary.json").read_text())
    assert summary["split"] == "validation"
    assert "part: validation" in (run / "validation" / "report.html").read_text()


def test_a_run_goes_on_with_a_name_that_an_early_version_took(pictures, tmp_path, monkeypatch, capsys):
    shutil.copytree(pictures, tmp_path / "things")
    table = tmp_path / "things" / "values.csv"
    table.write_text(table.read_text().replace("width", "belief"))
    words = [f"source={tmp_path / 'things'}", "levels=[1.0]", "outputs.numbers=[belief]", "training.steps=2"]
    command = ["run", *(word for word in SETTINGS if word != "training.steps=30"), *words, f"run={tmp_path / 'run'}"]
    assert main(command) == 2 and "cannot be called 'belief'" in capsys.readouterr().err
    with monkeypatch.context() as early:
        early.delitem(BESIDE, "belief")
        assert main(command) == 0
    shutil.rmtree(tmp_path / "run" / "model")  # half trained
    assert main(command) == 0
