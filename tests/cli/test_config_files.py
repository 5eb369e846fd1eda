"""A file of configs/ that cannot be read, or whose settings would be lost, is named; so is the line."""

from __future__ import annotations

import shutil

import pytest

from pipeline.cli import config_files
from pipeline.cli.compose import compose, sort_words
from pipeline.cli.validate import validate
from pipeline.errors import ConfigError

GLOBAL = b"# @package _global_\n"


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """An experiment of one's own: its name, and the place of its file."""
    shutil.copytree(config_files.config_folder(), tmp_path / "configs")
    monkeypatch.setattr(config_files, "__file__", str(tmp_path / "pipeline" / "cli" / "config_files.py"))
    return tmp_path / "configs" / "experiment" / "mine.yaml"


def composed() -> dict:
    return compose(sort_words(["experiment=mine"]))


def test_an_experiment_is_laid_over_the_defaults(experiment):
    experiment.write_bytes(GLOBAL + b"levels: [3.0]\n")
    assert composed()["levels"] == [3.0]


@pytest.mark.parametrize(
    "name", ["2024", "1e3", "true", "null", "größe", "x,y", "a(b)", "a b", " a", "it's", "a=b", "a#b", "a\\", "~"]
)
def test_an_experiment_may_be_called_as_files_may(experiment, name):
    experiment.with_stem(name).write_bytes(GLOBAL + b"levels: [3.0]\n")
    tree = compose(sort_words([f"experiment={name}"]))
    assert (tree["experiment"], tree["levels"]) == (name, [3.0])
    assert validate(tree).experiment == name


@pytest.mark.parametrize("name", ["_self_", "???", "a.yaml", "${seed}"])
def test_a_name_that_cannot_be_chosen_is_said_to_be_that_of_the_file(experiment, name):
    experiment.with_stem(name).write_bytes(GLOBAL + b"levels: [3.0]\n")
    with pytest.raises(ConfigError) as caught:
        compose(sort_words([f"experiment={name}"]))
    assert str(caught.value) == f"{experiment.with_stem(name)}: cannot be chosen by this name. Rename the file."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\tlevels: [3]", "line 2: not readable as YAML: found character"),
        (b"a: 1\n   b: 2", "line 3: not readable as YAML: mapping values"),
        (b"levels: [3]\nlevels: [2]", "line 3: not readable as YAML: found duplicate key levels"),
        (b"levels: !!python/object/apply:os.system [ls]", "line 2: not readable as YAML"),
        (b"levels: [3]\n# caf\xe9", "line 3: not readable as text"),
        (b"levels: [3]\0", "line 2: not readable as text"),
    ],
)
def test_a_mistake_in_yaml_is_said_with_file_and_line(experiment, line, said):
    experiment.write_bytes(GLOBAL + line + b"\n")
    with pytest.raises(ConfigError) as caught:
        composed()
    assert f"{experiment}, {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"levels: [3.0]\n", "mine.yaml: needs `# @package _global_` as its first line"),
        (b"# mine\n" + GLOBAL + b"levels: [3.0]\n", "needs `# @package _global_` as its first line"),
        (GLOBAL + b"method: noothout2018\n", "mine.yaml: method: noothout2018 chooses nothing there"),
    ],
)
def test_settings_that_would_be_lost_are_refused(experiment, text, said):
    experiment.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        composed()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("training.steps: 4", "is one name with a dot in it; sections are nested. Write training: {steps: 4}"),
        ("training: {augment.share: 0.3}", "sections are nested. Write training: {augment: {share: 0.3}}"),
        ("data.views.front: '{id}_f'", 'Write data: {views: {front: "{id}_f"}}'),
        ("trainin: {steps: 4}", "unknown key 'trainin.steps' (value met: 4). Did you mean 'training.steps'?"),
        ("training: {stepz: 4}", "unknown key 'training.stepz' (value met: 4). Did you mean 'training.steps'?"),
        ("trainin.stepz: 4", "unknown key 'trainin.stepz' (value met: 4). Did you mean 'training.steps'?"),
    ],
)
def test_a_key_that_is_none_is_told_with_its_file_and_the_value_in_it(experiment, line, said):
    experiment.write_bytes(GLOBAL + line.encode())
    with pytest.raises(ConfigError) as caught:
        composed()
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{experiment}: ") and first.endswith(said)


def test_a_key_that_is_none_is_told_with_the_file_that_an_experiment_begins_with(experiment):
    base, part = experiment.with_stem("base"), experiment.with_stem("part")
    base.write_bytes(GLOBAL + b"defaults: [part@training.coarse, _self_]\ntrainig: {steps: 20}\n")
    part.write_text("bach: 4\n")
    experiment.write_bytes(GLOBAL + b"defaults: [base, _self_]\n")
    with pytest.raises(ConfigError) as caught:
        composed()
    lines = [line for line in str(caught.value).splitlines() if line.startswith("/")]
    assert sorted(lines) == [
        f"{base}: unknown key 'trainig.steps' (value met: 20). Did you mean 'training.steps'?",
        f"{part}: unknown key 'training.coarse.bach' (value met: 4). Did you mean 'training.coarse.batch'?",
    ]


@pytest.mark.parametrize("place", ["experiment", "ours"])
def test_a_base_that_is_laid_where_nothing_holds_is_named_itself(experiment, place):
    base = experiment.parent.parent / place / "base.yaml"
    base.parent.mkdir(exist_ok=True)
    base.write_text("levels: [3.0]\n")
    experiment.write_bytes(GLOBAL + f"defaults: [/{place}/base, _self_]\n".encode())
    with pytest.raises(ConfigError, match="needs `# @package _global_` as its first line") as caught:
        composed()
    assert str(caught.value).startswith(f"{base}: ")


def test_a_folder_of_ones_own_holds_what_experiments_begin_with(experiment):
    folder = experiment.parent.parent / "ours"
    folder.mkdir()
    (folder / "base.yaml").write_bytes(GLOBAL + b"levels: [3.0]\n")
    experiment.write_bytes(GLOBAL + b"defaults: [/ours/base, _self_]\n")
    assert composed()["levels"] == [3.0]
    with pytest.raises(ConfigError, match="unknown key 'ours'"):
        validate(compose(sort_words(["ours=base"])))


def test_names_in_a_mapping_are_ones_own(experiment):
    experiment.write_bytes(GLOBAL + b"data: {views: {left.side: a}}\ntraining: {coarse: {parameters: {of.mine: 1}}}")
    assert composed()["data"]["views"] == {"left.side": "a"}


@pytest.mark.parametrize("word", ["method={a: 1}", "experiment={a: 1}", "method=[ours]"])
def test_a_group_is_chosen_by_one_name(word):
    with pytest.raises(ConfigError, match="give one name; there are"):
        compose(sort_words([word]))


def test_a_name_with_a_dot_in_braces_is_not_its_own_suggestion():
    with pytest.raises(ConfigError, match=r"^'training.augment.share': within braces .* training.augment.share=VALUE"):
        validate(compose(sort_words(["training={augment.share: 0.3}"])))
