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
