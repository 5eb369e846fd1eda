"""Average precision, by hand and beside COCO's own evaluation."""

import numpy as np
import pytest
from crooked import DIMS, upright_frame

from pipeline.data.box_predictions import FoundBox
from pipeline.data.dataset import Box, Case
from pipeline.geometry.boxes import BoxSet
from pipeline.metrics.box_numbers import compare_boxes, numbers_of_boxes
from pipeline.metrics.coco import coco_precision
from pipeline.metrics.detection import average_precision, matches, mean_average_precision


def boxes(*rows, label="a"):
    ends = np.array(rows, float).reshape(-1, 4)
    return BoxSet((label,) * len(ends), ends[:, :2], ends[:, 2:])


TRUTH = boxes((0, 0, 10, 10), (20, 0, 30, 10))


def test_each_box_is_taken_once_by_the_most_believed():
    said = boxes((0, 0, 10, 9), (0, 0, 10, 10), (21, 0, 31, 10), (50, 50, 60, 60))
    belief, right, count = matches(TRUTH, said, np.array([0.5, 0.9, 0.7, 0.8]), "a")
    assert belief.tolist() == [0.9, 0.8, 0.7, 0.5] and right.tolist() == [True, False, True, False] and count == 2


def test_an_answer_whose_best_box_is_taken_takes_the_next_as_in_coco():
    truth = boxes((0, 0, 10, 10), (2, 0, 12, 10))
    _, right, _ = matches(truth, boxes((0, 0, 10, 10), (0, 0, 10, 10)), np.array([0.9, 0.8]), "a")
    assert right.tolist() == [True, True]  # overlaps of 1 and of 8 / 12


@pytest.mark.parametrize("dims", DIMS)
def test_answers_are_cut_at_the_edge_of_the_image_as_the_reference_is(dims):
    over, outside = (Box("a", (low,) * dims, (40.0,) * dims) for low in (5.5, 20.0))  # the image ends at 9.5
    cases = [Case("c", "c", "c.png", {}, boxes=(over, outside))]
    answers = {"c": tuple(FoundBox(box, 0.9, True) for box in (over, outside))}
    known = compare_boxes(cases, [upright_frame((10,) * dims)], answers, "p.json")
    _, numbers = numbers_of_boxes(known, ["a"])
    assert (numbers["boxes"], numbers["recall"], numbers["mean_iou"]) == (1, 1.0, 1.0)
    assert (numbers["answers"], numbers["precision"]) == (2, 0.5)  # what lies outside is wrong, not left out
    _, numbers = numbers_of_boxes(compare_boxes(cases, [None], answers, "p.json"), ["a"])
    assert (numbers["boxes"], numbers["recall"], numbers["precision"]) == (2, 1.0, 1.0)


def test_overlaps_are_those_of_right_answers_with_the_boxes_that_they_took():
    one, two = Box("a", (0.0, 0.0), (10.0, 10.0)), Box("a", (0.0, 0.0), (10.0, 9.0))
    short = Box("a", (0.0, 0.0), (6.0, 10.0))
    cases = [Case(name, name, f"{name}.png", {}, boxes=there) for name, there in (("c", (one,)), ("d", (one, two)))]
    # in c the better answer comes second and is wrong; in d the one answer takes one of two boxes
    answers = {"c": (FoundBox(short, 0.9, True), FoundBox(one, 0.4, True)), "d": (FoundBox(one, 0.9, True),)}
    numbers = numbers_of_boxes(compare_boxes(cases, [None, None], answers, "p.json"), ["a"])[1]
    assert (numbers["precision"], numbers["recall"]) == (2 / 3, 2 / 3)
    assert numbers["mean_iou"] == pytest.approx((0.6 + 1) / 2)


def test_a_box_of_another_class_is_wrong():
    _, right, _ = matches(TRUTH, boxes((0, 0, 10, 10), label="b"), np.array([0.9]), "a")
    assert right.tolist() == []
    assert mean_average_precision([TRUTH], [(boxes((0, 0, 10, 10), label="b"), np.array([0.9]))], ["a", "b"]) == {
        "a": 0.0, "b": None, "all": 0.0
    }  # fmt: skip


def test_average_precision_worked_out_by_hand():
    # right, wrong, right of two: precision 1 up to recall 1/2, then 2/3
    assert average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2) == pytest.approx(5 / 6)
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0
    assert average_precision(np.zeros(0), np.zeros(0, bool), 0) is None


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_average_precision_does_not_depend_on_the_order_of_pictures_whose_answers_are_believed_alike(order):
    belief, right = np.array([0.9, 0.5, 0.5, 0.5]), np.array([True, True, False, False])
    # recall 1/2 at precision 1, then all at 0.5, where 2 of 4 are right
    assert average_precision(belief[order], right[order], 2) == pytest.approx(0.5 + 0.5 * 0.5)


def test_cocos_precision_of_perfect_and_of_shifted_boxes():
    pytest.importorskip("faster_coco_eval")
    assert coco_precision([TRUTH], [(TRUTH, np.ones(2))], ["a"]) == pytest.approx(1.0)
    aside = np.array([2.0, 0])
    shifted = BoxSet(TRUTH.labels, TRUTH.low + aside, TRUTH.high + aside)  # overlap 8 / 12
    assert coco_precision([TRUTH], [(shifted, np.ones(2))], ["a"]) == pytest.approx(0.4)  # right at 0.50 ... 0.65
    assert coco_precision([TRUTH], [(boxes(), np.zeros(0))], ["a"]) == 0.0


def test_our_precision_at_a_half_is_cocos():
    pytest.importorskip("faster_coco_eval")
    from pipeline.metrics import coco as module

    rng = np.random.default_rng(0)
    truth, said = [], []
    for _ in range(30):
        low = rng.uniform(0, 200, (6, 2))
        truth.append(BoxSet(("a",) * 6, low, low + 20))
        moved = low[:5] + rng.normal(0, 4, (5, 2))
        far = rng.uniform(0, 200, (3, 2))
        lows = np.concatenate([moved, far])
        said.append((BoxSet(("a",) * 8, lows, lows + 20), rng.random(8)))
    ours = mean_average_precision(truth, said, ["a"])["all"]
    half = module.coco_precision(truth, said, ["a"], at_half=True)
    assert ours == pytest.approx(half, abs=0.01)  # COCO reads the curve at 101 places
