"""Verification and identification, against numbers worked out by hand."""

import tracemalloc

import numpy as np
import pytest

from pipeline.metrics.verification import (
    by_identity,
    confused,
    folds_accuracy,
    identification,
    pair_distances,
    squared_distances,
    threshold_at,
    verification,
)


def test_pairs_are_counted_once_and_none_with_itself():
    vectors = np.array([[1.0, 0], [0, 1.0], [1.0, 0]])
    same, other = pair_distances(squared_distances(vectors, vectors), ["a", "b", "a"])
    assert same.tolist() == [0.0] and other.tolist() == [2.0, 2.0]


def test_the_equal_error_rate_is_where_both_mistakes_are_equal():
    # at 0.35: one of four same pairs is refused, one of four others is taken
    same, other = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0.25 + 0.1, 0.5, 0.6, 0.95])
    assert verification(same, other)["eer"] == pytest.approx(0.25)
    assert verification(other, same)["eer"] == pytest.approx(0.75)


@pytest.mark.parametrize("digits", [1, 9])  # with ties and without
def test_the_equal_error_rate_is_that_of_trying_every_cut(digits):
    rng = np.random.default_rng(0)
    for _ in range(50):
        same, other = (np.round(rng.random(rng.integers(1, 30)) + shift, digits) for shift in (0.0, rng.random()))
        tried = [(1 - (same <= cut).mean(), (other <= cut).mean()) for cut in np.unique([*same, *other])]
        best = min(tried, key=lambda pair: abs(pair[0] - pair[1]))
        assert verification(same, other)["eer"] == pytest.approx(sum(best) / 2)


def test_distances_take_no_more_than_one_array_of_all_pairs():
    vectors = np.zeros((500, 2))
    tracemalloc.start()
    squared_distances(vectors, vectors)
    assert tracemalloc.get_traced_memory()[1] < 1.5 * 500 * 500 * 8
    tracemalloc.stop()


def test_the_area_is_the_share_of_ordered_pairs_with_ties_a_half():
    numbers = verification(np.array([0.1, 0.5]), np.array([0.5, 0.9]))
    assert numbers["auc"] == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_one_image_under_two_names_is_named_where_it_leaves_nobody_to_be_told():
    vectors = np.array([[1.0, 0], [0.9, np.sqrt(0.19)], [0, 1.0], [0.1, np.sqrt(0.99)], [1.0, 0], [0.0, -1]])
    who = ["a", "a", "b", "b", "c", "c"]
    distance = squared_distances(vectors, vectors)
    threshold = threshold_at(pair_distances(distance, who)[1], 0.01)
    assert threshold < 0 and confused(distance, who, threshold) == [(0, 4)]
    assert confused(distance, who, 1e-9) == [(0, 4)]  # copies differ by rounding, and they alone are taken for one
    assert confused(distance, who, 0.5) == []
    far = squared_distances(vectors[1:], vectors[1:])  # without the copy another pair of two lies nearest: 1 and 4
    assert confused(far, who[1:], threshold_at(pair_distances(far, who[1:])[1], 0.0)) == []


def test_of_many_confused_images_the_nearest_are_named_and_each_once():
    distance = np.array([[0, 4, 3e-4, 2e-4], [4, 0, 1e-4, 4], [3e-4, 1e-4, 0, 4], [2e-4, 4, 4, 0]])
    who = ["a", "a", "b", "b"]
    assert confused(distance, who, 1e-5) == [(1, 2), (0, 3)]
    assert confused(distance, who, 1e-5, most=1) == [(1, 2)]


def test_at_a_false_accept_rate_no_more_pairs_are_taken_than_it_allows():
    other = np.linspace(0.01, 1.0, 100)
    assert (other <= threshold_at(other, 0.01)).sum() == 1
    assert (other <= threshold_at(other, 0.0)).sum() == 0
    same = np.array([0.005, 0.015, 0.5])
    assert verification(same, other)["tar_at_far1"] == pytest.approx(2 / 3)
    assert verification(same, other)["tar_at_far01"] == pytest.approx(1 / 3)


def test_identities_that_lie_apart_are_all_found_and_chance_is_chance():
    rng = np.random.default_rng(0)
    who = [f"p{n // 6}" for n in range(60)]
    apart = np.repeat(np.eye(10), 6, axis=0)
    assert identification(apart, who) == {"rank1": 1.0, "dir_at_fa5": 1.0}
    noise = rng.standard_normal((60, 40))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert identification(noise, who)["rank1"] < 0.3 and identification(noise, who)["dir_at_fa5"] < 0.2
    assert identification(noise, who) == identification(noise, who)


def test_the_threshold_of_a_fold_is_chosen_on_the_others():
    distance = np.array([0.1, 0.9, 0.2, 0.8, 0.6, 0.7])
    same = np.array([True, False, True, False, True, False])
    fold = np.array([0, 0, 1, 1, 2, 2])
    # folds 0 and 1 are right by any threshold that their others choose; fold 2's others choose 0.5: 0.6 is refused
    numbers = folds_accuracy(distance, same, fold)
    assert numbers["folds_accuracy"] == pytest.approx((1 + 1 + 0.5) / 3)


def test_of_equally_good_thresholds_of_a_fold_the_middle_of_the_widest_gap_is_taken():
    same, fold = np.array([True, False] * 2), np.array([0, 0, 1, 1])
    for one, other in (([0.1, 0.9], [0.4, 0.6]), ([0.1, 0.2], [0.14, 0.16])):
        assert folds_accuracy(np.array([*one, *other]), same, fold)["folds_accuracy"] == 1.0
    # the others of fold 1 are as right up to 0.1 as between 0.3 and 0.9
    distance, same = np.array([0.1, 0.2, 0.3, 0.9, 0.5, 0.7]), np.array([True, False, True, False, True, False])
    assert folds_accuracy(distance, same, np.array([0, 0, 0, 0, 1, 1]))["folds_accuracy"] == pytest.approx(
        (0.75 + 1) / 2
    )
    # a threshold beyond all pairs of the others, which are all of one, is the largest of them
    distance, same = np.array([0.1, 0.3, 0.2, 0.4]), np.array([True, True, True, False])
    assert folds_accuracy(distance, same, np.array([0, 0, 1, 1]))["folds_accuracy"] == 1.0


def test_people_with_one_image_are_strangers_and_never_enrolled():
    # one of three is enrolled, and only a can be: b and c are strangers, of whom none may be taken for a
    vectors = np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, 1.0]])
    assert identification(vectors[[0, 1, 2, 4]], ["a", "a", "b", "c"]) == {"rank1": 1.0, "dir_at_fa5": 1.0}
    taken_for_a = identification(vectors[[0, 1, 2, 0]], ["a", "a", "b", "c"])
    assert taken_for_a["dir_at_fa5"] == 0.0  # no distance names a without c


def test_who_is_told_worst_comes_first_and_people_without_a_pair_last():
    who = ["alone", "told", "told", "untold", "untold", "taken", "taken", "taken_alone"]
    distance = np.full((8, 8), 3.0)
    distance[[1, 2], [2, 1]] = distance[[5, 7], [7, 5]] = 1.0  # one of taken lies near to somebody else
    assert list(by_identity(distance, who, 2.0)) == ["taken", "untold", "told", "taken_alone", "alone"]
