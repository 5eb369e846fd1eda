"""A finer voxel size that tells no more is not part of the model."""

from dataclasses import replace

import numpy as np
import pytest
from blobs import BLOBS, blob_cases
from tiny_scans import tiny_settings

from pipeline.tasks.found import Found
from pipeline.training.cascade import Cascade
from pipeline.training.trained_level import TrainedLevel


def answers(cases, error):
    """Every landmark off by so much along the first axis."""
    ones = np.ones(2)
    off = error * np.eye(cases[0].world.shape[1])[0]
    return {c.id: Found(c.world + off, ones, ones, ones.astype(int), ones > 0, ones) for c in cases}


def cascade_of(tmp_path, spacings, gain=0.05, count=4):
    cases = blob_cases(2, count, spacings=tuple(s or 1.0 for s in spacings))
    settings = replace(tiny_settings(), gain=gain)
    return Cascade(cases, cases, spacings, "mm", settings, "cpu", tmp_path, "x", asked=BLOBS)


def levels_of(monkeypatch, tmp_path, errors, gain, spacings):
    cascade = cascade_of(tmp_path, spacings, gain)
    cases = cascade.learning
    asked = []

    def train_level(self, number, priors):
        asked.append(number)
        return TrainedLevel(None, 0.0, 0.0, [], "float32", 1), answers(cases, errors[number])

    monkeypatch.setattr(Cascade, "_train_level", train_level)
    return len(cascade.train()), asked


@pytest.mark.parametrize(
    ("errors", "kept", "asked"),
    [
        ((4.0, 2.0, 1.0), 3, 3),
        ((4.0, 3.79, 3.0), 3, 3),
        ((4.0, 3.81, 1.0), 1, 2),
        ((4.0, 2.0, 2.5), 2, 3),
    ],
)
def test_levels_end_before_the_one_that_errs_hardly_less(monkeypatch, tmp_path, capsys, errors, kept, asked):
    count, met = levels_of(monkeypatch, tmp_path, errors, 0.05, (4.0, 2.0, None))
    assert (count, len(met)) == (kept, asked)
    said = capsys.readouterr().err
    assert ("tells no more than" in said) == (kept < 3)


@pytest.mark.parametrize(
    ("spacings", "sizes", "hint"),
    [
        ((None, 0.5), "size 0.5 mm tells no more than original", "levels=[original] "),
        ((4.0, None), "size original tells no more than 4 mm", "levels=[4] "),
    ],
)
def test_the_voxel_size_of_the_scans_themselves_has_a_name(monkeypatch, tmp_path, capsys, spacings, sizes, hint):
    assert levels_of(monkeypatch, tmp_path, (4.0, 3.9), 0.05, spacings)[0] == 1
    said = capsys.readouterr().err
    assert sizes in said and hint in said


def test_every_level_is_kept_where_nobody_asks(monkeypatch, tmp_path):
    assert levels_of(monkeypatch, tmp_path, (4.0, 9.0, 9.0), None, (4.0, 2.0, None))[0] == 3


def test_voxel_sizes_that_speak_of_things_of_their_own_sizes_are_all_kept(tmp_path):
    of_boxes = replace(cascade_of(tmp_path, (4.0, 2.0)), question="boxes")
    assert of_boxes._pays(1, {}, {})  # nothing is compared
    with pytest.raises(KeyError):
        replace(of_boxes, question="landmarks")._pays(1, {}, {})


@pytest.mark.parametrize(
    ("errors", "spacings", "kept", "looks"),
    [
        ((4.0, 3.99), (1.0, 1.0), 2, ""),
        ((4.0, 4.5), (1.0, 1.0), 1, "training.looks=1"),
        ((4.0, 2.0, 1.9, 2.2), (2.0, 1.0, 1.0, 1.0), 3, "training.looks=2"),
    ],
)
def test_another_look_at_one_voxel_size_is_kept_unless_it_errs_more(
    monkeypatch, tmp_path, capsys, errors, spacings, kept, looks
):
    assert levels_of(monkeypatch, tmp_path, errors, 0.05, spacings)[0] == kept
    said = capsys.readouterr().err
    assert ("another look at 1 mm tells no more" in said) == bool(looks) and looks in said


def test_landmarks_lie_to_each_other_as_the_levels_that_are_left_resolve_it(tmp_path):
    made = cascade_of(tmp_path, (4.0, 1.0), count=20)
    alone = cascade_of(tmp_path, (4.0,), count=20)
    spread = made.task_of(1).constellation.spread
    assert np.array_equal(spread, alone.task.constellation.spread)
    assert np.allclose(spread[:, 0] - made.task.constellation.spread[:, 0], 4 * 3.0)  # patches of 4 voxels
