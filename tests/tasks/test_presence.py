"""Whether an image shows any landmark at all: taught, said, and minded."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from crooked import DIMS, upright_frame

from pipeline.data.store import LevelArray
from pipeline.losses.belief import presence_cross_entropy
from pipeline.networks.network import build_network
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.settings import LossSettings
from pipeline.tasks.truth import Truth

TASK = LandmarksTask(LossSettings(presence=1.0), names=("tip", "root"))


def test_an_image_shows_something_if_a_landmark_lies_in_it_worked_out_by_hand():
    none = [math.nan]
    points = torch.tensor([[[3.0], none], [none, none], [[-4.0], none], [none, none]])
    known = torch.tensor([[True, True], [True, True], [True, True], [True, False]])
    logits = torch.tensor([[0.0], [math.log(3)], [0.0], [50.0]])
    # there, believed 1/2; not there, believed 3/4; beyond the border, believed 1/2; the last is not known
    expected = (math.log(2) + math.log(4) + math.log(2)) / 3
    assert presence_cross_entropy(logits, points, known, (8,)).item() == pytest.approx(expected)


def test_only_the_first_level_is_asked():
    assert list(TASK.heads(2, 0)) == ["belief", "displacement", "presence"]
    assert list(TASK.heads(2, 1)) == list(LandmarksTask().heads(2, 0)) == ["belief", "displacement"]


@pytest.mark.parametrize("dims", DIMS)
def test_what_is_found_says_how_much_the_whole_image_is_believed_to_show(dims):
    torch.manual_seed(0)
    network = build_network("fcn", dims, 1, TASK.heads(dims, 0), stride=4, width=4, growth=2, depth=1).eval()
    torch.nn.init.zeros_(network.presence[-1].weight)
    torch.nn.init.constant_(network.presence[-1].bias, math.log(3))
    level = LevelArray(upright_frame((16,) * dims), np.zeros((1, *(16,) * dims), np.float32))
    assert TASK.locate(network, level).presence == pytest.approx(0.75)
    assert network({"image": torch.zeros(3, 1, *(16,) * dims)})["presence"].shape == (3, 1)


@pytest.mark.parametrize("dims", DIMS)
def test_the_loss_of_presence_counts_by_its_weight(dims):
    torch.manual_seed(0)
    network = build_network(
        "fcn", dims, 1, replace(TASK, names=("tip",)).heads(dims, 0), stride=4, width=4, growth=2, depth=1
    )
    image, points = torch.rand(2, 1, *(16,) * dims), torch.full((2, 1, dims), math.nan)
    known = torch.ones(2, 1, dtype=torch.bool)
    terms = LandmarksTask(LossSettings(presence=3.0)).losses(
        network, image, network({"image": image}), Truth(points, known)
    )
    rest = terms["total"] - terms["belief"] - terms["displacement"]
    assert rest.item() == pytest.approx(3 * terms["presence"].item(), rel=1e-5)
    assert terms["presence"] > 0
