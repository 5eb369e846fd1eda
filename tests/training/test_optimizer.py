"""Orthogonal updates of the trunk's kernels, AdamW for all else."""

import pytest
import torch

from pipeline.networks.heads import Head
from pipeline.networks.network import build_network
from pipeline.training.optimizer import ADAM_RMS, new_optimizer, orthogonal

RATE = 1e-3


def network():
    torch.manual_seed(0)
    return build_network("fcn", 2, 1, {"belief": Head(2), "displacement": Head(2, 2)}, stride=2, width=8, depth=1)


def with_gradients(net):
    torch.manual_seed(1)
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    return net


def kernels(net):
    return {name for name, p in net.named_parameters() if name.startswith("trunk") and p.dim() == 4}


@pytest.mark.parametrize("shape", [(8, 8), (6, 40), (40, 6), (1, 9)])
def test_all_singular_values_are_about_one(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape) @ torch.diag(torch.linspace(0.2, 1.0, shape[1]))
    singular = torch.linalg.svdvals(orthogonal([matrix])[0])
    assert singular.min() > 0.5 and singular.max() < 1.3


def test_an_orthogonal_matrix_keeps_its_directions():
    turn = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(0)))[0]
    (said,) = orthogonal([5.0 * turn])
    assert torch.allclose(said / said.norm(), turn / turn.norm(), atol=1e-4)


def test_several_matrices_are_turned_as_each_alone():
    torch.manual_seed(0)
    shapes = [(6, 40), (40, 6), (6, 6), (9, 12), (6, 40)]
    several = [torch.randn(shape) * 10.0 ** (n - 2) for n, shape in enumerate(shapes)]
    for together, matrix in zip(orthogonal(several), several, strict=True):
        assert torch.allclose(together, orthogonal([matrix])[0], atol=1e-5)


def test_no_gradient_is_no_number_that_is_none():
    assert torch.equal(orthogonal([torch.zeros(3, 5)])[0], torch.zeros(3, 5))


def test_the_kernels_of_the_trunk_are_turned_and_all_else_is_as_with_adamw():
    plain, turned = with_gradients(network()), with_gradients(network())
    new_optimizer(plain, plain.trunk, "adamw", RATE, 0.0).step()
    new_optimizer(turned, turned.trunk, "muon", RATE, 0.0).step()
    theirs = dict(turned.named_parameters())
    differ = {name for name, p in plain.named_parameters() if not torch.equal(p, theirs[name])}
    assert differ == kernels(plain) and differ


def test_an_update_is_as_large_as_one_of_adamw():
    before, after = network(), with_gradients(network())
    new_optimizer(after, after.trunk, "muon", RATE, 0.0).step()
    now = dict(after.named_parameters())
    for name in kernels(before):
        was = before.get_parameter(name)
        moved = (now[name] - was).square().mean().sqrt().item()
        assert moved == pytest.approx(RATE * ADAM_RMS, rel=0.25), name


def test_a_network_goes_on_from_a_saved_optimizer_as_if_nothing_had_happened():
    straight, stopped = network(), network()
    first, second = (new_optimizer(n, n.trunk, "muon", RATE, 0.01) for n in (straight, stopped))
    for net, optimizer in ((straight, first), (stopped, second)):
        with_gradients(net)
        optimizer.step()
    resumed = new_optimizer(stopped, stopped.trunk, "muon", RATE, 0.01)
    resumed.load_state_dict(second.state_dict())
    for net, optimizer in ((straight, first), (stopped, resumed)):
        with_gradients(net)
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), stopped.parameters(), strict=True))


def test_networks_side_by_side_are_left_to_adamw():
    heads = {"belief": Head(2), "displacement": Head(2, 2)}
    net = build_network("noothout2020_local", 2, 1, heads)
    optimizer = new_optimizer(net, net.trunk, "muon", RATE, 0.0)
    grouped = [m.weight for m in net.trunk if getattr(m, "groups", 1) > 1]
    others = next(g for g in optimizer.param_groups if not g["orthogonal"])["params"]
    assert grouped and all(any(w is p for p in others) for w in grouped)
