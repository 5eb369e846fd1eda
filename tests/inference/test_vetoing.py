"""Validation cases, and copies that end near a landmark, choose how much more a finer level may believe."""

from dataclasses import replace

import numpy as np
import pytest
from crooked import DIMS, upright_frame

from pipeline.data.store import LevelArray
from pipeline.inference.model import Calibration, Model, ModelLevel
from pipeline.inference.vetoing import BEYOND, COPIES, LEAST, ending_near, fit_veto
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import VETO, LandmarksTask

SPACINGS = (4.0, 1.0)
STRIDE = 2
PATCH = STRIDE * SPACINGS[0]


class Scripted(LandmarksTask):
    """Levels that say what they are told to, held down by the veto as levels are."""

    def locate(self, network, level, prior=None, search=0.0, blend=0.0, least=0.0):
        world, belief = network.says(level)
        ones = np.ones(len(world))
        if prior is not None:
            belief = np.minimum(belief, self.veto * prior.belief)
        patch = STRIDE * level.frame.spacing.mean() * ones
        return Found(world, belief, ones, ones.astype(int), level.frame.contains(world), patch)


class Network:
    def __init__(self, says):
        self.says, self.cells = says, type("Cells", (), {"stride": STRIDE})()


def model_of(*says, dims=2):
    levels = tuple(ModelLevel(s, "fcn", {}, 9.0) for s in SPACINGS[-len(says) :])
    networks = tuple(map(Network, says))
    return Model("m", dims, "mm", None, Scripted(names=("a", "b")), levels, networks, Calibration())


def case(world, known=None, side=100):
    dims = np.shape(world)[1]
    frames = [upright_frame((side,) * dims).at_spacing(s) for s in SPACINGS]
    levels = [LevelArray(f, np.random.default_rng(0).random((1, *f.shape))) for f in frames]
    return levels, np.array(world, float), np.ones(len(world), bool) if known is None else np.array(known)


def chosen(coarse, fine, answers, truth, known=None):
    """The veto for one landmark a case: beliefs of both levels, where they answer and where it is."""
    queue = [(a, c, f) for a, c, f in zip(answers, coarse, fine, strict=True) for _ in (0, 1)]
    step = iter(queue)

    def says(level):
        place, first, last = next(step)
        return np.array([place], float), np.array([first if level.frame.spacing[0] > 1 else last])

    cases = [case([t], None if known is None else [k]) for t, k in zip(truth, known or truth, strict=True)]
    return fit_veto(model_of(says, says), cases).task.veto


HERE, THERE, NOWHERE = (50.0, 50.0), (20.0, 50.0), (np.nan, np.nan)


def test_a_coarser_level_that_doubts_right_answers_is_not_listened_to():
    assert chosen([0.05] * 4, [0.9] * 4, [HERE] * 4, [HERE] * 4) == 20.0
    assert chosen([0.001] * 4, [0.9] * 4, [HERE] * 4, [HERE] * 4) == 1000.0


def test_a_coarser_level_that_doubts_wrong_answers_is():
    assert chosen([0.9, 0.9, 0.4], [0.9] * 3, [HERE, HERE, THERE], [HERE] * 3) == 1.0
    assert chosen([0.9, 0.9, 0.2], [0.9] * 3, [HERE, HERE, THERE], [HERE] * 3) == 2.0


def test_what_is_absent_is_wrong_and_what_nobody_knows_is_neither():
    doubts = [0.05, 0.05], [0.9, 0.9], [HERE, HERE]
    assert chosen(*doubts, [HERE, NOWHERE]) == 5.0
    assert chosen(*doubts, [HERE, NOWHERE], known=[True, False]) == 20.0


def test_a_wrong_answer_outweighs_a_few_right_ones_and_not_many():
    def of(right):
        return chosen([0.05] * (right + 1), [0.9] * (right + 1), [HERE] * right + [THERE], [HERE] * (right + 1))

    assert of(3) == 5.0
    assert of(5) == 20.0


@pytest.mark.parametrize(("off", "expected"), [(9.0, 20.0), (11.0, 5.0)])
def test_wrong_is_five_patches_of_the_last_level_off(off, expected):
    assert chosen([0.05], [0.9], [(50.0 + off, 50.0)], [HERE]) == expected


def test_an_answer_that_nobody_gives_counts_neither_way():
    outside = (200.0, 50.0)
    assert chosen([0.05] * 2, [0.9] * 2, [HERE, outside], [HERE, NOWHERE]) == 20.0


def test_the_first_of_equals_is_taken_and_models_of_one_level_stay():
    assert chosen([0.9], [0.9], [HERE], [HERE]) == VETO
    alone = model_of(lambda level: None)
    assert fit_veto(alone, []) is alone
    assert list(ending_near(alone, [case([HERE])])) == []


@pytest.mark.parametrize("dims", DIMS)
def test_copies_end_near_a_landmark_at_every_level_alike(dims):
    made = model_of(None, None, dims=dims)
    whole = case([[50.0] * dims])
    each = ending_near(made, [whole])
    assert next(each) is whole  # one at a time: what is cut from prepared arrays keeps files open
    cases = list(each)
    assert len(cases) == COPIES
    for levels, world, _ in cases:
        assert world is whole[1]
        coarse, fine = (level.frame for level in levels)
        corners = [
            np.sort(f.voxel_to_world(np.array([np.full(dims, -0.5), np.array(f.shape) - 0.5])), 0)
            for f in (coarse, fine)
        ]
        assert np.abs(corners[0] - corners[1]).max() <= SPACINGS[0]
        ends = np.concatenate([world - corners[1][0], corners[1][1] - world])
        assert BEYOND[0] * PATCH - 1 <= ends.min() <= BEYOND[1] * PATCH + 1


def test_copies_show_the_voxels_of_the_case():
    whole = case([HERE])
    for levels, _, _ in list(ending_near(model_of(None, None), [whole]))[1:]:
        for level, full in zip(levels, whole[0], strict=True):
            start = np.round(full.frame.world_to_voxel(level.frame.affine[:-1, -1][None])[0]).astype(int)
            box = tuple(slice(a, a + n) for a, n in zip(start, level.frame.shape, strict=True))
            assert np.array_equal(level.voxels, full.voxels[(slice(None), *box)])


def test_cases_that_cannot_be_cut_are_asked_whole_and_of_many_some():
    made = model_of(None, None)
    assert len(list(ending_near(made, [case([NOWHERE])]))) == 1
    assert len(list(ending_near(made, [case([(1.0, 1.0)], side=2)]))) == 1  # one voxel of the first level
    small = case([(4.0, 4.0)], side=12)
    cut = list(ending_near(made, [small]))[1:]
    assert all(len(c[0]) and min(c[0][0].frame.shape) * SPACINGS[0] >= LEAST * PATCH for c in cut)
    many = [case([HERE])] * (3 * COPIES)
    assert len(list(ending_near(made, many))) == 2 * COPIES


@pytest.mark.parametrize("shown", [HERE, NOWHERE])
def test_how_many_are_made_is_known_before_though_some_copies_are_none(shown):
    told, gone = [], []

    def watch(jobs):
        told.append(len(jobs))
        for job in jobs:
            yield job
            gone.append(job)

    made = list(ending_near(model_of(None, None), [case([shown])], watch))
    assert told == [1 + COPIES] == [len(gone)] and len(made) == (1 + COPIES if shown is HERE else 1)
    assert list(ending_near(model_of(None), [case([HERE])], watch)) == [] and len(told) == 1  # one level: no empty bar


def test_the_same_copies_are_made_again():
    made, whole = model_of(None, None), case([HERE])
    one, other = ([c[0][1].frame.shape for c in ending_near(made, [whole])] for _ in (0, 1))
    assert one == other


def test_the_veto_is_part_of_the_model():
    task = LandmarksTask(names=("a",), veto=100.0)
    assert LandmarksTask.of_content(task.content()) == task
    early = {k: v for k, v in task.content().items() if k != "veto"}
    assert LandmarksTask.of_content(early) == replace(task, veto=VETO)
