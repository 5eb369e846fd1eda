"""Named points."""

import numpy as np
import pytest

from pipeline.errors import GeometryError
from pipeline.geometry import PointSet


def test_positions_come_in_the_order_of_the_names_and_nan_where_there_is_none():
    points = PointSet.from_dict(("c", "a", "b"), {"a": (1, 2), "b": None, "z": (9, 9)}, dims=2)
    assert points.has_position.tolist() == [False, True, False]
    assert points.as_dict() == {"a": [1.0, 2.0]}
    assert np.isnan(points.world[[0, 2]]).all()


def test_a_set_without_points_keeps_its_dimension():
    assert PointSet.from_dict((), {}, dims=3).world.shape == (0, 3)


def test_positions_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        PointSet(("a",), np.zeros((1, 2))).world[0, 0] = 1


def test_as_many_rows_as_names_are_needed():
    with pytest.raises(GeometryError, match="2 names but positions of shape"):
        PointSet(("a", "b"), np.zeros((3, 2)))
    with pytest.raises(GeometryError, match="2 names but positions of shape"):
        PointSet(("a", "b"), [0.0, 0.0])


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(GeometryError, match=r"names repeat: \['a', 'a'\]"):
        PointSet(("a", "b", "a"), np.zeros((3, 2)))
