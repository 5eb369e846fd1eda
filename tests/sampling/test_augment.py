"""Random changes stay within what was asked for."""

import numpy as np
import pytest
from crooked import DIMS
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.sampling.augment import AugmentSettings, change_grey, change_sharpness, erase_box, random_matrix

NOTHING = AugmentSettings(rotation=0.0, scale=0.0, brightness=0.0, contrast=0.0, noise=0.0, share=1.0)
RAMP = np.linspace(0, 1, 101, dtype=np.float32)


def grey(seed, **settings):
    return change_grey(np.random.default_rng(seed), RAMP.copy(), AugmentSettings(**vars(NOTHING) | settings))


@pytest.mark.parametrize("dims", DIMS)
@given(seed=st.integers(0, 2**32 - 1))
def test_sizes_and_angles_stay_within_their_ranges(dims, seed):
    matrix = random_matrix(np.random.default_rng(seed), dims, AugmentSettings(rotation=10.0, scale=0.1, share=1.0))
    sizes = np.linalg.norm(matrix, axis=0)
    assert (np.abs(sizes - 1) <= 0.15 + 1e-9).all()
    turn = matrix / sizes
    assert_allclose(turn.T @ turn, np.eye(dims), atol=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1)  # never mirrored
    angles = np.degrees(np.arccos(np.clip(np.diag(turn), -1, 1)))
    assert (angles <= 10 * (dims - 1) + 1e-6).all()


@pytest.mark.parametrize("dims", DIMS)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_world_is_turned_not_its_voxels(dims, seed):
    spacing, settings = np.array([3.0, 0.5, 1.2])[:dims], AugmentSettings(rotation=30.0, scale=0.0, share=1.0)
    matrix = random_matrix(np.random.default_rng(seed), dims, settings, spacing)
    turn = matrix * spacing[:, None] / spacing
    assert_allclose(turn.T @ turn, np.eye(dims), atol=1e-9)
    alike = random_matrix(np.random.default_rng(seed), dims, settings, np.full(dims, 0.7))
    assert_array_equal(alike, random_matrix(np.random.default_rng(seed), dims, settings))


@pytest.mark.parametrize("dims", DIMS)
def test_nothing_asked_is_nothing_done(dims):
    assert_allclose(random_matrix(np.random.default_rng(0), dims, NOTHING), np.eye(dims), atol=1e-15)
    assert_allclose(grey(0), RAMP, atol=1e-6)


def test_brightness_adds_one_constant():
    change = grey(1, brightness=0.05) - RAMP
    assert_allclose(change, change[0], atol=1e-6)
    assert 0 < abs(change[0]) < 0.25


def test_contrast_turns_about_the_middle_grey():
    changed = grey(1, contrast=0.1)
    assert changed[50] == pytest.approx(0.5, abs=1e-6)
    assert_allclose(np.diff(changed), np.diff(changed)[0], rtol=1e-3)
    assert np.exp(-0.5) < np.diff(changed)[0] * 100 < np.exp(0.5)


def test_noise_is_white_and_no_stronger_than_asked():
    strengths = [(grey(s, noise=0.02) - RAMP).std() for s in range(50)]
    assert min(strengths) > 0
    assert max(strengths) < 0.025


def test_the_same_seed_gives_the_same_change():
    assert_array_equal(grey(3, brightness=0.1, noise=0.1), grey(3, brightness=0.1, noise=0.1))


def sharpness(seed, voxels, **settings):
    return change_sharpness(np.random.default_rng(seed), voxels[None], AugmentSettings(**vars(NOTHING) | settings))[0]


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("how", ["blur", "slices"])
def test_about_half_of_the_samples_lose_sharpness_and_none_its_place_or_its_mean(dims, how):
    spot = np.zeros((41,) * dims, np.float32)
    spot[(20,) * dims] = 1
    changed = [sharpness(seed, spot, **{how: 4.0}) for seed in range(60)]
    dull = [c for c in changed if c.max() < 1]
    assert 15 < len(dull) < 45
    assert all(c.dtype == np.float32 and c.shape == spot.shape for c in changed)
    places = np.array(
        [[c.sum((*range(a), *range(a + 1, dims))) @ np.arange(41) / c.sum() for a in range(dims)] for c in dull]
    )
    assert np.abs(places - 20).max() < (0.01 if how == "blur" else 2.0)  # a slice lies up to half a distance off
    assert np.abs(places.mean(0) - 20).max() < 0.3


@pytest.mark.parametrize("slices", [1.5, 3.0, 6.0])
def test_half_of_the_samples_are_seen_through_slices_however_thick(slices):
    noise = np.random.default_rng(0).random((12, 12)).astype(np.float32)
    changed = [not np.array_equal(sharpness(seed, noise, slices=slices), noise) for seed in range(400)]
    assert np.mean(changed) == pytest.approx(0.5, abs=0.07)


def test_thick_slices_leave_a_ramp_as_it_is():
    ramp = np.linspace(0, 1, 60, dtype=np.float32)
    for seed in range(30):
        assert_allclose(sharpness(seed, ramp, slices=5.0)[10:-10], ramp[10:-10], atol=0.2 / 59)  # a fifth of a voxel


def test_blur_is_no_wider_than_asked():
    spot = np.zeros(101, np.float32)
    spot[50] = 1
    widths = [np.sqrt(sharpness(s, spot, blur=2.0) @ (np.arange(101) - 50.0) ** 2) for s in range(60)]
    assert 1.5 < max(widths) <= 2.05


def test_ranges_grow_with_how_often_each_case_will_be_seen_worked_out_by_hand():
    settings = AugmentSettings(rotation=30.0, noise=0.06, share=0.8, mirror=0.5, sightings=60.0)
    assert [settings.when_seen(n).rotation for n in (0, 20, 30, 60, np.inf)] == [10, 10, 15, 30, 30]
    half = settings.when_seen(30)
    assert (half.scale, half.brightness, half.contrast) == (0.075, 0.025, 0.075)
    assert (half.noise, half.share, half.mirror) == (0.06, 0.8, 0.5)
    assert AugmentSettings(rotation=30.0).when_seen(0).rotation == 30


@pytest.mark.parametrize("dims", DIMS)
def test_a_box_of_one_grey_hides_a_part_of_a_share_of_the_samples(dims):
    rng, shape = np.random.default_rng(0), (2, *(30,) * dims)
    hidden = []
    for _ in range(200):
        voxels = erase_box(rng, np.full(shape, 7.0, np.float32), AugmentSettings(erase=0.5))
        changed = np.argwhere((voxels != 7).all(0))
        assert ((voxels == 7).all(0) | (voxels != 7).all(0)).all()  # all channels alike
        hidden.append(len(changed))
        if len(changed):
            size = np.ptp(changed, axis=0) + 1
            assert len(changed) == size.prod() and (size >= 5).all() and (size <= 12).all()
            assert len(np.unique(voxels[:, *changed[0]])) == 1
    assert 70 < np.count_nonzero(hidden) < 130
    assert_array_equal(erase_box(rng, np.full(shape, 7.0), AugmentSettings()), np.full(shape, 7.0))
