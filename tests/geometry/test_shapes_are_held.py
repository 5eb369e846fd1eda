"""The test run holds signatures to the shapes they promise (tests/shapes.py)."""

import numpy as np
import pytest
import torch
from crooked import upright_frame

from pipeline.grid.patch_grid import PatchGrid
from pipeline.tasks.regions import regions


def test_an_array_with_an_axis_too_few_is_noticed():
    with pytest.raises(TypeError, match=r"'points'.\nActual value: f64\[2\]"):
        upright_frame((4, 4)).voxel_to_world(np.zeros(2))


def test_numbers_of_the_wrong_type_are_noticed():
    with pytest.raises(TypeError, match=r"'prior'.\nActual value: i64"):
        regions(np.zeros((2, 3), int), (9, 9, 9), 2.0)
    with pytest.raises(TypeError, match=r"'cells'.\nActual value: f32"):
        PatchGrid((4,), 8, 3.5).flat(torch.zeros(2, 1))
