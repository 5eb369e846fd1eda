"""Signed distances, spaces and painting: laws at D = 1, 2 and 3, on crooked frames."""

import numpy as np
import pytest

from pipeline.phantoms.pose import Slabs, Space, turn
from pipeline.phantoms.render import BLOCK, Layer, render
from pipeline.phantoms.shapes import Common, Ellipsoid, Grown, HalfSpace, Pieces, Shell, Tube, Union, bundle
from tests.crooked import DIMS, crooked_frame


@pytest.mark.parametrize("dims", DIMS)
def test_the_distance_from_a_ball_is_known(dims):
    ball = Ellipsoid(np.full(dims, 1.0), np.full(dims, 4.0))
    points = np.full((dims, 3), 1.0)
    points[0] += [0, 3, 9]
    assert np.allclose(ball.distance(points)[1:], [-1, 5], atol=1e-4)
    assert ball.distance(points)[0] < -3.9


def test_an_ellipsoid_is_zero_on_its_surface_and_turns_with_its_axes():
    axes = np.array([[0.0, -1], [1, 0]])
    shape = Ellipsoid(np.zeros(2), np.array([5.0, 2]), axes)
    assert np.allclose(shape.distance(np.array([[0.0, 2], [5, 0]])), 0, atol=1e-5)


@pytest.mark.parametrize("dims", DIMS)
def test_a_tube_is_exact_near_and_never_too_far(dims):
    rng = np.random.default_rng(0)
    knots = np.cumsum(rng.normal(0, 5, (30, dims)), axis=0)
    radii = rng.uniform(0.5, 2, 30)
    points = knots[4][:, None] + rng.uniform(-6, 6, (dims, 3000))
    exact = Pieces(knots[:-1], knots[1:], np.stack([radii[:-1], radii[1:]], 1), 1e9)._all(points).min(axis=0)
    found = Tube(knots, radii, band=3.0).distance(points)
    near = exact < 3
    assert near.any() and np.allclose(found[near], exact[near]) and (found <= exact + 1e-9).all()


def test_a_tube_tapers_evenly():
    tube = Tube(np.array([[0.0, 0], [10, 0]]), np.array([2.0, 1.0]))
    assert np.allclose(tube.distance(np.array([[0.0, 5, 10], [3, 3, 3]])), [1, 1.5, 2])


def test_shapes_combine():
    ball = Ellipsoid(np.zeros(1), np.array([2.0]))
    half = HalfSpace(np.array([1.0]), np.array([2.0]))
    at = np.array([[1.5]])
    assert np.allclose(ball.distance(at), -0.5, atol=1e-5) and np.allclose(half.distance(at), 0.5)
    assert np.allclose(Union((ball, half)).distance(at), -0.5, atol=1e-5)
    assert np.allclose(Common((ball, half)).distance(at), 0.5)
    assert np.allclose(Grown(ball, 1).distance(at), -1.5, atol=1e-5)
    assert np.allclose(Shell(ball, 0.6).distance(at), 0.2, atol=1e-5)
    assert Union((ball, ball), 1.0).distance(at)[0] < -0.7
    tubes = [Tube(np.array([[0.0], [k + 1.0]]), np.ones(2)) for k in range(3)]
    assert np.allclose(bundle(tubes, 9).distance(np.array([[5.0]])), 1)


@pytest.mark.parametrize("dims", DIMS)
def test_a_space_leads_back_where_it_came_from_with_and_without_slabs(dims):
    rng = np.random.default_rng(dims)
    axes = turn(rng, 40, dims)
    assert np.allclose(axes.T @ axes, np.eye(dims)) and np.isclose(np.linalg.det(axes), 1)
    normal = axes[:, -1]
    shifts = rng.normal(0, 2, (3, dims))
    shifts -= np.outer(shifts @ normal, normal)
    for slabs in (None, Slabs(normal, np.array([-3.0, 4.0]), shifts)):
        space = Space(rng.normal(0, 5, dims), axes, 1.3, slabs).inside(Space(np.ones(dims), np.eye(dims), 0.9))
        local = rng.normal(0, 8, (50, dims))
        assert np.allclose(space.to_local(space.to_world(local).T).T, local)


@pytest.mark.parametrize("dims", DIMS)
def test_painting_block_by_block_equals_painting_every_voxel(dims):
    rng = np.random.default_rng(10 + dims)
    frame = crooked_frame(rng, (2 * BLOCK + 7,) * dims, spacing=rng.uniform(0.7, 1.4, dims))
    centre = frame.voxel_to_world(np.full((1, dims), BLOCK))[0]
    shapes = [
        Ellipsoid(centre, np.linspace(6, 25, dims), turn(rng, 30, dims)),
        Ellipsoid(centre + 3, np.full(dims, 5.0)),
    ]
    knots = centre + np.cumsum(rng.normal(0, 6, (12, dims)), axis=0)
    shapes += [Tube(knots, np.linspace(3, 1, 12), band=2.0), HalfSpace(centre - 9, rng.normal(0, 1, dims))]
    values = [100.0, lambda points: points[0], 300.0, -50.0]
    layers = [Layer(s, v, "world") for s, v in zip(shapes, values, strict=True)]
    layers[1] = Layer(shapes[1], values[1], "world", opacity=0.5, ghosts=((1.0,) * dims, (-1.0,) * dims))
    spaces = {"world": Space(np.zeros(dims), np.eye(dims))}
    whole = render(frame, layers, spaces, 7.0)
    points = frame.voxel_to_world(np.stack(np.unravel_index(np.arange(whole.size), whole.shape), -1)).T
    edge = np.prod(frame.spacing) ** (1 / dims)
    wanted = np.full(whole.size, 7.0)
    for layer in layers:
        seen = [points - np.array(g)[:, None] for g in layer.ghosts] or [points]
        cover = np.mean([np.clip(0.5 - layer.shape.distance(p) / edge, 0, 1) for p in seen], axis=0) * layer.opacity
        wanted += cover * ((layer.value(points) if callable(layer.value) else layer.value) - wanted)
    assert np.abs(whole.ravel() - wanted).max() < 0.5
