"""What the losses reward, worked out by hand, and what they must not touch."""

import math

import pytest
import torch
from crooked import DIMS

from pipeline.grid.encode import encode
from pipeline.grid.patch_grid import PatchGrid
from pipeline.losses.belief import binary_cross_entropy, softmax_cross_entropy
from pipeline.losses.displacement import from_logarithm, mean_absolute, near_smooth_l1, to_logarithm

NONE = float("nan")
TWO = PatchGrid((2,), stride=4, first=2.0)  # patches [0, 4) and [4, 8), centres 2 and 6


def known(*flags):
    return torch.tensor([flags])


def points(*positions):
    return torch.tensor([[[p] for p in positions]])


def test_softmax_cross_entropy_of_two_patches_worked_out_by_hand():
    near, far = 1.0, math.exp(-1 / (2 * 0.6**2))  # strides from the landmark at 2: 0 and 1
    q = (near / (near + far), far / (near + far))
    logits = torch.tensor([[[0.7, -0.3]]])
    expected = math.log(math.exp(0.7) + math.exp(-0.3) + 1) - (q[0] * 0.7 - q[1] * 0.3)
    loss = softmax_cross_entropy(logits, encode(TWO, points(2.0), known(True)))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_target_is_a_gaussian_of_patches_as_wide_as_asked():
    logits = torch.zeros(1, 1, 2, requires_grad=True)
    softmax_cross_entropy(logits, encode(TWO, points(4.0), known(True)), sigma=0.3).backward()
    assert torch.allclose(logits.grad, torch.full((1, 1, 2), 1 / 3 - 1 / 2))  # the landmark is halfway: q = 1/2 each


@pytest.mark.parametrize("dims", DIMS)
def test_the_least_width_that_may_be_asked_for_teaches_a_landmark_between_patches_as_there(dims):
    logits = torch.zeros(1, 1, 5**dims, requires_grad=True)
    targets = encode(PatchGrid((5,) * dims, stride=2, first=0.5), torch.full((1, 1, dims), 3.5), known(True))
    softmax_cross_entropy(logits, targets, sigma=0.4).backward()
    assert (logits.grad < 0).sum() == 2**dims


def test_the_greatest_width_that_may_be_asked_for_is_not_cut_off():
    logits = torch.zeros(1, 1, 21, requires_grad=True)
    grid, (landmark, sigma) = PatchGrid((21,), stride=2, first=0.5), (20.5, 1.0)
    softmax_cross_entropy(logits, encode(grid, points(landmark), known(True)), sigma).backward()
    q = torch.exp(-(((grid.centres()[0] - landmark) / 2) ** 2) / (2 * sigma**2))
    assert torch.allclose(1 / 22 - logits.grad[0, 0], q / q.sum(), atol=2e-3)


@pytest.mark.parametrize("where", [NONE, -5.0, 13.0, 4000.0])
def test_absent_and_far_outside_send_all_belief_to_absent(where):
    logits = torch.tensor([[[0.7, -0.3]]])
    loss = softmax_cross_entropy(logits, encode(TWO, points(where), known(True)))
    assert loss.item() == pytest.approx(math.log(math.exp(0.7) + math.exp(-0.3) + 1), rel=1e-5)


@pytest.mark.parametrize("position", [2.0, NONE])
@pytest.mark.parametrize("loss", [softmax_cross_entropy, binary_cross_entropy])
def test_a_landmark_of_which_nothing_is_known_teaches_exactly_nothing(loss, position):
    torch.manual_seed(0)
    logits = torch.randn(1, 2, 2, requires_grad=True)
    alone = loss(logits[:, :1], encode(TWO, points(3.0), known(True)))
    both = loss(logits, encode(TWO, points(3.0, position), known(True, False)))
    assert both.item() == pytest.approx(alone.item())
    both.backward()
    assert (logits.grad[0, 1] == 0).all()
    assert (logits.grad[0, 0] != 0).all()


@pytest.mark.parametrize("loss", [softmax_cross_entropy, binary_cross_entropy])
def test_a_batch_of_which_nothing_is_known_has_loss_zero(loss):
    logits = torch.randn(1, 2, 2, requires_grad=True)
    value = loss(logits, encode(TWO, points(NONE, 3.0), known(False, False)))
    value.backward()
    assert value.item() == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize(
    ("position", "truth"), [(0.0, (1, 0)), (3.9, (1, 0)), (4.0, (0, 1)), (7.9, (0, 1)), (8.1, (0, 0))]
)
def test_the_patch_that_holds_the_landmark_is_positive_and_no_other(position, truth):
    logits = torch.zeros(1, 1, 2, requires_grad=True)
    binary_cross_entropy(logits, encode(TWO, points(position), known(True), reach=1)).backward()
    assert torch.allclose(logits.grad[0, 0], (0.5 - torch.tensor(truth, dtype=torch.float32)) / 2)


def test_binary_cross_entropy_of_two_patches_worked_out_by_hand():
    logits = torch.tensor([[[math.log(3), 0.0]]])  # sigmoids 3/4 and 1/2
    targets = encode(TWO, points(2.0), known(True), reach=1)
    assert binary_cross_entropy(logits, targets).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    balanced = binary_cross_entropy(logits, targets, balance=5.0)
    assert balanced.item() == pytest.approx((5 * math.log(4 / 3) + math.log(2)) / 2)


def test_near_smooth_l1_of_two_patches_worked_out_by_hand():
    said = torch.tensor([[[[0.05, 1.0]]]])  # the truth: 0 and -1; beta 0.1: 0.05^2 / 0.2 and 2 - 0.05
    weights = 1.0, math.exp(-0.5)
    expected = (0.0125 * weights[0] + 1.95 * weights[1]) / sum(weights)
    assert near_smooth_l1(said, encode(TWO, points(2.0), known(True))).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dims", DIMS)
def test_what_is_said_far_from_the_landmark_has_no_gradient(dims):
    grid = PatchGrid((12,) * dims, stride=8, first=3.5)
    said = torch.randn(1, 1, dims, 12**dims, requires_grad=True)
    point = torch.full((1, 1, dims), 3.5)
    near_smooth_l1(said, encode(grid, point, known(True))).backward()
    strides = ((grid.centres() - 3.5) / 8).abs().amax(0)
    size = said.grad[0, 0].abs().amax(0)
    assert (size[strides > 3.01] == 0).all()
    assert (size[strides < 1.01] > 0).all()


def test_landmarks_without_a_position_do_not_teach_displacements():
    said = torch.randn(1, 3, 1, 2, requires_grad=True)
    spots = points(2.0, NONE, NONE)
    near_smooth_l1(said, encode(TWO, spots, known(True, True, False))).backward()
    assert (said.grad[0, 1:] == 0).all()
    said.grad = None
    mean_absolute(said, spots, TWO).backward()
    assert (said.grad[0, 1:] == 0).all()
    assert torch.isfinite(said.grad).all()


@pytest.mark.parametrize("loss", ["near", "mean"])
def test_no_position_at_all_is_no_displacement_loss(loss):
    said = torch.randn(1, 1, 1, 2, requires_grad=True)
    targets = encode(TWO, points(NONE), known(True))
    value = near_smooth_l1(said, targets) if loss == "near" else mean_absolute(said, points(NONE), TWO)
    value.backward()
    assert value.item() == 0
    assert (said.grad == 0).all()


def test_mean_absolute_counts_all_patches_alike_worked_out_by_hand():
    said = torch.tensor([[[[0.5, 0.0]], [[0.0, 0.0]]]])
    # Landmark at 2: truths 0 and -1, errors 0.5 and 1; landmark at 10: truths 2 and 1.
    assert mean_absolute(said, points(2.0, 10.0), TWO).item() == pytest.approx((0.75 + 1.5) / 2)


@pytest.mark.parametrize("dims", DIMS)
def test_perfect_displacements_cost_nothing(dims):
    grid = PatchGrid((4,) * dims, stride=4, first=1.5)
    spots = torch.rand(2, 3, dims) * 14
    truth = (spots[..., None] - grid.centres()) / grid.stride
    assert near_smooth_l1(truth, encode(grid, spots, torch.ones(2, 3, dtype=torch.bool))).item() < 1e-9
    assert mean_absolute(truth, spots, grid).item() < 1e-6
    assert mean_absolute(to_logarithm(4 * truth), spots, grid, logarithm=True).item() < 1e-6


def test_logarithms_worked_out_by_hand_and_back():
    voxels = torch.tensor([0.0, 9.0, -99.0, 0.5])
    assert to_logarithm(voxels)[:3].tolist() == pytest.approx([0, 1, -2])
    torch.testing.assert_close(from_logarithm(to_logarithm(voxels)), voxels, atol=1e-4, rtol=1e-5)
    assert torch.isfinite(from_logarithm(torch.tensor([80.0]))).all()


def test_losses_stay_on_the_device_of_the_network():
    spots = torch.zeros(1, 2, 1, device="meta")
    targets = encode(TWO, spots, torch.ones(1, 2, dtype=torch.bool, device="meta"))
    logits, said = torch.zeros(1, 2, 2, device="meta"), torch.zeros(1, 2, 1, 2, device="meta")
    values = [
        softmax_cross_entropy(logits, targets),
        binary_cross_entropy(logits, targets),
        near_smooth_l1(said, targets),
        mean_absolute(said, spots, TWO),
    ]
    assert {v.device.type for v in values} == {"meta"}
