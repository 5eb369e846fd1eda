"""A scan is shown beside others by the axial plane through its middle, whatever way the file keeps its voxels."""

import numpy as np
import pytest
from tiny_scans import write_scan

from pipeline.data.dataset import Case, Dataset
from pipeline.data.image import Image
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import reorient
from pipeline.report.middle_slice import middle_slice
from pipeline.stages.report_vectors import _pictures


def scan(shape, spacing, unit="mm"):
    voxels = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return Image(ImageFrame(shape, np.diag([*spacing, 1.0]), unit), voxels)


def test_the_slice_is_axial_with_the_left_to_the_right_and_the_front_above():
    image = scan((40, 30, 9), (1.0, 1.0, 4.0))
    image.voxels[:] = 0
    image.voxels[30:, :5, 4] = 1  # towards L and A, in the middle slice alone
    pixels = middle_slice(image).voxels
    assert pixels.shape[0] / pixels.shape[1] == pytest.approx(40 / 30, rel=0.01)
    width, height = pixels.shape
    assert pixels[round(0.9 * width), round(0.05 * height)] == 1
    assert not pixels[: width // 2].any() and not pixels[:, height // 2 :].any()


def test_turning_the_file_changes_no_slice():
    turn, _ = np.linalg.qr(np.eye(3) + 0.2 * np.random.default_rng(3).normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * [0.7, -1.1, 1.6]
    image = Image(ImageFrame((20, 18, 15), affine), scan((20, 18, 15), (1, 1, 1)).voxels)
    turned = Image(*reversed(reorient(image.voxels, image.frame)))
    shown = middle_slice(image)
    assert np.allclose(shown.voxels, middle_slice(turned).voxels, atol=1e-3)
    assert shown.frame.unit == "px" and np.isfinite(shown.voxels).all()


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_scan_of_any_dimension_is_a_picture(dims):
    assert middle_slice(scan((12, 10, 8)[:dims], (1.0,) * dims)).frame.dims == 2


def test_a_picture_stays_as_it_is():
    image = scan((12, 10), (1.0, 1.0), "px")
    assert middle_slice(image) is image


def test_the_report_on_identities_shows_scans_beside_each_other(tmp_path):
    for name in ("a", "b"):
        image = scan((12, 10, 8), (1.0, 1.0, 2.0))
        write_scan(tmp_path / f"{name}.nii.gz", image.voxels, image.frame)
    data = Dataset("set", tmp_path, (), tuple(Case(name, name, f"{name}.nii.gz", {}, "test") for name in ("a", "b")))
    row = {"case": "a", "identity": "a", "nearest_other": "b", "distance_other": "0.5", "distance_same": "0.1"}
    (picture,) = _pictures(data, [row])
    assert picture.image is not None and picture.image.startswith("data:image/jpeg") and not picture.note
