"""Tilted and uneven stacks end on an even grid with every point where it was in the patient."""

import numpy as np
import pytest
from dicom_files import COLUMN, NORMAL, ORIGIN, ROW, write_slice

from pipeline.data.readers import read_frame, read_image
from pipeline.errors import DataError

SIZE, SPACING = (80, 36), (0.5, 0.6)  # rows and columns
CENTRE = ORIGIN + 20.3 * COLUMN + 11.2 * ROW + 17.4 * NORMAL


def blob(position):
    """A ball of Gaussian profile around CENTRE, as a slice at this position sees it."""
    rows, columns = np.meshgrid(*map(np.arange, SIZE), indexing="ij")
    world = position + rows[..., None] * SPACING[0] * COLUMN + columns[..., None] * SPACING[1] * ROW
    return np.round(2000 * np.exp(-((world - CENTRE) ** 2).sum(-1) / (2 * 2**2)))


def write_stack(folder, heights, tilt=0.0):
    for index, height in enumerate(heights):
        position = ORIGIN + height * NORMAL - np.tan(np.radians(tilt)) * height * COLUMN
        write_slice(folder / f"{index}.dcm", index, blob(position), position, SPACING, RescaleIntercept=0)
    return folder


def centre_of(image):
    """World position of the centre of mass."""
    weights = image.voxels.astype(float).clip(20) - 20
    at = [(weights * index).sum() / weights.sum() for index in np.indices(weights.shape)]
    return image.frame.voxel_to_world(np.array([at]))[0]


EVEN = np.arange(0, 36, 1.5)
UNEVEN = np.concatenate([np.arange(0, 15, 1.0), np.arange(15, 36, 1.75)])


@pytest.mark.parametrize(
    ("heights", "tilt", "notes"),
    [
        (EVEN, 0, ()),
        (EVEN, 18.5, ("gantry tilt of 18.50 degrees: resampled",)),
        (EVEN, -23, ("gantry tilt of 23.00 degrees: resampled",)),
        (UNEVEN, 0, ("steps from 1 to 1.75 mm: resampled to an even step",)),
        (UNEVEN, 18.5, None),
    ],
)
def test_a_known_point_stays_where_it_is(tmp_path, heights, tilt, notes):
    image = read_image(write_stack(tmp_path, heights, tilt))
    assert np.linalg.norm(centre_of(image) - CENTRE) < 0.1
    assert image.notes == notes if notes is not None else len(image.notes) == 2
    assert image.frame.same_as(read_frame(tmp_path)) and image.voxels.dtype == np.int16
    steps = image.frame.affine[:3, :3] / image.frame.spacing
    assert np.allclose(steps.T @ steps, np.eye(3), atol=1e-5)


def test_a_tilt_that_was_not_undone_would_be_seen(tmp_path):
    """The test above can fail: stacked as they come, the slices put the point millimetres off."""
    image = read_image(write_stack(tmp_path, EVEN, 18.5))
    naive = np.linalg.norm(centre_of(image) - CENTRE - np.tan(np.radians(18.5)) * 17.4 * COLUMN)
    assert naive > 5


def test_a_tilt_that_no_gantry_has_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"gantry tilt: .* 50\.00 degrees"):
        read_frame(write_stack(tmp_path, EVEN, 50))


def fine_stack(folder, steps, digits=6):
    """Of micro-CT: voxels of some micrometres; positions are written to so many digits."""
    for index, height in enumerate(np.concatenate([[0.0], np.cumsum(steps)])):
        position, pixel = np.round([0, 0, height], digits), min(steps)
        write_slice(folder / f"{index}.dcm", index, np.eye(4) * index, position, (pixel, pixel), (1, 0, 0, 0, 1, 0))
    return folder


@pytest.mark.parametrize("step", [0.5, 0.1, 0.02, 0.01, 0.002])
def test_a_change_of_steps_is_noticed_however_fine_they_are(tmp_path, step):
    image = read_image(fine_stack(tmp_path, [step] * 20 + [1.5 * step] * 10))
    assert image.notes == (f"steps from {step:g} to {1.5 * step:g} mm: resampled to an even step",)
    assert np.isclose(image.frame.spacing[0], step) and image.frame.shape[0] == 36


@pytest.mark.parametrize("step", [0.5, 0.1, 0.02, 0.01, 0.002])
def test_a_missing_slice_is_noticed_however_fine_the_steps_are(tmp_path, step):
    fine_stack(tmp_path, [step] * 9)
    (tmp_path / "5.dcm").unlink()
    with pytest.raises(
        DataError, match=rf"slices are missing.*: {2 * step}0* mm between 4\.dcm and 6\.dcm at {4 * step}"
    ):
        read_frame(tmp_path)


def test_forty_slices_and_twenty_with_twice_the_step_lack_some(tmp_path):
    with pytest.raises(DataError, match=r"slices are missing: 0\.0200 mm between 40\.dcm and 41\.dcm at 0\.40 mm"):
        read_frame(fine_stack(tmp_path, [0.01] * 40 + [0.02] * 20))


@pytest.mark.parametrize("step", [0.125, 0.234, 0.703])
def test_positions_that_are_written_to_a_hundredth_of_a_millimetre_are_even(tmp_path, step):
    assert not read_image(fine_stack(tmp_path, [step] * 30, digits=2)).notes
