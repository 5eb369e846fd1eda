"""Networks are built before a scan is opened, so that a wrong name or parameter costs nobody any time."""

from __future__ import annotations

import pytest
from oracle import heads_of

from pipeline.cli.build import build_networks, require_fitting
from pipeline.cli.compose import compose, sort_words
from pipeline.cli.config_files import config_folder, groups
from pipeline.cli.validate import plain, validate
from pipeline.errors import ConfigError
from pipeline.networks.network import build_network


def assert_said(check, settings, said):
    """Refused in words that begin so; None = not refused."""
    if said is None:
        check(settings)
    else:
        with pytest.raises(ConfigError) as caught:
            check(settings)
        assert str(caught.value).startswith(said)


@pytest.mark.parametrize("word", [f"{group}={name}" for group, names in groups().items() for name in names])
def test_every_choice_of_every_group_composes_and_builds(word):
    settings = validate(compose(sort_words([word])))
    group, _, name = word.partition("=")
    assert getattr(settings, group) == name
    build_networks(settings)
    require_fitting(settings)


@pytest.mark.parametrize("method", [m for m in groups()["method"] if m != "ours"])
@pytest.mark.parametrize("experiment", groups()["experiment"])
def test_what_an_experiment_says_of_our_networks_is_not_said_of_a_papers(experiment, method):
    settings = validate(compose(sort_words([f"experiment={experiment}", f"method={method}"])))
    for level in (settings.training.coarse, settings.training.fine):
        if level.network != "fcn":
            assert {name for name, value in level.parameters.items() if value is not None} == {"stride"}
            build_network(level.network, 1, 1, heads_of(2, 1), **level.parameters)


def asks_for_landmarks(experiment: str) -> bool:
    text = (config_folder() / "experiment" / f"{experiment}.yaml").read_text()
    return "\ntask: " not in text or "\ntask: multi" in text


def training_of(*words: str) -> dict:
    training = plain(validate(compose(sort_words(words))))["training"]
    del training["augment"]["pairs"]  # of a mirror that no paper has
    return training


@pytest.mark.parametrize(
    ("method", "left_open"),
    [("noothout2018", {"minutes", "fusion", "fine"}), ("noothout2020", {"minutes", "fusion"})],  # 2018 has one level
)
@pytest.mark.parametrize("experiment", [e for e in groups()["experiment"] if asks_for_landmarks(e)])
def test_a_papers_training_is_the_same_whatever_an_experiment_says_of_ours(experiment, method, left_open):
    alone, here = training_of(f"method={method}"), training_of(f"experiment={experiment}", f"method={method}")
    assert {key for key in alone if here[key] != alone[key]} <= left_open
    assert here["decode"]["between"] is False and here["augment"]["mirror"] == here["loss"]["presence"] == 0


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("training.coarse.network=fcnn", "did you mean 'fcn'"),
        ("training.fine.parameters.widht=8", "width"),
        ("training.fine.parameters.stride=5", "choose 2, 4, 8"),
    ],
)
def test_a_wrong_network_is_said_at_the_door(argument, said):
    with pytest.raises(ConfigError, match=said):
        build_networks(validate(compose(sort_words([argument]))))


def test_a_gpu_that_is_not_there_is_said_at_the_door(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(ConfigError, match=r"device=cuda:1: .*no GPU"):
        build_networks(validate(compose(sort_words(["device=cuda:1"]))))


@pytest.mark.parametrize("word", ["training.coarse.network=deepface", "training.coarse={network: deepface}"])
@pytest.mark.parametrize("experiment", ["my_landmarks", "faces_att"])
def test_parameters_of_one_network_are_not_said_of_another(experiment, word):
    words = [f"experiment={experiment}", "training.coarse.parameters.edge=96", word]
    coarse = validate(compose(sort_words(words))).training.coarse
    assert (coarse.network, coarse.parameters) == ("deepface", {"edge": 96})


def test_the_network_named_already_keeps_its_parameters():
    words = ["experiment=faces_att", "training.coarse.network=fcn", "coarse.parameters.width=8"]
    parameters = validate(compose(sort_words(words, ("training",)))).training.coarse.parameters
    assert parameters["width"] == 8 and len(parameters) > 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["training.coarse.network=noothout2020_local", "training.loss.presence=1"],
            "training.coarse: network.name='noothout2020_local' has a part for each landmark",
        ),
        (
            ["training.coarse.network=noothout2020_local", "task=multi"],
            "training.coarse: network.name='noothout2020_local' has a part for each landmark",
        ),
        (
            ["training.coarse.network=deepface", "task=attributes", "training.coarse.batch=1"],
            "training.coarse.batch: 1 is not enough for deepface",
        ),
        (["training.coarse.network=deepface", "task=attributes"], None),
        (["training.coarse.network=deepface", "task=embedding", "training.coarse.batch=1"], None),  # two people
    ],
)
def test_a_network_that_cannot_learn_what_is_asked_is_said_at_the_door(words, said):
    settings = validate(compose(sort_words(words)))
    assert_said(build_networks, settings, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("task=one_object levels=[2,1]", "levels: [2.0,1.0] is not for task=one_object: one network looks once"),
        ("task=one_object levels=[2]", None),
        ("task=boxes levels=[2,1]", None),
        ("$A training.blind=true", "training.blind: True leaves nothing to learn from, for the settings name no col"),
        ("$A training.coarse.hidden=0.5", "training.coarse.hidden: 0.5 leaves nothing to learn from"),
        ("$A training.blind=true inputs.classes=[sex]", None),
        (
            "$A training.attributes.weights={aeg:2}",
            "training.attributes.weights.aeg: 2.0 weighs nothing; there are age.",
        ),
        ("$A training.attributes.weights={age:0}", "training.attributes.weights: all are 0, so nothing is learned"),
        ("$A training.attributes.balance=gradnorm", "training.attributes.balance=gradnorm: there is one loss"),
        ("$A outputs.classes=[sex] training.attributes.balance=gradnorm", None),
        ("task=multi outputs.numbers=[age] training.attributes.weights={boxes:2,landmarks:2,age:3}", None),
        ("training.attributes.weights={age:2}", "training.attributes.weights.age: 2.0 weighs nothing; this task has"),
    ],
)
def test_settings_of_which_nothing_can_be_learned_are_said_at_the_door(words, said):
    words = words.replace("$A", "task=attributes outputs.numbers=[age]")
    settings = validate(compose(sort_words(words.split())))
    assert_said(require_fitting, settings, said)
