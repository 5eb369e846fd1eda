"""Voxel sizes of the levels when nobody states them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.derive import COARSE_VOXELS, LARGEST_STEP, ONE_LEVEL, derive_spacings


def test_the_spacings_of_a_cardiac_scan_worked_out_by_hand():
    # 200 mm cubed at 0.4: 8e6 mm3 / 80,000 voxels = 100 mm3 = 4.64 mm cubed; 4.64 / 0.4 = 11.6 needs two steps of 3.4.
    assert derive_spacings([(500, 500, 500)], [(0.4, 0.4, 0.4)]) == (4.6, 1.4, 0.4)


def test_a_photograph_and_a_line_have_levels_too():
    assert derive_spacings([(1000, 1000)], [(1, 1)]) == (8.9, 3.0, 1.0)  # 112 pixels fit
    assert derive_spacings([(100,)], [(2.5,)]) == (2.5,)


def test_a_scan_that_is_small_enough_to_be_seen_whole_has_one_level():
    assert derive_spacings([(50, 40, 40)], [(1, 1, 1)]) == (1.0,)  # 80,000 voxels
    assert derive_spacings([(50, 50, 60)], [(1, 1, 1)]) == (1.0,)  # 1.23 times as coarse would fit: hardly a level
    assert derive_spacings([(50, 50, 64)], [(1, 1, 1)]) == (1.3, 1.0)


@given(shape=st.lists(st.integers(8, 600), min_size=3, max_size=3), size=st.floats(0.2, 3), slices=st.floats(1, 6))
def test_levels_fall_from_one_that_fits_to_the_finest_axis_in_steps_below_four(shape, size, slices):
    levels = derive_spacings([shape], [(size * slices, size, size)])
    assert levels[-1] == pytest.approx(size, rel=0.06)
    assert (np.diff(levels) <= 0).all()
    assert (np.array(levels[:-1]) / levels[1:] <= LARGEST_STEP * 1.12).all()  # two digits
    assert np.prod(np.array(shape) * (size * slices, size, size) / levels[0]) <= COARSE_VOXELS * 1.2 * (
        ONE_LEVEL**3 if len(levels) == 1 else 1
    )


def test_the_median_scan_decides_and_not_the_odd_one_out():
    usual = [(100, 100, 100)] * 4, [(1.0, 1.0, 1.0)] * 4
    expected = derive_spacings(*usual)
    assert derive_spacings([*usual[0], (900, 900, 900)], [*usual[1], (0.1, 0.1, 0.1)]) == expected
