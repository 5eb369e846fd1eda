"""What is asked of an image as a whole has an answer for images of any size."""

import numpy as np
import pytest
import torch
from crooked import DIMS, upright_frame

from pipeline.data.store import LevelArray
from pipeline.networks.heads import Head
from pipeline.networks.network import build_network
from pipeline.networks.stems import Stem
from pipeline.tasks.ask import said_of_both_sides, said_of_whole

STRIDE = 8


def network(dims, stems=None):
    torch.manual_seed(dims)
    heads = {"value": Head(3, whole=True, means=2)}
    made = build_network("fcn", dims, 1, heads, stems, stride=STRIDE, width=4, growth=2, depth=1).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def level(voxels, **given):
    return LevelArray(upright_frame(voxels.shape), voxels[None], given)


def short_and_in_a_patch(dims):
    """Voxels of an image three voxels long along its first axis, and the same amid zeros in that of a patch."""
    short = np.random.default_rng(dims).random((3, 16, 20)[:dims]).astype(np.float32)
    around = np.zeros((STRIDE, *short.shape[1:]), np.float32)
    around[2:5] = short
    return short, around


@torch.no_grad()
@pytest.mark.parametrize("ask", [said_of_whole, said_of_both_sides])
@pytest.mark.parametrize("dims", DIMS)
def test_an_image_shorter_than_a_patch_is_seen_in_the_middle_of_one(dims, ask):
    made, (short, around) = network(dims), short_and_in_a_patch(dims)
    said = ask(made, level(short))["value"]
    assert torch.isfinite(said).all() and torch.equal(said, ask(made, level(around))["value"])


@torch.no_grad()
@pytest.mark.parametrize("dims", DIMS)
def test_a_longer_image_is_seen_as_it_is(dims):
    made, voxels = network(dims), np.random.default_rng(0).random((8, 13, 17)[:dims]).astype(np.float32)
    plain = made({"image": torch.from_numpy(voxels)[None, None]})["value"]
    assert torch.equal(said_of_whole(made, level(voxels))["value"], plain)


@torch.no_grad()
@pytest.mark.parametrize("dims", DIMS)
def test_another_image_of_the_case_may_be_short_too(dims):
    made, (short, around) = network(dims, {"back": Stem("picture", 1)}), short_and_in_a_patch(dims)
    said, amid = (said_of_whole(made, level(around, back=back[None]))["value"] for back in (short, around))
    assert torch.isfinite(said).all() and torch.equal(said, amid)
