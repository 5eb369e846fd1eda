"""A head that was folded says the shifted and turned numbers of before."""

import pytest
import torch

from pipeline.networks.folding import fold
from pipeline.networks.heads import Head
from pipeline.networks.network import build_network


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
