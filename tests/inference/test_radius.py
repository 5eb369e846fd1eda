"""The radius holds what it promises, grows with the scatter, and is silent where too little is known."""

import numpy as np
import pytest

from pipeline.inference.radius import conformal95, fit_radius

ALL = np.ones((40, 3), bool)


def drawn(seed, cases, scale=(0.5, 1.0, 3.0)):
    """Errors whose size follows the scatter of the votes, as in real answers."""
    rng = np.random.default_rng(seed)
    spread = rng.lognormal(0, 0.5, (cases, len(scale)))
    return np.abs(rng.normal(size=spread.shape)) * np.sqrt(spread) * scale, spread


def test_the_quantile_is_the_one_worked_out_by_hand():
    assert conformal95(np.arange(1.0, 19)) == np.inf  # 18 errors cannot promise 95%
    assert conformal95(np.arange(1.0, 20)) == 19  # ceil(0.95 * 20) = 19th of 19
    assert conformal95(np.arange(1.0, 21)) == 20  # ceil(0.95 * 21) = 20th of 20
    assert conformal95(np.arange(1.0, 40)) == 38  # ceil(0.95 * 40) = 38th of 39
    assert conformal95(np.random.default_rng(0).permutation(np.arange(1.0, 100))) == 95


@pytest.mark.parametrize("cases", [8, 12, 40])
def test_new_answers_lie_within_it_in_95_percent(cases):
    held = []
    for seed in range(80):
        radius = fit_radius(*drawn(seed, cases), np.ones((cases, 3), bool))
        error, spread = drawn(1000 + seed, 50)
        promised = np.array([[radius.of(k, s) for k, s in enumerate(row)] for row in spread])
        held.append((error <= promised).mean())
    assert 0.94 < np.mean(held) < 0.98


def test_it_is_smaller_than_one_radius_for_all():
    radius = fit_radius(*drawn(0, 40), ALL)
    error, spread = drawn(1, 2000)
    promised = np.array([[radius.of(k, s) for k, s in enumerate(row)] for row in spread])
    assert promised.mean() < 0.8 * np.quantile(error, 0.95)


def test_scattered_votes_make_it_wider_and_landmarks_have_their_own():
    radius = fit_radius(*drawn(0, 40), ALL)
    assert radius.of(0, 0.5) < radius.of(0, 2.0) < radius.of(2, 2.0)
    assert radius.of(0, 0.0) > 0  # votes that agree by chance promise nothing


def test_too_few_answers_or_cases_promise_nothing():
    error, spread = drawn(0, 40)
    few = ALL & (np.arange(40)[:, None] < 6)
    assert fit_radius(error, spread, few) is None  # 18 answers of 6 cases
    assert fit_radius(*drawn(0, 4, scale=(1.0,) * 10), np.ones((4, 10), bool)) is None  # 40 answers of 4 cases
    assert fit_radius(error, spread, ALL & (np.arange(40)[:, None] < 7)).answers == 21


def test_what_is_not_found_or_not_known_does_not_count():
    error, spread = drawn(0, 40)
    wrong, unknown = error.copy(), error.copy()
    wrong[:5], unknown[:5] = 1e6, np.nan
    found = ALL & (np.arange(40)[:, None] >= 5)
    assert fit_radius(wrong, spread, found) == fit_radius(unknown, spread, ALL)


def test_a_landmark_that_was_never_found_gets_what_is_usual():
    error, spread = drawn(0, 40)
    error[:, 1] = np.nan
    radius = fit_radius(error, spread, ALL)
    assert radius.error[0] < radius.error[1] < radius.error[2] and radius.spread[1] > 0
