"""A short training finds blobs that the mean position does not, at any number of dimensions."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from blobs import BLOBS, blob_cases
from crooked import DIMS
from oracle import heads_of

from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.tasks.asked import Asked
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.settings import LossSettings
from pipeline.training.budget import Budget, learning_rate
from pipeline.training.cascade import Cascade
from pipeline.training.levels import batch_stream, crop_settings, derive_blend, derive_search, new_network, validation
from pipeline.training.loop import start_level, train_level, train_step
from pipeline.training.settings import LevelSettings, TrainingSettings

COARSE = LevelSettings(parameters={"stride": 4, "width": 8, "growth": 8, "depth": 1}, batch=4)
SETTINGS = TrainingSettings(
    gain=None,
    minutes=None,
    steps=80,
    rate=1e-2,
    average=0.9,
    validations=2,
    precision="float32",
    threads=1,
    coarse=COARSE,
    fine=replace(COARSE, crop=32, jitter=6.0),
    augment=AugmentSettings(rotation=5.0, noise=0.01, share=0.25),
)


def train(tmp_path, dims, settings=SETTINGS, spacings=(1.0,), size=32):
    torch.set_num_threads(1)
    learning, validating = blob_cases(dims, 24 // dims, 0, size, spacings), blob_cases(dims, 4, 1, size, spacings)
    cascade = Cascade(learning, validating, spacings, "mm", settings, "cpu", tmp_path, "identity", asked=BLOBS)
    return cascade.train(), learning, validating


def mean_position_error(learning, validating):
    mean = np.mean([c.world for c in learning], axis=0)
    return np.mean([np.linalg.norm(c.world - mean, axis=1) for c in validating])


@pytest.mark.parametrize("dims", DIMS)
def test_a_short_training_beats_the_mean_position_by_far(tmp_path, dims):
    settings, size = replace(SETTINGS, steps=(250, 150, 120)[dims - 1]), (64, 32, 32)[dims - 1]
    (level,), learning, validating = train(tmp_path, dims, settings, size=size)
    error = min(row["error"] for row in level.history)
    assert error < 0.4 * mean_position_error(learning, validating)


def test_a_finer_level_answers_better_than_the_coarse_one(tmp_path):
    trained, learning, validating = train(tmp_path, 2, replace(SETTINGS, steps=400), (3.0, 1.0), size=48)
    coarse, fine = (min(row["error"] for row in level.history) for level in trained)
    assert fine < coarse
    assert fine < 0.25 * mean_position_error(learning, validating)


def test_the_papers_loss_learns_too(tmp_path):
    settings = replace(SETTINGS, steps=400, loss=LossSettings("noothout2018", balance=20.0))
    (level,), learning, validating = train(tmp_path, 1, settings, size=64)
    assert level.history[-1]["error"] < 0.7 * mean_position_error(learning, validating)


def test_the_network_that_is_kept_is_the_best_validated_one(tmp_path):
    (level,), learning, validating = train(tmp_path, 1, replace(SETTINGS, validations=8))
    cascade = Cascade(learning, validating, (1.0,), "mm", SETTINGS, "cpu", tmp_path, "identity", asked=BLOBS)
    measure = validation(cascade.task, validating, 0, COARSE.search, {})
    assert measure(level.network)["error"] == pytest.approx(min(row["error"] for row in level.history))


@pytest.mark.parametrize(("keep", "kept"), [("best", 0), ("last", 2)])
def test_the_last_weights_are_kept_where_validation_is_not_to_choose(keep, kept):
    settings = replace(SETTINGS, steps=6, validations=3, keep=keep)
    cases = blob_cases(1, 4, 0, 32, (1.0,))
    network = new_network(COARSE, 1, heads_of(2, 1), (0, 0))
    state = start_level(network, Budget(None, 6), settings, {})
    state.precision = "float32"
    stream = batch_stream(cases, 0, COARSE, network.cells.stride, settings, 0)
    met = []

    def worse_each_time(averaged):
        met.append({name: value.clone() for name, value in averaged.state_dict().items()})
        return {"error": float(len(met))}

    left = train_level(state, LandmarksTask(), stream, worse_each_time, settings, lambda _: None, lambda *_: None)
    same = [all(torch.equal(value, then[name]) for name, value in left.state_dict().items()) for then in met]
    assert same == [number == kept for number in range(3)]


def test_the_history_has_losses_and_errors_and_can_be_written(tmp_path):
    (level,), _, _ = train(tmp_path, 1, replace(SETTINGS, steps=6, validations=3))
    assert [row["step"] for row in level.history] == [2, 4, 6]
    assert {"loss_belief", "loss_displacement", "loss_total", "error", "median"} < set(level.history[0])
    assert "seconds" not in level.history[0]  # so many steps repeat to the byte
    json.dumps(level.history, allow_nan=False)


def test_the_seed_alone_decides_the_first_weights():
    one, same, other = (new_network(COARSE, 1, heads_of(2, 1), seed) for seed in ((0, 0), (0, 0), (0, 1)))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_crops_are_no_larger_than_the_scans_and_in_whole_strides():
    sources = [c.source(0) for c in blob_cases(2, 3, size=30)]
    whole = crop_settings(sources, COARSE, 4)
    assert (whole.shape, whole.jitter) == ((32, 32), None)
    part = crop_settings(sources, replace(COARSE, crop=14, jitter=24.0), 4)
    assert (part.shape, part.jitter) == ((16, 16), 24.0)
    assert crop_settings(sources, replace(COARSE, crop=64, jitter=3.0), 4).shape == (32, 32)


def test_scans_end_near_a_landmark_more_often_where_one_is_absent():
    sources = [c.source(0) for c in blob_cases(2, 3, size=30)]
    assert crop_settings(sources, LevelSettings(), 2).cut == 0.1
    gone = np.full_like(sources[0].points, np.nan)
    assert crop_settings([*sources, replace(sources[0], points=gone)], LevelSettings(), 2).cut == 0.3
    unknown = replace(sources[0], points=gone, known=np.zeros_like(sources[0].known))
    assert crop_settings([*sources, unknown], LevelSettings(), 2).cut == 0.1
    assert crop_settings(sources, LevelSettings(cut=0.0), 2).cut == 0.0


def test_the_format_is_probed_without_changing_the_run(tmp_path):
    settings = replace(SETTINGS, steps=4)
    (probed,), _, _ = train(tmp_path / "auto", 1, replace(settings, precision="auto"))
    (asked,), _, _ = train(tmp_path / "asked", 1, replace(settings, precision=probed.precision))
    before, after = probed.network.state_dict(), asked.network.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


@pytest.mark.parametrize("hold", [None, 0.3])
def test_each_step_has_the_learning_rate_of_the_budget(tmp_path, hold):
    settings = replace(SETTINGS, hold=hold)
    (case,) = blob_cases(1, 1, size=16)
    state = start_level(new_network(COARSE, 1, heads_of(2, 1), (0,)), Budget(None, 10), settings, {})
    stream = batch_stream([case], 0, COARSE, 4, settings, 0)
    for step in range(10):
        train_step(state, LandmarksTask(), next(stream), settings)
        assert state.optimizer.param_groups[0]["lr"] == learning_rate(step / 10, settings.rate, hold)
    assert state.budget.fraction == 1


def test_every_level_starts_from_weights_of_its_own(tmp_path):
    settings = replace(SETTINGS, steps=2, rate=0.0, validations=1, fine=COARSE)
    one, two = (level.network.state_dict() for level in train(tmp_path, 1, settings, (2.0, 1.0))[0])
    assert not torch.equal(one["trunk.0.weight"], two["trunk.0.weight"])


def test_how_far_patches_may_vote_follows_from_how_far_the_coarser_level_errs_worked_out_by_hand():
    cases = blob_cases(2, 10, spacings=(2.0, 0.5))

    def search(error_mm):
        off = np.array([error_mm, 0.0])
        priors = {
            c.id: Found(c.world + off * (n / 9), np.ones(2), np.ones(2), np.ones(2, int), np.ones(2, bool), np.ones(2))
            for n, c in enumerate(cases)
        }
        return derive_search(cases, 1, priors)

    # Twice each of 0, 10/9, ... 10 voxels: a tenth of the way from 80/9 to 10 is 9.
    assert search(5.0) == pytest.approx(1.5 * 9)
    assert search(0.1) == 10.0
    assert search(100.0) == 20.0
    assert derive_search(cases, 0, {}) == 0.0


def test_the_blend_is_what_errs_least_worked_out_by_hand():
    cases = blob_cases(1, 4)

    def off(distance, patch=9.0):
        return {
            c.id: Found(
                c.world + distance, np.ones(2), np.ones(2), np.ones(2, int), np.ones(2, bool), np.full(2, patch)
            )
            for c in cases
        }

    assert derive_blend(cases, off(-3.0), off(2.0)) == 0.4  # 2 - 0.4 * 5 = 0
    assert derive_blend(cases, off(3.0), off(2.0)) == 0.0
    assert derive_blend(cases, off(-3.0, patch=4.9), off(2.0)) == 0.0  # they do not agree
    assert derive_blend(cases, {}, off(2.0)) == 0.0


def test_a_budget_that_is_spent_before_the_first_step_still_gives_a_validated_network(tmp_path):
    (level,), _, _ = train(tmp_path, 1, replace(SETTINGS, minutes=1e-9, steps=None))
    assert [row["step"] for row in level.history] == [1]


def test_a_budget_of_minutes_is_kept_and_ends_with_a_validation(tmp_path):
    started = time.monotonic()
    trained, _, _ = train(tmp_path, 1, replace(SETTINGS, minutes=0.1, steps=None), (2.0, 1.0))
    assert time.monotonic() - started < 0.1 * 60 + 3
    for level in trained:
        assert level.history[-1]["step"] > 1
        assert level.history[-1]["seconds"] >= 3.0


@pytest.mark.parametrize(("steps", "said"), [(20, "the loss"), (2, "the error on the validation cases")])
@pytest.mark.parametrize("dims", DIMS)
def test_a_training_that_diverges_says_so(tmp_path, dims, steps, said):
    with pytest.raises(ConfigError, match=f"{said} is no number any more after step .* Choose a lower training.rate"):
        train(tmp_path, dims, replace(SETTINGS, rate=1e9, steps=steps, validations=1))


@pytest.mark.parametrize(
    ("question", "number", "all_show"), [("multi", 0, False), ("multi", 1, True), ("landmarks", 0, True)]
)
@pytest.mark.parametrize("dims", DIMS)
def test_crops_of_what_is_asked_about_landmarks_alone_aim_at_no_box(tmp_path, dims, question, number, all_show):
    """Twenty boxes lie in a corner of the image, where there is no landmark."""
    level = LevelSettings(parameters={"stride": 4, "width": 4, "growth": 2, "depth": 1}, crop=8, jitter=0.0, cut=0.0)
    plain = blob_cases(dims, 3, spacings=(1.0, 1.0))
    corner = plain[0].levels[0].frame.voxel_to_world(np.zeros((1, dims)))
    boxes = {"labels": np.zeros(20, int), "corners": np.tile(corner, (20 * 2**dims, 1))}
    cases = [replace(case, **boxes) for case in plain]
    settings = replace(SETTINGS, coarse=level, fine=level, augment=AugmentSettings(share=0.0))
    asked = Asked(BLOBS.landmarks, ("box",))
    cascade = Cascade(cases, cases, (1.0, 1.0), "mm", settings, "cpu", tmp_path, "x", question=question, asked=asked)
    stream = cascade._stream(number, cascade._network(number), Budget(None, 20))
    drawn = [points for _ in range(20) for points in next(stream).points]
    assert all(np.abs(points - 3.5).max(1).min() <= 4 for points in drawn) == all_show
