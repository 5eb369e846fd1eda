"""Answers to all that is known and to less are mixed as validation cases choose."""

import numpy as np
import pytest
import torch
from crooked import DIMS

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.data.inputs import HIDDEN
from pipeline.data.store import LevelArray
from pipeline.geometry import ImageFrame
from pipeline.networks.network import build_network
from pipeline.networks.stems import Stem
from pipeline.tasks.attributes import AttributesTask
from pipeline.tasks.embedding import EmbeddingFound
from pipeline.tasks.mix import EVERYTHING, best_mixes, mixed, parts_of
from pipeline.tasks.values_found import ValuesFound

AGE, SIDE = Encoder(Column("age", "number"), 50.0, 10.0), Encoder(Column("side", "class"), words=("l", "r"))


def level(dims, beside=True):
    frame = ImageFrame((8,) * dims, np.eye(dims + 1), "px")
    rng = np.random.default_rng(0)
    picture = rng.random((1, *(8,) * dims), np.float32)
    given = {"weight": np.array([1.5], np.float32)} if beside else {}
    return LevelArray(frame, rng.random((1, *(8,) * dims), np.float32), given | {"back": picture})


@pytest.mark.parametrize("dims", DIMS)
def test_the_parts_are_everything_the_images_and_what_stands_beside_them(dims):
    everything, images, beside = parts_of(whole := level(dims))
    assert everything is whole
    assert np.isnan(images.given["weight"]).all() and np.isfinite(images.given["back"]).all()
    assert HIDDEN not in images.given and beside.given[HIDDEN] == 1
    assert np.isnan(beside.given["back"]).all() and beside.given["weight"] == 1.5


def test_images_alone_have_one_part():
    assert len(parts_of(level(2, beside=False))) == 1


def test_what_moves_a_value_and_tells_nothing_of_it_gets_no_share():
    rng = np.random.default_rng(0)
    truth = [{"age": np.array([t])} for t in rng.normal(0, 1, 40)]
    said = [
        [{"age": t["age"] + rng.normal(0, 1)}, {"age": t["age"] + 0.01}, {"age": np.array([rng.normal()])}]
        for t in truth
    ]
    assert best_mixes((AGE,), truth, said) == {"age": (0.0, 1.0, 0.0)}


def test_two_answers_that_err_apart_share_and_a_class_has_shares_of_its_own():
    truth = [{"age": np.array([0.0]), "side": np.array([n % 2.0])} for n in range(10)]
    sure, unsure = np.array([0.9, 0.1]), np.array([0.5, 0.5])
    said = [
        [
            {"age": np.array([1.0]), "side": np.roll(sure, n % 2)},
            {"age": np.array([-1.0]), "side": unsure},
            {"age": np.array([5.0]), "side": unsure},
        ]
        for n in range(10)
    ]
    assert best_mixes((AGE, SIDE), truth, said) == {"age": (0.5, 0.5, 0.0), "side": EVERYTHING}


def test_everything_is_read_at_once_where_nothing_else_is_clearly_better():
    truth = [{"age": np.array([0.0])}]
    said = [[{"age": np.array([1.0])}, {"age": np.array([0.995])}, {"age": np.array([1.0])}]]
    assert best_mixes((AGE,), truth, said) == {"age": EVERYTHING}
    assert best_mixes((AGE,), [{"age": np.array([np.nan])}], said) == {"age": EVERYTHING}


def test_a_value_without_shares_is_what_was_said_to_everything():
    assert mixed([{"age": np.array([1.0])}, {"age": np.array([3.0])}, None], {})["age"] == 1.0


@pytest.mark.parametrize("dims", DIMS)
def test_only_parts_with_a_share_are_asked_and_their_shares_count(dims):
    torch.manual_seed(0)
    task, case = AttributesTask((AGE,)), level(dims)
    stems = {"weight": Stem("numbers", 1), "back": Stem("picture", 1)}
    network = build_network("fcn", dims, 1, task.heads(dims, 0), stems, stride=4, width=4, growth=2, depth=1).eval()
    found = task.locate(network, case)
    assert len(found.parts) == 3 and found.said["age"] == found.parts[0]["age"]
    assert len({float(part["age"][0]) for part in found.parts}) == 3
    half = AttributesTask.of_content(AttributesTask((AGE,), mixes={"age": (0.0, 0.5, 0.5)}).content())
    asked = half.locate(network, case)
    assert asked.parts == ()
    assert asked.said["age"] == pytest.approx((found.parts[1]["age"] + found.parts[2]["age"]) / 2)


def test_a_case_of_which_nothing_stands_beside_its_images_is_answered_by_these(dims=2):
    torch.manual_seed(0)
    case = level(dims)
    bare = LevelArray(case.frame, case.voxels, case.given | {"weight": np.array([np.nan], np.float32)})
    task = AttributesTask((AGE,), mixes={"age": (0.0, 0.0, 1.0)})
    stems = {"weight": Stem("numbers", 1), "back": Stem("picture", 1)}
    network = build_network("fcn", dims, 1, task.heads(dims, 0), stems, stride=4, width=4, growth=2, depth=1).eval()
    images = AttributesTask((AGE,), mixes={"age": (0.0, 1.0, 0.0)})
    assert task.locate(network, bare).said["age"] == images.locate(network, case).said["age"]
    assert task.locate(network, bare).said["age"] != task.locate(network, case).said["age"]


def test_values_of_several_networks_are_their_mean_whatever_the_order():
    each = [ValuesFound({"age": np.array([v])}, ({"age": np.array([2 * v])},)) for v in (1.0, 2.0, 6.0)]
    found = each[0].with_another(each[1]).with_another(each[2])
    assert found.said["age"] == pytest.approx(3.0) and found.parts[0]["age"] == pytest.approx(6.0)
    assert found.networks == 3


def test_distances_of_vectors_side_by_side_are_the_mean_of_those_of_each_network():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(2, 3, 4))  # image, network, number
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    one, other = (EmbeddingFound(v[0]).beside(v[1]).beside(v[2]).vector for v in vectors)
    assert np.linalg.norm(one) == pytest.approx(1.0)
    each = np.square(vectors[0] - vectors[1]).sum(1)
    assert np.square(one - other).sum() == pytest.approx(each.mean())
