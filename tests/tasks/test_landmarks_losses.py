"""The landmarks task hands truth to the losses."""

import numpy as np
import pytest
import torch
from crooked import DIMS
from oracle import Oracle, addresses, heads_of

from pipeline.networks.network import build_network
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.settings import LossSettings
from pipeline.tasks.truth import Truth

NAMES = ["softmax", "noothout2018"]
NAMES_OF_PAPERS = ["noothout2018", "noothout2020"]


def case(dims, name):
    shape = (48,) * dims
    points = np.random.default_rng(dims).uniform(4, 44, (3, dims))
    oracle = Oracle(shape, points)
    image = torch.from_numpy(addresses(shape))[None]
    task = LandmarksTask(LossSettings(name))
    truth = torch.from_numpy(points).float()[None]
    return task, oracle, image, truth, torch.ones(1, 3, dtype=torch.bool)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dims", DIMS)
def test_one_who_knows_the_answer_loses_less_than_one_who_is_a_patch_off(dims, name):
    task, oracle, image, truth, known = case(dims, name)
    answers = oracle({"image": image})
    right = task.losses(oracle, image, answers, Truth(truth, known))
    wrong = task.losses(oracle, image, answers, Truth(truth + 8.0, known))
    assert right["displacement"].item() < 1e-5
    assert right["belief"] < wrong["belief"]
    assert right["displacement"] < wrong["displacement"] - 0.3


@pytest.mark.parametrize("name", NAMES)
def test_the_total_weighs_the_displacement_as_asked(name):
    _, oracle, image, truth, known = case(1, name)
    answers = oracle({"image": image})
    terms = LandmarksTask(LossSettings(name, displacement=3.0)).losses(
        oracle, image, answers, Truth(truth + 2.0, known)
    )
    assert terms["total"].item() == pytest.approx(terms["belief"].item() + 3 * terms["displacement"].item())


@pytest.mark.parametrize("name", NAMES)
def test_a_landmark_of_which_nothing_is_known_teaches_no_head_anything(name):
    torch.manual_seed(0)
    network = build_network("fcn", 1, 1, heads_of(2, 1), stride=4, width=4, growth=2)
    image = torch.randn(2, 1, 32)
    points = torch.tensor([[[9.0], [float("nan")]], [[20.0], [float("nan")]]])
    known = torch.tensor([[True, False], [True, False]])
    LandmarksTask(LossSettings(name)).losses(network, image, network({"image": image}), Truth(points, known))[
        "total"
    ].backward()
    for head in (network.belief[-1], network.displacement[-1]):
        assert (head.weight.grad[1] == 0).all()
        assert (head.bias.grad[1] == 0).all()
        assert (head.weight.grad[0] != 0).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dims", DIMS)
def test_losses_are_computed_where_the_network_is(dims, name):
    network = build_network("fcn", dims, 1, heads_of(2, dims), stride=8, width=4, growth=2)
    image = torch.zeros(1, 1, *(32,) * dims, device="meta")  # a device that refuses to mix, as a GPU does
    answers = {k: v.to("meta") for k, v in network({"image": torch.zeros(image.shape)}).items()}
    points = torch.zeros(1, 2, dims, device="meta")
    known = torch.ones(1, 2, dtype=torch.bool, device="meta")
    terms = LandmarksTask(LossSettings(name)).losses(network, image, answers, Truth(points, known))
    assert terms["total"].device.type == "meta"


def test_the_2020_loss_weighs_the_belief_by_the_number_of_landmarks():
    _, oracle, image, truth, known = case(1, "noothout2020")
    answers = oracle({"image": image})
    one, many = (
        LandmarksTask(LossSettings(n)).losses(oracle, image, answers, Truth(truth, known)) for n in NAMES_OF_PAPERS
    )
    assert many["belief"].item() == pytest.approx(3 * one["belief"].item())
