"""Agreement of distances, against published numbers (Shrout & Fleiss 1979) and numbers worked out by hand."""

import numpy as np
import pytest

from pipeline.metrics.agreement import agreement, icc
from pipeline.metrics.between_landmarks import distances_between

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
REFERENCE, ANSWER = (10.0, 20.0, 30.0, 40.0), (11.0, 19.0, 32.0, 42.0)  # differences 1, -1, 2, 2: mean 1, SD root 2
UNTOLD = ("reference", "answer", "bias", "sd", "limits", "icc", "icc_ci95")


def test_six_targets_by_four_judges_give_the_published_icc():
    value, interval = icc(np.array(SHROUT_FLEISS, float))
    assert value == pytest.approx(0.29, abs=0.005)
    assert interval == pytest.approx([0.02, 0.76], abs=0.005)  # as R's psych and irr give it for ICC2, ICC(A,1)


def test_a_constant_shift_costs_absolute_agreement_worked_out_by_hand():
    """Mean squares 2 between cases, 1.5 between raters, 0 left: 2 / (2 + 2 x 1.5 / 3). With one degree of freedom for
    the rest, F(2,1) and F(1,2) at 0.975 are 799.5 and 38.51 in the tables."""
    value, interval = icc(np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]))
    assert value == pytest.approx(2 / 3)
    assert interval == pytest.approx([6 / (3 * 799.5 + 6), 6 * 38.506 / (3 + 6 * 38.506)], rel=1e-4)


def test_bias_and_limits_are_those_worked_out_by_hand():
    found = agreement(np.array(REFERENCE), np.array(ANSWER))
    assert (found["n"], found["reference"], found["answer"], found["bias"]) == (4, 25.0, 26.0, 1.0)
    assert found["sd"] == pytest.approx(2**0.5)
    assert found["limits"] == pytest.approx([1 - 1.96 * 2**0.5, 1 + 1.96 * 2**0.5])


def test_the_unit_does_not_matter_to_the_icc():
    rated = np.random.default_rng(0).normal(30, 5, (9, 1)) + np.random.default_rng(1).normal(0, 1, (9, 2))
    (value, interval), (other, others) = icc(rated), icc(1000 * rated)
    assert value == pytest.approx(other) and interval == pytest.approx(others)
    assert interval[0] < value < interval[1] < 1


@pytest.mark.parametrize("cases", [0, 1, 2])
def test_fewer_than_three_cases_tell_nothing(cases):
    assert agreement(np.ones(cases), np.ones(cases)) == {"n": cases, **dict.fromkeys(UNTOLD)}


@pytest.mark.parametrize(
    ("reference", "answer", "value"),
    [
        ((5.0, 5.0, 5.0), (5.0, 5.0, 5.0), None),
        ((0.3, 0.1 + 0.2, 0.3), (0.3, 0.3, 0.3), None),  # the same but for rounding
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), None),
        ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), 1.0),
        ((0.0, 1.0, 0.0, 1.0), (1.0, 0.0, 1.0, 0.0), -2.0),  # a number and its opposite
    ],
)
@pytest.mark.filterwarnings("error")
def test_without_spread_without_any_disagreement_or_with_nothing_else_there_is_no_interval(reference, answer, value):
    found = agreement(np.array(reference), np.array(answer))
    assert (found["icc"], found["icc_ci95"], found["bias"]) == (value, None, pytest.approx(0, abs=1e-12))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_case_counts_where_both_ends_are_annotated_and_found(dims):
    """The ends of distances worked out by hand, in an oblique direction; and two cases that lack an end."""
    along, start = np.ones(dims) / dims**0.5, np.arange(1.0, dims + 1)

    def ends(lengths):
        return np.array([[start, np.full(dims, 7.0), start - length * along] for length in lengths])

    reference, answer = ends([*REFERENCE, 50, 60]), ends([*ANSWER, 50, 60])
    reference[4, 2] = answer[5, 0] = np.nan
    (found,) = distances_between([("c", "a")], "abc", "pqrstu", reference, answer)
    assert found["between"] == ["c", "a"] and list(found["cases"]) == list("pqrs")
    assert found["cases"]["r"] == pytest.approx([30.0, 32.0])
    assert (found["n"], found["bias"], found["sd"]) == pytest.approx((4, 1.0, 2**0.5))
