"""Statistics worked out by hand."""

import numpy as np
import pytest

from pipeline.metrics import (
    bootstrap,
    cumulative,
    macro_mean,
    mean_interval,
    mean_position_error,
    normalised_errors,
    pooled_interval,
    summarise,
)
from pipeline.metrics.errors import Outcomes

NONE = np.nan


def outcomes(errors, status=None):
    error = np.array(errors, float)
    return Outcomes(np.where(np.isfinite(error), "found", "missed") if status is None else np.array(status), error)


def test_errors_1_2_3_give_the_numbers_worked_out_by_hand():
    numbers = summarise(outcomes([[1], [2], [3]]), "abc", ["a"])
    expected = {"n": 3, "mean": 2, "sd": 1, "median": 2, "q25": 1.5, "q75": 2.5, "p95": 2.9, "max": 3}
    assert {k: numbers[k] for k in expected} == pytest.approx(expected)
    assert numbers["success"] == pytest.approx({"2": 2 / 3, "2.5": 2 / 3, "3": 1, "4": 1})
    assert numbers["landmarks"]["a"] == {k: v for k, v in numbers.items() if k != "landmarks"}


def test_a_missed_landmark_is_within_no_radius_and_in_no_mean():
    numbers = summarise(outcomes([[1], [NONE]]), "ab", ["a"])
    assert (numbers["n"], numbers["n_present"], numbers["found_rate"]) == (1, 2, 0.5)
    assert (numbers["mean"], numbers["success"]["4"]) == (1, 0.5)


def test_absent_landmarks_count_apart_and_an_unanswered_one_was_not_told():
    status = [["told absent"], ["told absent"], ["false alarm"], ["unanswered"], ["ignored"]]
    numbers = summarise(outcomes([[NONE]] * 5, status), "abcde", ["a"])
    assert (numbers["n_absent"], numbers["absent_told"]) == (4, 0.5)
    assert (numbers["n_present"], numbers["found_rate"], numbers["mean"], numbers["ci95"]) == (0, None, None, None)
    assert set(numbers["success"].values()) == {None}


def test_one_error_has_a_mean_but_neither_a_deviation_nor_an_interval():
    numbers = summarise(outcomes([[1.5]]), "a", ["a"])
    assert (numbers["mean"], numbers["sd"], numbers["ci95"]) == (1.5, None, None)


def test_the_wrong_neighbour_is_counted_beyond_its_distance_only_when_asked():
    assert summarise(outcomes([[1], [18], [19], [40]]), "abcd", ["a"], wrong_beyond=18)["wrong_rate"] == 0.5
    assert summarise(outcomes([[1]]), "a", ["a"])["wrong_rate"] is None


def test_coverage_counts_errors_within_their_promised_radius():
    radius = np.array([[1.0], [1.0], [NONE], [2.0]])
    numbers = summarise(outcomes([[1], [2], [9], [NONE]]), "abcd", ["a"], radius95=radius)
    assert numbers["radius95_coverage"] == 0.5
    none = summarise(outcomes([[1]]), "a", ["a"])
    assert none["radius95_coverage"] is None and none["radius95_mean"] is None


def test_each_landmark_is_counted_alone_and_the_overall_mean_is_over_all_errors():
    numbers = summarise(outcomes([[1, 5], [2, NONE]]), "ab", ["a", "b"])
    assert numbers["mean"] == pytest.approx(8 / 3)
    assert [numbers["landmarks"][n]["mean"] for n in "ab"] == [1.5, 5]


def test_the_macro_mean_counts_each_landmark_alike_and_none_that_was_never_found():
    numbers = summarise(outcomes([[1, 5, NONE], [2, NONE, NONE]]), "ab", ["a", "b", "c"])
    assert macro_mean(numbers["landmarks"]) == pytest.approx((1.5 + 5) / 2) and numbers["mean"] == pytest.approx(8 / 3)
    assert macro_mean(summarise(outcomes([[NONE]]), "a", ["a"])["landmarks"]) is None


def test_drawing_subjects_gives_a_wider_interval_than_drawing_cases():
    error = np.array([[1.0]] * 5 + [[2.0]] * 5 + [[6.0]] * 5)
    by_subject = pooled_interval(error, ["p"] * 5 + ["q"] * 5 + ["r"] * 5)
    by_case = pooled_interval(error, [str(i) for i in range(15)])
    assert by_subject.tolist() == [1, 6]  # three subjects: one draw in 27 holds only the best, one only the worst
    assert by_case[1] - by_case[0] < by_subject[1] - by_subject[0]


def test_the_interval_of_two_equal_subjects_is_a_point_and_its_seed_is_fixed():
    assert mean_interval(np.array([[2.0], [2.0]]), "ab").tolist() == [[2, 2]]
    error = np.random.default_rng(1).gamma(2, size=(20, 3))
    subjects = [str(i) for i in range(20)]
    assert (mean_interval(error, subjects) == mean_interval(error, subjects)).all()


def test_draws_are_the_same_however_many_are_held_at_a_time(monkeypatch):
    error, subjects = np.random.default_rng(0).gamma(2, size=(50, 3)), [str(i) for i in range(50)]
    error[::7, 1] = NONE
    together = mean_interval(error, subjects)
    monkeypatch.setattr(bootstrap, "AT_ONCE", 350)
    parts = list(bootstrap._drawn_means(error, np.ones_like(error), 20, 0))
    assert [len(part) for part in parts] == [7, 7, 6]
    assert np.allclose(mean_interval(error, subjects), together, rtol=1e-12)


def test_the_interval_of_a_large_sample_agrees_with_the_normal_one():
    error = np.random.default_rng(0).normal(5, 1, size=(400, 1))
    low, high = mean_interval(error, [str(i) for i in range(400)], resamples=2000)[0]
    half = 1.96 * error.std() / 20
    assert (low, high) == pytest.approx((error.mean() - half, error.mean() + half), abs=0.015)


def test_a_column_of_one_subject_has_no_interval_beside_one_that_has():
    interval = mean_interval(np.array([[1.0, 1.0], [NONE, 2.0]]), "ab")
    assert np.isnan(interval[0]).all() and interval[1].tolist() == [1, 2]


def test_the_curve_ends_at_the_found_rate():
    distance, part = cumulative(np.array([2.0, NONE, 1.0]), missed=1)
    assert distance.tolist() == [0, 1, 2]
    assert part.tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert cumulative(np.array([]))[1].tolist() == [0]


def test_the_mean_position_is_measured_against_the_training_cases_that_have_the_landmark():
    training = np.array([[[0.0, 0.0], [NONE, NONE]], [[NONE, NONE], [NONE, NONE]], [[2.0, 0.0], [NONE, NONE]]])
    error = mean_position_error(training, np.array([[[1.0, 3.0], [1.0, 1.0]]]))
    assert error[0, 0] == 3 and np.isnan(error[0, 1])


def test_an_image_whose_landmarks_were_all_missed_failed_by_its_normalised_error():
    at = np.tile([[[0.0, 0.0], [10.0, 0.0]]], (3, 1, 1))
    at[2, 1] = np.nan  # an image without the pair is not counted
    error = np.array([[0.5, 0.5], [np.nan, np.nan], [np.nan, np.nan]])
    numbers = normalised_errors(error, at, (0, 1))
    assert numbers == pytest.approx({"nme": 0.05, "nme_auc": 0.25, "nme_failed": 0.5})
    assert normalised_errors(error[1:], at[1:], (0, 1)) == {"nme": None, "nme_auc": 0.0, "nme_failed": 1.0}
    assert set(normalised_errors(error[2:], at[2:], (0, 1)).values()) == {None}
