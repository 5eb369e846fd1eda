"""A run as other stages leave it, and the page made of it."""

import csv
import json
import re
import time

import nibabel
import numpy as np
import pytest

from pipeline.cli.door import main
from pipeline.cli.promise import promise
from pipeline.data.atomic import read_sealed, write_json, write_sealed
from pipeline.data.columns import Column
from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.findings import Finding, Findings, write_findings
from pipeline.data.predictions import Answer, Predictions, write_predictions
from pipeline.data.value_predictions import ValueAnswer, ValuePredictions, write_value_predictions
from pipeline.errors import DataError
from pipeline.report.columns import number
from pipeline.report.paper import MEAN_MM
from pipeline.stages.evaluate import evaluate
from pipeline.stages.evaluate_values import evaluate_values
from pipeline.stages.report import report
from pipeline.stages.report_values import report_values

EVIL = "<script>alert('x')</script>"


def scan(folder, name, points, seed):
    """A blurred ball at every landmark in noise, 60 mm wide, RAS on disk."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(60.0)] * 3, indexing="ij"), -1)
    voxels = rng.normal(0, 20, grid.shape[:3]) - 200 * (np.linalg.norm(grid - 30, axis=-1) > 28)
    for point in points:
        if point is not None:
            voxels += 300 * np.exp(-((grid - point) ** 2).sum(-1) / 18)
    affine = np.diag([-1.0, -1, 1, 1])  # voxel (i, j, k) is LPS (i, j, k)
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.int16), affine), folder / name)


def make_run(folder, names, cases=4, scans=True, seed=0):
    """Write a run folder; the error grows with the case's number."""
    rng = np.random.default_rng(seed)
    made, answers = [], {}
    for i in range(cases):
        points = rng.uniform(15, 45, (len(names), 3))
        absent = i == 1
        known = {n: (None if absent and n == names[-1] else tuple(p)) for n, p in zip(names, points, strict=True)}
        made.append(Case(f"case_{i:02d}", f"person_{i // 2}", f"case_{i:02d}.nii.gz", known, "test"))
        if scans:
            scan(folder, f"case_{i:02d}.nii.gz", list(known.values()), i)
        if i == cases - 1 and cases > 3:
            continue
        moved = points + rng.normal(0, 0.5 + 0.15 * i, points.shape)
        answers[made[-1].id] = {
            n: Answer(tuple(p), True, 0.9, 0.4, 12) if known[n] else Answer(None, False, 0.1, None, 0)
            for n, p in zip(names, moved.tolist(), strict=True)
        }
    made += [Case(f"train_{i}", f"t{i}", "none.nii.gz", {n: (30, 30, 30) for n in names}, "train") for i in range(8)]
    write_dataset(Dataset("phantoms & friends", folder, tuple(names), tuple(made)), folder / "dataset.json")
    write_predictions(
        Predictions("model", answers, failures={f"case_{cases - 1:02d}": "scan is truncated"} if cases > 3 else {}),
        folder / "test/predictions.json",
    )
    evaluate(folder / "test/predictions.json", folder / "dataset.json", folder / "test")
    write_findings(
        Findings(
            (Finding("landmark-outside", "error", "bad_07", "left_ostium lies 40 mm outside", "Check the frame."),)
        ),
        folder / "findings.json",
    )
    (folder / "config.yaml").write_text("experiment: cta_phantom\nseed: 7\nthreads: 2\ntraining:\n  minutes: 4\n")
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model/model.json").write_text(
        json.dumps({"levels": [{"spacing": 3.0}, {"spacing": 1.5}, {"spacing": 1.0}], "training": {"minutes": 6.5}})
    )
    lines = ["level,step,seconds,loss_total,error,extra"]
    for level, (start, floor) in enumerate([(9, 2.6), (3, 1.4), (2, 0.9)]):
        lines += [
            f"{level},{s},{s / 10:.1f},{4 * fall + 0.3:.4f},{start * fall + floor:.3f},x"
            for s in range(50, 801, 50)
            for fall in [np.exp(-s / 220)]
        ]
    (folder / "history.csv").write_text("\n".join([*lines, "2,801,80.0,0.3,,"]) + "\n")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "night"
    run.mkdir()
    make_run(run, [*list(MEAN_MM)[:2], EVIL, "$weird_{name"])
    return report(run).read_text()


def test_the_page_shows_the_numbers_the_pictures_and_the_curves(page):
    assert page.count("<svg") == 2
    assert page.count("data:image/png;base64,") == 6  # three cases, a typical landmark and the worst of each
    for words in (
        "night",
        "phantoms &amp; friends",
        "train 8, test 4",
        "3, then 1.5, then 1",
        "6.5 minutes given",  # 4 of them went into the levels of the model
        "right_ostium",
    ):
        assert words in page
    assert re.search(r"<dt>seed</dt><dd>7</dd>", page) and re.search(r"<dt>threads</dt><dd>2</dd>", page)


def test_the_papers_errors_stand_beside_ours_labelled_as_other_data(page):
    assert "paper&#39;s, other scans" in page
    assert ">2.19<" in page and ">2.88<" in page and ">3.78<" not in page


def test_what_failed_and_what_was_kept_out_is_listed(page):
    for words in ("scan is truncated", "bad_07", "landmark-outside", "Check the frame."):
        assert words in page


def test_names_from_outside_are_escaped_everywhere(page):
    assert EVIL not in page and "&lt;script&gt;alert(" in page
    assert page.count("<script>") == 1  # our own, that sorts the table


def test_a_model_that_finds_nothing_is_said_to_by_the_page_and_by_train(tmp_path):
    make_run(tmp_path, ["a"], cases=1, scans=False)
    content = {"task": "landmarks", "calibration": {"threshold": 1.0000000000000002, "radius": None, "cases": 1}}
    write_sealed(tmp_path / "model" / "model.json", content)
    (said,) = promise(tmp_path / "model")
    assert "finds no landmark: in validation even its surest answers were wrong. Give it more training.minutes" in said
    assert f"<b>{said}</b>" in report(tmp_path).read_text()
    content["calibration"]["threshold"] = 0.5
    write_sealed(tmp_path / "model" / "model.json", content)
    assert "finds no landmark" not in report(tmp_path).read_text()
    (said,) = promise(tmp_path / "model")
    assert "1 validation case gave too few answers (19 answers, of 5 cases or more, are needed)" in said
    content["calibration"] |= {"cases": 30, "subjects": 2}
    write_sealed(tmp_path / "model" / "model.json", content)
    (said,) = promise(tmp_path / "model")
    assert "30 validation cases of 2 subjects gave too few answers (19 answers, of 5 subjects or more, are" in said


def test_a_part_that_was_not_measured_says_so_and_how_it_is(tmp_path):
    make_run(tmp_path, ["a"], cases=1, scans=False)
    text = report(tmp_path, part="validation").read_text()
    assert "<dt>measured</dt><dd>not yet</dd>" in text
    assert f"<code>patchvote evaluate run={tmp_path} evaluate.part=validation</code>" in text


def test_values_that_there_was_nothing_to_measure_against_are_not_said_to_be_unmeasured(tmp_path):
    age, answers = Column("age", "number"), tmp_path / "validation/predictions.json"
    cases = (Case("a", "a", "a.png", {}, "validation"), Case("b", "b", "b.png", {}, "validation"))
    write_dataset(Dataset("people", tmp_path, (), cases, "px", outputs=(age,)), tmp_path / "dataset.json")
    write_value_predictions(ValuePredictions("m", {"a": {"age": ValueAnswer(3.0)}}, (age,)), answers)
    evaluate_values(answers, tmp_path / "dataset.json", answers.parent, part="validation")
    text = report_values(tmp_path, part="validation").read_text()
    assert "Measured, but there is nothing to compare: no image of part validation has both a value" in text
    assert not any(words in text for words in ("Nothing was measured", "test/", "Case by case", "errors are spread"))


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.search(r"https?:|//[a-z0-9]|url\((?!#)|@import|<link", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))


def test_a_rerun_gives_the_same_page(tmp_path):
    make_run(tmp_path, ["a"], cases=2)
    assert report(tmp_path).read_bytes() == report(tmp_path, tmp_path / "again.html").read_bytes()


def test_missing_parts_are_said_to_be_missing(tmp_path):
    make_run(tmp_path, ["a"], cases=1)
    kept = tmp_path / "dataset.json"
    for path in [*tmp_path.glob("*"), *tmp_path.glob("*/*")]:
        if path.is_file() and path != kept:
            path.unlink()
    text = report(tmp_path, title="Only data").read_text()
    for words in (
        "Only data",
        "no test/summary.json",
        "no history.csv",
        "data were not checked",
        "not recorded",
        "No errors",
    ):
        assert words in text


def test_a_scan_that_is_gone_leaves_a_note_in_place_of_its_picture(tmp_path):
    make_run(tmp_path, ["a", "b"], cases=1, scans=False)
    assert "The scan cannot be shown" in report(tmp_path).read_text()


def test_errors_that_were_edited_since_they_were_measured_are_not_shown(tmp_path, capsys):
    make_run(tmp_path, ["a", "b"], cases=1, scans=False)
    path = tmp_path / "test/errors.csv"
    rows = list(csv.DictReader(path.open()))
    path.write_text(path.read_text().replace(f",found,{rows[0]['error']},", ",found,0.01,"))
    assert main(["report", f"run={tmp_path}"]) == 1
    said = f"{path}: not as evaluate wrote it: edited or damaged since. Run `patchvote evaluate run={tmp_path}` again."
    assert said in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("name", ["test/predictions.json", "dataset.json"])
def test_answers_or_references_changed_after_they_were_measured_are_not_shown(tmp_path, name):
    make_run(tmp_path, ["a", "b"], cases=1)
    content = (tmp_path / name).read_text()
    (tmp_path / name).write_text(content + "\n")
    with pytest.raises(DataError, match="was measured on"):
        report(tmp_path)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("history.csv", lambda b: b[:30] + b"\xff" + b[30:]),
        ("config.yaml", lambda b: b + b"\xff"),
        ("test/run_report.json", lambda b: b + b"\xff"),
        ("test/summary.json", lambda b: b.replace(b'"landmarks"', b'"points"')),
        ("test/summary.json", lambda b: b.replace(b'"failures": {}', b'"failures": null')),
        ("test/summary.json", lambda _: b"[]"),
        ("test/errors.csv", lambda b: b[:30] + b"\xff" + b[30:]),
        ("test/errors.csv", lambda b: b[: b.rindex(b"person_0") + 8]),
        ("test/errors.csv", lambda b: b.replace(b",found,", b",found,x")),
        ("test/errors.csv", lambda b: b.replace(b",found,", b",seen,")),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, damage):
    make_run(tmp_path, ["a", "b"], cases=1, scans=False)
    of_an_early_version(tmp_path)  # which knew no sums of tables
    (tmp_path / "test/run_report.json").write_text("{}")
    (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / name}: ")):
        report(tmp_path)


def of_an_early_version(run, *, sealed=True):
    """What was measured, as when the summary did not know the sums of the tables yet, or had no seal."""
    content = read_sealed(run / "test/summary.json")
    assert content.pop("tables")
    (write_sealed if sealed else write_json)(run / "test/summary.json", content)


@pytest.mark.parametrize("sealed", [True, False])
def test_numbers_of_an_early_version_are_shown_without_a_seal_and_without_sums_of_tables(tmp_path, sealed):
    make_run(tmp_path, ["a", "b"], cases=1, scans=False)
    of_an_early_version(tmp_path, sealed=sealed)
    path = tmp_path / "test/errors.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    assert "95% CI" in report(tmp_path).read_text()


def test_an_error_without_a_reference_is_named(tmp_path):
    make_run(tmp_path, ["a", "b"], cases=2)
    of_an_early_version(tmp_path)
    path = tmp_path / "test/errors.csv"
    path.write_bytes(path.read_bytes().replace(b"told absent,,", b"found,9,"))
    with pytest.raises(
        DataError, match=re.escape(f"{path}: case 'case_01': b: an error, but no answer or no reference")
    ):
        report(tmp_path)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(DataError, match="nothing to report"):
        report(tmp_path)


def test_fifty_landmarks_show_the_extremes_and_no_column_each(tmp_path):
    names = [f"point_{i:02d}" for i in range(51)]
    make_run(tmp_path, names, cases=20, scans=False)
    start = time.perf_counter()
    text = report(tmp_path).read_text()
    assert time.perf_counter() - start < 10
    assert text.count("(worst)") == text.count("(best)") == 3
    assert "Every landmark of every case is in test/errors.csv" in text


def test_distances_are_told_by_the_terminal_and_drawn_on_the_page_where_they_were_asked_for(tmp_path, capsys):
    make_run(tmp_path, ["left", "<i>b", "right"], cases=6, scans=False)  # "right" is absent in one, one has no answers
    answers, data = tmp_path / "test/predictions.json", tmp_path / "dataset.json"
    assert "Distances between landmarks" not in report(tmp_path).read_text()
    given = [f"predictions={answers}", f"dataset={data}", "distances=[[left,right]]"]
    assert main(["evaluate", *given]) == 1  # one case failed
    printed = " ".join(capsys.readouterr().out.split())
    for words in ("left and", "agreement", "Bland & Altman 1986", "Lengths in mm"):
        assert words in printed
    found = evaluate(answers, data, tmp_path / "test", distances=[("left", "right"), ("left", "<i>b")])["distances"]
    assert [pair["n"] for pair in found] == [4, 5]
    page = report(tmp_path).read_text()
    assert page.count("<svg") == 2 + 2 and "left and\n&lt;i&gt;b" in page and "<i>b" not in page
    assert f"bias {number(found[0]['bias'])} mm" in page and f">{found[1]['icc']:.3f}</td>" in page
