"""Numbers about values, worked out by hand."""

import numpy as np
import pytest

from pipeline.data.columns import Column
from pipeline.data.value_predictions import ValueAnswer
from pipeline.metrics.value_numbers import numbers_of
from pipeline.metrics.values import measure_column, micro_average_precision


def test_numbers_in_their_own_unit_over_the_images_that_have_one():
    said = [ValueAnswer(v, {}, v - 2, v + 2) for v in (3.0, 10.0, 99.0)]
    numbers = measure_column(Column("age", "number"), [4.0, 13.0, None], said)
    assert numbers == {"mae": 2.0, "inside": 0.5}
    bare = [said[0], ValueAnswer(10.0), said[2]]  # of which no range is promised
    assert measure_column(Column("age", "number"), [4.0, 13.0, None], bare)["inside"] == 1.0


def test_relative_errors_of_logarithms():
    said = [ValueAnswer(v) for v in (110.0, 150.0, 300.0)]
    numbers = measure_column(Column("price", "logarithm"), [100.0, 100.0, 200.0], said)
    assert numbers["median_ape"] == pytest.approx(0.5) and numbers["mae"] == pytest.approx((10 + 50 + 100) / 3)


def test_classes_and_labels():
    said = [ValueAnswer("f", {"f": 0.9, "m": 0.1}), ValueAnswer("m", {"f": 0.4, "m": 0.6})]
    assert measure_column(Column("sex", "class"), ["f", "f"], said) == {"accuracy": 0.5}
    tags = [ValueAnswer(("a",), {"a": 0.9, "b": 0.3}), ValueAnswer((), {"a": 0.2, "b": 0.4})]
    # by belief: a of the first (right), b of the second (wrong), b of the first (right), a of the second (wrong)
    expected = (1 + 2 / 3) / 2
    assert measure_column(Column("tags", "labels"), [("a", "b"), ()], tags)["ap"] == pytest.approx(expected)
    # a label that the model does not know is there to be found all the same
    assert measure_column(Column("tags", "labels"), [("a", "b", "z"), ()], tags)["ap"] == pytest.approx(
        expected * 2 / 3
    )


def test_a_label_that_stands_twice_in_a_cell_is_missed_once():
    tags, said = Column("tags", "labels"), [ValueAnswer(("a",), {"a": 0.9})]
    assert measure_column(tags, [("a", "z", "z")], said) == measure_column(tags, [("a", "z")], said) == {"ap": 0.5}


def test_labels_of_which_no_case_has_any_are_measured_all_the_same():
    numbers = numbers_of(Column("tags", "labels"), [(), ("a",)], [ValueAnswer(()), ValueAnswer(())], [(), ()])
    assert numbers["ap"] == numbers["without_looking"]["always_ap"] == 0.0


def test_labels_that_are_said_without_beliefs_are_believed():
    tags, truth = Column("tags", "labels"), [("a",), ("b",), ("a", "b")]
    assert measure_column(tags, truth, [ValueAnswer(said) for said in truth]) == {"ap": 1.0}
    said = [ValueAnswer(("b",)), ValueAnswer(("b",), {"a": 0.3, "b": 0.6}), ValueAnswer(())]
    # by belief: b of the first (wrong), b of the second (right), a of the second (wrong); three are missed
    assert measure_column(tags, truth, said)["ap"] == pytest.approx(1 / 2 / 4)


@pytest.mark.parametrize(("known", "said"), [([10.0, 100.0], 55.0), ([40.0, 1.0, 2.0], 2.0)])
def test_without_looking_the_median_is_said(known, said):
    numbers = numbers_of(Column("age", "number"), [0.0], [ValueAnswer(3.0)], known)
    assert numbers["without_looking"]["always_mae"] == said


def test_nothing_known_gives_no_number():
    assert measure_column(Column("age", "number"), [None], [ValueAnswer(3.0)]) == {}


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_average_precision_does_not_depend_on_the_order_of_what_is_believed_alike(order):
    belief, right = np.array([0.9, 0.5, 0.5, 0.5]), np.array([False, True, False, True])
    # recall 0 at 0.9, 1 at 0.5, where 2 of 4 are right
    assert micro_average_precision(belief[order], right[order], 2) == pytest.approx(0.5)


def test_average_precision_is_that_of_the_list():
    assert micro_average_precision(np.array([0.1, 0.2]), np.array([False, False]), 0) == 0.0
    assert micro_average_precision(np.array([]), np.array([], bool), 0) == 0.0
