"""Validation cases choose how far answers are drawn towards the shape of the training cases."""

from dataclasses import replace

import numpy as np
import pytest
from crooked import DIMS

from pipeline.data.store import LevelArray
from pipeline.geometry import ImageFrame
from pipeline.inference import cascade
from pipeline.inference.cascade import SURE, answers, locate
from pipeline.inference.model import Calibration, Model
from pipeline.inference.shaping import fit_shaping
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask

COUNT = 10
NAMES = tuple(map(str, range(COUNT)))


def worlds(dims, count, seed):
    rng, plan = np.random.default_rng(seed), np.random.default_rng(3)
    mean, mode = plan.normal(0, 15, (COUNT, dims)), plan.normal(size=(COUNT, dims))
    shapes = mean + rng.normal(size=(count, 1, 1)) * mode + rng.normal(0, 0.05, (count, COUNT, dims))
    return shapes + rng.normal(0, 3, (count, 1, dims))


def answer(world, belief=0.9):
    ones = np.ones(COUNT)
    return Found(world, belief * ones, ones, ones.astype(int), ones > 0, 20 * ones)


def model(dims):
    return Model("m", dims, "mm", None, LandmarksTask(), (), (), Calibration())


def fitted(dims, off, belief=0.9):
    truth = worlds(dims, 8, 1)
    said = [answer(t + o, belief) for t, o in zip(truth, off, strict=True)]
    return fit_shaping(model(dims), worlds(dims, 40, 0), said, truth)


@pytest.mark.parametrize("dims", DIMS)
def test_answers_that_err_each_on_its_own_are_drawn(dims):
    rng = np.random.default_rng(2)
    made = fitted(dims, rng.normal(0, 1.0, (8, COUNT, dims)))
    shape = made.task.shape
    assert shape.share > 0.5
    assert shape.error.mean() == pytest.approx(1.0, rel=0.3)


def test_exact_answers_are_left_alone_and_so_are_those_that_nobody_believes():
    assert fitted(3, np.zeros((8, COUNT, 3))).task.shape is None
    off = np.random.default_rng(2).normal(0, 1.0, (8, COUNT, 3))
    assert fitted(3, off, belief=0.2).task.shape is None


def test_too_few_training_cases_leave_the_model_as_it_is():
    made = model(3)
    assert fit_shaping(made, worlds(3, 5, 0), [], worlds(3, 0, 0)) is made


def asked_of(made, said, monkeypatch, levels=1):
    """A model whose levels all say the same, and what each was told that an answer needs."""
    told = []
    monkeypatch.setattr(LandmarksTask, "locate", lambda *words: told.append(words[-1]) or said)
    network = type("Network", (), {})()
    level = type("Level", (), {"search": 0.0, "blend": 0.0})()
    return Model("m", 3, "mm", None, made.task, (level,) * levels, (network,) * levels, Calibration()), told


def test_the_last_answers_of_a_model_are_drawn_and_those_drawn_out_of_the_scan_are_not_found(monkeypatch):
    rng = np.random.default_rng(2)
    made = fitted(3, rng.normal(0, 1.0, (8, COUNT, 3)))
    noisy = worlds(3, 1, 5)[0] + rng.normal(0, 1.0, (COUNT, 3))
    asked, _ = asked_of(replace(made, task=replace(made.task, names=NAMES)), answer(noisy), monkeypatch)
    tiny = LevelArray(ImageFrame((2, 2, 2), np.eye(4)), np.zeros((1, 2, 2, 2)))
    found = locate(asked, (tiny,))
    assert np.abs(found.world - noisy).max() > 0.1
    assert np.array_equal(found.world, cascade.drawn(made.task.shape, answer(noisy)).world)
    assert not any(a.found for a in answers(asked, found, tiny.frame).values())


@pytest.mark.parametrize(("shaped", "least"), [(True, SURE), (False, 0.5)])
def test_what_may_say_how_the_others_lie_is_looked_for_at_every_level_as_validation_did(shaped, least, monkeypatch):
    made = fitted(3, np.random.default_rng(2).normal(0, 1.0, (8, COUNT, 3))) if shaped else model(3)
    asked, told = asked_of(made, answer(worlds(3, 1, 5)[0]), monkeypatch, levels=2)
    level = LevelArray(ImageFrame((2, 2, 2), np.eye(4)), np.zeros((1, 2, 2, 2)))
    locate(asked, (level, level), least=0.5)
    assert told == [least, least]
