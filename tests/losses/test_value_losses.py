"""Losses of values, against numbers worked out by hand; what is not known teaches nothing."""

import math

import pytest
import torch

from pipeline.losses.values import classes_entropy, labels_entropy, numbers_l1

NAN = math.nan


def test_a_number_costs_its_distance_beyond_the_bend():
    said, truth = torch.tensor([[1.0], [0.1], [7.0]]), torch.tensor([[0.0], [0.0], [NAN]])
    assert numbers_l1(said, truth, beta=0.2).item() == pytest.approx((0.9 + 0.5 * 0.01 / 0.2) / 2)


def test_a_class_costs_its_surprise():
    said, truth = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]]), torch.tensor([[1.0], [NAN]])
    assert classes_entropy(said, truth).item() == pytest.approx(-math.log(0.75))


def test_labels_cost_the_mean_of_their_surprises():
    said = torch.tensor([[0.0, math.log(3)], [9.0, 9.0]])
    truth = torch.tensor([[1.0, 0.0], [NAN, NAN]])
    assert labels_entropy(said, truth).item() == pytest.approx((math.log(2) + math.log(4)) / 2)


@pytest.mark.parametrize("loss", [numbers_l1, classes_entropy, labels_entropy])
def test_nothing_known_costs_nothing_and_has_a_gradient(loss):
    width = 1 if loss is not labels_entropy else 3
    said = torch.randn(2, 1 if loss is numbers_l1 else 3, requires_grad=True)
    total = loss(said, torch.full((2, width), NAN))
    total.backward()
    assert total.item() == 0 and torch.equal(said.grad, torch.zeros_like(said))
