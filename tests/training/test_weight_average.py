"""The running average of the weights, worked out by hand."""

import pytest
import torch
from torch import nn

from pipeline.training.average import WeightAverage


def network(value):
    net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(value)
        net[1].running_mean.fill_(value)
    return net


def value_of(average):
    return average.network[0].weight.item()


def test_the_first_updates_count_more_worked_out_by_hand():
    average = WeightAverage(network(0.0), decay=0.99)
    average.update(network(11.0))
    assert value_of(average) == pytest.approx(10.0)  # decay 1/11
    average.update(network(22.0))
    assert value_of(average) == pytest.approx(20.0)  # decay 2/12: 10/6 + 22 * 5/6


def test_later_updates_have_the_decay_asked_for():
    average = WeightAverage(network(0.0), decay=0.5)
    for _ in range(10):
        average.update(network(8.0))
    before = value_of(average)
    average.update(network(0.0))
    assert value_of(average) == pytest.approx(before / 2)


def test_running_statistics_are_copied():
    average = WeightAverage(network(0.0), decay=0.99)
    average.update(network(7.0))
    assert average.network[1].running_mean.item() == 7.0


def test_a_network_that_stands_still_is_its_own_average():
    average = WeightAverage(network(3.0), decay=0.9)
    average.update(network(3.0))
    assert value_of(average) == 3.0


def test_the_average_is_a_copy_in_eval_mode():
    net = network(1.0).train()
    average = WeightAverage(net, decay=0.9)
    net[0].weight.data.fill_(5.0)
    assert value_of(average) == 1.0
    assert not average.network.training
    assert net.training
