"""Every pair of answer and reference has one outcome."""

import numpy as np
import pytest

from pipeline.errors import GeometryError
from pipeline.metrics import compare

NONE = np.nan


def test_each_pair_of_answer_and_reference_has_its_own_status():
    reference = np.array([[[3.0], [3.0], [NONE], [NONE], [NONE], [NONE]]])
    annotated = np.array([[True, True, True, True, True, False]])
    predicted = np.array([[[1.0], [NONE], [1.0], [NONE], [NONE], [1.0]]])
    answered = np.array([[True, True, True, True, False, True]])
    outcomes = compare(reference, annotated, predicted, answered)
    assert outcomes.status[0].tolist() == ["found", "missed", "false alarm", "told absent", "unanswered", "ignored"]
    assert outcomes.error[0, 0] == 2
    assert np.isnan(outcomes.error[0, 1:]).all()


def test_a_case_that_failed_misses_what_is_there_and_earns_nothing_for_what_is_not():
    reference = np.array([[[3.0], [NONE]]])
    outcomes = compare(reference, np.ones((1, 2), bool), np.full((1, 2, 1), NONE), np.zeros((1, 2), bool))
    assert outcomes.status.tolist() == [["missed", "unanswered"]]


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_error_is_the_straight_distance_in_any_dimension(dims):
    reference = np.zeros((2, 3, dims))
    predicted = np.full((2, 3, dims), 2.0)
    assert np.allclose(compare(reference, np.ones((2, 3), bool), predicted).error, 2 * np.sqrt(dims))


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(GeometryError, match="do not belong together"):
        compare(np.zeros((2, 3, 1)), np.ones((2, 3), bool), np.zeros((2, 2, 1)))
