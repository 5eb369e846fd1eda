"""The test run holds signatures to the shapes they promise (tests/shapes.py)."""

import numpy as np
import pytest
import torch
from crooked import upright_frame

from pipeline.grid.patch_grid import PatchGrid
from pipeline.losses.values import labels_entropy
from pipeline.tasks.regions import regions


def test_an_array_with_an_axis_too_few_is_noticed():
    with pytest.raises(TypeError, match=r"points: .* promised, float64 of shape \(2,\) given"):
        upright_frame((4, 4)).voxel_to_world(np.zeros(2))


def test_numbers_of_the_wrong_type_are_noticed():
    with pytest.raises(TypeError, match=r"prior: .* promised, int64 of shape \(2, 3\) given"):
        regions(np.zeros((2, 3), int), (9, 9, 9), 2.0)
    with pytest.raises(TypeError, match=r"cells: .* promised, torch.float32 of shape \(2, 1\) given"):
        PatchGrid((4,), 8, 3.5).flat(torch.zeros(2, 1))


def test_a_letter_means_one_number_within_a_call():
    with pytest.raises(TypeError, match=r"truth: .* promised, torch.float32 of shape \(3, 4\) given"):
        labels_entropy(torch.zeros(2, 4), torch.zeros(3, 4))
