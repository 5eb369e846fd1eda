"""Where patches lie."""

import numpy as np
import pytest
import torch
from crooked import DIMS

from pipeline.grid.patch_grid import PatchGrid


def test_patch_centres_of_three_conv_and_pool_stages_worked_out_by_hand():
    assert PatchGrid((3,), stride=8, first=3.5).centres().tolist() == [[3.5, 11.5, 19.5]]


def test_centres_run_through_the_last_axis_first():
    centres = PatchGrid((2, 3), stride=4, first=1.5).centres()
    assert centres.tolist() == [[1.5, 1.5, 1.5, 5.5, 5.5, 5.5], [1.5, 5.5, 9.5, 1.5, 5.5, 9.5]]


@pytest.mark.parametrize("dims", DIMS)
def test_the_number_of_a_cell_is_its_place_in_c_order(dims):
    shape = (3, 4, 5)[:dims]
    cells = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), -1)
    numbers = PatchGrid(shape, 8, 3.5).flat(torch.from_numpy(cells))
    assert numbers.tolist() == np.ravel_multi_index(tuple(cells.T), shape).tolist()


@pytest.mark.parametrize("dims", DIMS)
def test_every_centre_lies_in_its_own_cell(dims):
    grid = PatchGrid((3, 4, 5)[:dims], 4, 1.5)
    cells = grid.cell_of(grid.centres().T)
    assert grid.flat(cells).tolist() == list(range(int(np.prod(grid.shape))))


def test_a_patch_holds_its_first_edge_and_not_its_last():
    grid = PatchGrid((2,), stride=8, first=3.5)  # patches [-0.5, 7.5) and [7.5, 15.5)
    points = torch.tensor([[-0.51], [-0.5], [7.49], [7.5], [15.49], [15.5]])
    assert grid.cell_of(points)[:, 0].tolist() == [-1, 0, 0, 1, 1, 2]


def test_cells_around_a_point_worked_out_by_hand():
    grid = PatchGrid((2, 3), stride=4, first=1.5)
    numbers, on_grid, centres = grid.around(torch.tensor([[5.0, 2.0]]), 1)
    # Cell (1, 0) holds it; row 2 and column -1 are off the grid.
    assert numbers.tolist() == [[0, 0, 1, 0, 3, 4, 0, 0, 0]]
    assert on_grid.tolist() == [[False, True, True, False, True, True, False, False, False]]
    assert centres[0, 4].tolist() == [5.5, 1.5]
