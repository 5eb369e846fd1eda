"""What is known beside the image joins its features; what is missing is handled."""

import math

import pytest
import torch
from crooked import DIMS

from pipeline.data.inputs import HIDDEN
from pipeline.networks.heads import Head
from pipeline.networks.network import build_network
from pipeline.networks.stems import Stem

STEMS = {"a.b": Stem("numbers", 3), "kind": Stem("class", 4), "title": Stem("text", 5), "side": Stem("picture", 2)}
HEADS = {"point": Head(2), "age": Head(1, whole=True)}


def network(dims, **more):
    torch.manual_seed(dims)
    return build_network("fcn", dims, 2, HEADS, STEMS, **more, stride=4, width=4, growth=2, depth=1).eval()


def inputs(dims, batch=2):
    torch.manual_seed(0)
    return {
        "image": torch.rand(batch, 2, *(16,) * dims),
        "a.b": torch.rand(batch, 3),
        "kind": torch.randint(0, 4, (batch, 1)).float(),
        "title": torch.randint(0, 7, (batch, 6)).float(),
        "side": torch.rand(batch, 2, *(12,) * dims),
    }


@pytest.mark.parametrize("fusion", ["concatenation", "film"])
@pytest.mark.parametrize("dims", DIMS)
def test_every_input_has_a_say(dims, fusion):
    made, given = network(dims, fusion=fusion), inputs(dims)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    said = made(given)
    assert said["point"].shape == (2, 2, *(4,) * dims) and said["age"].shape == (2, 1)
    for name, value in given.items():
        changed = given | {name: (value + 1) % 4 if name in ("kind", "title") else 1 - value}
        assert not torch.equal(made(changed)["age"], said["age"]), name


@pytest.mark.parametrize("dims", DIMS)
def test_one_sample_s_missing_input_changes_no_other_and_gives_no_nan(dims):
    made, given = network(dims), inputs(dims)
    said = made(given)
    for name in STEMS:
        lacking = given[name].clone()
        lacking[0] = math.nan
        answer = made(given | {name: lacking})
        assert all(torch.isfinite(a).all() for a in answer.values()), name
        assert torch.allclose(answer["age"][1], said["age"][1], atol=1e-6), name


@pytest.mark.parametrize("dims", DIMS)
def test_what_stands_for_a_missing_input_is_learned_and_no_gradient_is_nan(dims):
    made, given = network(dims).train(), inputs(dims)
    for name in STEMS:
        given[name][0] = math.nan
    made(given)["age"].sum().backward()
    grads = {n: p.grad for n, p in made.named_parameters() if p.grad is not None}
    assert all(torch.isfinite(g).all() for g in grads.values())
    assert sum(n.endswith(".missing") for n in grads) == len(STEMS)


def test_the_features_that_are_asked_are_those_of_forward():
    made, given = network(2), inputs(2, 1)
    features = made.features(given["image"], given)[0]
    asked = made.ask("point", features, (0, 1))[:, 0]
    assert torch.allclose(asked, made(given)["point"].flatten(2)[0], atol=1e-5)


def test_a_blind_network_does_not_see_the_image():
    made, given = network(2, blind=True), inputs(2)
    other = made(given | {"image": torch.rand(2, 2, 16, 16)})
    assert torch.equal(made(given)["age"], other["age"])
    assert not torch.equal(made(given)["age"], made(given | {"a.b": given["a.b"] + 1})["age"])


def test_film_starts_as_the_image_alone():
    torch.manual_seed(2)
    made, given = network(2, fusion="film"), inputs(2)
    assert torch.allclose(made.features(given["image"], given), made.trunk(given["image"]), atol=1e-6)


@pytest.mark.parametrize("fusion", ["concatenation", "film"])
@pytest.mark.parametrize("dims", DIMS)
def test_a_hidden_image_has_no_say_and_the_others_have(dims, fusion):
    made, given = network(dims, fusion=fusion), inputs(dims)
    for parameter in made.joined.parameters():  # the trunk as it starts looks at every image
        torch.nn.init.normal_(parameter, std=0.3)
    other = given | {"image": given["image"].flip(0) + 1}
    hides = {HIDDEN: torch.tensor([[1.0], [0.0]])}
    here, there = (made(g | hides)["age"] for g in (given, other))
    assert torch.allclose(here[0], there[0]) and not torch.allclose(here[1], there[1])
    changed = given | {"a.b": given["a.b"] + 1}
    assert not torch.allclose(made(changed | hides)["age"][0], here[0])
