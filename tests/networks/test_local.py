"""Locally connected layers and DeepFace's trunk."""

import pytest
import torch
from crooked import DIMS

from pipeline.errors import ConfigError
from pipeline.networks.heads import Head
from pipeline.networks.layers import CONV
from pipeline.networks.local import LocallyConnected
from pipeline.networks.network import build_network, count_parameters


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dims", DIMS)
def test_with_one_set_of_weights_everywhere_it_is_a_convolution(dims, stride):
    torch.manual_seed(dims)
    plain = CONV[dims](3, 4, 3, stride)
    layer = LocallyConnected(dims, 3, 4, 8, 3, stride)
    with torch.no_grad():
        layer.weight.copy_(plain.weight.flatten(1).expand_as(layer.weight))
        layer.bias.copy_(plain.bias[:, None].expand_as(layer.bias))
    image = torch.rand(2, 3, *(8,) * dims)
    assert torch.allclose(layer(image), plain(image), atol=1e-5)


@pytest.mark.parametrize("dims", DIMS)
def test_each_position_has_weights_of_its_own(dims):
    layer = LocallyConnected(dims, 1, 1, 5, 3)
    before = layer(torch.ones(1, 1, *(5,) * dims)).flatten()
    with torch.no_grad():
        layer.weight[1] += 1.0
    changed = (layer(torch.ones(1, 1, *(5,) * dims)).flatten() - before).abs() > 1e-6
    assert changed.nonzero().flatten().tolist() == [1]


def full_size():
    """As in the paper, for 4,030 people; nothing is allocated."""
    with torch.device("meta"):
        return build_network("deepface", 2, 3, {"who": Head(4030, whole=True)})


def test_the_full_size_has_the_layers_of_the_paper():
    layers = [m for m in full_size().modules() if isinstance(m, LocallyConnected)]
    assert [layer.cells for layer in layers] == [55, 25, 21]
    assert all(p.device.type == "meta" for p in full_size().parameters())


def test_nearly_all_parameters_are_in_local_and_fully_connected_layers():
    """118.9 million by the sizes of its figure 2 (the paper's text says "more than 120 million"), and 95% and more of
    them in local and fully connected layers, as it says."""
    network = full_size()
    local = sum(count_parameters(m) for m in network.modules() if isinstance(m, LocallyConnected))
    fully = count_parameters(network.trunk[-3]) + count_parameters(network.who)
    everything = count_parameters(network)
    # by hand, from the sizes in the figure
    assert local == 55**2 * (16 * 81 * 16 + 16) + 25**2 * (16 * 49 * 16 + 16) + 21**2 * (16 * 25 * 16 + 16)
    assert fully == 21**2 * 16 * 4096 + 4096 + 4096 * 4030 + 4030
    assert everything == pytest.approx(118.9e6, rel=1e-3)
    assert (local + fully) / everything > 0.95


@pytest.mark.parametrize("shape", [(92, 112), (88, 88), (200, 60)])
def test_images_of_any_size_give_one_cell(shape):
    network = build_network("deepface", 2, 1, {"vector": Head(8, whole=True)}, edge=88, width=4, features=16).eval()
    assert network({"image": torch.rand(2, 1, *shape)})["vector"].shape == (2, 8)


def test_too_few_pixels_are_refused():
    made = {"heads": {"vector": Head(8, whole=True)}, "width": 4, "features": 16}
    build_network("deepface", 2, 1, edge=71, **made)
    with pytest.raises(ConfigError, match="71 or more"):
        build_network("deepface", 2, 1, edge=70, **made)
