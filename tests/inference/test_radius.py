"""The radius holds what it promises, grows with the scatter, and is silent where too little is known."""

import numpy as np
import pytest

from pipeline.inference.radius import conformal95, fit_margin, fit_radius

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


def test_cases_of_one_subject_count_as_one_and_do_not_judge_each_other():
    error, spread = drawn(0, 40)
    assert fit_radius(error, spread, ALL, np.arange(40)) == fit_radius(error, spread, ALL)
    assert fit_radius(error, spread, ALL, np.arange(40) % 4) is None  # 120 answers of 4 subjects
    assert fit_radius(error, spread, ALL, np.arange(40) % 5).answers == 120
    twice, of_two = (np.tile(part, (2, 1)) for part in (error, spread))
    both = np.ones((80, 3), bool)
    apart, together = (fit_radius(twice, of_two, both, who) for who in (np.arange(80), np.arange(80) % 40))
    assert together.factor > apart.factor and together.error == apart.error


def test_the_margin_is_the_one_worked_out_by_hand():
    error, alone = np.random.default_rng(0).permutation(np.arange(1.0, 41)), np.arange(40)
    assert fit_margin(error, alone) == 39  # ceil(0.95 * 41) = 39th of 40
    assert fit_margin(np.arange(1.0, 41), alone // 2) == 40  # 19.95 of 20 subjects
    assert fit_margin(error[:18], alone[:18]) is None and fit_margin(error[:19], alone[:19]) == error[:19].max()
    assert fit_margin(np.arange(300.0), np.arange(300) % 18) is None
    many = np.array([*np.zeros(100, int), *range(1, 19)])  # a hundred images of one say no more than one of another
    assert fit_margin(np.where(many, many, 0.5), many) == 18


def test_new_subjects_lie_within_the_margin_in_95_percent_though_images_of_one_err_alike():
    def errors(rng, subjects):
        who = np.repeat(np.arange(subjects), 8)
        return np.abs(rng.normal(size=subjects)[who] + 0.3 * rng.normal(size=len(who))), who

    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        margin = fit_margin(*errors(rng, 25))
        held.append((errors(rng, 200)[0] <= margin).mean())
    assert 0.94 < np.mean(held) < 0.985
