"""Real series: compressed, tilted, cropped, tiled; each read right or refused by name."""

import numpy as np
import pytest
from real_data import real_data

from pipeline.data.dicom_header import read_dataset, read_slice
from pipeline.data.find_images import find_images
from pipeline.data.read_dicom import read_plane
from pipeline.data.readers import read_frame, read_image
from pipeline.errors import DataError


@pytest.fixture(scope="module")
def volumes():
    return real_data("io_volumes")


def test_a_jpeg_2000_series_agrees_with_the_nifti_beside_it(volumes):
    image = read_image(volumes / "ct_abdomen_dicom")
    assert image.frame.shape == (20, 512, 512) and np.allclose(image.frame.spacing, [2, 0.9765625, 0.9765625])
    assert image.voxels.dtype == np.int16 and image.voxels.min() >= -1024 and 1000 < image.voxels.max() < 4000
    mask = read_frame(volumes / "ct_abdomen_dicom" / "machine_segmentation_total.nii.gz")
    corners = image.frame.voxel_to_world(np.array([[0, 0, 0], [19, 511, 511]]))
    assert np.allclose(np.sort(mask.world_to_voxel(corners), axis=0), [[0, 0, 0], np.array(mask.shape) - 1], atol=0.02)


def test_an_mr_crop_is_read(volumes):
    image = read_image(volumes / "mr_hippocrop_dicom")
    assert image.frame.shape[0] == 40 and np.allclose(image.frame.spacing, 1)


def test_a_tilted_series_of_two_steps_is_resampled_and_said(volumes):
    image = read_image(volumes / "ct_gantry_tilt_dicom")
    assert any("gantry tilt of 18.50 degrees" in note for note in image.notes)
    assert any("steps from 1.08 to 7 mm" in note for note in image.notes)
    steps = image.frame.affine[:3, :3] / image.frame.spacing
    assert np.allclose(steps.T @ steps, np.eye(3), atol=1e-5)


def test_all_transfer_syntaxes_give_the_same_pixels(volumes):
    """The nine files hold one picture, an MR mosaic: not a scan, but every decoder must agree to the last bit."""
    files = sorted((volumes / "transfer_syntax_dicom").glob("*.dcm"))
    raw = [read_dataset(path, pixels=True).pixel_array for path in files]
    assert len(raw) == 9 and all(np.array_equal(raw[0], other) for other in raw)


def test_the_decoded_pixels_are_those_of_the_reference(volumes):
    import nibabel

    reference = nibabel.load(volumes / "transfer_syntax_dicom" / "reference_decoded.nii.gz").get_fdata()
    tile = reference.shape[0]
    for path in sorted((volumes / "transfer_syntax_dicom").glob("*.dcm")):
        data = read_dataset(path, pixels=True)
        data.ImageType = ["ORIGINAL", "PRIMARY"]
        plane = read_plane(read_slice(path, data))
        across = plane.shape[1] // tile
        for index in range(reference.shape[2]):
            row, column = divmod(index, across)
            piece = plane[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
            assert np.array_equal(piece[::-1].T, reference[:, :, index])


def test_a_mosaic_is_refused_by_name(volumes):
    with pytest.raises(DataError, match="MOSAIC"):
        read_image(volumes / "transfer_syntax_dicom")


@pytest.mark.parametrize("kind", ["angio_aorta_mha", "nrrd", "cta_head_nifti", "ct_totalseg_nifti"])
def test_every_other_volume_is_read_as_simpleitk_reads_it(volumes, kind):
    import SimpleITK

    for path in find_images(volumes / kind):
        image = read_image(path)
        other = SimpleITK.ReadImage(str(path))
        assert np.array_equal(SimpleITK.GetArrayViewFromImage(other).T, image.voxels), path
        assert np.allclose(other.GetOrigin(), image.frame.affine[:3, 3], atol=1e-3), path
        assert np.allclose(other.GetSpacing(), image.frame.spacing, atol=1e-4), path
