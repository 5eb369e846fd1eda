"""`run` and `demo` call the stages in order, print the results last and list what failed. The stages are stand-ins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.cli import actions, chain
from pipeline.cli.door import main
from pipeline.cli.outcome import Outcome, table_from
from pipeline.data.run_report import write_report
from pipeline.errors import DataError
from pipeline.report.page import Page, render


@pytest.fixture
def called(monkeypatch):
    """Stages that only note what they were called with."""
    calls: list[tuple[str, object]] = []

    def stand_in(name):
        def stage(settings):
            calls.append((name, settings))
            if name == "import":
                (settings.run / "dataset.json").write_text("{}")
            if name == "simulate":
                settings.simulate.out.mkdir(parents=True, exist_ok=True)
            return Outcome(f"{name} done", (f"result of {name}",))

        return stage

    for name in actions.STAGES:
        monkeypatch.setitem(actions.STAGES, name, stand_in(name))
    monkeypatch.setattr(chain, "build_networks", lambda settings: None)
    monkeypatch.setattr(chain, "require_fitting", lambda settings: None)
    monkeypatch.setattr(chain, "require_ahead", lambda settings: None)
    return calls


def failing(name: str, monkeypatch, failed: dict[str, str]) -> None:
    good = actions.STAGES[name]

    def stage(settings):
        outcome = good(settings)
        return Outcome(outcome.note, outcome.shown, failed)

    monkeypatch.setitem(actions.STAGES, name, stage)


def run_words(tmp_path: Path) -> list[str]:
    return ["run", "experiment=my_landmarks", f"source={tmp_path}", f"run={tmp_path}/run"]


def test_run_calls_every_stage_in_order(called, tmp_path, capsys):
    assert main(run_words(tmp_path)) == 0
    assert [name for name, _ in called] == list(chain.CHAIN)
    printed = capsys.readouterr()
    assert printed.out.splitlines() == ["result of evaluate", "result of report"]
    assert "[4/7] train" in printed.err and "train done" in printed.err


def test_a_quiet_run_says_errors_and_results_alone(called, tmp_path, capsys, monkeypatch):
    assert main([*run_words(tmp_path), "-q"]) == 0
    assert capsys.readouterr() == ("result of evaluate\nresult of report\n", "")
    failing("predict", monkeypatch, {"case_9": "unreadable"})
    assert main([*run_words(tmp_path), "quiet=true"]) == 1
    assert capsys.readouterr().err == "patchvote: 1 case did not come through:\n  case_9: unreadable\n"


def test_run_says_at_the_end_what_the_model_cannot_promise(called, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(actions.STAGES, "train", lambda _: Outcome("model", ("run/model", "no radius95 will be given")))
    assert main(run_words(tmp_path)) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["no radius95 will be given", "result of report"]


def test_run_lists_the_cases_that_were_left_out_at_the_end(called, tmp_path, capsys, monkeypatch):
    failing("check", monkeypatch, {"case_7": "NaN coordinates"})
    failing("predict", monkeypatch, {"case_9": "unreadable"})
    assert main(run_words(tmp_path)) == 1
    assert capsys.readouterr().err.splitlines()[-3:] == [
        "patchvote: 2 cases did not come through:",
        "  case_9: unreadable",
        "  case_7: NaN coordinates",
    ]


def many(name: str, count: int) -> dict[str, str]:
    return {f"{name}_{n}": "unreadable" for n in range(count)}


@pytest.mark.parametrize(("count", "lines"), [(20, 21), (21, 23), (900, 23)])
def test_a_long_list_of_cases_is_cut_and_names_the_file_that_holds_all(count, lines, monkeypatch, tmp_path, capsys):
    failed = Outcome("done", (), many("case", count), (tmp_path / "failures.csv",))
    monkeypatch.setitem(actions.STAGES, "predict", lambda _: failed)
    assert main(["predict", "model=m", "-i", "scan.nii", "-o", f"{tmp_path}/out"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"patchvote: {count} cases did not come through:" and len(said) == lines
    end = [f"  and {count - 20} more", f"All of them are listed in {tmp_path / 'failures.csv'}."]
    assert count == 20 or said[-2:] == end


def test_a_list_that_no_file_holds_is_shown_whole():
    assert len(Outcome("done", (), many("case", 900)).told()) == 901


def test_run_names_only_files_that_add_to_the_list(called, tmp_path, capsys, monkeypatch):
    said = {"import": many("old", 2), "check": many("old", 2), "predict": many("new", 30), "evaluate": many("new", 30)}
    for name, failed in said.items():
        outcome = Outcome("done", (), failed, (Path(f"{name}.file"),))
        monkeypatch.setitem(actions.STAGES, name, lambda _, same=False, outcome=outcome: outcome)
    assert main(run_words(tmp_path)) == 1
    end = capsys.readouterr().err.splitlines()[-2:]
    assert end == ["  and 12 more", "All of them are listed in import.file, predict.file."]


def test_run_needs_a_source(capsys, tmp_path):
    assert main(["run", "experiment=my_landmarks", f"run={tmp_path}"]) == 2
    assert "source=FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "import"])
def test_a_source_that_is_not_there_is_said_before_a_run_folder_is_made(verb, capsys, tmp_path):
    words = [verb, "experiment=my_landmarks", f"source={tmp_path}/nowhere", f"run={tmp_path}/run"]
    assert main(words) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_stage_that_fails_ends_the_run(called, tmp_path, capsys, monkeypatch):
    def broken(settings):
        raise DataError("no scans")

    monkeypatch.setitem(actions.STAGES, "check", broken)
    assert main(run_words(tmp_path)) == 1
    assert [name for name, _ in called] == ["import"]
    assert "patchvote: no scans" in capsys.readouterr().err


def test_demo_simulates_runs_and_predicts_on_a_scan_of_another_seed(called, tmp_path, capsys):
    assert main(["demo", f"out={tmp_path}", "seed=2"]) == 0
    assert [name for name, _ in called] == ["simulate", *chain.CHAIN, "simulate", "predict"]
    first, new = (settings for name, settings in called if name == "simulate")
    assert (first.seed, first.simulate.out) == (2, tmp_path / "phantoms")
    assert (new.simulate.cases, new.simulate.out) == (1, tmp_path / "new_scan")
    assert new.seed > 1_000_000
    assert called[-1][1].predict.input == (tmp_path / "new_scan" / "images",)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "result of evaluate" and printed[-1] == "result of report"


def test_one_verb_calls_one_stage(called, tmp_path, capsys):
    assert main(["simulate", f"out={tmp_path}/phantoms", "cases=3"]) == 0
    assert [name for name, _ in called] == ["simulate"]
    assert capsys.readouterr().out == "result of simulate\n"


def test_predict_on_new_scans_needs_no_run_folder(called, tmp_path):
    assert main(["predict", "model=m", "-i", "scan.nii", "-o", f"{tmp_path}/out"]) == 0


def test_predict_without_a_model_says_how_to_name_one(tmp_path, capsys):
    assert main(["predict", "-i", f"{tmp_path}", "-o", f"{tmp_path}/out"]) == 2
    assert "predict: say which model answers: model=RUN/model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("predict model=m -o out", "predict: say which scans: -i SCAN_OR_FOLDER; or which run"),
        ("evaluate predictions=p.json", "evaluate: say which dataset.json holds the truth: dataset=FILE; or which run"),
        ("evaluate dataset=d.json", "evaluate: say which predictions.json is measured: predictions=FILE; or which run"),
        ("evaluate", "evaluate: say which run: run=runs/NAME"),
    ],
)
def test_what_was_forgotten_beside_what_was_given_is_asked_for(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert f"patchvote: {said}" in capsys.readouterr().err


def test_a_table_is_no_predictions_and_evaluate_says_what_is(tmp_path, capsys):
    (tmp_path / "answers.csv").write_text("case,landmark,x,y,z\n")
    assert main(["evaluate", f"predictions={tmp_path}/answers.csv", f"dataset={tmp_path}/dataset.json"]) == 1
    assert "answers.csv: not readable as JSON: " in (told := capsys.readouterr().err)
    assert "A predictions.json is needed: make it with `patchvote predict`, or as docs/" in told


@pytest.mark.parametrize(("content", "complaint"), [("[]", "a list"), ('{"task": ["boxes"]}', r"task '['boxes']'")])
def test_predictions_that_are_none_are_refused_by_name(tmp_path, capsys, content, complaint):
    (tmp_path / "p.json").write_text(content)
    (tmp_path / "dataset.json").write_text("{}")
    assert main(["evaluate", f"predictions={tmp_path}/p.json", f"dataset={tmp_path}/dataset.json"]) in (1, 2)
    assert f"{tmp_path}/p.json" in (said := capsys.readouterr().err) and complaint in said


def test_predict_without_an_output_folder_is_refused(capsys):
    assert main(["predict", "model=m", "-i", "scan.nii"]) == 2
    assert "-o FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("there", [False, True])
def test_a_call_that_fails_leaves_no_folder_that_it_made_for_nothing(there, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    if there:
        out.mkdir(parents=True)
    assert main(["predict", f"model={tmp_path}/none", "-i", f"{tmp_path}", "-o", f"{out}"]) == 1
    assert out.exists() == (tmp_path / "new").exists() == there


@pytest.mark.parametrize("place", ["notes.txt", "notes.txt/below"])
@pytest.mark.parametrize("words", ["predict -o {}", "evaluate output={}", "report output={}/page.html"])
def test_what_cannot_be_written_apart_from_the_run_is_said_before_the_work(words, place, called, tmp_path, capsys):
    for name in ("dataset.json", "model/model.json", "test/predictions.json"):
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    verb, *more = words.format(tmp_path / place).split()
    assert main([verb, f"run={tmp_path}/run", *more]) == 2
    assert f"{tmp_path / place}: cannot write there" in capsys.readouterr().err and called == []
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("place", ["run", "link", "run/model", "run/prepared"])
@pytest.mark.parametrize("words", ["run={}", "run={} -i scan.nii", "model={}/model -i scan.nii"])
def test_answers_do_not_go_among_the_files_of_a_run(words, place, called, tmp_path, capsys):
    for name in ("dataset.json", "config.yaml", "model/model.json", "prepared/index.json"):
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    words = words.format(tmp_path / "run").split()
    assert main(["predict", *words, "-o", f"{tmp_path / place}"]) == 2
    advice = "Choose another" if "-i" in words else "Leave it out, or choose another"
    said = capsys.readouterr().err
    assert f"-o {tmp_path / place}: is the run's own folder. {advice} with -o FOLDER" in said and called == []


OTHERS = {
    "predict": "model={here}/mine/model -i scan.nii",
    "align": "source={here}",
    "overlay": "-i a.png predictions={here}/p.json filter=hat",
    "identify": "model={here}/mine/model gallery={here}/people -i a.png",
}


def another_run(here):
    for name in ("run/dataset.json", "run/config.yaml", "run/model/model.json", "mine/model/model.json"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("{}")
    (here / "link").symlink_to(here / "run" / "model")
    (here / "copied").mkdir()
    (here / "copied" / "model.json").write_text("{}")


@pytest.mark.parametrize("place", ["run", "run/model", "link", "run/resume", "run/prepared", "copied"])
@pytest.mark.parametrize("verb", OTHERS)
def test_nothing_goes_among_the_files_of_any_other_run_or_model(verb, place, called, tmp_path, capsys):
    another_run(tmp_path)
    before = set(tmp_path.rglob("*"))
    assert main([verb, *OTHERS[verb].format(here=tmp_path).split(), "-o", f"{tmp_path / place}"]) == 2
    said = capsys.readouterr().err
    assert f"-o {tmp_path / place}: is a run's or a model's own folder. Choose another with -o FOLDER" in said
    assert called == [] and set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("verb", OTHERS)
def test_what_goes_into_a_folder_of_its_own_in_a_run_or_where_earlier_calls_wrote_is_let(verb, called, tmp_path):
    another_run(tmp_path)
    words = [verb, *OTHERS[verb].format(here=tmp_path).split(), "-o"]
    assert main([*words, f"{tmp_path}/run/answers"]) == main([*words, f"{tmp_path}/run/test"]) == 0
    write_report(tmp_path / "run", verb, 0.0, {}, {})
    assert main([*words, f"{tmp_path}/run"]) == 0
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dataset.json").write_text("{}")  # of another program
    assert main([*words, f"{tmp_path}/data"]) == 0


def test_a_part_of_a_run_may_be_answered_into_no_other_run(called, tmp_path, capsys):
    another_run(tmp_path)
    (tmp_path / "mine" / "dataset.json").write_text("{}")
    assert main(["predict", f"run={tmp_path}/mine", "-o", f"{tmp_path}/run"]) == 2
    assert "a run's or a model's own folder. Leave it out, or choose another with -o" in capsys.readouterr().err


def test_answers_go_beside_a_model_that_was_copied_and_into_a_folder_of_their_own_in_a_run(called, tmp_path):
    (tmp_path / "model").mkdir()
    assert main(["predict", f"model={tmp_path}/model", "-i", "scan.nii", "-o", f"{tmp_path}"]) == 0
    (tmp_path / "config.yaml").write_text("{}")
    assert main(["predict", f"model={tmp_path}/model", "-i", "scan.nii", "-o", f"{tmp_path}/answers"]) == 0


@pytest.mark.parametrize("words", ["predict -o {}", "evaluate output={}", "report output={}/page.html"])
def test_what_goes_elsewhere_asks_of_a_run_only_to_be_read(words, called, tmp_path, monkeypatch):
    run, (verb, *more) = tmp_path / "run", words.format(tmp_path / "out").split()
    for name in ("dataset.json", "model/model.json", "test/predictions.json"):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text("{}")
    before = set(run.rglob("*"))
    monkeypatch.setattr(chain.os, "access", lambda path, mode: path != run)
    assert main([verb, f"run={run}", *more]) == 0
    assert [name for name, _ in called] == [verb] and set(run.rglob("*")) == before
    monkeypatch.undo()
    monkeypatch.setitem(actions.STAGES, verb, lambda _: Outcome("done"))
    assert main([verb, f"run={run}", *more]) == 0
    assert (run / ".lock").exists()  # one that may be written into is held


@pytest.mark.parametrize(
    ("page", "said"),
    [("notes.txt/page.html", "cannot write there.*Choose another with report.output=FILE"), (".", "is a folder. Name")],
)
def test_run_asks_where_its_page_goes_before_it_begins(page, said, called, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main([*run_words(tmp_path), f"report.output={tmp_path / page}"]) == 2
    assert re.search(said, capsys.readouterr().err) and called == []


@pytest.mark.parametrize("name", ["model/model.json", "dataset.json", "notes.html"])
def test_a_page_replaces_no_file_but_a_page(name, called, tmp_path, capsys):
    run = tmp_path / "run"
    for there in ("dataset.json", "model/model.json", "notes.html"):
        (run / there).parent.mkdir(parents=True, exist_ok=True)
        (run / there).write_text("{}")
    assert main(["report", f"run={run}", f"report.output={run / name}"]) == 2
    said = capsys.readouterr().err
    assert f"{run / name}: is in the way, " in said and "Choose another report.output=FILE" in said and called == []
    (run / name).write_text(render(Page("mine", (), None)))
    assert main(["report", f"run={run}", f"report.output={run / name}"]) == 0


@pytest.mark.parametrize("gallery", ["/proc/people", "{file}/people"])
def test_a_gallery_that_cannot_be_written_is_not_waited_for(gallery, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    gallery = gallery.format(file=tmp_path / "file")
    assert main(["enroll", "model=m", f"gallery={gallery}", "name=a", "-i", "a.png"]) == 2
    said = capsys.readouterr().err
    assert f"gallery={Path(gallery).parent}: cannot write there" in said and "waiting" not in said


@pytest.mark.parametrize(
    ("words", "path", "first"),
    [
        ("preprocess", "findings.json", "check"),
        ("train", "prepared/index.json", "preprocess"),
        ("predict", "model/model.json", "train"),
        ("evaluate", "test/predictions.json", "predict"),
        ("evaluate part=validation", "validation/predictions.json", "predict"),
    ],
)
def test_a_verb_whose_turn_has_not_come_names_the_one_before(words, path, first, called, tmp_path, capsys):
    (tmp_path / "dataset.json").write_text("{}")
    assert main([*words.split(), f"run={tmp_path}"]) == 2
    more = " evaluate.part=validation" if "part" in words else ""
    said = capsys.readouterr().err
    assert f"there is no {tmp_path / path} yet. First:\n  patchvote {first} run={tmp_path}{more}\n" in said
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text("{}")
    assert main([*words.split(), f"run={tmp_path}"]) == 0
    assert [name for name, _ in called] == [words.split()[0]]


def test_several_voxel_sizes_of_what_is_looked_at_once_are_refused_before_they_are_made(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("task: one_object\n")
    for name in ("dataset.json", "findings.json"):
        (tmp_path / name).write_text("{}")
    assert main(["preprocess", f"run={tmp_path}", "levels=[2,1]"]) == 2
    assert "levels: [2.0,1.0] is not for task=one_object" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--with-model training.coarse.network=fcnn", "did you mean 'fcn'"),
        ("--with-model device=cuda:1", "device=cuda:1: torch"),
        ("check.same_patient=nowhere", "nowhere/model.json: no such file"),
    ],
)
def test_who_judges_is_asked_before_the_scans_are_looked_at(words, said, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    (tmp_path / "prepared").mkdir()
    for name in ("dataset.json", "prepared/index.json"):
        (tmp_path / name).write_text("{}")
    assert main(["check", f"run={tmp_path}", *words.split()]) in (1, 2)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "findings.json").exists()


@pytest.mark.parametrize("task", ["boxes", "one_object", "attributes", "embedding"])
def test_a_model_judges_landmarks_alone(task, tmp_path, capsys):
    (tmp_path / "dataset.json").write_text("{}")
    (tmp_path / "config.yaml").write_text(f"task: {task}\n")
    assert main(["check", "--with-model", f"run={tmp_path}"]) == 2
    assert f"judges landmarks, and {tmp_path} is of task={task}" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["boxes", "one_object", "attributes", "embedding"])
def test_a_report_that_comes_before_evaluate_says_so_whatever_is_answered(task, tmp_path, capsys):
    (tmp_path / "dataset.json").write_text("{}")
    (tmp_path / "config.yaml").write_text(f"task: {task}\n")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "predictions.json").write_text(f'{{"task": "{task}"}}')
    assert main(["report", f"run={tmp_path}"]) == 1
    assert "it has no test/summary.json. Make it with `patchvote evaluate run=" in capsys.readouterr().err


def test_markup_in_a_heading_is_shown_and_not_obeyed(capsys):
    chain.show((table_from(("image", "is it Ann [/x]?"), [("[b]a.png", "yes")]),))
    said = capsys.readouterr().out
    assert "is it Ann [/x]?" in said and "[b]a.png" in said


def test_a_name_between_colons_is_shown_as_it_is(capsys):
    chain.show((table_from(("image",), [("scan:cat:1.nii",)]),))
    assert "scan:cat:1.nii" in capsys.readouterr().out
