"""NIfTI: the file whole or an error that names file and field; never zeros, never 1 mm made up."""

import gzip
import struct

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.data.readers import read_frame, read_image
from pipeline.errors import DataError

OBLIQUE = np.array([[0.0, -0.6, 1.6, 5.0], [0.5, 0, 0, -7.0], [0, 0.8, 1.2, 9.0], [0, 0, 0, 1]])
FIELDS = {  # byte position and struct code in a NIfTI-1 header
    "sizeof_hdr": (0, "i"), "dim0": (40, "h"), "dim1": (42, "h"), "dim4": (48, "h"), "datatype": (70, "h"),
    "bitpix": (72, "h"), "qfac": (76, "f"), "pixdim1": (80, "f"), "vox_offset": (108, "f"), "slope": (112, "f"),
    "inter": (116, "f"), "units": (123, "b"), "qform": (252, "h"), "sform": (254, "h"), "quatern_b": (256, "f"),
    "qoffset_x": (268, "f"), "srow_x0": (280, "f"), "srow_x1": (284, "f"), "magic": (344, "4s"),
}  # fmt: skip


def scan(path, voxels=None, affine=OBLIQUE, **fields):
    """A NIfTI file with header fields overwritten afterwards."""
    voxels = np.arange(4 * 3 * 2, dtype=np.int16).reshape(4, 3, 2) if voxels is None else voxels
    image = nibabel.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    content = bytearray(image.to_bytes())
    for name, value in fields.items():
        position, code = FIELDS[name]
        struct.pack_into(f"<{code}", content, position, value)
    path.write_bytes(gzip.compress(bytes(content)) if path.suffix == ".gz" else bytes(content))
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "naïve paşa 中.nii.gz"])
def test_voxels_keep_order_and_type_and_the_frame_is_lps(tmp_path, name):
    path = scan(tmp_path / name)
    image = read_image(path)
    assert image.voxels.dtype == np.int16
    assert image.voxels[3, 2, 1] == 23 and image.voxels.flags.f_contiguous
    assert np.allclose(image.frame.affine, np.diag([-1, -1, 1, 1]) @ OBLIQUE, atol=1e-6)
    assert image.frame.same_as(read_frame(path))


def test_a_voxel_lies_where_worked_out_by_hand(tmp_path):
    # RAS: voxel (1, 2, 1) = (5 - 1.2 + 1.6, -7 + 0.5, 9 + 1.6 + 1.2) = (5.4, -6.5, 11.8); LPS turns the first two
    frame = read_frame(scan(tmp_path / "a.nii"))
    assert np.allclose(frame.voxel_to_world(np.array([[1, 2, 1]])), [[-5.4, 6.5, 11.8]], atol=1e-5)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (4, 3, 1), (4, 3, 2, 1, 1)])
def test_the_file_says_how_many_axes_there_are(tmp_path, shape):
    voxels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    image = read_image(scan(tmp_path / "a.nii.gz", voxels, np.diag([2.0, 3, 4, 1])))
    assert image.frame.shape == shape[:3]
    assert np.allclose(image.frame.spacing, [2, 3, 4][: len(shape)])


@pytest.mark.parametrize(("shape", "beyond"), [((5,), (7000.0, 9000.0)), ((4, 3), (9000.0,)), ((4, 3, 1), ())])
def test_where_an_image_of_fewer_axes_lies_along_the_others_is_read(tmp_path, shape, beyond):
    affine = np.diag([2.0, 3, 4, 1])
    affine[:3, 3] = 5, -7, 9  # RAS, in metres
    path = scan(tmp_path / "a.nii", np.arange(np.prod(shape), dtype=np.float32).reshape(shape), affine, units=1)
    assert read_image(path).beyond == beyond


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_every_truncation_is_noticed(tmp_path, name):
    path = scan(tmp_path / name)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=name):
            read_image(path)


@pytest.mark.parametrize("behind", [b"junkjunk", b"junk" * 9])
def test_bytes_behind_whole_compressed_data_are_told_from_a_cut_file(tmp_path, behind):
    path = scan(tmp_path / "a.nii.gz")
    whole = path.read_bytes()
    path.write_bytes(whole + behind)
    with pytest.raises(DataError, match="are whole, but other bytes lie behind them"):
        read_image(path)
    for cut in (whole[:-1], whole + whole[:-1]):  # compressed data may be in several parts
        path.write_bytes(cut)
        with pytest.raises(DataError, match="truncated"):
            read_image(path)


def test_a_wrong_checksum_is_noticed(tmp_path):
    path = scan(tmp_path / "a.nii.gz")
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_image(path)


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_compressed_file_never_gives_other_voxels(tmp_path_factory, position, bit):
    path = scan(tmp_path_factory.mktemp("flip") / "a.nii.gz")
    content = bytearray(path.read_bytes())
    good = read_image(path)
    content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        image = read_image(path)
    except DataError:
        return  # refused; a flip in the name or time of the gzip header changes nothing
    assert np.array_equal(image.voxels, good.voxels) and image.frame.same_as(good.frame)


BROKEN = {
    "pixdim zero": ({"pixdim1": 0.0}, r"pixdim\[1\] = 0"),
    "pixdim NaN": ({"pixdim1": np.nan}, r"pixdim\[1\] = nan"),
    "pixdim negative without sform": ({"pixdim1": -0.5, "sform": 0, "qform": 1}, "negative"),
    "pixdim against sform": ({"pixdim1": 0.9}, "one is wrong"),
    "both codes zero": ({"sform": 0, "qform": 0}, "sform_code = qform_code = 0"),
    "sform NaN": ({"srow_x0": np.nan}, "sform"),
    "sform sheared": ({"srow_x0": 0.05}, "sheared"),
    "qform impossible": ({"sform": 0, "qform": 1, "quatern_b": 5.0}, "qform"),
    "qform NaN": ({"sform": 0, "qform": 1, "qoffset_x": np.nan}, "qform = .* not finite"),
    "slope zero with intercept": ({"slope": 0.0, "inter": 5.0}, "scl_slope = 0"),
    "slope NaN": ({"slope": np.nan}, "scl_slope = nan"),
    "inter Inf": ({"inter": np.inf}, "scl_inter = inf"),
    "complex": ({"datatype": 32}, "complex"),
    "RGB": ({"datatype": 128}, "RGB"),
    "unknown type": ({"datatype": 77}, "datatype = 77"),
    "bitpix": ({"bitpix": 8}, "bitpix = 8"),
    "no axes": ({"dim0": 0}, r"dim\[0\] = 0"),
    "negative size": ({"dim1": -4}, "dim = "),
    "smaller than the data": ({"dim1": 3}, "describe|more bytes"),
    "larger than the data": ({"dim1": 5}, "truncated"),
    "huge": ({"dim1": 30000}, "promises|truncated"),
    "series": ({"dim0": 4, "dim4": 2}, "series"),
    "vox_offset": ({"vox_offset": 100.0}, "vox_offset = 100"),
    "vox_offset past the end": ({"vox_offset": 4000.0}, "truncated"),
    "seconds as lengths": ({"units": 5}, "xyzt_units"),
    "pair": ({"magic": b"ni1\0"}, ".hdr/.img"),
    "magic": ({"magic": b"abcd"}, "not a NIfTI"),
    "not a header": ({"sizeof_hdr": 12}, "not a NIfTI"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_header_is_refused_by_its_field(tmp_path, case, name):
    fields, message = BROKEN[case]
    with pytest.raises(DataError, match=message) as caught:
        read_image(scan(tmp_path / name, **fields))
    assert name in str(caught.value)


def test_a_singular_sform_is_refused(tmp_path):
    path = scan(tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[280:328] = bytes(48)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"sform = .* singular"):
        read_frame(path)


def test_a_header_that_promises_gigabytes_is_refused_before_memory_is_asked_for(tmp_path):
    path = scan(tmp_path / "bomb.nii.gz", dim1=30000, dim4=1)
    content = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into("<3h", content, 42, 1200, 1200, 1200)
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match="cannot hold"):
        read_image(path)
    struct.pack_into("<3h", content, 42, 8000, 8000, 8000)
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match="more than"):
        read_frame(path)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", bytes(range(256)) * 3])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_what_is_no_nifti_is_refused(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        read_image(tmp_path / name)


def test_intercept_gives_the_values_of_the_same_scan_stored_as_floats(tmp_path):
    voxels = np.arange(24, dtype=np.int16).reshape(4, 3, 2)
    scaled = read_image(scan(tmp_path / "a.nii", voxels, slope=2.0, inter=-1024.0))
    assert scaled.voxels.dtype == np.float32
    assert np.array_equal(scaled.voxels, voxels * np.float32(2) - 1024)


def test_slope_zero_alone_means_no_scaling(tmp_path):
    assert read_image(scan(tmp_path / "a.nii", slope=0.0, inter=0.0)).voxels.dtype == np.int16


def test_metres_become_millimetres_once_and_are_noted(tmp_path):
    image = read_image(scan(tmp_path / "a.nii", units=1))
    assert np.allclose(image.frame.spacing, [500, 1000, 2000]) and "metre" in image.notes[0]


def test_a_qform_that_does_not_say_its_hand_is_right_handed(tmp_path):
    # nifti1.h: "If pixdim[0]=0.0 (which should not occur), we take qfac=1."
    frame = read_frame(scan(tmp_path / "a.nii", affine=np.diag([1.0, 2, 3, 1]), sform=0, qform=1, qfac=0))
    assert np.allclose(frame.affine, np.diag([-1.0, -2, 3, 1]))


def test_a_qform_elsewhere_than_the_sform_is_noted(tmp_path):
    fields = {"qform": 1, "qoffset_x": 99.0}
    assert any("differ" in note for note in read_image(scan(tmp_path / "a.nii", **fields)).notes)


def test_a_qform_that_is_no_number_beside_a_good_sform_is_noted(tmp_path):
    notes = read_image(scan(tmp_path / "a.nii", qform=1, qoffset_x=np.nan)).notes
    assert "the qform is damaged: the sform is used" in notes


def test_compression_is_told_by_the_bytes_not_the_name(tmp_path):
    packed = scan(tmp_path / "a.nii.gz").rename(tmp_path / "b.nii")
    plain = scan(tmp_path / "c.nii").rename(tmp_path / "c.nii.gz")
    first, second = read_image(packed), read_image(plain)
    assert np.array_equal(first.voxels, second.voxels)
    assert "compressed" in first.notes[0] and "not compressed" in second.notes[0]


def test_big_endian_and_nifti_2_give_the_same_scan(tmp_path):
    voxels = np.arange(24, dtype=np.int16).reshape(4, 3, 2)
    big = nibabel.Nifti1Image(voxels, OBLIQUE, nibabel.Nifti1Header(endianness=">"), dtype=np.int16)
    second = nibabel.Nifti2Image(voxels, OBLIQUE)
    for number, image in enumerate((big, second)):
        nibabel.save(image, tmp_path / f"{number}.nii.gz")
        read = read_image(tmp_path / f"{number}.nii.gz")
        assert np.array_equal(read.voxels, voxels) and read.voxels.dtype == np.int16
        assert np.allclose(read.frame.affine, np.diag([-1, -1, 1, 1]) @ OBLIQUE, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_not_finite_are_counted_and_refused(tmp_path, value):
    voxels = np.ones((4, 3, 2), np.float32)
    voxels[0, 0, 0] = value
    with pytest.raises(DataError, match="1 of 24 voxels are NaN or infinite"):
        read_image(scan(tmp_path / "a.nii", voxels))


def test_a_constant_volume_is_refused(tmp_path):
    with pytest.raises(DataError, match="all 24 voxels are 7"):
        read_image(scan(tmp_path / "a.nii", np.full((4, 3, 2), 7, np.int16)))


def test_a_flat_image_that_leaves_its_plane_is_refused(tmp_path):
    upright = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    with pytest.raises(DataError, match="2 axes"):
        read_frame(scan(tmp_path / "a.nii", np.ones((4, 3), np.float32), upright))


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 351), value=st.integers(0, 255))
def test_no_header_byte_crashes_the_reader(tmp_path_factory, position, value):
    path = scan(tmp_path_factory.mktemp("fuzz") / "a.nii")
    content = bytearray(path.read_bytes())
    content[position] = value
    path.write_bytes(content)
    try:
        image = read_image(path)
    except DataError:
        return
    assert image.voxels.shape == image.frame.shape
