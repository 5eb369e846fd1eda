"""Losses of identities, against numbers worked out by hand."""

import math

import pytest
import torch

from pipeline.losses.identity import contrastive, cosine_margin, squared_distances, triplet


def at(*degrees):
    angles = torch.tensor(degrees, dtype=torch.float64) * math.pi / 180
    return torch.stack([angles.cos(), angles.sin()], 1)


def test_distances_are_those_of_euclid():
    vectors = at(0, 90, 180)
    assert torch.allclose(squared_distances(vectors), torch.cdist(vectors, vectors).square(), atol=1e-12)


def test_contrastive_pulls_one_identity_together_and_pushes_two_apart_up_to_the_margin():
    # d(0, 60) = 1: the pair of one identity costs 1; the pairs with 180 are farther than the margin
    assert contrastive(at(0, 60, 180), torch.tensor([0, 0, 1])).item() == pytest.approx(1.0, abs=1e-4)
    # sqrt d = 1 for both pairs of two: nothing beyond 1, a quarter beyond 1.5
    assert contrastive(at(0, 60), torch.tensor([0, 1]), margin=1.5).item() == pytest.approx(0.25, abs=1e-4)


def test_triplet_takes_the_nearest_negative_that_is_farther_than_the_positive():
    # anchor 0 with positive 20: d = 2 - 2 cos 20; negatives at 10 (nearer, too hard), 39 (semi-hard) and 180
    vectors, who = at(0, 20, 10, 39, 180), torch.tensor([0, 0, 1, 2, 3])

    def d(degrees):
        return 2 - 2 * math.cos(math.radians(degrees))

    first = max(0.0, d(20) - d(39) + 0.2)
    # anchor 20 with positive 0: negatives at 10 and 39 lie 10 and 19 away, not farther than 20; so 180, 160 away
    second = max(0.0, d(20) - d(160) + 0.2)
    assert triplet(vectors, who).item() == pytest.approx((first + second) / 2, abs=1e-6)


def test_triplet_without_a_farther_negative_takes_the_farthest():
    vectors, who = at(0, 90, 30), torch.tensor([0, 0, 1])
    expected = (
        (2 - 0) - (2 - 2 * math.cos(math.radians(30))) + 0.2 + 2 - (2 - 2 * math.cos(math.radians(60))) + 0.2
    ) / 2
    assert triplet(vectors, who).item() == pytest.approx(expected, abs=1e-6)


def test_cosine_margin_is_a_cross_entropy_over_the_identities_of_the_batch():
    # two identities, two images each, on the axes: own cosine 1 - margin, the other's 0
    vectors, who = at(0, 0, 90, 90), torch.tensor([5, 5, 9, 9])
    expected = math.log(1 + math.exp(-4.0 * (1 - 0.25)))
    assert cosine_margin(vectors, who, margin=0.25, scale=4.0).item() == pytest.approx(expected)


def test_an_image_does_not_stand_for_its_own_identity():
    alone = cosine_margin(at(0, 90, 90), torch.tensor([0, 1, 1]), margin=0.0, scale=1.0)
    # identity 0 has one image: nothing to compare it with; identity 1: own 1, other's 0
    assert alone.item() == pytest.approx(math.log(1 + math.exp(-1.0)))


@pytest.mark.parametrize("loss", [contrastive, triplet, cosine_margin])
def test_gradients_exist_where_all_vectors_are_one(loss):
    vectors = torch.ones(4, 3, requires_grad=True)
    loss(torch.nn.functional.normalize(vectors, dim=1), torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(vectors.grad).all()
