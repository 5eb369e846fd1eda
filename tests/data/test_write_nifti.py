"""NIfTI files that we write: other readers find every voxel where its frame says."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from crooked import DIMS, crooked_frame

from pipeline.data.image import Image
from pipeline.data.read_nifti import read_nifti
from pipeline.data.write_nifti import write_nifti
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame


def an_image(dims, seed=0, dtype=np.int16):
    rng = np.random.default_rng(seed)
    frame = crooked_frame(rng, (5, 4, 3)[:dims])
    return Image(frame, rng.integers(0, 200, frame.shape).astype(dtype))


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_what_is_written_is_read_back(tmp_path, dims, name):
    image = an_image(dims, dims)
    write_nifti(image, tmp_path / name)
    back = read_nifti(tmp_path / name)
    assert np.array_equal(back.voxels, image.voxels) and back.voxels.dtype == image.voxels.dtype
    assert back.frame.same_as(image.frame, 1e-3) and back.notes == ()


def test_a_known_voxel_lies_where_nibabel_and_itk_look_for_it(tmp_path):
    affine = np.array([[0, 0, -2.0, 10], [1.5, 0, 0, 20], [0, 3, 0, 30], [0, 0, 0, 1]])
    voxels = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    write_nifti(Image(ImageFrame((4, 3, 2), affine), voxels), tmp_path / "a.nii.gz")
    theirs = nibabel.load(tmp_path / "a.nii.gz")
    assert np.allclose(theirs.affine @ [1, 2, 1, 1], [-8, -21.5, 36, 1])  # LPS (8, 21.5, 36) in RAS
    assert np.asarray(theirs.dataobj)[1, 2, 1] == voxels[1, 2, 1]
    itk = sitk.ReadImage(str(tmp_path / "a.nii.gz"))
    assert np.allclose(itk.TransformIndexToPhysicalPoint((1, 2, 1)), [8, 21.5, 36])
    assert itk[1, 2, 1] == voxels[1, 2, 1]


def test_the_same_image_gives_the_same_bytes_whatever_its_memory_order(tmp_path):
    image = an_image(3)
    write_nifti(image, tmp_path / "a.nii.gz")
    write_nifti(Image(image.frame, np.asfortranarray(image.voxels)), tmp_path / "b.nii.gz")
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_what_nifti_cannot_keep_is_refused_and_nothing_is_left(tmp_path):
    image = an_image(2)
    with pytest.raises(DataError, match=r"end in \.nii"):
        write_nifti(image, tmp_path / "a.mha")
    with pytest.raises(DataError, match="bool"):
        write_nifti(Image(image.frame, image.voxels > 3), tmp_path / "a.nii")
    with pytest.raises(DataError, match="px"):
        write_nifti(Image(ImageFrame((5, 4), np.eye(3), "px"), image.voxels), tmp_path / "a.nii")
    assert list(tmp_path.iterdir()) == []
