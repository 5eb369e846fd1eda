"""From a scanner's values to about 0..1."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pipeline.data import intensity
from pipeline.data.intensity import Normalisation, derive_normalisation, normalise


def test_a_window_is_the_same_for_every_scan():
    assert Normalisation("window", -200.0, 800.0).range_of(np.array([5, 6])) == (-200.0, 800.0)


def test_percentiles_are_each_scans_own_worked_out_by_hand():
    voxels = np.concatenate([np.full(101, 10.0), np.arange(100.0, 201.0)])
    # Half-way between the means 10 and 150 lies 80: the bright ones run from 100 to 200.
    assert Normalisation("percentile", 0.0, 98.0).range_of(voxels.reshape(2, 101)) == (10.0, 198.0)


@pytest.mark.parametrize("fill", [0.0, 3.0])
def test_corners_that_a_copy_fills_do_not_change_the_scale(fill):
    scan = np.random.default_rng(0).gamma(4, 20, (20, 20, 20))
    scan[:, :4] = 0
    padded = np.pad(scan, 15, constant_values=fill)
    own = Normalisation("percentile", 0.5, 98.0)
    assert own.range_of(padded) == pytest.approx(own.range_of(scan), abs=0.05 * scan.max())


def test_a_few_voxels_of_metal_are_no_class_of_their_own():
    scan = np.random.default_rng(0).normal(100, 20, 20_000)
    clean = Normalisation("percentile", 0.5, 98.0).range_of(scan)
    scan[:10] = 30_000
    assert Normalisation("percentile", 0.5, 98.0).range_of(scan) == pytest.approx(clean, rel=0.05)


def test_a_scan_of_one_value_is_not_divided_by_zero():
    assert Normalisation("percentile", 0.5, 98.0).range_of(np.full((4, 4), 7)) == (7.0, 8.0)


def test_large_scans_are_looked_at_in_part(monkeypatch):
    monkeypatch.setattr(intensity, "SAMPLES", 1000)
    voxels = np.random.default_rng(0).normal(100, 10, (60, 60, 60))
    low, high = Normalisation("percentile", 5.0, 90.0).range_of(voxels)
    # The bright half: its 90th percentile is the 95th of all.
    assert (low, high) == pytest.approx((100 - 16.4, 100 + 16.4), abs=2.5)


def test_normalising_worked_out_by_hand_and_metal_is_clipped():
    values = np.array([-9000.0, -1000, -200, 300, 800, 2700, 30000], np.float32)
    assert_allclose(normalise(values, -200, 800), [-0.5, -0.5, 0, 0.5, 1, 2, 2])
    assert normalise(values, -200, 800).dtype == np.float32


def test_scales_that_reach_far_below_zero_are_hounsfield_units_and_get_one_window():
    assert derive_normalisation([(-1000, 900), (-1020, 1100), (-990, 1000)]) == Normalisation("window", -1000.0, 1000.0)


def test_padding_below_air_does_not_widen_the_window():
    assert derive_normalisation([(-3024, 900)]) == Normalisation("window", -1024.0, 900.0)


@pytest.mark.parametrize("ranges", [[(0, 900)], [(-199, 900)], [(0, 9), (-1000, 900), (3, 4000)]])
def test_other_scales_get_each_scans_own_percentiles(ranges):
    assert derive_normalisation(ranges) == Normalisation("percentile", 0.5, 98.0)
