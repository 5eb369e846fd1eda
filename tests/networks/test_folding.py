"""A head that was folded says the shifted and turned numbers of before."""

import pytest
import torch

from pipeline.networks.folding import fold, fold_norms
from pipeline.networks.heads import Head
from pipeline.networks.network import build_network
from pipeline.networks.receptive_field import trace


@pytest.mark.parametrize("places", [1, 2])
def test_a_folded_head_says_the_turned_numbers(places):
    torch.manual_seed(0)
    heads = {"vector": Head(6, whole=True, places=places, centred=True)}
    network = build_network("fcn", 2, 1, heads, stride=4, width=8, growth=8, depth=1)
    images = torch.randn(32, 1, 24, 24)
    for _ in range(20):
        network({"image": images})  # running statistics of its normalisations
    network.eval()
    shift, matrix = torch.randn(6).double(), torch.randn(6, 6).double()
    with torch.no_grad():
        before = network({"image": images})["vector"].double()
        fold(network.get_submodule("vector"), shift, matrix)
        after = network({"image": images})["vector"].double()
    assert (after - (before - shift) @ matrix).abs().max() < 1e-4 * after.abs().max()
    assert (after - before).abs().max() > 0.1


@pytest.mark.parametrize("parameters", [{"depth": 2}, {"depth": 2, "hourglass": 12}, None])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_network_without_its_normalisations_says_the_same(dims, parameters):
    torch.manual_seed(0)
    name = "noothout2020" if parameters is None else "fcn"
    network = build_network(
        name, dims, 1, {"belief": Head(3)}, **({"stride": 4, "width": 8} | parameters if parameters else {})
    )
    images = torch.randn(2, 1, *[32] * dims)
    for _ in range(20):
        network({"image": images})
    network.eval()
    norms = [part for part in network.trunk.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        torch.nn.init.normal_(norm.weight)
        torch.nn.init.normal_(norm.bias)
    cells = network.cells
    with torch.no_grad():
        before = network({"image": images})["belief"]
        fold_norms(network.trunk)
        after = network({"image": images})["belief"]
    assert (after - before).abs().max() < 1e-5 * before.abs().max()
    left = [part for part in network.trunk.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    assert len(norms) > 4 and not left
    assert trace(network.trunk) == cells
