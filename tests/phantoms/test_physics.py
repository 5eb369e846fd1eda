"""Kernel and noise: what is asked for is what comes out, and nothing moves."""

import numpy as np
import pytest

from pipeline.phantoms.physics import HIGHEST, Physics, acquire, draw_physics, kernel


@pytest.mark.parametrize("sharpen", [0.0, 0.25])
def test_a_kernel_keeps_the_mean_and_the_place(sharpen):
    weights = kernel(0.8, sharpen)
    assert np.isclose(weights.sum(), 1) and np.allclose(weights, weights[::-1])
    assert (weights.min() < 0) == (sharpen > 0)


@pytest.mark.parametrize("sharpen", [0.0, 0.2])
def test_noise_has_the_stated_strength_in_the_middle_and_is_grainy(sharpen):
    scan = acquire(
        np.random.default_rng(0), np.zeros((48, 48, 48), np.float32), Physics(30, (0.8, 0.8, 0.6), sharpen, 2)
    )
    middle = scan[16:32, 16:32, 16:32].astype(float)
    assert 29 < middle.std() < 34 > scan[:8, :8, :8].std()
    beside = np.corrcoef(middle[:-1].ravel(), middle[1:].ravel())[0, 1]
    assert beside > 0.1


def test_the_kernel_moves_nothing():
    truth = np.zeros((21, 21), np.float32)
    truth[7, 11] = 8000
    scan = acquire(np.random.default_rng(0), truth, Physics(0, (0.7, 0.7), 0.0, 0))
    assert np.unravel_index(scan.argmax(), scan.shape) == (7, 11)
    assert np.array_equal(scan[7 - 3 : 7 + 4, 11], scan[7 - 3 : 7 + 4, 11][::-1])


def test_values_stay_in_the_range_of_the_file():
    bright = acquire(np.random.default_rng(0), np.full((5, 5), 1e5, np.float32), Physics(0, (0.7, 0.7), 0.0, 0))
    assert bright.min() == bright.max() == HIGHEST


def test_dose_is_drawn_within_its_range():
    noise = [draw_physics(np.random.default_rng(k), 3, 2).noise for k in range(50)]
    assert min(noise) >= 10 and max(noise) <= 40 and np.ptp(noise) > 15
