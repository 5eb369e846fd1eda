"""A folder as a user would bring it, one bad scan in it, through every stage and back, by the commands alone."""

from __future__ import annotations

import json
import shutil

import pytest

from pipeline.cli.door import main
from pipeline.data.dataset import read_dataset

WORDS = ("experiment=my_landmarks", "training.minutes=null", "training.steps=40", "threads=1")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Phantoms, of which one is truncated, and what `run` made of them."""
    folder = tmp_path_factory.mktemp("house")
    sizes = ("fov_mm=48", "spacing_mm=2", "threads=1")
    assert main(["simulate", f"out={folder}/scans", "cases=10", "kind=blobs", *sizes]) == 0
    bad = sorted((folder / "scans" / "images").iterdir())[3]
    bad.write_bytes(bad.read_bytes()[:200])
    code = main(["run", f"source={folder}/scans", f"run={folder}/run", *WORDS])
    return folder, bad.name.partition(".")[0], code


def test_a_bad_scan_is_left_out_and_named_and_all_others_come_through(house, capsys):
    folder, bad, code = house
    assert code == 1
    assert main(["run", f"source={folder}/scans", f"run={folder}/run", *WORDS]) == 1
    printed = capsys.readouterr()
    assert bad in printed.err.splitlines()[-1]
    assert printed.out.splitlines()[-1] == f"Report: {folder / 'run' / 'report.html'}"
    assert "all landmarks" in printed.out


def test_running_again_does_only_what_is_missing(house):
    folder, _, _ = house
    kept = [*(folder / "run" / "model").iterdir(), *(folder / "run" / "prepared").iterdir()]
    arrays = {p: p.stat().st_mtime_ns for p in kept if p.name != "index.json"}
    main(["run", f"source={folder}/scans", f"run={folder}/run", *WORDS])
    assert {p: p.stat().st_mtime_ns for p in arrays} == arrays


def test_new_cases_do_not_cost_a_finished_run_its_split(house, tmp_path, capsys):
    folder, _, _ = house
    shutil.copytree(folder, tmp_path / "house")
    for path in (run := tmp_path / "house" / "run").glob("[cd]*.*"):  # config.yaml and dataset.json say where it lies
        path.write_text(path.read_text().replace(f"{folder}/", f"{tmp_path}/house/"))
    first, *_ = sorted((scans := tmp_path / "house" / "scans").glob("images/*"))
    for number in range(5):
        for path in scans.glob(f"*/{first.name.partition('.')[0]}.*"):
            shutil.copy(path, path.with_name(f"new{number}.{path.name.partition('.')[2]}"))
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "config.yaml"}
    assert main(["run", f"source={scans}", f"run={run}", *WORDS]) == 2
    assert "\n  new: 'new0', 'new1', 'new2', 'new3', 'new4'\n" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    assert [main([verb, f"run={run}"]) for verb in ("predict", "evaluate", "report")] == [0, 0, 0]


def test_a_scan_exchanged_since_it_was_answered_is_neither_measured_nor_shown(house, tmp_path, capsys):
    folder = shutil.copytree(house[0], tmp_path / "house")
    for path in (run := folder / "run").glob("[cd]*.*"):
        path.write_text(path.read_text().replace(f"{house[0]}/", f"{folder}/"))
    assert [main([verb, f"run={run}"]) for verb in ("evaluate", "report")] == [0, 0]  # a copy is no other scan
    one, other = (read_dataset(run / "dataset.json").part(part)[0] for part in ("test", "train"))
    shutil.copy(folder / "scans" / other.image, folder / "scans" / one.image)
    page = (run / "report.html").read_bytes()
    capsys.readouterr()
    for verb in ("evaluate", "report"):
        assert main([verb, f"run={run}"]) == 2
        assert f"changed since they were answered:\n  {one.id} (" in capsys.readouterr().err
    assert (run / "report.html").read_bytes() == page
    assert [main([verb, f"run={run}"]) for verb in ("predict", "evaluate", "report")] == [0, 0, 0]


def test_annotations_imported_since_they_were_checked_are_checked_before_they_are_gone_by(house, tmp_path, capsys):
    folder = shutil.copytree(house[0], tmp_path / "house")
    for path in (run := folder / "run").glob("[cd]*.*"):
        path.write_text(path.read_text().replace(f"{house[0]}/", f"{folder}/"))
    again = ["import", "experiment=my_landmarks", f"source={folder / 'scans'}", f"run={run}"]
    assert [main(again), main(["predict", f"run={run}"])] == [0, 0]  # the same data again
    case = read_dataset(run / "dataset.json").part("test")[0].id
    content = json.loads((path := folder / "scans" / "landmarks" / f"{case}.mrk.json").read_text())
    next(p["position"] for p in content["markups"][0]["controlPoints"] if "position" in p)[0] += 5000
    path.write_text(json.dumps(content))
    assert main(again) == 0
    capsys.readouterr()
    for verb in ("predict", "evaluate"):
        assert main([verb, f"run={run}"]) == 2
        assert f"Run again:\n  patchvote check run={run}\n" in capsys.readouterr().err
    assert main(["check", f"run={run}"]) == 1
    assert "landmark-outside" in capsys.readouterr().out
    assert main(["predict", f"run={run}"]) == 0


def test_new_scans_need_no_data_set(house, tmp_path, capsys):
    folder, _, _ = house
    words = ["kind=blobs", "fov_mm=48", "spacing_mm=2", "threads=1"]
    assert main(["simulate", f"out={tmp_path}/new", "cases=2", "seed=900", *words]) == 0
    asked = ["predict", f"model={folder}/run/model", "-i", f"{tmp_path}/new/images", "-o", f"{tmp_path}/out"]
    assert main([*asked, "threads=1"]) == 0
    answers = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert answers["frame"] == "LPS" and len(answers["cases"]) == 2
    assert all((tmp_path / "out" / f"{case}.mrk.json").is_file() for case in answers["cases"])


def test_a_scan_that_cannot_be_read_does_not_stop_the_others(house, tmp_path, capsys):
    folder, bad, _ = house
    words = ["predict", f"model={folder}/run/model", "-i", f"{folder}/scans/images", "-o", f"{tmp_path}/out"]
    assert main([*words, "threads=1"]) == 1
    assert bad in capsys.readouterr().err.splitlines()[-1]
    answers = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert len(answers["cases"]) == 9 and list(answers["failures"]) == [bad]


def test_who_wants_no_bars_is_told_of_the_bad_scan_alone(house, tmp_path, capsys):
    folder, bad, _ = house
    words = ["predict", f"model={folder}/run/model", "-i", f"{folder}/scans/images", "threads=1"]
    assert main([*words, "-q", "-o", f"{tmp_path}/quiet"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and bad in said[1]
    assert main([*words, "-o", f"{tmp_path}/told"]) == 1
    assert "predict: 100%" in capsys.readouterr().err


def test_suspects_of_networks_that_believe_nothing_are_not_called_a_clean_bill(house, capsys):
    folder, _, _ = house
    words = ("experiment=my_landmarks", "training.minutes=null", "training.steps=2", "threads=1", "check.folds=3")
    assert main(["check", "--with-model", f"run={folder}/run", *words]) == 1  # the truncated scan
    assert "no annotation could be judged" in " ".join(capsys.readouterr().out.split())


def test_a_run_in_one_go_names_the_bad_scan_at_check_and_at_the_end_alone(house, capsys):
    folder, bad, _ = house
    main(["run", f"source={folder}/scans", f"run={folder}/run", *WORDS])
    assert "check left out" not in capsys.readouterr().err
    assert main(["preprocess", f"run={folder}/run", "threads=1"]) == 0
    assert f"check left out 1 case, and preprocess goes without: '{bad}'." in capsys.readouterr().err
