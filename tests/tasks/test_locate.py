"""With a network that knows the answer, `locate` must give it: all its bookkeeping in voxels, margins and the world."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from crooked import DIMS, upright_frame
from numpy.testing import assert_allclose
from oracle import Oracle, addresses, heads_of

from pipeline.data.store import LevelArray
from pipeline.grid.decode import votes
from pipeline.losses.displacement import to_logarithm
from pipeline.networks.layers import Hourglass, ResidualBlock
from pipeline.networks.network import build_network
from pipeline.tasks.constellation import fit_constellation
from pipeline.tasks.found import Found, join
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.regions import Region
from pipeline.tasks.settings import DecodeSettings, LossSettings

TASKS = {
    "softmax": LandmarksTask(),
    "noothout2018": LandmarksTask(LossSettings("noothout2018"), DecodeSettings("average", share=0.0, threshold=0.5)),
}
SHAPE = (61, 50, 45)


def level_of(dims):
    shape = SHAPE[:dims]
    return LevelArray(upright_frame(shape, (1.5, 0.8, 1.1)[:dims], (-31.0, 12.5, 70.0)[:dims]), addresses(shape))


def truths(dims, seed=0):
    """Two corners, two random places, two near a border."""
    rng = np.random.default_rng([dims, seed])
    size = np.array(SHAPE[:dims])
    inside = rng.uniform(0, size - 1, (4, dims))
    inside[2, 0], inside[3, -1] = -0.4, size[-1] - 0.6
    return np.concatenate([[np.full(dims, -0.45)], [size - 0.55], inside])


def found_near(level, points, error, belief=0.9):
    return Found(
        level.frame.voxel_to_world(points + error),
        np.full(len(points), belief),
        np.zeros(len(points)),
        np.zeros(len(points), int),
        np.ones(len(points), bool),
        np.full(len(points), 4.0),
    )


def voxel_error(level, found, points):
    return np.abs(level.frame.world_to_voxel(found.world) - points).max()


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
@pytest.mark.parametrize("dims", DIMS)
def test_a_whole_image_is_answered_exactly(dims, task):
    level, points = level_of(dims), truths(dims)
    oracle = Oracle(level.frame.shape, points)
    found = task.locate(oracle, level)
    assert voxel_error(level, found, points) < 1e-3
    assert found.belief.min() > 0.99
    assert oracle.looked_at == [((0,) * dims, level.frame.shape)]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
@pytest.mark.parametrize("stride", [4, 8])
@pytest.mark.parametrize("dims", DIMS)
def test_the_neighbourhood_of_a_prior_is_answered_exactly(dims, stride, task):
    level, points = level_of(dims), truths(dims)
    error = np.random.default_rng(1).uniform(-3, 3, points.shape)
    oracle = Oracle(level.frame.shape, points, stride, reach=10)
    found = task.locate(oracle, level, found_near(level, points, error), search=9.0)
    assert voxel_error(level, found, points) < 1e-3
    for start, shape in oracle.looked_at:
        assert (np.array(start) >= 0).all()
        assert (np.add(start, shape) <= level.frame.shape).all()


@pytest.mark.parametrize("dims", DIMS)
def test_the_most_believing_patches_of_a_whole_image_answer_for_all(dims, monkeypatch):
    level, points = level_of(dims), truths(dims)
    oracle = Oracle(level.frame.shape, points)
    everybody = TASKS["softmax"].locate(oracle, level)
    monkeypatch.setattr("pipeline.tasks.poll.MOST", 4**dims)
    few = TASKS["softmax"].locate(oracle, level)
    assert_allclose(few.world, everybody.world, atol=1e-3)
    assert_allclose(few.belief, everybody.belief, atol=0.02)
    assert few.votes.max() <= 4**dims


@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("near", [2.0, None])
@pytest.mark.parametrize(("at_once", "numbers"), [(4, 2**20), (64, 1), (64, 6000)])
@pytest.mark.parametrize("dims", DIMS)
def test_landmarks_asked_some_at_a_time_are_answered_as_all_at_once(dims, at_once, numbers, near, between, monkeypatch):
    level, points = level_of(dims), truths(dims)
    oracle, prior = Oracle(level.frame.shape, points, reach=10), found_near(level, points, 1.0)
    task = LandmarksTask(decode=DecodeSettings(near=near, between=between))
    asked = [(None, np.inf), (prior, 9.0)]
    together = [task.locate(oracle, level, found, search) for found, search in asked]
    monkeypatch.setattr("pipeline.tasks.poll.AT_ONCE", at_once)
    monkeypatch.setattr("pipeline.tasks.poll.NUMBERS", numbers)
    for (found, search), expected in zip(asked, together, strict=True):
        found = task.locate(oracle, level, found, search)
        for name in ("world", "belief", "spread", "votes"):
            assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-4, err_msg=name)


@pytest.mark.parametrize("dims", DIMS)
def test_displacements_said_as_logarithms_are_understood(dims):
    class LogOracle(Oracle):
        def forward(self, inputs):
            said = super().forward(inputs)
            return {"belief": said["belief"], "displacement": to_logarithm(8 * said["displacement"])}

    level, points = level_of(dims), truths(dims)
    task = LandmarksTask(LossSettings("noothout2020"), DecodeSettings("weighted", share=0.0))
    found = task.locate(LogOracle(level.frame.shape, points), level)
    assert voxel_error(level, found, points) < 1e-2


@pytest.mark.parametrize("dims", DIMS)
def test_only_the_parts_around_the_priors_are_looked_at(dims):
    shape = (200, 40, 30)[:dims]
    level = LevelArray(upright_frame(shape), addresses(shape))
    points = np.array([[10.0] * dims, [180.0] + [20.0] * (dims - 1)])
    oracle = Oracle(shape, points, stride=4, reach=10)
    found = TASKS["softmax"].locate(oracle, level, found_near(level, points, 0.5), search=6.0)
    assert voxel_error(level, found, points) < 1e-3
    assert len(oracle.looked_at) == 2
    assert max(s[0] for _, s in oracle.looked_at) <= 2 * (6 + 5) + 2


@pytest.mark.parametrize("dims", DIMS)
def test_patches_far_from_the_prior_have_no_vote(dims):
    level, points = level_of(dims), truths(dims)
    oracle = Oracle(level.frame.shape, points, stride=4, liars=14.0)
    task = TASKS["softmax"]
    assert voxel_error(level, task.locate(oracle, level), points) > 3  # everybody votes
    found = task.locate(oracle, level, found_near(level, points, 1.0), search=12.0)
    assert voxel_error(level, found, points) < 1e-3


@pytest.mark.parametrize("dims", DIMS)
def test_a_prior_outside_the_scan_looks_at_the_nearest_part_of_it(dims):
    level = level_of(dims)
    points = np.full((1, dims), 3.0)
    found = TASKS["softmax"].locate(
        Oracle(level.frame.shape, points), level, found_near(level, points, -30.0), search=12.0
    )
    assert voxel_error(level, found, points) < 1e-3
    assert found.belief.min() > 0.8


@pytest.mark.parametrize(
    ("veto", "coarse", "expected"),
    [(5.0, 0.3, 1.0), (5.0, 0.2, 1.0), (5.0, 0.1, 0.5), (1.0, 0.3, 0.3), (100.0, 0.01, 1.0)],
)
def test_the_finer_level_judges_unless_the_coarser_one_hardly_believes(veto, coarse, expected):
    level, points = level_of(2), truths(2)
    oracle = Oracle(level.frame.shape, points)
    prior = found_near(level, points, 0.0, belief=coarse)
    found = LandmarksTask(veto=veto).locate(oracle, level, prior, search=20.0)
    assert_allclose(found.belief, expected, atol=1e-4)


@pytest.mark.parametrize("dims", DIMS)
def test_the_answer_is_drawn_towards_the_coarser_one_where_they_agree_to_within_its_patch(dims):
    level = LevelArray(upright_frame(SHAPE[:dims]), addresses(SHAPE[:dims]))
    points = np.array([[20.0] * dims, [30.0] * dims])
    near = np.zeros((2, dims))
    near[:, 0] = 3.9, 4.1  # the coarser level's patches are 4 wide
    found = TASKS["softmax"].locate(
        Oracle(level.frame.shape, points, stride=2), level, found_near(level, points, near), search=9.0, blend=0.25
    )
    assert_allclose(level.frame.world_to_voxel(found.world) - points, near * [[0.25], [0]], atol=1e-3)
    assert found.patch.tolist() == [2, 2]


@pytest.mark.parametrize("dims", DIMS)
def test_an_answer_that_is_drawn_out_of_the_scan_lies_outside(dims):
    level = LevelArray(upright_frame(SHAPE[:dims]), addresses(SHAPE[:dims]))
    points = np.array([[0.0] * dims, [1.0] * dims])
    prior = found_near(level, points, np.full((2, dims), -1.5))
    task, oracle = TASKS["softmax"], Oracle(level.frame.shape, points, stride=2)
    assert task.locate(oracle, level, prior, search=9.0).inside.tolist() == [True, True]
    found = task.locate(oracle, level, prior, search=9.0, blend=0.5)
    assert found.inside.tolist() == level.frame.contains(found.world).tolist() == [False, True]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("dims", DIMS)
def test_patches_between_the_patches_vote_as_exactly_one_grid_each(dims, near, task):
    task = replace(task, decode=replace(task.decode, between=True))
    level, points = level_of(dims), truths(dims)
    oracle = Oracle(level.frame.shape, points, reach=10)
    found = task.locate(oracle, level, found_near(level, points, 2.0) if near else None, search=9.0)
    assert voxel_error(level, found, points) < 1e-3
    starts = np.unique(np.mod(oracle.starts, 8), axis=0)
    assert (
        starts.tolist() == np.unique(np.mod(oracle.starts[0] - list(product((0, 4), repeat=dims)), 8), axis=0).tolist()
    )


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize(("period", "grids"), [(8, 2), (16, 4)])
@pytest.mark.parametrize("dims", DIMS)
def test_grids_along_the_diagonal_vote_as_exactly_and_are_few(dims, period, grids, near, task):
    task = replace(task, decode=replace(task.decode, between=4))
    level, points = level_of(dims), truths(dims)
    oracle = Oracle(level.frame.shape, points, reach=10)
    oracle.geometry = replace(oracle.geometry, period=period)
    found = task.locate(oracle, level, found_near(level, points, 2.0) if near else None, search=9.0)
    assert voxel_error(level, found, points) < 1e-3
    of_first_region = np.array(oracle.starts[:grids])
    assert (of_first_region[0] - of_first_region).tolist() == [[n] * dims for n in (0, 4, 8, 12)[:grids]]
    assert len(oracle.starts) % grids == 0


@pytest.mark.parametrize("dims", DIMS)
def test_a_grid_of_fewer_patches_than_may_vote_answers_beside_larger_ones(dims, monkeypatch):
    shape, points = (29,) * dims, np.array([[3.0] * dims, [20.0] * dims])
    level, oracle = LevelArray(upright_frame(shape), addresses(shape)), Oracle(shape, points)
    monkeypatch.setattr("pipeline.tasks.poll.MOST", 6**dims)  # as many as the first grid has; the last has 7 to a side
    found = LandmarksTask(decode=DecodeSettings(between=True)).locate(oracle, level)
    assert voxel_error(level, found, points) < 1e-3 and len(oracle.starts) == 2**dims


@pytest.mark.parametrize("dims", DIMS)
def test_no_more_is_looked_at_than_a_patch_could_see_as_the_level_learned(dims):
    shape, points = (60,) * dims, np.full((1, dims), 30.0)
    level = LevelArray(upright_frame(shape), addresses(shape))
    wide, narrow = (Oracle(level.frame.shape, points, stride=2, reach=30) for _ in range(2))
    narrow.crop = 12
    seen = []
    for oracle in (wide, narrow):
        found = TASKS["softmax"].locate(oracle, level, found_near(level, points, 1.0), search=4.0)
        assert voxel_error(level, found, points) < 1e-3
        seen.append(oracle.looked_at[0][1])
    assert seen == [(2 * (4 + 15) + 1,) * dims, (2 * (4 + 6) + 1,) * dims]


@pytest.mark.parametrize("dims", DIMS)
def test_what_cannot_be_believed_any_more_is_not_looked_for(dims):
    shape = (200, 40, 30)[:dims]
    level = LevelArray(upright_frame(shape), addresses(shape))
    points = np.array([[10.0] * dims, [180.0] + [20.0] * (dims - 1)])
    prior = replace(found_near(level, points, 0.5), belief=np.array([0.09, 0.11]))
    oracle = Oracle(shape, points, stride=4, reach=10)
    found = TASKS["softmax"].locate(oracle, level, prior, search=6.0, least=0.5)
    assert [start[0] > 100 for start, _ in oracle.looked_at] == [True]
    assert_allclose(found.world, [prior.world[0], level.frame.voxel_to_world(points[1:])[0]], atol=1e-3)
    assert_allclose(found.belief, [0.09, 0.55], atol=1e-3)
    assert TASKS["softmax"].locate(oracle, level, prior, search=6.0, least=0.6) is prior


def test_the_order_of_the_landmarks_survives_many_regions():
    shape = (400,)
    level = LevelArray(upright_frame(shape), addresses(shape))
    points = np.random.default_rng(0).permutation(np.arange(10.0, 390, 40))[:, None]
    found = TASKS["softmax"].locate(Oracle(shape, points), level, found_near(level, points, 0.0), search=6.0)
    assert_allclose(found.world, points, atol=1e-3)


def test_spread_is_in_world_units_worked_out_by_hand():
    frame = upright_frame((16,), 0.5, 4.0)

    class TwoVotes(Oracle):
        """Cells 1 and 2 (centres 3.5 and 11.5 behind a margin of 8) believe alike and point to 5.5 and 7.5."""

        def forward(self, inputs):
            belief, displacement = super().forward(inputs).values()
            belief[:] = -99.0
            belief[..., 1:3] = 9.0
            displacement[..., 1], displacement[..., 2] = 0.25, -0.5
            return {"belief": belief, "displacement": displacement}

    found = TASKS["softmax"].locate(TwoVotes((16,), [[0.0]]), LevelArray(frame, addresses((16,))))
    assert_allclose(found.world, [[4 + 0.5 * 6.5]], atol=1e-4)
    assert_allclose(found.spread, [0.5], atol=1e-4)
    assert found.votes.tolist() == [2]


def test_spread_follows_the_length_of_the_voxels_along_each_axis_worked_out_by_hand():
    """Slices of 5 mm of pixels of 0.5 mm: votes four voxels apart lie 20 mm or 2 mm apart, each half that from the
    mean."""
    frame, centres = upright_frame((20, 60, 60), (5.0, 0.5, 0.5)), torch.full((2, 3, 2), 20.0)
    centres[0, 0], centres[1, 1] = torch.tensor([[8.0, 12.0], [18.0, 22.0]])
    alike, together = torch.full((2, 2), 0.5), torch.ones(2)
    [said] = votes(centres, 4, alike, together, torch.zeros(2, 3, 2))
    assert_allclose(join([said], np.arange(2), frame, 8.0).spread, [10.0, 1.0])


def test_many_landmarks_cost_as_many_looks_as_one_where_they_are_close():
    level = level_of(3)
    points = np.random.default_rng(0).uniform(20, 30, (50, 3))
    oracle = Oracle(level.frame.shape, points)
    TASKS["softmax"].locate(oracle, level, found_near(level, points, 0.0), search=12.0)
    assert len(oracle.looked_at) == 1


@pytest.mark.parametrize("dims", DIMS)
def test_a_landmark_taken_for_its_neighbour_is_found_at_its_second_place(dims):
    """The network believes landmark 1 a little more at landmark 2 than where it is."""
    truth = np.full((4, dims), 20.0)
    truth[:, 0] = [8, 22, 36, 50]
    truth += np.random.default_rng(dims).uniform(-1, 1, truth.shape)

    class Confused(Oracle):
        def forward(self, inputs):
            belief, displacement = super().forward(inputs).values()
            wrong = belief[:, 2] + 0.7 > belief[:, 1]
            belief[:, 1] = torch.where(wrong, belief[:, 2] + 0.7, belief[:, 1])
            displacement[:, 1] = torch.where(wrong[:, None], displacement[:, 2], displacement[:, 1])
            return {"belief": belief, "displacement": displacement}

    level = level_of(dims)
    row = truth + np.random.default_rng(0).normal(0, 1, (20, 4, dims))
    row += np.random.default_rng(1).normal(0, 50, (20, 1, dims))
    shape = fit_constellation(np.stack([level.frame.voxel_to_world(case) for case in row]), 1.0)
    network = Confused(level.frame.shape, truth, stride=2, reach=10)
    believed = LandmarksTask().locate(network, level)
    judged = LandmarksTask(constellation=shape).locate(network, level)
    assert_allclose(believed.world[1], judged.world[2], atol=1)
    assert voxel_error(level, judged, truth) < 1e-3
    assert judged.belief[1] < believed.belief[1]
    assert_allclose(judged.belief[[0, 2, 3]], believed.belief[[0, 2, 3]])


@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("dims", DIMS)
def test_patches_lie_on_one_lattice_of_the_world_wherever_the_scan_begins(dims, prior):
    for origin in (0.0, 3.0, 50.0, -17.0):
        shape = SHAPE[:dims]
        level = LevelArray(upright_frame(shape, 1.0, origin), addresses(shape))
        points = truths(dims)
        oracle = Oracle(shape, points, stride=8, reach=10)
        near = found_near(level, points, 1.0) if prior else None
        TASKS["softmax"].locate(oracle, level, near, search=9.0)
        for start in oracle.starts:
            assert ((start + origin) % 8 == 0).all()


@pytest.mark.parametrize("parameters", [{"stride": 4}, {"stride": 2, "hourglass": 6}])
@pytest.mark.parametrize("dims", DIMS)
def test_the_parts_that_are_looked_at_give_the_answers_of_the_whole_image(dims, parameters, monkeypatch):
    torch.manual_seed(dims)
    network = build_network("fcn", dims, 1, heads_of(3, dims), width=4, growth=2, depth=1, **parameters).eval()
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            torch.nn.init.ones_(module.path[-1].weight)
        if isinstance(module, Hourglass):
            torch.nn.init.ones_(module.back[-1].weight)
    torch.nn.init.normal_(network.belief[-1].weight, std=3.0)
    shape = (150, 80, 70)[:dims]
    voxels = np.random.default_rng(0).standard_normal((1, *shape)).astype(np.float32)
    level = LevelArray(upright_frame(shape, 1.0, 2.0), voxels)
    points = np.array([[75.0, 40, 33], [8, 10, 60], [140, 70, 10]])[:, :dims]
    parts = TASKS["softmax"].locate(network, level, found_near(level, points, 0.0), search=8.0)
    whole = Region((0,) * dims, shape, (0, 1, 2))
    monkeypatch.setattr("pipeline.tasks.landmarks.regions", lambda *_: [whole])
    expected = TASKS["softmax"].locate(network, level, found_near(level, points, 0.0), search=8.0)
    assert_allclose(parts.world, expected.world, atol=1e-3)
    assert_allclose(parts.belief, expected.belief, atol=1e-4)


def test_a_model_written_before_beliefs_were_those_of_votes_at_the_answer_believes_as_it_did():
    """Its threshold was chosen for that belief."""
    content = LandmarksTask(names=("a",)).content()
    assert LandmarksTask.of_content(content).decode.agree == 1.0
    del content["decode"]["agree"]
    assert LandmarksTask.of_content(content).decode.agree is None
