"""One case through all levels, and what may be called an answer."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from crooked import DIMS, crooked_frame, upright_frame
from numpy.testing import assert_allclose, assert_array_equal
from oracle import Oracle, addresses

from pipeline.data.image import Image
from pipeline.data.intensity import Normalisation
from pipeline.data.resample import level_frame
from pipeline.data.store import LevelArray, make_level
from pipeline.errors import MisfitError
from pipeline.geometry import ImageFrame
from pipeline.inference.calibration import choose_threshold
from pipeline.inference.cascade import LazyVoxels, answers, image_levels, locate
from pipeline.inference.extent import extent_remarks
from pipeline.inference.model import Calibration, Model, ModelLevel
from pipeline.inference.radius import Radius
from pipeline.tasks.constellation import fit_constellation
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask

PERCENTILE = Normalisation("percentile", 1.0, 99.0)

SCAN = upright_frame((100, 100))
RADIUS = Radius(2.5, (2.0, 3.0), (0.5, 0.5), 20)


def model_of(networks, dims, names=("a", "b"), calibration=None):
    levels = tuple(ModelLevel(s, "fcn", {}, 9.0) for s in (4.0, 2.0, 1.0)[-len(networks) :])
    task = LandmarksTask(names=names)
    return Model("m", dims, "mm", PERCENTILE, task, levels, tuple(networks), calibration or Calibration())


@pytest.mark.parametrize("dims", DIMS)
def test_each_level_looks_around_the_answer_of_the_one_before(dims):
    truth = np.random.default_rng(dims).uniform(30, 90, (2, dims))
    fine = upright_frame((120, 110, 100)[:dims])
    frames = [fine.at_spacing(s) for s in (4.0, 2.0, 1.0)]
    levels = [LevelArray(f, addresses(f.shape)) for f in frames]
    # The first two levels are off by less than a finer level searches; only the last one is exact.
    off = [truth + 6.0, truth - 4.0, truth]
    oracles = [
        Oracle(f.shape, f.world_to_voxel(t), stride=4, reach=10, liars=30.0) for f, t in zip(frames, off, strict=True)
    ]
    found = locate(model_of(oracles, dims), levels)
    assert_allclose(found.world, truth, atol=1e-3)
    assert len(oracles[0].looked_at) == 1
    assert oracles[0].looked_at[0][1] == frames[0].shape
    if dims == 3:
        assert all(np.prod(shape) < np.prod(fine.shape) / 4 for _, shape in oracles[2].looked_at)


@pytest.mark.parametrize("spacing", [None, 1.7])
@pytest.mark.parametrize("dims", DIMS)
def test_a_part_that_is_asked_for_is_the_same_part_of_the_prepared_level(dims, spacing):
    rng = np.random.default_rng(dims)
    frame = crooked_frame(rng, (17, 15, 13)[:dims], np.array([0.9, 1.1, 1.4])[:dims])
    image = Image(frame, rng.normal(100, 50, frame.shape))
    whole = make_level(image, spacing, PERCENTILE)
    lazy = LazyVoxels(image, spacing, PERCENTILE)
    assert lazy.shape == whole.voxels.shape
    assert lazy.frame.same_as(whole.frame)
    part = (slice(None), slice(2, 7), slice(1, 6), slice(3, 5))[: dims + 1]
    assert_allclose(lazy[part].astype(float), whole.voxels[part].astype(float), atol=1e-3)
    assert_array_equal(lazy[tuple(slice(0, n) for n in lazy.shape)], whole.voxels)


def test_no_level_is_computed_before_it_is_looked_at(monkeypatch):
    monkeypatch.setattr("pipeline.inference.cascade.make_level", None)
    levels = image_levels(Image(upright_frame((8, 8)), np.zeros((8, 8))), model_of([None, None], 2))
    assert [level.frame.shape for level in levels] == [(4, 4), (8, 8)]


def test_what_several_networks_ask_of_one_voxel_size_is_resampled_once(monkeypatch):
    asked = []

    def counted(image, spacing, normalisation, part):
        asked.append((spacing, part.shape))
        return make_level(image, spacing, normalisation, part)

    monkeypatch.setattr("pipeline.inference.cascade.make_level", counted)
    model = model_of([None, None, None], 2)
    again = replace(model, levels=(model.levels[0], model.levels[1], model.levels[1]))
    levels = image_levels(Image(upright_frame((8, 8)), np.arange(64.0).reshape(8, 8)), again)
    whole, part = (slice(None), slice(0, 8), slice(0, 8)), (slice(None), slice(0, 4), slice(0, 8))
    assert_array_equal(levels[1].voxels[whole], levels[2].voxels[whole])
    assert_array_equal(levels[2].voxels[part], levels[1].voxels[whole][:, :4])
    assert_array_equal(levels[1].voxels[whole][:, :4], levels[1].voxels[part])  # made anew: only the last is kept
    coarse = (slice(None), slice(0, 4), slice(0, 4))
    assert_array_equal(levels[0].voxels[coarse], levels[0].voxels[coarse])
    fine = [shape for spacing, shape in asked if spacing == model.levels[1].spacing]
    assert fine == [(8, 8), (4, 8), (8, 8), (4, 8)] and len(asked) == 6


@pytest.mark.parametrize(("shape", "unit"), [((8,), "mm"), ((8, 8), "px")])
def test_a_scan_of_other_dimensions_or_unit_than_the_models_is_refused(shape, unit):
    frame = ImageFrame(shape, np.eye(len(shape) + 1), unit)
    with pytest.raises(
        MisfitError, match=f"{len(shape)} dimensions in {unit}; model m was trained on 2 dimensions in mm"
    ):
        image_levels(Image(frame, np.zeros(shape)), model_of([None], 2))


@pytest.mark.parametrize(("learned", "huge"), [(None, False), (160 / 14.9, False), (160 / 15.1, True)])
@pytest.mark.parametrize("dims", DIMS)
def test_a_scan_many_times_as_large_as_those_that_were_learned_from_is_refused(dims, learned, huge):
    frame = crooked_frame(np.random.default_rng(0), (40, 30, 20)[:dims], (4.0, 2.0, 2.0)[:dims])
    model = model_of([None], dims, calibration=Calibration(largest=learned))
    words = r"voxels of \[4\.0.* is 160 mm long, 15 times as .* \(10\.6 mm\)\. Correct"
    with pytest.raises(MisfitError, match=words) if huge else nullcontext():
        image_levels(Image(frame, np.zeros(frame.shape)), model)


@pytest.mark.parametrize(("learned", "odd"), [(None, False), (160 / 4.9, False), (160 / 5.1, True)])
def test_a_scan_some_times_as_large_as_those_that_were_learned_from_is_odd(learned, odd):
    frame = upright_frame((40, 30), 4.0)
    assert [f.severity for f in extent_remarks("a", frame, learned)] == ["warning"] * odd


def test_what_is_believed_enough_is_an_answer_and_the_rest_a_guess_with_its_reason():
    belief, spread, count = np.array([0.4, 0.39]), np.array([0.5, 0.6]), np.array([7, 3])
    found = Found(np.array([[1.0, 2], [3, 4]]), belief, spread, count, np.array([True, True]), np.ones(2))
    told = answers(model_of([None], 2, calibration=Calibration(0.4, RADIUS, 20)), found, SCAN)
    assert (told["a"].found, told["a"].position, told["a"].radius95) == (True, (1.0, 2.0), 5.0)
    assert (told["a"].guess, told["a"].reason, told["a"].votes, told["a"].spread) == (None, None, 7, 0.5)
    assert (told["b"].found, told["b"].position, told["b"].guess) == (False, None, (3.0, 4.0))
    assert told["b"].reason == "belief 0.39 is below the threshold 0.4"
    assert told["b"].radius95 is None
    useless = Calibration(choose_threshold(np.ones(1), np.array([9.0])))
    told = answers(model_of([None], 2, calibration=useless), replace(found, belief=np.ones(2)), SCAN)
    assert told["a"].reason.startswith("the model finds no landmark: in validation even the surest answers were wrong;")


def test_a_belief_just_below_the_threshold_reads_so():
    found = Found(np.ones((2, 2)), np.array([0.5, 0.0148031]), np.ones(2), np.full(2, 7), np.ones(2, bool), np.ones(2))
    told = answers(model_of([None], 2, calibration=Calibration(0.0148046, RADIUS, 20)), found, SCAN)
    assert told["b"].reason == "belief 0.014803 is below the threshold 0.014805"


@pytest.mark.parametrize(
    ("learned", "promised"), [(None, True), ((1.0, 1.0), True), ((0.8, 1.0), False), ((1, 0.8), False)]
)
def test_of_a_scan_coarser_than_those_that_were_learned_from_no_radius_is_promised(learned, promised):
    found = Found(np.ones((2, 2)), np.ones(2), np.ones(2), np.full(2, 7), np.ones(2, bool), np.ones(2))
    model = model_of([None], 2, calibration=Calibration(0.4, RADIUS, 20, coarsest=learned))
    told = answers(model, found, SCAN)
    assert told["a"].found and (told["a"].radius95 is not None) == promised


def test_a_position_outside_the_scan_is_no_answer_however_much_it_is_believed():
    found = Found(
        np.array([[-9.0, 2], [3, 4]]), np.ones(2), np.zeros(2), np.array([7, 3]), np.array([False, True]), np.ones(2)
    )
    told = answers(model_of([None], 2), found, SCAN)
    assert (told["a"].found, told["a"].position, told["a"].guess) == (False, None, (-9.0, 2.0))
    assert told["a"].reason == "the patches point out of the scan"
    assert told["b"].found


@pytest.mark.parametrize(("origin", "place", "inside"), [(0.3, -1.0, False), (0.3, 7.2, False), (2.0, 8.5, True)])
@pytest.mark.parametrize("dims", DIMS)
def test_the_edges_of_the_scan_count_and_not_those_of_the_last_level(dims, origin, place, inside):
    scan = upright_frame((10,) * dims, 0.7, origin)  # 7 mm; voxels of 3 mm about 0, 3 and 6, or about 3 and 6
    level = level_frame(scan, 3.0)
    world = np.full((2, dims), 4.0)
    world[0, 0] = place
    assert level.contains(world).tolist() == [not inside, True]
    found = Found(world, np.ones(2), np.zeros(2), np.full(2, 7), level.contains(world), np.ones(2))
    assert [a.found for a in answers(model_of([None], dims), found, scan).values()] == [inside, True]


def test_an_answer_that_lies_to_the_others_as_in_no_training_case_is_not_found_and_not_moved():
    rng, names = np.random.default_rng(0), ("a", "b", "c")
    usual = rng.normal(0, 1, (20, 3, 2)) + np.array([[0, 0], [0, 30], [30, 0]])
    shaped = LandmarksTask(constellation=fit_constellation(usual, 1.0), names=tuple(names))
    model = replace(model_of([None], 2, names), task=shaped)
    world = usual[0].copy()
    world[1] += 60
    told = answers(model, Found(world, np.ones(3), np.zeros(3), np.full(3, 7), np.ones(3, bool), np.ones(3)), SCAN)
    assert [told[n].found for n in names] == [True, False, True]
    assert told["b"].guess == tuple(world[1])
    assert told["b"].reason == "implausible: it lies to the other landmarks as in no training case"


@pytest.mark.parametrize(
    ("shape", "belief", "found"),
    [
        ((60, 60), [1, 0.1, 0.1], []),  # the scan shows where the others should lie
        ((60, 60), [1, 1, 0.1], ["a", "b"]),  # one is missing: that happens
        ((60, 20), [1, 0.1, 0.1], ["a"]),  # it shows the place of one other alone: too few to judge by
    ],
)
def test_an_answer_beside_which_nothing_is_found_that_should_be_there_is_not_found(shape, belief, found):
    rng, names = np.random.default_rng(0), ("a", "b", "c")
    usual = rng.normal(0, 1, (20, 3, 2)) + np.array([[10, 10], [10, 40], [40, 10]])
    shaped = LandmarksTask(constellation=fit_constellation(usual, 1.0), names=tuple(names))
    model = replace(model_of([None], 2, names), task=shaped)
    said = Found(usual[0], np.array(belief), np.zeros(3), np.full(3, 7), np.ones(3, bool), np.ones(3))
    told = answers(model, said, upright_frame(shape))
    assert [n for n in names if told[n].found] == found
    if not found:
        assert told["a"].guess == tuple(usual[0, 0]) and told["a"].reason.startswith("alone: ")
