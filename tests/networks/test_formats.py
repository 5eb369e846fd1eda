"""Every number format and layout computes what float32 does, forwards and backwards, through dilated layers, too."""

from functools import cache

import pytest
import torch
from crooked import DIMS
from oracle import heads_of

from pipeline.networks.layers import Convolution3d
from pipeline.networks.network import FORMATS, build_network

SIZE = {1: 256, 2: 112, 3: 24}


@cache
def step(dims, arrangement, hourglass=None, norm=None):
    torch.manual_seed(0)
    network = build_network("fcn", dims, 1, heads_of(3, dims), stride=2, hourglass=hourglass, norm=norm)
    network.arrange(arrangement)
    image = torch.rand(2, 1, *(SIZE[dims],) * dims)
    said = network({"image": image})
    (said["belief"].square().mean() + said["displacement"].square().mean()).backward()
    gradient = torch.cat([p.grad.flatten() for p in network.parameters()])
    return said["belief"].detach(), gradient


@pytest.mark.parametrize("arrangement", [name for name in FORMATS if name != "float32"])
@pytest.mark.parametrize("parameters", [{}, {"hourglass": 32}, {"norm": 0}, {"hourglass": 32, "norm": 0}])
@pytest.mark.parametrize("dims", DIMS)
def test_a_step_says_and_learns_the_same_in_every_format(dims, arrangement, parameters):
    belief, gradient = step(dims, "float32", **parameters)
    other, changed = step(dims, arrangement, **parameters)
    assert (other - belief).abs().max() < 0.02 * belief.abs().max()
    assert torch.isfinite(changed).all()
    assert torch.nn.functional.cosine_similarity(changed, gradient, 0) > 0.99


@pytest.mark.parametrize("last", ["float32", "float32_channels_last"])
def test_one_small_image_takes_no_slow_way(last):
    torch.manual_seed(0)
    network = build_network("fcn", 3, 1, heads_of(3, 3), stride=2).eval()
    network.arrange(last)
    image = torch.rand(1, 1, 32, 24, 28)
    two = network.features(torch.cat([image, image]))
    with torch.no_grad(), torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        one = network.features(image)
    assert not [event.key for event in profile.key_averages() if "slow" in event.key]
    torch.testing.assert_close(one[0], two[0], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("step", [2, 4])
@pytest.mark.parametrize("shape", [(8, 8, 8), (5, 6, 7), (3, 9, 4)])
def test_gradients_of_a_dilated_convolution_are_those_of_torch(shape, step):
    torch.manual_seed(0)
    ours = Convolution3d(3, 5, 3, padding=step, dilation=step).double()
    plain = torch.nn.Conv3d(3, 5, 3, padding=step, dilation=step).double()
    plain.load_state_dict(ours.state_dict())
    image = torch.randn(2, 3, *shape, dtype=torch.double, requires_grad=True)
    wanted = torch.randn(2, 5, *shape, dtype=torch.double)
    for layout in (torch.contiguous_format, torch.channels_last_3d):
        given = image.contiguous(memory_format=layout)
        said, expected = ours(given), plain(given)
        torch.testing.assert_close(said, expected)
        for parts in zip(
            torch.autograd.grad(said, [image, *ours.parameters()], wanted),
            torch.autograd.grad(expected, [image, *plain.parameters()], wanted),
            strict=True,
        ):
            torch.testing.assert_close(*parts)


def test_no_gradient_of_a_kernel_is_taken_over_a_dilated_first_axis():
    network = build_network("fcn", 3, 1, heads_of(3, 3), stride=2)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True) as profile:
        network({"image": torch.rand(1, 1, 32, 32, 32)})["belief"].sum().backward()
    asked = [e.concrete_inputs for e in profile.events() if e.name == "aten::convolution_backward"]
    dilated = [inputs for inputs in asked if inputs[6][0] > 1]
    assert dilated and not any(inputs[10][1] for inputs in dilated)  # of the features alone


def test_the_layer_that_sees_the_image_stays_in_float32():
    network = build_network("fcn", 3, 1, heads_of(3, 3), stride=2)
    network.arrange("bfloat16")
    seen = {}
    layers = [module for module in network.trunk if isinstance(module, Convolution3d)]
    for number, layer in enumerate(layers):
        layer.register_forward_hook(lambda _, given, said, n=number: seen.update({n: (given[0].dtype, said.dtype)}))
    image = torch.full((1, 1, 32, 32, 32), 1.0 + 2**-12)  # one in bfloat16
    network({"image": image})
    assert seen[0] == (torch.float32, torch.bfloat16)
    with torch.no_grad():
        layers[0].weight.fill_(1.0)
        layers[0].bias.fill_(-64.0)
        with torch.autocast("cpu", torch.bfloat16):
            assert layers[0](image)[0, 0, 8, 8, 8] > 0
