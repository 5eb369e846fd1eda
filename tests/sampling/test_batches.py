"""Which crops a step sees."""

from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from crooked import DIMS
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.data.inputs import HIDDEN
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.batches import IDENTITY, CropSettings, batches, canvas_shape
from pipeline.sampling.sampler import Sampler
from pipeline.sampling.source import Source

NOTHING = AugmentSettings(rotation=0.0, scale=0.0, brightness=0.0, contrast=0.0, noise=0.0, share=0.0)


def sources(dims, count=5, size=20):
    """Case n is filled with n + 1; its landmark 0 lies in the middle, landmark 1 is unknown."""
    points = np.stack([np.full(dims, size / 2), np.full(dims, np.nan)])
    known = np.array([True, False])
    return [Source(np.full((1, *(size,) * dims), n + 1.0, np.float16), points, known) for n in range(count)]


def take(number, cases, crops, augment, size, seed, start=0, **ranks):
    return list(islice(batches(cases, crops, augment, Sampler(size, seed, **ranks), start), number))


@pytest.mark.parametrize("dims", DIMS)
def test_a_step_sees_the_same_batch_wherever_the_run_was_taken_up(dims):
    crops = CropSettings((16,) * dims, cut=0.5)
    undisturbed = take(6, sources(dims), crops, AugmentSettings(), 2, (3, 1))
    for start in (1, 4):
        resumed = take(6 - start, sources(dims), crops, AugmentSettings(), 2, (3, 1), start=start)
        for one, other in zip(undisturbed[start:], resumed, strict=True):
            assert_array_equal(one.image, other.image)
            assert_array_equal(one.points, other.points)
            assert_array_equal(one.known, other.known)


def test_more_threads_make_the_same_batches():
    one, four = (
        islice(batches(sources(2), CropSettings((16, 16)), AugmentSettings(), Sampler(2, (3,)), threads=n), 12)
        for n in (1, 4)
    )
    for alone, among in zip(one, four, strict=True):
        assert_array_equal(alone.image, among.image)
        assert_array_equal(alone.points, among.points)


@pytest.mark.parametrize("dims", DIMS)
def test_a_turned_crop_keeps_distances_in_the_world_where_edges_of_voxels_are_unlike(dims):
    spacing, rng = np.array([3.0, 0.5, 1.2])[:dims], np.random.default_rng(0)
    points, known = rng.uniform(2, 18, (3, dims)), np.ones(3, bool)
    case = Source(np.zeros((1, *(20,) * dims), np.float32), points, known, spacing=spacing)
    turned = AugmentSettings(**vars(NOTHING) | {"rotation": 40.0, "share": 1.0})

    def apart(places):
        return np.linalg.norm((places - places[[1, 2, 0]]) * spacing, axis=1)

    for batch in take(5, [case], CropSettings((16,) * dims), turned, 1, (0,)):
        assert_allclose(apart(batch.points[0]), apart(points), rtol=1e-5)


def test_a_short_training_changes_its_samples_less():
    """Brightness alone, of a constant image: how far it moves says the range."""
    crops, augment = CropSettings((8, 8)), AugmentSettings(**vars(NOTHING) | {"brightness": 0.3, "sightings": 12.0})

    def change(steps):
        stream = batches(sources(2, 1), crops, augment, Sampler(1, (0,)), expected=lambda: steps)
        return np.array([b.image.mean() - 1 for b in islice(stream, 3)])

    assert_allclose(change(6), change(1200) / 2, rtol=1e-3)
    assert_allclose(change(1), change(1200) / 3, rtol=1e-3)


def test_so_many_images_are_hidden_as_asked_and_none_that_stand_alone():
    beside = [replace(source, given={"age": np.ones(1, np.float32)}) for source in sources(2, size=8)]
    crops = CropSettings((8, 8), hidden=0.5)
    hidden = np.concatenate([b.given[HIDDEN] for b in take(200, beside, crops, NOTHING, 2, (0,))])
    assert hidden.shape == (400, 1) and set(hidden.ravel()) == {0.0, 1.0}
    assert 0.4 < hidden.mean() < 0.6
    assert HIDDEN not in take(1, sources(2, size=8), crops, NOTHING, 2, (0,))[0].given
    assert HIDDEN not in take(1, beside, CropSettings((8, 8)), NOTHING, 2, (0,))[0].given


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("how", [{"rotation": 15.0, "scale": 0.15}, {"elastic": 0.1}])
def test_the_upright_share_is_copied_voxel_by_voxel_and_the_others_are_not(dims, how):
    image = np.random.default_rng(0).random((1, *(20,) * dims))
    case = Source(image.astype(np.float16), np.full((1, dims), 9.0), np.array([True]))
    some = AugmentSettings(**vars(NOTHING) | {"share": 0.25} | how)
    drawn = take(400, [case], CropSettings((8,) * dims, jitter=2.0), some, 1, (0,))
    upright = [bool(np.isin(batch.image, case.voxels).all()) for batch in drawn]
    assert np.mean(upright) == pytest.approx(0.75, abs=0.07)


def test_two_processes_see_each_case_twice_as_soon():
    assert Sampler(2, (0,)).sightings(30, 20) == 3
    assert Sampler(2, (0,), ranks=2).sightings(30, 20) == 6


def test_another_seed_is_another_batch():
    args = sources(2), CropSettings((16, 16)), AugmentSettings(), 2
    assert not np.array_equal(take(1, *args, (0, 0))[0].image, take(1, *args, (0, 1))[0].image)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_every_case_comes_once_before_any_comes_twice(size):
    crops = CropSettings((4,), jitter=1.0)
    seen = [int(crop.max()) for b in take(10, sources(1), crops, NOTHING, size, (0,)) for crop in b.image]
    for deck in range(len(seen) // 5):
        assert sorted(seen[5 * deck : 5 * deck + 5]) == [1, 2, 3, 4, 5]
    assert len({tuple(seen[5 * d : 5 * d + 5]) for d in range(len(seen) // 5)}) > 1  # shuffled anew


@pytest.mark.parametrize("size", [1, 2])
def test_processes_that_train_together_share_out_one_deck(size):
    crops = CropSettings((4,), jitter=1.0)
    parts = [take(10, sources(1), crops, NOTHING, size, (0,), rank=r, ranks=3) for r in range(3)]
    together = [int(crop.max()) for step in zip(*parts, strict=True) for b in step for crop in b.image]
    alone = [int(crop.max()) for b in take(10, sources(1), crops, NOTHING, 3 * size, (0,)) for crop in b.image]
    assert together == alone
    assert not np.array_equal(parts[0][0].points, parts[1][0].points)  # jitter of their own


@pytest.mark.parametrize("dims", DIMS)
def test_a_batch_has_the_shapes_and_types_the_network_takes(dims):
    batch = take(1, sources(dims), CropSettings((16, 8, 24)[:dims]), AugmentSettings(), 3, (0,))[0]
    assert batch.image.shape == (3, 1, *(16, 8, 24)[:dims])
    assert (batch.image.dtype, batch.points.dtype) == (np.float32, np.float32)
    assert batch.points.shape == (3, 2, dims)
    assert batch.known.tolist() == [[True, False]] * 3
    assert np.isnan(batch.points[:, 1]).all()


@pytest.mark.parametrize("dims", DIMS)
def test_crops_are_aimed_within_the_jitter_of_a_landmark_that_has_a_position(dims):
    crops = CropSettings((8,) * dims, jitter=3.0)
    for batch in take(8, sources(dims), crops, NOTHING, 2, (0,)):
        assert (np.abs(batch.points[:, 0] - 3.5) <= 3.5 + 1e-6).all()  # half a voxel for whole voxels


@pytest.mark.parametrize("dims", DIMS)
def test_a_landmark_lies_anywhere_inside_a_crop_whose_thin_axis_holds_no_other_back(dims):
    shape = (4, 30, 16)[:dims]
    case = Source(np.zeros((1, *(80,) * dims), np.float16), np.full((1, dims), 40.0), np.array([True]))
    turned = AugmentSettings(**vars(NOTHING) | {"rotation": 1e-9, "scale": 1e-9, "share": 1.0})  # nothing is rounded
    drawn = take(300, [case], CropSettings(shape, jitter=8.0), turned, 1, (0,))
    off = np.abs(np.stack([b.points[0, 0] for b in drawn]) - (np.array(shape) - 1) / 2).max(0)
    reach = np.array([2.0, 8.0, 8.0])[:dims]
    assert (off <= reach + 1e-4).all() and (off > 0.95 * reach).all()


def test_every_landmark_is_aimed_at():
    points = np.array([[10.0], [90.0], [np.nan]])
    source = Source(np.zeros((1, 100), np.float32), points, np.array([True, True, True]))
    drawn = take(20, [source], CropSettings((8,), jitter=0.0), NOTHING, 1, (0,))
    aimed = Counter(int(np.nanargmin(np.abs(b.points[0, :, 0] - 3.5))) for b in drawn)
    assert set(aimed) == {0, 1}


def test_a_case_without_any_position_is_cut_anywhere():
    source = Source(np.ones((1, 100), np.float32), np.full((1, 1), np.nan), np.array([True]))
    batch = take(1, [source], CropSettings((8,), jitter=3.0), NOTHING, 2, (0,))[0]
    assert (batch.image == 1).any()


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("size", [12, 28])
def test_a_whole_scan_overlaps_its_canvas_as_far_as_it_can(dims, size):
    canvas = (16,) * dims
    for batch in take(10, sources(dims, size=size), CropSettings(canvas), NOTHING, 1, (0,)):
        filled = (batch.image[0, 0] > 0).any(tuple(range(1, dims))).sum()
        assert filled >= min(size, 16) - 3  # moved past its edge by two voxels, and half a voxel for whole voxels


def test_cut_crops_end_near_a_landmark_which_may_then_be_absent():
    crops = CropSettings((41, 41), jitter=0.0, cut=1.0, margin=4.0)
    source = Source(np.ones((1, 60, 60), np.float32), np.array([[30.0, 30.0]]), np.array([True]))
    drawn = take(40, [source], crops, NOTHING, 1, (0,))
    edges = [float((b.image[0, 0] > 0).mean()) for b in drawn]
    assert all(0.2 <= e <= 0.8 for e in edges)  # the plane lies within a quarter of the crop from its middle
    assert 5 <= sum(np.isnan(b.points).any() for b in drawn) <= 35
    for batch in drawn:
        assert np.isnan(batch.points).any() == (batch.image[0, 0, 16:25, 16:25].max() == 0)  # four voxels around it


def test_the_landmarks_of_a_crop_lie_on_what_they_mark():
    image = np.zeros((30, 40), np.float32)
    image[11, 23] = 1
    source = Source(image[None], np.array([[11.0, 23.0]]), np.array([True]))
    for batch in take(10, [source], CropSettings((16, 16), jitter=4.0), NOTHING, 1, (0,)):
        assert_allclose(np.argwhere(batch.image[0, 0] == 1), batch.points[0])


def test_a_canvas_holds_four_in_five_scans_in_whole_strides_worked_out_by_hand():
    lines = [(n,) for n in (10, 20, 30, 40, 50)]
    # The 80th percentile is 42.
    assert canvas_shape(lines, stride=8, largest=112) == (48,)
    assert canvas_shape(lines, stride=4, largest=112) == (44,)
    assert canvas_shape(lines, stride=8, largest=44) == (40,)


def test_composites_have_the_upper_part_of_one_and_the_lower_of_another_and_are_neither():
    """Identity n is an image of grey n: what a composite shows far from the seam says who it was made of."""
    middle = np.array([[11.5, 11.5]]), np.array([True])
    sources = [
        Source(np.full((1, 24, 24), n, np.float32), *middle, values={IDENTITY: np.array([n])})
        for n in np.repeat(np.arange(6.0), 2)
    ]
    plain = AugmentSettings(rotation=0, scale=0, brightness=0, contrast=0, noise=0, share=0, composite=0.5)
    sampler = Sampler(12, (3,), groups=tuple((2 * n, 2 * n + 1) for n in range(6)), together=2)
    stream = batches(sources, CropSettings((24, 24), jitter=0.0), plain, sampler)
    made, ways = 0, set()
    for _ in range(8):
        batch = next(stream)
        assert len(batch.image) == 12
        for image, who in zip(batch.image[:, 0], batch.values[IDENTITY][:, 0], strict=True):
            top, bottom = image[0, 12].round(2), image[-1, 12].round(2)
            if who >= 0:
                assert top == bottom == who
            else:
                one = -1 - who
                assert top != bottom and one in (top, bottom)
                made, ways = made + 1, ways | {one == top}
    assert 0.25 < made / 96 < 0.6 and ways == {True, False}  # half of them, less those whose partner is themselves


def test_a_batch_holds_several_cases_of_each_identity_and_all_identities_in_turn():
    sampler = Sampler(6, (1,), groups=tuple((3 * n, 3 * n + 1, 3 * n + 2) for n in range(6)), together=2)
    seen = []
    for step in range(4):
        numbers = sampler.cases(step, 18)
        people = [number // 3 for number in numbers]
        assert len(numbers) == len(set(numbers)) == 6 and all(people.count(p) == 2 for p in people)
        seen += sorted(set(people))
    assert sorted(seen[:6]) == sorted(seen[6:]) == list(range(6))
    assert sampler.cases(2, 18) == sampler.cases(2, 18)


@pytest.mark.parametrize(("people", "size"), [(5, 2), (9, 2), (7, 12), (2, 2), (1, 2)])
def test_a_step_holds_as_many_identities_as_asked_where_two_decks_meet(people, size):
    sampler = Sampler(size, (0, 0), groups=tuple((n,) for n in range(people)), together=2)
    wanted = min(max(2, size // 2), people)
    dealt = [sampler.cases(step, people) for step in range(60)]
    assert all(len(set(numbers)) == len(numbers) == wanted for numbers in dealt)
    assert sampler.cases(7, people) == dealt[7]
