"""Light one voxel and look which cells answer: what `trace` derives from the layers must be what the network does."""

import numpy as np
import pytest
import torch
from crooked import DIMS
from oracle import heads_of

from pipeline.networks.layers import ResidualBlock
from pipeline.networks.network import build_network

THIN = {"width": 6, "growth": 2}
NETWORKS = [("fcn", {"stride": s, **THIN}, (s - 1) / 2, s) for s in (2, 4, 8)] + [
    ("noothout2018", {"width": 6}, 3.5, 8),
    ("fcn", {"stride": 4, "norm": 0, **THIN}, 1.5, 4),
]


def trunk_of(name, parameters, dims, seed=0):
    """A trunk with random weights in which no residual path is silent."""
    torch.manual_seed(seed)
    network = build_network(name, dims, 1, heads_of(2, dims), **parameters)
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            torch.nn.init.ones_(module.path[-1].weight)
    return network.double().eval().trunk, network.cells


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize(("name", "parameters", "first", "stride"), NETWORKS)
def test_the_cells_that_answer_to_one_voxel_lie_around_it(name, parameters, first, stride, dims):
    trunk, cells = trunk_of(name, parameters, dims)
    assert (cells.first, cells.stride) == (first, stride)
    rng = np.random.default_rng(1)
    shape = (48, 40, 56)[:dims]
    image = torch.from_numpy(rng.standard_normal((1, 1, *shape)))
    with torch.no_grad():
        dark = trunk(image)
        for _ in range(4):
            voxel = rng.integers(0, shape)
            lit = image.clone()
            lit[(0, 0, *voxel)] += 20
            answers = (trunk(lit) != dark)[0].any(0).numpy()
            assert answers.shape == tuple(cells.cells(n) for n in shape)
            centres = np.stack(np.meshgrid(*[first + stride * np.arange(n) for n in answers.shape], indexing="ij"), -1)
            distance = np.abs(centres - voxel).max(-1)
            assert distance[answers].max() <= cells.reach / 2
            assert answers[distance < stride / 2].all()


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize(("name", "parameters", "first", "stride"), NETWORKS)
def test_a_cell_sees_exactly_the_voxels_within_its_reach(name, parameters, first, stride, dims):
    if dims == 3 and stride == 8 and name == "fcn":
        pytest.skip("138 voxels along three axes; the same layers are looked at along one and two")
    seen = 0
    for seed in range(4 if dims < 3 else 2):  # some ways through the network are silent for some weights
        trunk, cells = trunk_of(name, parameters, dims, seed)
        trunk = trunk.float()  # one large image of doubles is left to slow loops
        size = cells.reach + 3 * stride
        image = torch.randn(4 if dims < 3 else 1, 1, *(size,) * dims, requires_grad=True)
        features = trunk(image)
        middle = (features.shape[-1] - 1) // 2
        features[(slice(None), slice(None), *(middle,) * dims)].abs().sum().backward()
        seen = seen + image.grad.abs().sum((0, 1))
    centre = first + stride * middle
    for axis in range(dims):
        along = np.flatnonzero(seen.numpy().sum(tuple(a for a in range(dims) if a != axis)))
        assert (along.min(), along.max()) == (centre - (cells.reach - 1) / 2, centre + (cells.reach - 1) / 2)


@pytest.mark.parametrize(("name", "parameters", "first", "stride"), NETWORKS)
def test_the_number_of_cells_is_what_the_layers_leave(name, parameters, first, stride):
    trunk, cells = trunk_of(name, parameters, 1)
    for voxels in [*range(2 * stride, 5 * stride), 101]:
        assert trunk(torch.zeros(1, 1, voxels, dtype=torch.float64)).shape[-1] == cells.cells(voxels)
        assert cells.cells(voxels) == voxels // stride
