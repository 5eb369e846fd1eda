"""A verb of a run says which cases `check` keeps out of it: their scans may be whole again since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.cli import actions
from pipeline.cli.door import main
from pipeline.cli.left_out import tell_left_out
from pipeline.cli.outcome import Outcome
from pipeline.cli.settings import Settings
from pipeline.cli.verbs import verb_named
from pipeline.data.dataset import Case, Dataset, read_dataset, write_dataset
from pipeline.data.findings import Finding, Findings, write_findings
from pipeline.errors import DataError
from pipeline.inference.beside import beside_dataset


@pytest.fixture
def run(tmp_path):
    """A run whose check refused two of three training cases, and one that import had left out itself."""
    cases = tuple(Case(name, name, f"{name}.nii", {}, "test" if name == "t" else "train") for name in "abct")
    write_dataset(Dataset("d", tmp_path, ("p",), cases), tmp_path / "dataset.json")
    refused = [Finding("unreadable", "error", name, "truncated") for name in ("a", "c", "of_import")]
    write_findings(Findings((*refused, Finding("spacing", "warning", "b", "coarse"))), tmp_path / "findings.json")
    return tmp_path


def told(verb, settings, capsys):
    tell_left_out(verb_named(verb), settings)
    return capsys.readouterr().err


def test_a_verb_of_all_cases_names_those_that_check_left_out_and_says_what_to_do(run, capsys):
    assert told("preprocess", replace(Settings(), run=run), capsys) == (
        f"{run / 'findings.json'}: check left out 2 cases, and preprocess goes without: 'a', 'c'. Once mended, run"
        f" patchvote check run={run} again and what comes after it.\n"
    )


@pytest.mark.parametrize(
    ("verb", "part", "names"),
    [("train", "test", "'a', 'c'"), ("evaluate", "train", "'a', 'c'"), ("predict", "test", "'t'")],
)
def test_a_model_keeps_what_it_was_made_of_and_test_cases_are_measured_all_the_same(verb, part, names, run, capsys):
    if verb != "train":
        (run / "model").mkdir()
    if names == "'t'":
        data = read_dataset(run / "dataset.json")
        write_dataset(data.with_cases((*data.cases, replace(data.case("t"), id="u"))), run / "dataset.json")
        write_findings(Findings((Finding("unreadable", "error", "t", "truncated"),)), run / "findings.json")
    settings = Settings()
    said = told(verb, replace(settings, run=run, evaluate=replace(settings.evaluate, part=part)), capsys)
    assert f" goes without: {names}. Once mended, run patchvote check run={run} again: to " in said
    anew = f"to learn from, another run=FOLDER is needed, or {run / 'model'} and {run / 'resume'} deleted.\n"
    assert said.endswith("predict, evaluate and report, no training.\n" if names == "'t'" else f"again: {anew}")


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_verb_of_one_part_names_those_of_the_part(verb, run, capsys):
    settings = replace(Settings(), run=run)
    assert told(verb, settings, capsys) == ""
    training = replace(settings, evaluate=replace(settings.evaluate, part="train"))
    assert "2 cases" in told(verb, training, capsys)


def test_answers_measured_apart_from_a_run_are_told_of_the_data_set_that_holds_the_truth(run, capsys):
    evaluate = replace(Settings().evaluate, part="train", dataset=run / "dataset.json", predictions=run / "p.json")
    assert "2 cases" in told("evaluate", replace(Settings(), evaluate=evaluate), capsys)


def test_nothing_is_said_of_scans_apart_from_the_run_nor_before_check(run, capsys):
    settings = replace(Settings(), run=run)
    assert told("predict", replace(settings, predict=replace(settings.predict, input=(run,))), capsys) == ""
    (run / "findings.json").unlink()
    assert told("preprocess", settings, capsys) == ""


def test_it_is_said_at_the_command_line_even_where_no_bars_are_wanted(run, capsys, monkeypatch):
    monkeypatch.setitem(actions.STAGES, "preprocess", lambda settings: Outcome("done", ("done",)))
    assert main(["preprocess", f"run={run}", "-q"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "done\n" and printed.err.count("check left out 2 cases") == 1


@pytest.mark.parametrize("trained", [False, True])
def test_what_was_mended_in_annotations_is_imported_before_it_is_checked_again(trained, run, capsys):
    write_findings(Findings((Finding("landmark-outside", "error", "a", "far out"),)), run / "findings.json")
    if trained:
        (run / "model").mkdir()
    said = told("preprocess", replace(Settings(), run=run), capsys)
    ways = f"Once mended, run patchvote import run={run} source=FOLDER with the data.* of before, then patchvote check"
    assert f"{ways} run={run} again{': to learn from' if trained else ' and'}" in said


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_part_of_which_no_case_is_left_is_not_said_to_be_empty(verb, run, capsys):
    found = [Finding("unreadable", "error", name, f"{name}.nii: cannot be read: gone.") for name in "at"]
    write_findings(Findings(tuple(found)), run / "findings.json")
    with pytest.raises(DataError) as caught:
        told(verb, replace(Settings(), run=run), capsys)
    assert str(caught.value) == (
        f"{run}/findings.json: check left out every case of part 'test', so there is nothing to {verb}:\n"
        f"  t: t.nii: cannot be read: gone.\nPut back or mend what is named, and run patchvote check run={run} again"
        " and what comes after it."
    )
    with pytest.raises(DataError, match="no case in part 'test', but for those that are left out: 't'"):
        beside_dataset(run / "dataset.json", "test", ["t"])
    with pytest.raises(DataError, match=r"no case in part 'validation'$"):
        beside_dataset(run / "dataset.json", "validation", ["t"])
