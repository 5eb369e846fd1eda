"""check --with-model on tiny scans: every case is answered by networks that never saw it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_scans import make_scans, tiny_settings

import pipeline.stages.suspects as stage
from pipeline.cli import actions
from pipeline.cli.settings import Settings
from pipeline.data.atomic import read_json
from pipeline.data.dataset import Dataset, read_dataset, write_dataset
from pipeline.data.findings import Finding, Findings, read_findings, write_findings
from pipeline.errors import ConfigError, DataError
from pipeline.inference.suspects import Suspect
from pipeline.sampling.augment import AugmentSettings
from pipeline.stages.preprocess import preprocess
from pipeline.stages.suspects import find_suspects
from pipeline.training import held_out
from pipeline.training.cascade import Cascade


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """One of nineteen cases has its two names exchanged."""
    scans = make_scans(tmp_path_factory.mktemp("scans"))
    content = read_json(scans.dataset)
    marks = content["cases"][4]["landmarks"]
    marks["bright"], marks["dark"] = marks["dark"], marks["bright"]
    scans.dataset.write_text(json.dumps(content))
    write_dataset(read_dataset(scans.dataset), scans.dataset)
    preprocess(scans.dataset, scans.findings, scans.folder / "prepared", (2.0, 1.0), workers=1)
    return scans


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    """One takes as long as forty steps."""
    monkeypatch.setattr(stage, "SHOWN", 3)


def run(scans, out, steps=160, **settings):
    found = (scans.dataset, scans.findings, scans.folder / "prepared", out)
    return find_suspects(*found, tiny_settings(steps=steps), device="cpu", **settings)


def test_exchanged_names_lead_the_list_with_a_picture(scans, tmp_path):
    suspects = run(scans, tmp_path, folds=3)
    assert suspects[0].case == "c04" and "exchanged" in suspects[0].reason
    assert (tmp_path / "01_c04.png").read_bytes()[:4] == b"\x89PNG"
    content = read_json(tmp_path / "suspects.json")
    written = content["suspects"]
    assert (content["frame"], content["unit"]) == ("LPS", "mm")
    assert [s["case"] for s in written] == [s.case for s in suspects] and len(written) >= 15
    for name in ("07_c99.png", "mine.png"):  # of an earlier list, and of somebody else
        (tmp_path / name).write_bytes(b"")
    again = run(scans, tmp_path, folds=3)  # every fold resumes at its end
    assert not (tmp_path / "07_c99.png").exists() and (tmp_path / "mine.png").exists()
    assert [s.case for s in again] == [s.case for s in suspects]
    assert np.isclose(again[0].score, suspects[0].score)


def test_a_case_that_check_keeps_out_for_its_landmarks_leads_the_list_with_the_advice(scans, tmp_path):
    findings, prepared = tmp_path / "findings.json", tmp_path / "prepared"
    outside = Finding("landmark-outside", "error", "c07", "'dark' lies 80 mm outside the scan.", "Try frame=RAS.")
    write_findings(Findings((outside,), read_findings(scans.findings).facts), findings)
    preprocess(scans.dataset, findings, prepared, (2.0, 1.0), workers=1)
    settings = tiny_settings(steps=2)
    suspects = find_suspects(scans.dataset, findings, prepared, tmp_path / "out", settings, folds=3, device="cpu")
    assert (suspects[0].case, suspects[0].landmarks) == ("c07", ())
    assert suspects[0].reason == "'dark' lies 80 mm outside the scan. Try frame=RAS."
    assert "c07" not in [s.case for s in suspects[1:]]


def test_a_case_that_check_keeps_out_since_preprocess_is_not_learned(scans, tmp_path, monkeypatch):
    findings, learned = tmp_path / "findings.json", []
    outside = Finding("landmark-outside", "error", "c07", "'dark' lies 80 mm outside the scan.")
    write_findings(Findings((outside,), read_findings(scans.findings).facts), findings)

    def held_out(_, cases, *__):
        learned.extend(case.id for case in cases)
        raise InterruptedError

    monkeypatch.setattr(stage, "held_out_answers", held_out)
    with pytest.raises(InterruptedError):
        find_suspects(scans.dataset, findings, scans.folder / "prepared", tmp_path / "out", tiny_settings())
    assert len(learned) == 18 and "c07" not in learned


@pytest.mark.parametrize("what", ["not prepared", "prepared from another scan"])
def test_cases_that_are_not_prepared_as_check_saw_them_are_named(scans, tmp_path, what):
    """A list that lacks them would look as if nothing were wrong with them."""
    dataset, findings = tmp_path / "dataset.json", tmp_path / "findings.json"
    data, facts = read_dataset(scans.dataset), read_findings(scans.findings).facts
    new = [replace(data.cases[0], id="new")] if what == "not prepared" else []
    case = "new" if new else "c07"
    write_dataset(data.with_cases((*data.cases, *new)), dataset)
    write_findings(Findings((), facts | {case: facts["c00"]}), findings)
    with pytest.raises(ConfigError, match=rf"index\.json: .*\n  {what}: '{case}'\nRun preprocess again"):
        find_suspects(dataset, findings, scans.folder / "prepared", tmp_path / "out", tiny_settings())


def without(scans, place, cases):
    """The same, of whose cases some are not annotated."""
    data = read_dataset(scans.dataset)
    told = tuple(replace(c, landmarks={}) if c.id in cases else c for c in data.cases)
    write_dataset(data.with_cases(told), place / "dataset.json")
    return place / "dataset.json", scans.findings, scans.folder / "prepared", place / "out"


def test_cases_that_are_not_annotated_are_asked_and_choose_nothing(scans, tmp_path):
    test_part, second_fold = ["c16", "c17", "c18"], [f"c{n:02d}" for n in range(1, 19, 4)]
    place = without(scans, tmp_path, [*test_part, *second_fold])
    suspects = find_suspects(*place, tiny_settings(steps=2), folds=4, device="cpu")
    assert not {s.case for s in suspects} & {*test_part, *second_fold}
    with pytest.raises(DataError, match=r"check.folds=3: 2 of so many parts of the subjects show a landmark, and 3"):
        first_fold = [f"c{n:02d}" for n in range(0, 19, 3)]
        find_suspects(*without(scans, tmp_path, first_fold), tiny_settings(steps=2), folds=3, device="cpu")


def test_folds_are_mirrored_as_a_training_is(scans, tmp_path):
    with pytest.raises(ConfigError, match="no landmark name says left or right"):
        mirrored = tiny_settings(augment=AugmentSettings(mirror=0.5))
        place = (scans.dataset, scans.findings, scans.folder / "prepared", tmp_path)
        find_suspects(*place, mirrored, folds=3, device="cpu")


def test_another_number_of_threads_goes_on(scans, tmp_path):
    for threads in (2, 1):
        place = (scans.dataset, scans.findings, scans.folder / "prepared", tmp_path)
        find_suspects(*place, tiny_settings(steps=2, threads=threads), folds=3, device="cpu")
    assert len(list((tmp_path / "resume").iterdir())) == 1


def test_the_finest_voxels_are_looked_at_as_often_as_in_a_training(scans, tmp_path, monkeypatch):
    seen = []

    def spy(template, cases, *_):
        seen.append((template.spacings, len(cases[0].levels)))
        raise DataError("enough")

    monkeypatch.setattr(stage, "held_out_answers", spy)
    place = (scans.dataset, scans.findings, scans.folder / "prepared", tmp_path)
    with pytest.raises(DataError, match="enough"):
        find_suspects(*place, tiny_settings(looks=2), folds=3, device="cpu")
    assert seen == [((2.0, 1.0, 1.0), 3)]


def test_folds_are_made_anew_where_the_subjects_that_divide_them_were_corrected(scans, tmp_path, monkeypatch):
    """Each later subject moves by one fold, and networks of before would answer cases that they learned from."""
    learned, asked = {}, []
    train, answer = Cascade.train, held_out.answer_all
    monkeypatch.setattr(Cascade, "train", lambda self: learned.setdefault(self.resume, self.learning) and train(self))
    monkeypatch.setattr(held_out, "answer_all", lambda *args: asked.append({c.id for c in args[-1]}) or answer(*args))
    data = read_dataset(scans.dataset)
    for subject in ("c01", "c00"):  # the first two scans turn out to be of one patient
        told = tuple(replace(c, subject=subject) if c.id == "c01" else c for c in data.cases)
        write_dataset(data.with_cases(told), tmp_path / "dataset.json")
        place = (tmp_path / "dataset.json", scans.findings, scans.folder / "prepared", tmp_path / "out")
        find_suspects(*place, tiny_settings(steps=2), folds=3, device="cpu")
    assert len(learned) == len(asked) == 6
    for cases, part in zip(learned.values(), asked, strict=True):
        assert not {c.id for c in cases} & part


def test_pairs_of_what_the_run_is_asked_beside_landmarks_are_passed_over(scans, tmp_path):
    place = (scans.dataset, scans.findings, scans.folder / "prepared", tmp_path)
    names = {"bright": "bright", "dark": "dark"}
    settings = tiny_settings(steps=2, augment=AugmentSettings(mirror=0.5, pairs={"hand_a": "hand_b"} | names))
    find_suspects(*place, settings, folds=3, device="cpu")
    with pytest.raises(ConfigError, match="'dark' and 'bleak' are not both landmarks"):
        misspelt = tiny_settings(augment=AugmentSettings(mirror=0.5, pairs={"dark": "bleak"}))
        find_suspects(*place, misspelt, folds=3, device="cpu")


@pytest.mark.parametrize("unit", ["mm", "px"])
def test_the_table_speaks_in_the_unit_of_the_images(tmp_path, monkeypatch, unit):
    write_dataset(Dataset("set", tmp_path, ("a",), (), unit), tmp_path / "dataset.json")
    monkeypatch.setattr(stage, "find_suspects", lambda *_: [Suspect("c", ("a",), 9.0, 4.5, "why")])
    table, _ = actions._suspects(replace(Settings(), run=tmp_path))
    assert f"{unit} off" in [column.header for column in table.columns]


def test_what_the_rules_found_is_not_said_to_be_all_where_networks_judge_too(tmp_path, monkeypatch):
    write_dataset(Dataset("set", tmp_path, ("a",), ()), tmp_path / "dataset.json")
    monkeypatch.setattr("pipeline.stages.check.check", lambda *_, **__: ())
    monkeypatch.setattr(stage, "find_suspects", lambda *_: [])
    for name in ("_require_judge", "build_networks"):
        monkeypatch.setattr(actions, name, lambda _: None)
    settings = replace(Settings(), run=tmp_path)
    assert actions.check(settings).shown == ("nothing found",)
    said = actions.check(replace(settings, check=replace(settings.check, with_model=True))).shown
    assert said[0] == "no rule found anything" and said[1].startswith("No network believed")


def test_more_folds_than_subjects_are_refused(scans, tmp_path):
    with pytest.raises(DataError, match="19 subjects; 20 or more"):
        run(scans, tmp_path, folds=20)
