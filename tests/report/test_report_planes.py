"""Planes show the world as it is, whatever way the file keeps its voxels."""

import numpy as np
import pytest

from pipeline.data.image import Image
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import reorient
from pipeline.report.planes import draw_planes, half_width, planes


def ramp(frame):
    """Voxels whose value is 1 x + 10 y + 100 z of their world position."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in frame.shape], indexing="ij"), -1)
    world = frame.voxel_to_world(index.reshape(-1, len(frame.shape)))
    return Image(frame, (world @ 10.0 ** np.arange(len(frame.shape))).reshape(frame.shape))


def crooked(dims):
    """Oblique, anisotropic, left-handed."""
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(np.eye(dims) + 0.2 * rng.normal(size=(dims, dims)))
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = turn * np.array([0.7, -1.1, 1.6])[:dims]
    affine[:-1, -1] = [-5, 3, 8][:dims]
    return ImageFrame((40, 36, 30)[:dims], affine)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_plane_holds_the_values_of_its_world_positions(dims):
    frame = crooked(dims)
    centre = frame.voxel_to_world(np.array([np.array(frame.shape) / 2]))[0]
    cut = planes(ramp(frame), centre, half=3.0, samples=7)
    assert [p.title for p in cut] == (["axial", "coronal", "sagittal"] if dims > 2 else [""])
    for plane in cut:
        for place in np.ndindex(plane.values.shape):
            world = centre.copy()
            world[list(plane.axes)] += np.array(place[::-1]) - 3.0
            assert plane.values[place] == pytest.approx(world @ 10.0 ** np.arange(dims), abs=1e-3)


def test_turning_the_file_changes_no_picture():
    image = ramp(crooked(3))
    centre = image.frame.voxel_to_world(np.array([[20, 18, 15]]))[0]
    turned = Image(*reversed(reorient(image.voxels, image.frame)))
    for a, b in zip(planes(image, centre, 4), planes(turned, centre, 4), strict=True):
        assert np.allclose(a.values, b.values, atol=1e-3)


def test_what_lies_outside_the_scan_is_not_shown():
    image = ramp(ImageFrame((4,), np.array([[1.0, 0], [0, 1]])))
    values = planes(image, [0.0], half=2.0, samples=5)[0].values
    assert np.isnan(values[:2]).all() and np.isfinite(values[2:]).all()
    assert np.isnan(planes(image, [50.0], half=2.0, samples=5)[0].values).all()


@pytest.mark.parametrize("unit", ["mm", "px"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_picture_is_drawn_in_any_dimension_with_or_without_an_answer(dims, unit):
    frame = crooked(dims)
    image = Image(ImageFrame(frame.shape, frame.affine, unit), ramp(frame).voxels)
    there = frame.voxel_to_world(np.array([np.array(frame.shape) / 2]))[0]
    assert draw_planes(image, there, there + 1).startswith("data:image/png;base64,")
    assert draw_planes(image, there + 1000, None).startswith("data:image/png;base64,")


def test_the_view_grows_with_the_error_up_to_the_scan_itself():
    image = Image(ImageFrame((100, 10), np.eye(3)), np.zeros((100, 10)))
    assert [half_width(image, e) for e in (0, 20, 500)] == [15, 28, 100]


@pytest.mark.filterwarnings("error")
def test_an_answer_beyond_the_view_is_not_marked_on_another_plane():
    image, centre = ramp(crooked(3)), [0.0, 0.0, 0.0]
    none = draw_planes(image, centre, None, half=60.0)
    assert draw_planes(image, centre, [5000.0, 0, 0], half=60.0) == none
    assert draw_planes(image, centre, [50.0, 0, 0], half=60.0) != none
