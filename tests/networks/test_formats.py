"""Every number format and layout computes what float32 does, forwards and backwards, through dilated layers, too."""

import pytest
import torch
from crooked import DIMS
from oracle import heads_of

from pipeline.networks.network import FORMATS, build_network

SIZE = {1: 256, 2: 112, 3: 32}


def step(dims, arrangement, **parameters):
    torch.manual_seed(0)
    network = build_network("fcn", dims, 1, heads_of(3, dims), stride=2, **parameters)
    network.arrange(arrangement)
    image = torch.rand(2, 1, *(SIZE[dims],) * dims)
    said = network({"image": image})
    (said["belief"].square().mean() + said["displacement"].square().mean()).backward()
    gradient = torch.cat([p.grad.flatten() for p in network.parameters()])
    return said["belief"].detach(), gradient


@pytest.mark.parametrize("parameters", [{}, {"hourglass": 32}])
@pytest.mark.parametrize("arrangement", FORMATS)
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
