"""Networks by name, their shapes, and what they are told when a name is wrong."""

import numpy as np
import pytest
import torch
from crooked import DIMS
from oracle import heads_of
from torch import nn

from pipeline.errors import ConfigError
from pipeline.networks.heads import Head
from pipeline.networks.layers import Hourglass, ResidualBlock, WeighedMeans
from pipeline.networks.network import FORMATS, TRUNKS, WHOLE, build_network, count_parameters
from pipeline.networks.receptive_field import pad_to_stride, trace

WITH_PATCHES = [name for name in TRUNKS if name not in WHOLE]


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("name", WITH_PATCHES)
def test_answers_have_one_belief_and_one_displacement_a_landmark_and_cell(name, dims):
    network = build_network(name, dims, 1, heads_of(5, dims)).eval()
    answers = network({"image": torch.zeros(2, 1, *(24, 32, 16)[:dims])})
    cells = tuple(n // network.cells.stride for n in (24, 32, 16)[:dims])
    assert answers["belief"].shape == (2, 5, *cells)
    assert answers["displacement"].shape == (2, 5, dims, *cells)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("name", WITH_PATCHES)
def test_a_batch_of_two_is_answered_like_one_by_one(name, dims):
    torch.manual_seed(0)
    network = build_network(name, dims, 1, heads_of(3, dims)).eval()
    images = torch.randn(2, 1, *(24,) * dims)
    with torch.no_grad():
        both = network({"image": images})
        alone = [network({"image": image[None]}) for image in images]
    for key in both:
        assert torch.allclose(both[key], torch.cat([a[key] for a in alone]), atol=1e-5)


def test_noothout2020_has_the_stated_parameters():
    assert count_parameters(build_network("noothout2020", 3, 1, heads_of(8, 3))) == pytest.approx(16_133_184, rel=1e-4)
    for landmarks in (1, 3):
        assert (
            count_parameters(build_network("noothout2020_local", 3, 1, heads_of(landmarks, 3))) == landmarks * 267_364
        )


def test_a_network_a_landmark_is_not_moved_by_what_another_learns():
    torch.manual_seed(0)
    network = build_network("noothout2020_local", 2, 1, heads_of(3, 2)).eval()
    answers = network({"image": torch.randn(1, 1, 16, 16)})
    answers["displacement"][:, 1].square().sum().backward()
    for weight in (network.trunk[0].weight, network.trunk[-3].weight, network.displacement[-1].weight):
        moved = weight.grad.reshape(3, -1).abs().sum(1)
        assert (moved > 0).tolist() == [False, True, False]


def test_noothout2018_has_the_parameters_and_the_receptive_field_of_the_authors_class():
    network = build_network("noothout2018", 3, 1, heads_of(6, 3))
    assert count_parameters(network) == 229_032
    assert network.cells.reach == 38


def heard(network):
    """The network, with no path silent: blocks start as the identity."""
    for layer in network.modules():
        if isinstance(layer, ResidualBlock | Hourglass):
            last = (layer.path if isinstance(layer, ResidualBlock) else layer.back)[-1]
            (torch.nn.init.ones_ if last.weight.dim() == 1 else torch.nn.init.normal_)(last.weight)
    return network


@pytest.mark.parametrize("normalised", [True, False])
def test_a_residual_block_starts_as_the_identity(normalised):
    features = torch.rand(2, 4, 9)
    assert torch.equal(ResidualBlock(1, 4, dilation=2, normalised=normalised).eval()(features), features)


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("dims", DIMS)
def test_an_hourglass_starts_as_the_identity_for_any_number_of_cells(dims, normalised):
    for shape in ((6, 8, 10)[:dims], (5, 8, 7)[:dims]):
        features = torch.rand(2, 4, *shape)
        assert torch.equal(Hourglass(dims, 4, 6, normalised).eval()(features), features)


@pytest.mark.parametrize("norm", [1, 0])
@pytest.mark.parametrize(("hourglass", "period"), [(0, 4), (6, 8)])
def test_an_image_moved_by_a_period_is_said_the_same_about_and_by_less_is_not(hourglass, period, norm):
    torch.manual_seed(0)
    shape = {"stride": 4, "width": 4, "depth": 2, "hourglass": hourglass, "norm": norm}
    network = heard(build_network("fcn", 1, 1, heads_of(1, 1), **shape).eval())
    assert network.cells.period == period
    image = torch.zeros(1, 1, 400)
    image[..., 150:250] = torch.randn(100)
    said, moved = (network.features(part) for part in (image, image.roll(period, -1)))
    assert torch.allclose(moved[..., 20:80], said.roll(period // 4, -1)[..., 20:80], atol=1e-6)
    if hourglass:
        half = network.features(image.roll(4, -1))
        assert not torch.allclose(half[..., 20:80], said.roll(1, -1)[..., 20:80], atol=1e-3)


@pytest.mark.parametrize("parameters", [{}, {"hourglass": 6}, {"norm": 0}, {"hourglass": 6, "norm": 0}])
def test_a_cell_stands_where_it_is_said_to_and_sees_no_farther_than_its_reach(parameters):
    torch.manual_seed(0)
    network = heard(build_network("fcn", 1, 1, heads_of(1, 1), stride=2, width=4, depth=2, **parameters).eval())
    image = torch.rand(1, 1, 200, requires_grad=True)
    seen = []
    for cell in (50, 51):
        (gradient,) = torch.autograd.grad(network({"image": image})["belief"][0, 0, cell], image)
        seen.append(np.flatnonzero(gradient[0, 0].numpy()) - (network.cells.first + network.cells.stride * cell))
    assert np.abs(np.concatenate(seen)).max() <= network.cells.reach / 2
    assert np.ptp(np.concatenate(seen)) > network.cells.reach - 6
    assert np.concatenate(seen).mean() == pytest.approx(0, abs=1)


def test_few_patches_believe_before_anything_is_learned():
    torch.manual_seed(0)
    logits = build_network("fcn", 2, 1, heads_of(4, 2)).eval()({"image": torch.rand(1, 1, 64, 64)})["belief"]
    assert logits.flatten(2).exp().sum(-1).max() < 1  # "absent" has logit 0: it starts ahead of all patches together


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dims", DIMS)
def test_answers_are_float32_and_the_same_in_every_format(dims, format):
    torch.manual_seed(0)
    network = build_network("fcn", dims, 1, heads_of(3, dims)).eval()
    image = torch.randn(1, 1, *(32,) * dims)
    exact = network({"image": image})
    network.arrange(format)
    other = network({"image": image})
    for key in exact:
        assert other[key].dtype == torch.float32
        assert torch.allclose(other[key], exact[key], atol=0.2 if "bfloat16" in format else 1e-4)
        assert torch.equal(other[key], exact[key]) or format != "float32"
    unsound = dims == 1 or (dims == 2 and format == "bfloat16_channels_last")
    assert network.arrangement == (format.removesuffix("_channels_last") if unsound else format)


@pytest.mark.parametrize(
    ("name", "parameters", "complaint"),
    [
        ("fnc", {}, r"network.name='fnc': choose one of \['fcn', 'noothout2018', .*\]; did you mean 'fcn'\?"),
        ("unet", {}, r"network.name='unet': choose one of \['fcn', 'noothout2018', [^;]*\]$"),
        ("fcn", {"widht": 3}, r"network.widht=3: fcn has no such parameter; .*did you mean 'width'\?"),
        ("noothout2018", {"growth": 3}, "network.growth=3: noothout2018 has no such parameter"),
        ("fcn", {"stride": 6}, "network.stride=6: choose 2, 4, 8 or 16"),
        ("noothout2018", {"stride": 4}, "network.stride=4: noothout2018 has stride 8"),
        ("fcn", {"width": 0}, "network.width=0: choose a whole number from 1 to 4096"),
        ("fcn", {"width": 3.5}, "network.width=3.5: choose a whole number"),
        ("fcn", {"width": "abc"}, "network.width='abc': choose a whole number"),
        ("fcn", {"hourglass": -2}, "network.hourglass=-2: choose a whole number from 0"),
        ("fcn", {"depth": -1}, "network.depth=-1: choose a whole number from 0 to 16"),
        ("fcn", {"depth": 60}, "network.depth=60: choose a whole number from 0 to 16"),
        ("fcn", {"norm": 2}, "network.norm=2: choose a whole number from 0 to 1"),
        ("fcn", {"width": 10**9}, "network.width=1000000000: choose a whole number"),
    ],
)
def test_a_wrong_name_is_told_the_nearest_right_one(name, parameters, complaint):
    with pytest.raises(ConfigError, match=complaint):
        build_network(name, 3, 1, heads_of(2, 3), **parameters)


def test_layers_that_differ_between_axes_are_refused():
    with pytest.raises(ConfigError, match="patches need the same along all"):
        trace(nn.Sequential(nn.Conv2d(1, 1, (3, 5))))


def test_a_residual_path_that_moves_the_centre_is_refused():
    block = ResidualBlock(1, 4)
    block.path[0] = nn.Conv1d(4, 4, 4, padding=2)
    with pytest.raises(ConfigError, match=r"stride 1 and moves the centre by -0.5 voxels"):
        trace(nn.Sequential(block))


def test_a_pooling_chain_worked_out_by_hand():
    def chain(padding):
        return nn.Sequential(*[m for _ in range(3) for m in (nn.Conv1d(1, 1, 3, 1, padding), nn.MaxPool1d(2))])

    strided = nn.Sequential(*[nn.Conv1d(1, 1, 3, 2, 1) for _ in range(3)])
    assert [(c.stride, c.first) for c in map(trace, (strided, chain(1), chain(0)))] == [(8, 0.0), (8, 3.5), (8, 10.5)]


def test_padding_goes_in_front_by_the_margin_and_behind_to_whole_strides():
    padded = pad_to_stride(torch.ones(1, 3, 5), 4, (4, 6), -1.0)[0]
    assert padded.shape == (12, 16)
    assert (padded[4:7, 6:11] == 1).all()
    assert padded.sum() == 15 - (12 * 16 - 15)


@pytest.mark.parametrize("name", WITH_PATCHES)
@pytest.mark.parametrize("dims", DIMS)
def test_asking_some_landmarks_at_some_cells_gives_the_numbers_of_the_whole(name, dims):
    torch.manual_seed(0)
    network = build_network(name, dims, 1, heads_of(40, dims)).eval()
    image = torch.rand(1, 1, *(24,) * dims)
    with torch.no_grad():
        whole = network({"image": image})
        belief, displacement = whole["belief"][0].flatten(1), whole["displacement"][0].flatten(2)
        features = network.features(image)[0]
        who = list(range(1, 40))
        cells = torch.randint(0, belief.shape[1], (len(who), 5))
        some = [network.ask(head, features, who, cells) for head in ("belief", "displacement")]
        everywhere = [network.ask(head, features, [3, 0]) for head in ("belief", "displacement")]
    torch.testing.assert_close(some[0][:, 0], torch.gather(belief[who], 1, cells))
    wide = cells[:, None].expand(-1, dims, -1)
    torch.testing.assert_close(some[1], torch.gather(displacement[who], 2, wide))
    torch.testing.assert_close(everywhere[0][:, 0], belief[[3, 0]])
    torch.testing.assert_close(everywhere[1], displacement[[3, 0]])


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("name", WITH_PATCHES)
def test_a_head_with_places_hears_where_a_patch_lies_and_one_without_does_not(name, dims):
    torch.manual_seed(0)
    heads = {"mean": Head(3, whole=True), "placed": Head(3, whole=True, places=2)}
    network = build_network(name, dims, 1, heads).eval()
    features = torch.rand(int(network.trunk.channels), *(4,) * dims)
    mirrored = features.flip(-1)
    with torch.no_grad():
        said = {head: (network.ask_whole(head, features), network.ask_whole(head, mirrored)) for head in heads}
        assert network.ask_whole("placed", torch.rand(int(network.trunk.channels), *(5,) * dims)).shape == (3,)
    torch.testing.assert_close(*said["mean"])
    assert (said["placed"][0] - said["placed"][1]).abs().max() > 1e-4


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("name", WITH_PATCHES)
def test_in_weighed_means_each_patch_has_the_share_that_it_claims(name, dims):
    torch.manual_seed(0)
    network = build_network(name, dims, 1, {"mean": Head(3, whole=True, means=2)}).eval()
    layers = network.get_submodule("mean")
    features = torch.rand(int(network.trunk.channels), *(4,) * dims)
    with torch.no_grad():
        alike = network.ask_whole("mean", features)
        torch.testing.assert_close(alike, network.ask_whole("mean", features.flip(-1)))  # wherever it lies
        where = next(n for n, layer in enumerate(layers) if isinstance(layer, WeighedMeans))
        hidden = layers[:where](features[None])
        layers[where].claim.weight.zero_()
        layers[where].claim.weight[:, 0] = 1e5  # all goes to the patch of the largest first feature
        largest = hidden.flatten(2)[:, :, int(hidden[0, 0].argmax())]
        said = layers[-1](torch.cat([largest, largest], 1).reshape(1, -1, *[1] * dims)).flatten()
    torch.testing.assert_close(network.ask_whole("mean", features), said)


@pytest.mark.parametrize("dims", DIMS)
def test_centred_numbers_differ_where_images_look_much_alike(dims):
    torch.manual_seed(0)
    heads = {name: Head(8, whole=True, centred=name == "centred") for name in ("plain", "centred")}
    network = build_network("fcn", dims, 1, heads, stride=4, width=4, depth=1)
    images = torch.rand(1, 1, *(16,) * dims) + 0.01 * torch.rand(6, 1, *(16,) * dims)
    said = {name: nn.functional.normalize(v, dim=1) for name, v in network({"image": images}).items()}
    alike = {name: (v @ v.T).fill_diagonal_(0).sum() / 30 for name, v in said.items()}  # mean cosine of two images
    assert alike["centred"] < 0.3 < 0.9 < alike["plain"]


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("gathered", [{}, {"places": 3}, {"means": 2}])
def test_one_image_asked_as_a_whole_is_answered_as_in_a_batch(gathered, centred):
    head = Head(2, whole=True, centred=centred, **gathered)
    network = build_network("fcn", 2, 1, {"age": head}, stride=4, width=4)
    network({"image": torch.rand(4, 1, 24, 24)})  # running statistics of their own
    network.eval()
    images = torch.rand(3, 1, 24, 24)
    with torch.no_grad():
        together = network({"image": images})["age"]
        alone = torch.stack([network.ask_whole("age", f) for f in network.features(images)])
    torch.testing.assert_close(together, alone)


def test_a_network_without_patches_is_not_asked_about_them():
    with pytest.raises(ConfigError, match="sees an image as a whole"):
        build_network("deepface", 2, 1, heads_of(2, 2))


@pytest.mark.parametrize("dims", DIMS)
def test_a_network_with_a_part_for_each_landmark_is_asked_of_these_alone(dims):
    presence = {"presence": Head(1, whole=True)}
    with pytest.raises(ConfigError, match="'noothout2020_local' has a part for each landmark"):
        build_network("noothout2020_local", dims, 1, heads_of(2, dims) | presence)
    build_network("noothout2020_local", dims, 1, heads_of(1, dims) | presence)  # as models of one landmark are
