"""Which cells of a whole scan may vote."""

import numpy as np
import pytest
import torch

from pipeline.grid.largest import largest


@pytest.mark.parametrize("cells", [300, 301, 1199, 1200, 1201, 17_576, 17_577])
def test_the_largest_of_a_row_are_found_wherever_they_lie(cells):
    rows = torch.from_numpy(np.random.default_rng(cells).normal(size=(7, cells)))
    expected = rows.argsort(1)[:, -300:].sort(1).values
    assert torch.equal(largest(rows, 300).sort(1).values, expected)


@pytest.mark.parametrize("most", [1, 5, 299, 300])
def test_the_largest_lie_side_by_side_as_well_as_apart(most):
    rows = torch.arange(6000.0).repeat(2, 1)
    rows[1] = rows[1].flip(0)
    found = largest(rows, most).sort(1).values
    assert found.tolist() == [list(range(6000 - most, 6000)), list(range(most))]


def test_cells_that_believe_alike_are_each_taken_once():
    found = largest(torch.zeros(3, 5000), 300)
    assert all(len(set(row)) == 300 and max(row) < 5000 for row in found.tolist())
