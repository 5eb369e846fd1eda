"""Boxes to patches and back; which of many stay."""

import math

import numpy as np
import pytest
import torch
from crooked import DIMS

from pipeline.geometry.boxes import iou
from pipeline.grid.box_code import decode_boxes, encode_boxes
from pipeline.grid.patch_grid import PatchGrid
from pipeline.grid.suppress import overlaps, suppress

NONE = math.nan


@pytest.mark.parametrize("dims", DIMS)
def test_patches_that_say_what_they_should_give_every_box_back(dims):
    torch.manual_seed(0)
    grid = PatchGrid((12,) * dims, 4, 1.5)
    low = torch.rand(1, 3, dims) * 30
    high = low + 3 + torch.rand(1, 3, dims) * 12
    targets = encode_boxes(grid, low, high, torch.ones(1, 3, dtype=torch.bool))
    for n in range(3):
        best = targets.weight[0, n].argmax()
        cell = targets.near.cells[0, n, best]
        said = targets.near.displacement[0, n, best][:, None], targets.size[0, n][:, None]
        found = decode_boxes(grid.centres()[:, cell, None], 4, *said)
        assert torch.allclose(found[0][0], low[0, n], atol=1e-4)
        assert torch.allclose(found[1][0], high[0, n], atol=1e-4)


def test_the_patch_nearest_to_the_middle_weighs_one_and_rows_that_are_none_nothing():
    grid = PatchGrid((8, 8), 4, 1.5)
    low, high = torch.tensor([[[2.0, 2], [NONE, NONE]]]), torch.tensor([[[9.0, 9], [NONE, NONE]]])
    targets = encode_boxes(grid, low, high, torch.tensor([[True, False]]))
    assert targets.weight[0, 0].max() == 1 and (targets.weight[0, 0] == 1).sum() == 1
    assert targets.weight[0, 1].max() == 0 and torch.isfinite(targets.size).all()


@pytest.mark.parametrize("sigma", [0.01, 0.05, 0.1])
def test_however_narrow_the_weight_the_nearest_patch_learns_of_a_box_off_its_centre(sigma):
    grid, there = PatchGrid((8, 8), 4, 1.5), torch.ones(1, 2, dtype=torch.bool)
    low = torch.tensor([[[3.0, 3.2], [20.0, 21.0]]])  # middles 7.2, 7.3 and 21.9, 22.8: nearest are cells 1 and 5
    targets = encode_boxes(grid, low, low + torch.tensor([[[8.4, 8.2], [3.8, 3.6]]]), there, sigma)
    assert targets.weight.amax(-1).tolist() == [[1.0, 1.0]]
    best = targets.weight.argmax(-1)[..., None]
    assert targets.near.cells.gather(-1, best)[0, :, 0].tolist() == [9, 45]


def test_a_patch_between_two_boxes_speaks_for_the_nearer_one():
    grid = PatchGrid((10,), 4, 1.5)
    low, high = torch.tensor([[[4.0], [9.0]]]), torch.tensor([[[8.0], [14.0]]])  # middles 6 and 11.5
    targets = encode_boxes(grid, low, high, torch.ones(1, 2, dtype=torch.bool))
    spoken = [set(targets.near.cells[0, n, targets.weight[0, n] > 0].tolist()) for n in range(2)]
    assert not spoken[0] & spoken[1] and 1 in spoken[0] and 2 in spoken[1]


@pytest.mark.parametrize("dims", DIMS)
def test_overlap_is_that_of_the_geometry(dims):
    rng = np.random.default_rng(dims)
    low = rng.uniform(0, 10, (6, dims))
    high = low + rng.uniform(1, 6, (6, dims))
    rows = torch.from_numpy(np.hstack([low, high]))
    assert np.allclose(overlaps(rows, rows).numpy(), iou(low, high, low, high))


def test_the_most_believed_of_boxes_that_overlap_stays_and_the_same_ones_vote():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0.5, 0, 10.5, 10], [4, 0, 14, 10], [30, 30, 40, 40]])
    belief = torch.tensor([0.6, 0.9, 0.8, 0.3])
    kept, voted = suppress(boxes, belief, overlap=0.4)
    assert kept.tolist() == [1, 3]
    assert torch.allclose(voted[0], torch.tensor([0.3, 0, 10.3, 10]))  # (0.6 * 0 + 0.9 * 0.5) / 1.5
    assert torch.allclose(voted[1], boxes[3])


def test_no_boxes_stay_none():
    kept, voted = suppress(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert len(kept) == 0 and voted.shape == (0, 4)
