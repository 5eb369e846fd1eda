"""A run folder serves one command at a time and one experiment for good."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from pipeline.cli.record import read_record
from pipeline.cli.run_folder import claimed, writable
from pipeline.cli.same_source import as_called
from pipeline.cli.settings import Settings
from pipeline.cli.settle import settings_from
from pipeline.cli.verbs import verb_named
from pipeline.data.atomic import write_text
from pipeline.data.dataset import Dataset, write_dataset
from pipeline.errors import CheckpointError, ConfigError, DataError


def settled(verb: str, *words: str) -> Settings:
    return settings_from(verb_named(verb), words)


def claim(verb: str, *words: str) -> None:
    with claimed(verb_named(verb), settled(verb, *words)):
        pass


def record(run: Path) -> dict:
    return yaml.safe_load((run / "config.yaml").read_text())


@pytest.fixture
def run(tmp_path):
    """A run folder of mouse_skull as import leaves it."""
    folder = tmp_path / "run"
    claim("import", "experiment=mouse_skull", f"source={tmp_path}", f"run={folder}")
    (folder / "dataset.json").write_text("{}")
    return folder


def test_the_settings_are_written_down(run, tmp_path):
    assert record(run)["experiment"] == "mouse_skull"
    assert record(run)["source"] == str(tmp_path)
    assert record(run)["data"]["frame"] == "RAS"
    assert record(run)["training"]["minutes"] == 10.0


def test_the_record_composes_again_to_the_same_settings(run):
    from pipeline.cli.validate import plain, validate

    assert plain(validate(record(run))) == record(run)


def test_settings_that_a_verb_does_not_read_stay_as_they_were(run):
    claim("train", f"run={run}", "training.minutes=3")
    claim("evaluate", f"run={run}", "wrong_beyond=5")
    assert record(run)["training"]["minutes"] == 3.0
    assert record(run)["evaluate"]["wrong_beyond"] == 5.0
    assert record(run)["source"] is not None


def test_how_loud_a_verb_was_is_no_setting_of_the_run(tmp_path):
    claim("import", "experiment=mouse_skull", f"source={tmp_path}", f"run={tmp_path}/run", "quiet=true")
    assert record(tmp_path / "run")["quiet"] is False


def test_another_experiment_is_refused_and_both_are_named(run):
    with pytest.raises(ConfigError, match="belongs to experiment 'mouse_skull', not to 'hippocampus'"):
        claim("run", "experiment=hippocampus", f"run={run}")


def test_another_source_is_refused_and_both_are_named(run, tmp_path):
    other = tmp_path / "other"
    with pytest.raises(ConfigError, match=f"made from source {tmp_path}, not from {other}"):
        claim("run", "experiment=mouse_skull", f"source={other}", f"run={run}")


@pytest.fixture
def moved(tmp_path):
    """A run, and a source that lies elsewhere since: where, and the words that begin the run again."""
    folder, before = tmp_path / "moved_run", tmp_path / "before"
    before.mkdir()
    (before / "scan.nii").touch()
    words = ("experiment=mouse_skull", f"run={folder}")
    claim("import", *words, f"source={before}")
    (folder / "dataset.json").write_text("{}")
    return before.rename(tmp_path / "now"), before, words


@pytest.mark.parametrize("left", [False, True])  # where a drive is not mounted, an empty folder may be left
@pytest.mark.parametrize("verb", ["import", "run"])
def test_a_source_that_was_moved_is_the_source(moved, verb, left):
    now, before, words = moved
    if left:
        before.mkdir()
    claim(verb, *words, f"source={now}")
    assert record(now.parent / "moved_run")["source"] == str(now)


def test_a_run_stays_with_the_source_it_was_made_from_where_another_is_refused_in_the_end(moved):
    now, before, words = moved
    with pytest.raises(DataError), claimed(verb_named("run"), settled("run", *words, f"source={now}")):
        raise DataError("other cases")
    claim("check", *words, f"source={now}")  # which reads none
    assert record(now.parent / "moved_run")["source"] == str(before)
    shutil.copytree(now, before)
    claim("run", *words, f"source={before}")
    with pytest.raises(ConfigError, match=f"made from source {before}, not from {now}"):
        claim("run", *words, f"source={now}")


@pytest.mark.parametrize(
    ("verb", "asked"),
    [("import", "data.images=image_2mm"), ("run", "data.images=image_2mm"), ("preprocess", "levels=[6.0]")],
)
def test_settings_that_are_refused_are_none_of_the_run(run, tmp_path, verb, asked):
    write_text(run / "prepared" / "index.json", "{}")
    before, words = record(run), ("experiment=mouse_skull", f"source={tmp_path}", f"run={run}", asked)
    with pytest.raises(DataError), claimed(verb_named(verb), settled(verb, *words)):
        assert record(run) != before  # a verb that is killed is called again, and goes on with its own
        raise DataError("no such folder")
    assert record(run) == before


@pytest.mark.parametrize("ended", [DataError("too few cases"), KeyboardInterrupt()])
def test_settings_that_made_the_data_set_stay_and_those_of_a_verb_that_was_interrupted(run, tmp_path, ended):
    words = ("experiment=mouse_skull", f"source={tmp_path}", f"run={run}", "data.split_seed=3")
    with pytest.raises(type(ended)), claimed(verb_named("run"), settled("run", *words)):
        if isinstance(ended, DataError):
            write_text(run / "dataset.json", "{}")
        raise ended
    assert record(run)["data"]["split_seed"] == 3


def test_a_link_that_leads_elsewhere_now_is_the_same_source(run, tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scan.nii").touch()
    link, words = tmp_path / "data", ("experiment=mouse_skull", f"run={tmp_path}/by_link")
    link.symlink_to("old")
    claim("import", *words, f"source={link}")
    (tmp_path / "by_link" / "dataset.json").write_text("{}")
    claim("run", *words, f"source={tmp_path}/old")
    claim("run", *words, f"source={link}")
    link.unlink()
    link.symlink_to("new")
    claim("run", *words, f"source={link}")
    with pytest.raises(ConfigError, match="made from source"):
        claim("run", *words, f"source={tmp_path}/old")


def test_a_folder_above_a_link_is_no_folder_beside_it(tmp_path):
    (tmp_path / "far" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("far/below")
    assert as_called(tmp_path / "link" / "..") == str(tmp_path / "far")
    assert as_called(tmp_path / "link") == str(tmp_path / "link")


def test_a_first_try_that_came_to_nothing_claims_nothing(run, tmp_path):
    (run / "dataset.json").unlink()
    claim("import", "experiment=hippocampus", f"source={tmp_path}/other", f"run={run}")
    assert record(run)["experiment"] == "hippocampus"


@pytest.mark.parametrize("verb", ["import", "run"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dataset.json", '{"name": "Task99", "labels": {"0": "background"}, "numTraining": 6}'),
        ("config.yaml", "lr: 1\n"),
    ],
)
def test_a_file_of_another_program_is_not_replaced(verb, name, content, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=rf"{name}: is in the way, .*Choose another run=FOLDER"):
        claim(verb, "experiment=mouse_skull", f"source={tmp_path}", f"run={tmp_path}")
    assert (tmp_path / name).read_text() == content
    assert {p.name for p in tmp_path.iterdir()} == {name, ".lock"}


def test_a_manifest_of_ours_without_its_record_is_imported_anew(tmp_path):
    write_dataset(Dataset("mine", tmp_path, (), ()), tmp_path / "dataset.json")
    claim("import", "experiment=mouse_skull", f"source={tmp_path}", f"run={tmp_path}")
    assert record(tmp_path)["experiment"] == "mouse_skull"


def test_the_same_source_by_another_path_is_the_same(run, tmp_path):
    claim("run", "experiment=mouse_skull", f"source={tmp_path}/run/..", f"run={run}")


def test_a_busy_run_folder_is_refused(run):
    with FileLock(run / ".lock"), pytest.raises(ConfigError, match="another patchvote is working"):
        claim("check", f"run={run}")


def test_a_run_folder_that_another_account_closed_is_refused(run, monkeypatch):
    def closed(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", closed)
    with pytest.raises(DataError, match=r"\.lock: is .*'s, and you may not write to it"):
        claim("check", f"run={run}")


def test_a_trained_run_is_not_trained_on_with_other_settings(run):
    (run / "model").mkdir()
    with pytest.raises(ConfigError, match=r"training\.minutes: 10\.0 there, 3\.0 asked for"):
        claim("train", f"run={run}", "training.minutes=3")
    assert record(run)["training"]["minutes"] == 10.0


def test_training_goes_on_with_the_same_settings_and_another_number_of_threads(run):
    (run / "resume").mkdir()
    claim("train", f"run={run}", "threads=2")


@pytest.mark.parametrize(("key", "value"), [("gain", 0.3), ("looks", 2)])
def test_boxes_go_on_with_what_they_were_begun_with_though_it_changes_nothing_any_more(tmp_path, key, value):
    folder = imported_for(tmp_path, "boxes")
    (folder / "config.yaml").write_text(
        yaml.safe_dump(record(folder) | {"training": record(folder)["training"] | {key: value}})
    )
    words = (f"run={folder}", f"training.{key}={value}")
    with pytest.raises(ConfigError, match="Leave it out"):
        claim("train", *words)
    (folder / "resume").mkdir()
    claim("train", *words)
    if key == "gain":
        with pytest.raises(ConfigError, match=r"training\.gain: 0\.3 there, .*\nUse those again to go on"):
            claim("train", f"run={folder}")


def imported_by(tmp_path, experiment: str, *more: str) -> tuple[tuple[str, ...], Path]:
    """What was typed, and the run folder."""
    folder = tmp_path / experiment
    words = (f"experiment={experiment}", f"source={tmp_path}", f"run={folder}", *more)
    claim("import", *words)
    (folder / "dataset.json").write_text("{}")
    return words, folder


@pytest.mark.parametrize("before", [None, 2])
def test_looks_that_an_experiment_says_since_are_not_taken_for_a_run_that_is_begun(tmp_path, before):
    words, folder = imported_by(tmp_path, "stick_figures")
    looked = record(folder) | {"training": record(folder)["training"] | {"looks": before}}
    (folder / "config.yaml").write_text(yaml.safe_dump(looked))
    assert settled("run", *words).training.looks == 1
    (folder / "model").mkdir()
    claim("run", *words)
    assert settled("train", f"run={folder}").training.looks == before
    with pytest.raises(ConfigError, match=rf"training\.looks: {before} there, 1 asked for"):
        claim("run", *words, "training.looks=1")


@pytest.mark.parametrize("before", [{}, {"hold": None}, {"hold": 0.2}])
def test_a_run_that_is_begun_keeps_how_long_its_rate_holds(tmp_path, before):
    words, folder = imported_by(tmp_path, "cta_phantom")
    content = record(folder)
    assert content["training"].pop("hold") == settled("run", *words).training.hold == 0.5
    content["training"] |= before
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    (folder / "resume").mkdir()
    claim("run", *words)
    assert settled("train", f"run={folder}").training.hold == before.get("hold")
    with pytest.raises(ConfigError, match=r"training\.hold: .* there, 0\.5 asked for"):
        claim("run", *words, "training.hold=0.5")


@pytest.mark.parametrize("before", [{}, {"norm": None}, {"norm": 1}, {"norm": 0}])
def test_normalisation_and_rate_that_an_experiment_says_since_are_not_taken_for_a_run_that_is_begun(tmp_path, before):
    words, folder = imported_by(tmp_path, "cta_phantom")
    content = record(folder)
    for level in ("coarse", "fine"):
        parameters = content["training"][level]["parameters"]
        assert parameters.pop("norm") == 0
        parameters |= before
    content["training"]["rate"] = 0.006
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    assert settled("run", *words).training.coarse.parameters["norm"] == 0
    (folder / "model").mkdir()
    claim("run", *words)
    again = settled("train", f"run={folder}").training
    assert again.rate == 0.006
    for level in ("coarse", "fine"):
        assert getattr(again, level).parameters == content["training"][level]["parameters"]
    for said in ("training={validations: 12}", "training.coarse={batch: 2}", "training.fine.parameters={width: 16}"):
        assert settled("train", f"run={folder}", said).training.fine.parameters.get("norm") == before.get("norm")
        assert settled("train", f"run={folder}", said).training.rate == 0.006
    normalised = before.get("norm") != 0  # as a network is that says nothing
    for same in ("1", "null") if normalised else ():
        claim("run", *words, f"training.coarse.parameters.norm={same}")
        parameters = record(folder)["training"]["coarse"]["parameters"]
        assert {name: value for name, value in parameters.items() if name == "norm"} == before
    other = int(not normalised)
    with pytest.raises(ConfigError, match=rf"training\.coarse\.parameters.*{other}"):
        claim("run", *words, f"training.coarse.parameters.norm={other}")


def test_a_run_that_was_begun_under_names_with_their_accents_apart_goes_on(tmp_path):
    folder, words = imported_for(tmp_path, "boxes"), ("task=boxes", "data.boxes_around.crête=[a]")
    claim("import", f"run={folder}", *words)
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(unicodedata.normalize("NFD", text))
    (folder / "model").mkdir()
    claim("import", f"run={folder}", *words)
    assert (folder / "config.yaml").read_text() == text


def test_untrained_runs_may_change_their_training(run):
    claim("train", f"run={run}", "training.minutes=3")
    assert record(run)["training"]["minutes"] == 3.0


@pytest.mark.parametrize(("key", "typed"), [("run", "run="), ("-o", "-o ")])
def test_a_folder_under_a_file_cannot_be_written_and_another_is_asked_for_as_it_is_typed(tmp_path, key, typed):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=rf"^{typed}.*cannot write there.*Choose another with {typed}FOLDER"):
        writable(tmp_path / "file" / "run", key)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_said_before_the_work(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="Permission denied"):
        claim("import", "experiment=demo", f"run={tmp_path}/run")


def test_a_verb_that_comes_too_early_says_what_comes_first(tmp_path):
    with pytest.raises(ConfigError, match="patchvote import"):
        claim("train", f"run={tmp_path}")
    assert list(tmp_path.iterdir()) == []


def test_a_verb_without_a_run_asks_for_one():
    with pytest.raises(ConfigError, match=r"run=runs/NAME"):
        claim("check")


def imported_for(tmp_path, task: str) -> Path:
    return imported_by(tmp_path, "my_landmarks", f"task={task}")[1]


@pytest.mark.parametrize("verb", ["check", "preprocess", "train", "run"])
def test_the_task_is_said_to_import_alone(verb, tmp_path):
    folder = imported_for(tmp_path, "boxes")
    assert settled(verb, f"run={folder}").task == "boxes"
    claim(verb, f"run={folder}")
    assert record(folder)["task"] == "boxes"


def test_another_task_than_that_of_the_import_is_refused(tmp_path):
    folder = imported_for(tmp_path, "boxes")
    with pytest.raises(ConfigError, match="imported for task=boxes, not for task=landmarks"):
        claim("train", f"run={folder}", "task=landmarks")
    claim("import", "experiment=my_landmarks", f"run={folder}", "task=landmarks")
    assert settled("train", f"run={folder}").task == "landmarks"


@pytest.mark.parametrize("verb", ["check", "preprocess", "predict", "evaluate", "report"])
def test_only_what_a_verb_decides_is_written_down(verb, run, tmp_path):
    words = (f"run={run}", "training.minutes=3", "seed=4", "method=noothout2018", "data.split_seed=3")
    claim("run", *words, f"source={tmp_path}")
    before = record(run)
    claim(verb, f"run={run}")
    assert [record(run)[key] for key in ("training", "seed", "method", "data")] == [
        before[key] for key in ("training", "seed", "method", "data")
    ]


def test_train_goes_on_whatever_levels_were_prepared(run):
    claim("preprocess", f"run={run}", "levels=[6.0]")
    claim("train", f"run={run}", "training.minutes=3")
    (run / "model").mkdir()
    claim("train", f"run={run}", "training.minutes=3")
    assert record(run)["levels"] == [6.0]


def test_a_trained_run_that_lost_its_record_gets_none_that_its_model_may_refuse(run, tmp_path):
    words = ("experiment=mouse_skull", f"source={tmp_path}", f"run={run}")
    (run / "model").mkdir()
    (run / "config.yaml").unlink()
    write_dataset(Dataset("mine", tmp_path, (), ()), run / "dataset.json")
    with pytest.raises(CheckpointError), claimed(verb_named("run"), settled("run", *words, "seed=3")):
        raise CheckpointError("training.seed: 0 there, 3 asked for")
    claim("check", f"run={run}")  # which knows neither its experiment nor its training
    assert not (run / "config.yaml").exists()
    claim("run", *words)
    assert (record(run)["experiment"], record(run)["seed"]) == ("mouse_skull", 0)


def test_a_trained_run_is_not_prepared_for_other_levels(run):
    claim("preprocess", f"run={run}", "levels=[6.0]", "method=noothout2018")
    (run / "model").mkdir()
    before = record(run)
    with pytest.raises(ConfigError, match=r"with other settings:\n  levels\.0: 6\.0 there, 3\.0 asked for\nUse those"):
        claim("preprocess", f"run={run}", "levels=[3.0]")
    assert record(run) == before
    claim("preprocess", f"run={run}", "levels=[6.0]", "threads=1")  # the method, which train decides, need not be said


@pytest.mark.parametrize("verb", ["import", "run"])
def test_data_of_a_trained_run_are_not_chosen_anew(run, tmp_path, verb):
    words = ["experiment=mouse_skull", f"source={tmp_path}", f"run={run}"]
    claim("import", *words, "data.split_seed=3")
    claim("import", *words, "data.split_seed=4")  # nothing was trained on the split of before
    (run / "model").mkdir()
    with pytest.raises(ConfigError, match=r"data\.split_seed: 4 there, 5 asked for"):
        claim(verb, *words, "data.split_seed=5")
    assert record(run)["data"]["split_seed"] == 4
    claim(verb, *words, "data.split_seed=4", "data.strict=true")


@pytest.fixture
def hidden(tmp_path):
    """A run whose scans go by codes, as import leaves it; its source, table and more are called after a person."""
    folder, source = tmp_path / "hidden", tmp_path / "Doe^Jane"
    source.mkdir()
    (source / "scan.nii").touch()
    words = ("experiment=houses", f"run={folder}", "data.pseudonyms=true", "data.table=Doe^Jane.csv")
    claim("import", *words, f"source={source}")
    (folder / "dataset.json").write_text("{}")
    return folder, source, words


def test_where_scans_go_by_codes_the_users_paths_do_too(hidden, tmp_path):
    folder, source, _ = hidden
    claim("check", f"run={folder}", f"check.same_patient={source}/model")
    assert "Doe" not in (folder / "config.yaml").read_text()
    told = read_record(folder)
    assert (told["source"], told["data"]["table"]) == (str(source), "Doe^Jane.csv")
    assert told["check"]["same_patient"] == f"{source}/model"
    assert record(folder)["run"] == "hidden" and record(folder)["simulate"]["out"] == "phantoms"
    assert (folder / "private").stat().st_mode & 0o77 == 0


def test_codes_of_paths_say_that_the_source_is_the_same(hidden, tmp_path):
    folder, source, words = hidden
    before = record(folder)
    (folder / "model").mkdir()
    claim("import", *words, f"source={tmp_path}/other/../Doe^Jane")
    assert record(folder) == before
    with pytest.raises(ConfigError, match=rf"made from source {re.escape(str(source))}, not from {tmp_path}/other"):
        claim("run", *words, f"source={tmp_path}/other")


def test_a_run_that_was_handed_on_without_what_is_private_keeps_its_codes(hidden, tmp_path):
    folder, source, _ = hidden
    before = record(folder)
    shutil.rmtree(folder / "private")
    claim("report", f"run={folder}")
    (folder / "model").mkdir()
    claim("train", f"run={folder}", f"source={source}")  # which path a code stands for nobody can tell
    assert record(folder) == before and not (folder / "private").exists()


@pytest.mark.parametrize("verb", ["import", "check", "preprocess", "predict", "run"])
def test_what_reads_the_scans_of_a_trained_run_asks_for_the_folder_that_was_kept_back(hidden, verb):
    """A new key would give other codes, to all but what was trained."""
    folder, source, words = hidden
    asked = (*words, f"source={source}") if verb in ("import", "run") else (f"run={folder}",)
    (folder / "model").mkdir()
    (folder / "private").rename(folder.parent / "kept")
    with pytest.raises(ConfigError, match=r"/private.*: not there, or closed to you, .*Put it back, or use what needs"):
        claim(verb, *asked)
    assert not (folder / "private").exists()
    (folder.parent / "kept").rename(folder / "private")
    claim(verb, *asked)


@pytest.mark.parametrize("verb", ["import", "run"])
@pytest.mark.parametrize("said", ["", "data={frame: LPS}"])
def test_a_run_that_goes_by_codes_keeps_them_without_a_word(hidden, verb, said):
    folder, source, words = hidden
    again = [f"run={folder}", words[-1], f"source={source}", *([said] if said else [])]
    assert settled(verb, *again).data.pseudonyms
    claim(verb, *again)
    assert record(folder)["data"]["pseudonyms"] is True


def test_a_run_of_codes_that_lost_its_record_keeps_them(hidden):
    folder, source, words = hidden
    (folder / "config.yaml").unlink()
    write_dataset(Dataset("mine", Path("private"), (), ()), folder / "dataset.json")
    assert settled("import", words[0], words[1], f"source={source}").data.pseudonyms


@pytest.mark.parametrize("said", ["data.pseudonyms=false", "data={pseudonyms: false}"])
def test_names_do_not_come_into_a_run_of_codes(hidden, said):
    folder, source, words = hidden
    before = record(folder)
    with pytest.raises(ConfigError, match=r"scans by codes, data\.pseudonyms=false asks for others\. Choose another"):
        claim("import", words[0], words[1], words[3], f"source={source}", said)
    assert record(folder) == before
    (folder / "dataset.json").unlink()  # nothing came of it
    claim("import", words[0], words[1], words[3], f"source={source}", said)
    assert record(folder)["data"]["pseudonyms"] is False


@pytest.mark.parametrize("verb", ["import", "run"])
def test_codes_do_not_come_into_a_run_of_names(run, tmp_path, verb):
    """What check and other verbs left there names its scans."""
    before = record(run)
    with pytest.raises(ConfigError, match=r"the names of their files, data\.pseudonyms=true asks for others\. Choose"):
        claim(verb, f"run={run}", f"source={tmp_path}", "data.pseudonyms=true")
    assert record(run) == before and not (run / "private").exists()


def test_links_to_scans_are_enough_but_to_import(hidden):
    folder, source, words = hidden
    (folder / "model").mkdir()
    (folder / "private" / "key").unlink()
    claim("check", f"run={folder}", f"check.same_patient={source}/model")
    with pytest.raises(ConfigError, match="private/key: not there"):
        claim("run", *words, f"source={source}")
    assert not (folder / "private" / "key").exists()


def closed(folder: Path, monkeypatch) -> None:
    """Make a folder another account's, which keeps it closed."""

    def opened(path, *given, by=Path.open, **named):
        if folder in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return by(path, *given, **named)

    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: folder not in (path, *Path(path).parents) and may(path, mode))
    monkeypatch.setattr(Path, "open", opened)
    monkeypatch.setattr(Path, "is_file", lambda path: opened(path, by=os.path.isfile))


def test_a_colleague_goes_on_with_a_run_whose_private_folder_is_closed(hidden, monkeypatch):
    folder, source, words = hidden
    (folder / "model").mkdir()
    before, told = record(folder), (folder / "private" / "paths.json").read_text()
    with monkeypatch.context() as patched:
        closed(folder / "private", patched)
        claim("train", f"run={folder}", f"source={source}")
        claim("report", f"run={folder}", f"report.output={source}/page.html")
        for verb in ("run", "check"):
            with pytest.raises(ConfigError, match="closed to you"):
                claim(verb, *words, f"source={source}")
        assert record(folder) == before
    assert (folder / "private" / "paths.json").read_text() == told


def test_a_colleague_goes_on_where_the_private_folder_is_opened(hidden, monkeypatch):
    folder, source, words = hidden
    before = record(folder)
    (folder / "private").chmod(0o770)

    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refused)
    claim("run", *words, f"source={source}")
    claim("check", f"run={folder}", f"check.same_patient={source}/model")
    assert record(folder) == before


def test_a_run_of_before_hides_its_paths_and_goes_on(hidden):
    folder, source, words = hidden
    (folder / "config.yaml").write_text(yaml.safe_dump(read_record(folder)))
    shutil.rmtree(folder / "private")
    assert "Doe" in (folder / "config.yaml").read_text()
    claim("run", *words, f"source={source}")
    assert "Doe" not in (folder / "config.yaml").read_text() and read_record(folder)["source"] == str(source)


@pytest.mark.parametrize("section", ["data", "training", "simulate"])
def test_a_section_that_is_empty_may_be_taken_out_as_is_advised(run, tmp_path, section):
    words = ("experiment=mouse_skull", f"source={tmp_path}", f"run={run}")
    (run / "config.yaml").write_text(yaml.safe_dump(record(run) | {section: None}))
    with pytest.raises(ConfigError, match=f"{section} is None; a section is needed. Put it back, or take it out"):
        claim("import", *words)
    (run / "config.yaml").write_text(yaml.safe_dump({k: v for k, v in record(run).items() if k != section}))
    claim("import", *words)
    assert record(run)[section]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("data:", r"config\.yaml: data is None; a section is needed"),
        ("data: [1, 2]", r"config\.yaml: data is \[1, 2\]; a section is needed"),
        ("training: 5", r"config\.yaml: training is 5; a section is needed"),
        ("training: {1: 2}", r"training\.1: 2 there, None asked for"),
        ("began: 2020-13-45", r"config\.yaml: not readable"),
        ("[]", r"config\.yaml: not the settings of a run"),
    ],
)
def test_a_record_that_is_damaged_is_named(run, line, complaint):
    (run / "model").mkdir()
    settings = settled("train", f"run={run}")
    (run / "config.yaml").write_text(line)
    (run / "private").mkdir()
    (run / "private" / "paths.json").write_text('{"path-0": "there"}')
    with pytest.raises(ConfigError, match=complaint), claimed(verb_named("train"), settings):
        pass
