"""Networks without normalisation: what keeps the numbers of their layers in size."""

import pytest
import torch
from crooked import DIMS
from oracle import heads_of

from pipeline.networks.layers import LENGTH, keep_lengths
from pipeline.networks.network import build_network
from pipeline.training.average import WeightAverage
from pipeline.training.optimizer import new_optimizer

BOTH = [{"depth": 2}, {"depth": 2, "hourglass": 12}]


def network_of(dims, **parameters):
    torch.manual_seed(0)
    return build_network("fcn", dims, 1, heads_of(2, dims), stride=4, width=8, growth=8, **parameters)


def learned(network, dims, steps, optimizer="muon"):
    """A few steps at a high rate; a network learns to say 1 everywhere."""
    steering = new_optimizer(network, network.trunk, optimizer, 0.05, 0.01)
    for _ in range(steps):
        said = network({"image": torch.randn(2, 1, *(24,) * dims)})
        steering.zero_grad()
        sum((part - 1).square().mean() for part in said.values()).backward()
        steering.step()
        keep_lengths(network)
    return network


def kept(network):
    return [layer for layer in network.modules() if getattr(layer, "keeps_length", False)]


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("parameters", BOTH)
@pytest.mark.parametrize("dims", DIMS)
def test_kernels_move_and_keep_their_length_output_by_output(dims, parameters, optimizer):
    network = network_of(dims, norm=0, **parameters)
    before = [layer.weight.detach().clone() for layer in kept(network)]
    learned(network, dims, 3, optimizer)
    for layer, start in zip(kept(network), before, strict=True):
        lengths = layer.weight.flatten(1).norm(dim=1)
        assert torch.allclose(lengths, torch.full_like(lengths, LENGTH), atol=1e-5)
        assert not torch.allclose(layer.weight, start, atol=1e-3)


@pytest.mark.parametrize("parameters", BOTH)
def test_the_last_kernel_beside_an_identity_finds_its_own_length(parameters):
    network = learned(network_of(2, norm=0, **parameters), 2, 3)
    free = [
        layer.weight
        for layer in network.trunk.modules()
        if hasattr(layer, "kernel_size") and layer not in kept(network)
    ]
    assert len(free) == 3 + 2 * bool(parameters.get("hourglass"))
    for kernel in free:
        length = kernel.detach().flatten(1).norm(dim=1)
        assert length.max() > 0
        assert not torch.allclose(length, torch.full_like(length, LENGTH), atol=0.1)


@pytest.mark.parametrize("dims", DIMS)
def test_features_are_as_large_as_the_image_before_anything_is_learned(dims):
    image = torch.randn(4, 1, *(64, 64, 24)[:dims])
    features = network_of(dims, norm=0, depth=4).trunk(image)
    assert 0.3 < features.square().mean().sqrt() < 3


def test_networks_with_normalisation_are_left_alone():
    network = network_of(2, norm=1, depth=2)
    before = [p.detach().clone() for p in network.parameters()]
    keep_lengths(network)
    assert all(torch.equal(p, b) for p, b in zip(network.parameters(), before, strict=True))


def test_a_network_without_running_statistics_has_an_average():
    network = network_of(2, norm=0, depth=1)
    average = WeightAverage(network, 0.5)
    learned(network, 2, 1)
    average.update(network)
    assert not list(network.buffers())
    assert len(kept(average.network)) == len(kept(network)) > 0
    assert not torch.equal(kept(average.network)[0].weight, kept(network)[0].weight)


@pytest.mark.parametrize("arrangement", ["float32_channels_last", "bfloat16_channels_last"])
def test_kernels_keep_their_length_with_channels_last_in_memory(arrangement):
    network = network_of(3, norm=0, depth=1)
    network.arrange(arrangement)
    learned(network, 3, 2)
    for layer in kept(network):
        lengths = layer.weight.flatten(1).norm(dim=1)
        assert torch.allclose(lengths, torch.full_like(lengths, LENGTH), atol=1e-5)
