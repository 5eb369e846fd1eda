"""A trained run goes on with the data that its model was made of; what differs is named, and nothing is written."""

import json
import shutil
from dataclasses import replace

import nibabel
import numpy as np
import pytest

from pipeline.cli import chain
from pipeline.cli.actions import import_data, preprocess, train
from pipeline.cli.outcome import Outcome
from pipeline.cli.same_data import require_same_scans
from pipeline.cli.settings import DataSettings, Settings
from pipeline.data.atomic import write_sealed
from pipeline.data.dataset import PARTS, read_dataset
from pipeline.data.findings import Finding, Findings, write_findings
from pipeline.data.markups import write_markups
from pipeline.errors import ConfigError
from pipeline.training.contents import contents_of
from pipeline.training.identity import data_made_of, data_sums, record


def add(source, name, **points):
    voxels = np.random.default_rng(len(name)).integers(0, 99, (4, 4, 4)).astype(np.int16)
    (source / "images").mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), source / f"images/{name}.nii.gz")
    write_markups(source / f"landmarks/{name}.mrk.json", {"a": (-1.0, -2.0, 3.0), "b": None} | points)


def asked(folder, **data):
    places = {"source": folder / "source", "run": folder / "run"}
    return replace(Settings(), experiment="mine", data=DataSettings(**data), **places)


def learn(run, without=()):
    """Leave behind what a model says of its data, and of the scans but those that check left out."""
    data = read_dataset(run / "dataset.json")
    scans = {case.id: f"bytes of {case.id}" for case in data.cases if case.id not in without}
    record(run, {"data": data_sums(data)[0]}, contents_of(data, scans))
    cases = {part: [c.id for c in data.part(part)] for part in PARTS}
    write_sealed(run / "model" / "model.json", {"training": {"cases": cases, "made_of": {"data": data_sums(data)[0]}}})
    return cases


@pytest.fixture(params=[False, True], ids=["names", "codes"])
def trained(request, tmp_path):
    """Settings of a trained run of ten cases, under names or codes."""
    for number in range(10):
        add(tmp_path / "source", f"c{number}")
    settings = asked(tmp_path, pseudonyms=request.param)
    import_data(settings)
    learn(tmp_path / "run")
    return settings


def written(run):
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def name_of(case, run):
    """As the user calls it."""
    table = run / "private" / "codes.csv"
    rows = [row.split(",") for row in table.read_text().split()] if table.is_file() else []
    return next((name for code, name, *_ in rows if code == case), case)


def refused(settings):
    before = written(settings.run)
    with pytest.raises(ConfigError, match="its model was made of other data than these, so nothing was done") as caught:
        import_data(settings, same=True)
    assert written(settings.run) == before
    return str(caught.value)


def test_the_same_data_go_on_wherever_they_lie_now(trained, tmp_path):
    before = (tmp_path / "run" / "dataset.json").read_bytes()
    import_data(trained, same=True)
    assert (tmp_path / "run" / "dataset.json").read_bytes() == before
    shutil.move(tmp_path / "source", tmp_path / "moved")
    import_data(replace(trained, source=tmp_path / "moved"), same=True)
    data = read_dataset(tmp_path / "run" / "dataset.json")
    assert all(data.image_path(case).is_file() for case in data.cases)


def test_new_cases_are_named_and_those_that_would_change_their_part(trained):
    for number in range(10):
        add(trained.source, f"new{number}")
    said = refused(trained)
    assert "\n  new: 'new0', 'new1', " in said or "\n  new: 'case-" in said
    assert "\n  in another part: '" in said and "changed" not in said and "Only test cases" not in said
    assert (
        "\nChoose another run=FOLDER for these; put scans, " in said and f" or delete {trained.run}/model and " in said
    )


@pytest.mark.parametrize(("part", "measured"), [("train", False), ("validation", False), ("test", True)])
def test_a_corrected_landmark_is_named_and_that_of_a_test_case_may_be_measured(trained, part, measured):
    case = read_dataset(trained.run / "dataset.json").part(part)[0].id
    add(trained.source, name_of(case, trained.run), a=(-2.0, -2.0, 3.0))
    said = refused(trained)
    assert f"\n  changed: '{case}'\n" in said
    again = "".join(f"\n  patchvote {verb} run={trained.run}" for verb in ("check", "predict", "evaluate", "report"))
    assert (f"and then:{again}" in said) == measured
    import_data(trained)
    assert read_dataset(trained.run / "dataset.json").case(case).landmarks["a"] == (-2.0, -2.0, 3.0)
    said = refused(trained)  # of what was done meanwhile
    assert f"\n  changed: '{case}'\n" in said and "patchvote import" not in said
    assert (f"as they are now:{again}" in said) == measured


def test_an_early_version_says_nothing_of_its_cases_and_other_data_imported_since_hide_them(trained):
    case = read_dataset(trained.run / "dataset.json").cases[0].id
    write_sealed(trained.run / "resume" / "made_of.json", {"data": data_made_of(trained.run)})
    add(trained.source, name_of(case, trained.run), a=(-2.0, -2.0, 3.0))
    assert f"\n  changed: '{case}'\n" in refused(trained)
    import_data(trained)
    assert "\n  " not in refused(trained)


def checked(run, *changed, without=()):
    """Leave behind what check says of the scans, some of which were exchanged, or left out."""
    ids = [case.id for case in read_dataset(run / "dataset.json").cases]
    sums = {case: f"{'other ' if case in changed else ''}bytes of {case}" for case in ids}
    refused = tuple(Finding("landmark-outside", "error", case, "outside") for case in without)
    write_findings(Findings(refused, {case: {"sha256": sums[case]} for case in ids}), run / "findings.json")


@pytest.mark.parametrize(("part", "measured"), [("train", False), ("validation", False), ("test", True)])
def test_another_scan_is_named_and_that_of_a_test_case_may_be_measured(trained, part, measured):
    case = read_dataset(trained.run / "dataset.json").part(part)[0].id
    checked(trained.run)
    require_same_scans(trained.run)
    checked(trained.run, case)
    with pytest.raises(ConfigError, match="other scans than these, so nothing was prepared or trained") as caught:
        require_same_scans(trained.run)
    assert f"\n  changed: '{case}'\n" in (said := str(caught.value)) and "patchvote import" not in said
    assert (f"as they are now:\n  patchvote predict run={trained.run}\n" in said) == measured
    for verb in (preprocess, train):
        with pytest.raises(ConfigError, match="other scans than these"):
            verb(trained)


@pytest.mark.parametrize(("part", "measured"), [("train", False), ("validation", False), ("test", True)])
def test_a_scan_mended_since_is_named_and_nobody_asked_to_damage_it_again(trained, part, measured):
    run, case = trained.run, read_dataset(trained.run / "dataset.json").part(part)[0].id
    learn(run, without=[case])
    checked(run, without=[case])
    require_same_scans(run)
    checked(run)
    with pytest.raises(ConfigError, match="other scans than these, so nothing was prepared or trained") as caught:
        require_same_scans(run)
    said = str(caught.value)
    assert (
        f"\n  left out by check then, and no longer: '{case}'\nChoose another run=FOLDER for these; or delete" in said
    )
    assert (f"as they are now:\n  patchvote predict run={run}\n" in said) == measured


def test_a_scan_damaged_since_is_named_as_that(trained):
    case = read_dataset(trained.run / "dataset.json").part("train")[0].id
    checked(trained.run, without=[case])
    with pytest.raises(ConfigError, match=f"left out by check now, and not then: '{case}'\n.* put scans, .* back"):
        require_same_scans(trained.run)


def test_nobody_is_told_to_measure_test_cases_of_which_none_is_left(trained):
    data = read_dataset(trained.run / "dataset.json")
    tests = [case.id for case in data.part("test")]
    checked(trained.run, without=tests[:1])
    with pytest.raises(ConfigError, match="left out by check now, and not then: ") as caught:
        require_same_scans(trained.run)
    assert ("Only test cases" in str(caught.value)) == (len(tests) > 1)
    checked(trained.run, without=tests)
    with pytest.raises(ConfigError, match="left out by check now, and not then: ") as caught:
        require_same_scans(trained.run)
    assert "Only test cases" not in str(caught.value)
    for case in tests:
        for path in trained.source.glob(f"*/{name_of(case, trained.run)}.*"):
            path.unlink()
    said = refused(trained)
    assert "\n  gone: " in said and "Only test cases" not in said


def test_a_run_that_knows_of_no_scans_is_not_asked_for_any(trained):
    learn(trained.run, without=[case.id for case in read_dataset(trained.run / "dataset.json").cases])
    checked(trained.run)
    require_same_scans(trained.run)


def test_a_run_of_other_scans_ends_after_check(trained, monkeypatch):
    case, called = read_dataset(trained.run / "dataset.json").cases[0].id, []
    stages = {name: lambda *_, name=name, **__: called.append(name) or Outcome("", ("",)) for name in chain.CHAIN}
    monkeypatch.setattr(chain, "STAGES", stages)
    monkeypatch.setattr(chain, "require_ahead", lambda _: None)
    checked(trained.run, case)
    with pytest.raises(ConfigError, match=f"other scans than these.*\n  changed: '{case}'\n"):
        chain.run(trained)
    assert called == ["import", "check"]


def test_cases_that_are_gone_and_other_landmarks_are_named(trained):
    case = read_dataset(trained.run / "dataset.json").part("test")[0].id
    name = name_of(case, trained.run)
    for path in trained.source.glob(f"*/{name}.*"):
        path.unlink()
    assert f"\n  gone: '{case}'\n" in refused(trained)
    add(trained.source, name, c=(-2.0, -2.0, 3.0))
    said = refused(trained)
    assert "\n  of the whole data set: 'landmarks'\n" in said and "Only test cases" not in said


def test_before_anything_was_learned_data_may_change(trained):
    shutil.rmtree(trained.run / "model")  # a run that was killed before its first save
    add(trained.source, "new")
    import_data(trained, same=True)


def test_a_model_that_does_not_say_what_it_was_made_of_is_not_judged(trained):
    shutil.rmtree(trained.run / "resume")
    write_sealed(trained.run / "model" / "model.json", {"training": {}})
    add(trained.source, "new")
    import_data(trained, same=True)


@pytest.mark.parametrize("early", [False, True])
def test_import_alone_takes_no_other_split_than_the_model_had(trained, early):
    if early:
        shutil.rmtree(trained.run / "resume")
        content = json.loads((trained.run / "model" / "model.json").read_text())
        del content["sealed"], content["training"]["made_of"]
        write_sealed(trained.run / "model" / "model.json", content)
    for number in range(10):
        add(trained.source, f"new{number}")
    before = written(trained.run)
    for how in ({}, {"same": True}) if early else ({},):
        with pytest.raises(ConfigError, match=r"'.*' would be in another part of the split than when"):
            import_data(trained, **how)
    assert written(trained.run) == before
    (trained.run / "model" / "model.json").write_text("{ damaged")
    import_data(trained)
