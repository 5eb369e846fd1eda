"""Transforms between points: what moved them is found again, and what cannot be known is refused."""

import numpy as np
import pytest
from crooked import DIMS
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pipeline.errors import GeometryError
from pipeline.geometry.fit import affine, rigid, similarity
from pipeline.phantoms.pose import turn


def moved(points, matrix):
    return points @ matrix[:-1, :-1].T + matrix[:-1, -1]


@pytest.mark.parametrize("dims", [d for d in DIMS if d > 1])
@given(seed=st.integers(0, 10**6))
def test_a_similarity_is_found_again(dims, seed):
    rng = np.random.default_rng(seed)
    matrix = np.eye(dims + 1)
    matrix[:-1, :-1] = rng.uniform(0.2, 5) * turn(rng, 60, dims)
    matrix[:-1, -1] = rng.normal(0, 50, dims)
    points = rng.normal(0, 10, (dims + 2, dims))
    assert_allclose(similarity(points, moved(points, matrix)), matrix, atol=1e-6)


@pytest.mark.parametrize("dims", [d for d in DIMS if d > 1])
@given(seed=st.integers(0, 10**6))
def test_a_rigid_transform_is_found_again_and_sizes_stay(dims, seed):
    rng = np.random.default_rng(seed)
    matrix = np.eye(dims + 1)
    matrix[:-1, :-1], matrix[:-1, -1] = turn(rng, 60, dims), rng.normal(0, 50, dims)
    points = rng.normal(0, 10, (dims + 2, dims))
    assert_allclose(rigid(points, moved(points, matrix)), matrix, atol=1e-6)
    larger = rigid(points, 3 * points)
    assert_allclose(larger[:-1, :-1] @ larger[:-1, :-1].T, np.eye(dims), atol=1e-9)


def test_two_points_of_a_picture_fix_a_similarity_and_it_mirrors_nothing():
    matrix = similarity(np.array([[10.0, 0], [-10, 0]]), np.array([[0.0, 5], [0, -5]]))
    assert_allclose(matrix[:-1, :-1], [[0, -0.5], [0.5, 0]], atol=1e-9)
    mirrored = np.array([[0.0, 0], [1, 0], [0, 1]])
    found = similarity(mirrored, mirrored * [-1, 1])
    assert np.linalg.det(found[:-1, :-1]) > 0


@pytest.mark.parametrize("dims", DIMS)
def test_any_linear_map_is_found_again(dims):
    rng = np.random.default_rng(dims)
    matrix = np.eye(dims + 1)
    matrix[:-1] = rng.normal(0, 2, (dims, dims + 1))
    points = rng.normal(0, 10, (dims + 1, dims))
    assert_allclose(affine(points, moved(points, matrix)), matrix, atol=1e-8)


@pytest.mark.parametrize(
    ("fit", "points", "complaint"),
    [
        (similarity, [[1.0, 2]], "at least 2"),
        (similarity, [[1.0, 2], [1, 2]], "at one place"),
        (affine, [[0.0, 0], [1, 1]], "at least 3"),
        (affine, [[0.0, 0], [1, 1], [2, 2]], "one line"),
        (rigid, [[0.0, 0, 0], [1, 2, 3], [3, 6, 9]], "one line"),
        (similarity, [[0.0, 0, 0], [1, 2, 3], [3, 6, 9]], "one line"),
    ],
)
def test_points_that_fix_nothing_are_refused(fit, points, complaint):
    with pytest.raises(GeometryError, match=complaint):
        fit(np.array(points), np.array(points) + 3)
