"""Who trains many landmarks with what few need is told of the experiment for many."""

from dataclasses import replace

import pytest

from pipeline.cli.settle import settings_from
from pipeline.cli.verbs import verb_named
from pipeline.training.many_landmarks import MANY, tell_many
from pipeline.training.settings import FINE, TrainingSettings

SETTINGS = TrainingSettings()


def test_many_landmarks_are_told_of_their_experiment(capsys):
    tell_many(MANY, 2, SETTINGS)
    assert f"{MANY} landmarks: " in (told := capsys.readouterr().err) and "experiment=many_landmarks" in told


@pytest.mark.parametrize(
    "few",
    [
        (MANY - 1, 2, SETTINGS),
        (MANY, 1, SETTINGS),
        (MANY, 2, replace(SETTINGS, fine=replace(FINE, crop=40))),
    ],
)
def test_nothing_is_said_of_few_of_one_size_or_of_a_choice(few, capsys):
    tell_many(*few)
    assert capsys.readouterr().err == ""


def test_the_experiment_that_is_named_is_not_told_of_itself(capsys):
    tell_many(MANY, 2, settings_from(verb_named("train"), ["experiment=many_landmarks"]).training)
    assert capsys.readouterr().err == ""
    tell_many(MANY, 2, settings_from(verb_named("train"), ["experiment=my_landmarks"]).training)
    assert "many_landmarks" in capsys.readouterr().err
