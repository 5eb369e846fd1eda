"""Encode and decode undo each other; both against numbers worked out by hand."""

import math

import pytest
import torch
from crooked import DIMS
from hypothesis import given
from hypothesis import strategies as st

from pipeline.grid.decode import sigmoid_belief, softmax_belief, votes
from pipeline.grid.encode import encode
from pipeline.grid.patch_grid import PatchGrid

NONE = float("nan")


@pytest.mark.parametrize("weighting", ["belief", "equal"])
@pytest.mark.parametrize("dims", DIMS)
@given(data=st.data())
def test_patches_that_know_give_every_point_back(dims, weighting, data):
    stride, first = data.draw(st.sampled_from([(8, 3.5), (8, 0.0), (4, 1.5), (2, 0.5)]))
    shape = (5, 4, 6)[:dims]
    grid = PatchGrid(shape, stride, first)
    torch.manual_seed(data.draw(st.integers(0, 999)))
    points = first + stride * (torch.rand(1, 3, dims) * torch.tensor(shape) - 0.5)
    targets = encode(grid, points, torch.ones(1, 3, dtype=torch.bool))
    cells = math.prod(shape)
    said = torch.full((3, dims, cells), 1e3)  # nonsense wherever encode says nothing
    logits = torch.full((3, cells), -50.0)
    for k in range(3):
        near = targets.inside[0, k]
        said[k][:, targets.cells[0, k, near]] = targets.displacement[0, k, near].T
        logits[k, targets.cells[0, k, near]] = 5.0
    belief, total = softmax_belief(logits, torch.ones_like(logits, dtype=torch.bool))
    [found] = votes(grid.centres()[None], grid.stride, belief, total, said, weighting)
    assert torch.allclose(found.location, points[0], atol=1e-4)
    assert found.spread.max() < 1e-2
    assert found.count.tolist() == targets.inside[0].sum(-1).tolist()


@pytest.mark.parametrize("dims", DIMS)
def test_encode_lists_every_patch_around_the_landmark_once_and_those_off_the_grid_as_outside(dims):
    grid = PatchGrid((4,) * dims, stride=8, first=3.5)
    targets = encode(grid, torch.zeros(1, 1, dims), torch.ones(1, 1, dtype=torch.bool), reach=1)
    assert targets.cells.shape == (1, 1, 3**dims)
    assert targets.inside.sum() == 2**dims  # the landmark is in the corner patch
    assert len(set(targets.cells[0, 0, targets.inside[0, 0]].tolist())) == 2**dims
    assert targets.cells[~targets.inside].tolist() == [0] * (3**dims - 2**dims)


def test_displacements_are_in_strides_from_centre_to_landmark_worked_out_by_hand():
    grid = PatchGrid((2, 2), stride=4, first=1.5)
    targets = encode(grid, torch.tensor([[[2.5, 5.5]]]), torch.tensor([[True]]), reach=0)
    assert targets.cells.tolist() == [[[1]]]
    assert targets.displacement.tolist() == [[[[0.25, 0.0]]]]


def test_absent_and_unknown_landmarks_have_no_patches_and_stay_apart():
    grid = PatchGrid((4,), stride=8, first=3.5)
    points = torch.tensor([[[9.0], [NONE], [NONE], [9.0]]])
    targets = encode(grid, points, torch.tensor([[True, True, False, False]]))
    assert targets.known.tolist() == [[True, True, False, False]]
    assert targets.present.tolist() == [[True, False, False, False]]
    assert targets.inside.any(-1).tolist() == [[True, False, False, False]]
    assert torch.isfinite(targets.displacement).all()


def test_a_landmark_far_outside_the_crop_has_no_patches():
    grid = PatchGrid((4,), stride=8, first=3.5)
    targets = encode(grid, torch.tensor([[[-900.0], [1e6]]]), torch.ones(1, 2, dtype=torch.bool))
    assert not targets.inside.any()
    assert targets.present.all()


def test_patches_and_absence_compete_for_belief_worked_out_by_hand():
    logits = torch.tensor([[0.0, math.log(2)], [-50, -50], [math.log(7), math.log(2)]])
    allowed = torch.tensor([[True, True], [True, True], [True, False]])
    belief, total = softmax_belief(logits, allowed)
    assert torch.allclose(belief, torch.tensor([[0.25, 0.5], [0, 0], [0.875, 0]]), atol=1e-6)
    assert torch.allclose(total, torch.tensor([0.75, 0, 0.875]), atol=1e-6)


def test_eight_grids_that_say_the_same_believe_as_much_as_one():
    logits, allowed = torch.tensor([[0.0, math.log(2), -1.0]]), torch.tensor([[True, True, False]])
    belief, total = softmax_belief(logits.repeat(1, 8), allowed.repeat(1, 8), grids=8)
    assert torch.allclose(total, torch.tensor([0.75]))
    assert torch.allclose(belief[:, :3], torch.tensor([[0.25, 0.5, 0]]) / 8)


def test_patches_that_are_not_listed_compete_all_the_same():
    logits, everywhere = torch.tensor([[2.0, 1.0, 0.5, -1.0]]), torch.ones(1, 4, dtype=torch.bool)
    whole, _ = softmax_belief(logits, everywhere, grids=2)
    some, total = softmax_belief(logits[:, :2], everywhere[:, :2], grids=2, every=logits.logsumexp(1))
    assert torch.allclose(some, whole[:, :2])
    assert torch.allclose(total, whole[:, :2].sum(1))


def test_patches_on_their_own_believe_by_hand():
    logits = torch.tensor([[0.0, math.log(3)], [math.log(3), 0]])
    belief, total = sigmoid_belief(logits, torch.tensor([[True, True], [False, True]]))
    assert torch.allclose(belief, torch.tensor([[0.5, 0.75], [0, 0.5]]))
    assert torch.allclose(total, torch.tensor([0.75, 0.5]))


def two_patches(belief, **settings):
    """Centres 2 and 6; the first points at 3, the second at 7."""
    grid = PatchGrid((2,), stride=4, first=2.0)
    said = torch.tensor([[[0.25, 0.25]]])
    [one] = votes(grid.centres()[None], grid.stride, torch.tensor([belief]), torch.tensor([0.5]), said, **settings)
    return one


def test_votes_weigh_by_belief_or_by_head_worked_out_by_hand():
    by_belief = two_patches([0.6, 0.2])  # 3 * 0.75 + 7 * 0.25 = 4; spread sqrt(0.75 * 1 + 0.25 * 9)
    assert (by_belief.location.item(), by_belief.count.item()) == (4.0, 2)
    assert by_belief.spread.item() == pytest.approx(math.sqrt(3))
    by_head = two_patches([0.6, 0.2], weighting="equal")
    assert (by_head.location.item(), by_head.spread.item(), by_head.belief.item()) == (5.0, 2.0, 0.5)


def test_only_patches_near_the_best_belief_vote():
    assert two_patches([0.6, 0.2], share=0.4).location.item() == 3.0
    assert two_patches([0.6, 0.2], share=0.4).count.item() == 1


def test_only_patches_above_the_threshold_vote_and_the_best_alone_where_there_is_none():
    assert two_patches([0.9, 0.6], weighting="equal", threshold=0.5).location.item() == 5.0
    assert two_patches([0.9, 0.4], weighting="equal", threshold=0.5).location.item() == 3.0
    alone = two_patches([0.2, 0.4], weighting="equal", threshold=0.5)
    assert (alone.location.item(), alone.count.item()) == (7.0, 1)


def test_two_places_that_look_alike_are_not_averaged_and_share_the_belief():
    grid, said = PatchGrid((9,), stride=2, first=0.5), torch.zeros(1, 1, 9)  # centres 0.5, 2.5, ... 16.5
    belief = torch.tensor([[0.0, 0.2, 0.3, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0]])
    total = torch.tensor([0.75])
    [both] = votes(grid.centres()[None], 2, belief, total, said)
    assert both.location.item() == pytest.approx((0.2 * 2.5 + 0.3 * 4.5 + 0.25 * 14.5) / 0.75)
    [one] = votes(grid.centres()[None], 2, belief, total, said, near=4.0)
    assert one.location.item() == pytest.approx((0.2 * 2.5 + 0.3 * 4.5) / 0.5)
    assert (one.belief.item(), one.count.item()) == (pytest.approx(0.5), 2)
    [wide] = votes(grid.centres()[None], 2, belief, total, said, near=5.0)  # 14.5 is five strides from 4.5
    assert wide.location.item() == both.location.item()


def test_further_places_are_what_the_surer_ones_leave():
    grid, said = PatchGrid((9,), stride=2, first=0.5), torch.zeros(1, 1, 9)
    belief = torch.tensor([[0.0, 0.2, 0.3, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0]])
    first, second, third = votes(grid.centres()[None], 2, belief, torch.tensor([0.75]), said, near=4.0, places=3)
    assert first.location.item() == pytest.approx((0.2 * 2.5 + 0.3 * 4.5) / 0.5)
    assert (second.location.item(), second.count.item()) == (14.5, 1)
    assert [v.belief.item() for v in (first, second, third)] == pytest.approx([0.5, 0.25, 0.0])
    assert torch.isfinite(third.location).all()


def test_the_place_beside_which_most_belief_gathers_is_taken_not_that_of_the_surest_patch():
    grid, said = PatchGrid((9,), stride=2, first=0.5), torch.zeros(1, 1, 9)
    belief = torch.tensor([[0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.25, 0.2]])  # the surest stands alone, three beside it
    [found] = votes(grid.centres()[None], 2, belief, torch.tensor([0.95]), said, near=2.0)
    assert found.location.item() == pytest.approx(14.5)
    assert found.belief.item() == pytest.approx(0.65)


def test_votes_that_lie_around_the_answer_and_not_at_it_do_not_believe_in_it():
    grid, said = PatchGrid((9,), stride=2, first=0.5), torch.zeros(1, 1, 9)
    belief = torch.tensor([[0.0, 0.0, 0.4, 0.05, 0.4, 0.0, 0.0, 0.0, 0.0]])  # at 4.5, 6.5 and 8.5
    [wide] = votes(grid.centres()[None], 2, belief, torch.tensor([0.85]), said, near=2.0)
    [narrow] = votes(grid.centres()[None], 2, belief, torch.tensor([0.85]), said, near=2.0, agree=0.5)
    assert wide.location.item() == narrow.location.item() == pytest.approx(6.5)
    assert (wide.belief.item(), narrow.belief.item()) == (pytest.approx(0.85), pytest.approx(0.05))
    [all_at_one] = votes(grid.centres()[None], 2, belief, torch.tensor([0.85]), said, near=2.0, agree=1.0)
    assert all_at_one.belief.item() == pytest.approx(0.85)  # a stride to either side


@pytest.mark.parametrize("dims", DIMS)
def test_belief_nowhere_gives_numbers_all_the_same(dims):
    grid = PatchGrid((2,) * dims, stride=4, first=2.0)
    logits = torch.zeros(1, 2**dims)
    belief, total = softmax_belief(logits, torch.zeros_like(logits, dtype=torch.bool))
    [found] = votes(grid.centres()[None], grid.stride, belief, total, torch.zeros(1, dims, 2**dims))
    assert total.item() == 0
    assert torch.isfinite(found.location).all()


@pytest.mark.parametrize("dims", DIMS)
def test_encode_stays_on_the_device_of_the_points(dims):
    grid = PatchGrid((4,) * dims, stride=8, first=3.5)
    points = torch.zeros(2, 3, dims, device="meta")  # a device that refuses to mix with the CPU, as a GPU does
    targets = encode(grid, points, torch.ones(2, 3, dtype=torch.bool, device="meta"))
    assert targets.cells.device.type == "meta"
