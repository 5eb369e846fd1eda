"""A DICOM series: an even stack in LPS, or an error that says which slice breaks it."""

import numpy as np
import pydicom
import pytest
from dicom_files import NORMAL, ORIGIN, ROW, write_slice

from pipeline.data.find_images import find_images
from pipeline.data.readers import read_frame, read_image
from pipeline.errors import DataError

SHAPE = (4, 3, 5)  # slices, rows, columns
VOXELS = np.arange(60, dtype=np.int16).reshape(SHAPE)


def slice_file(path, index, position=None, **tags):
    place = ORIGIN + 2 * index * NORMAL if position is None else position
    write_slice(path, index, VOXELS[index], place, **tags)


@pytest.fixture
def series(tmp_path):
    for index in range(4):
        slice_file(tmp_path / f"{7 * index % 4}.dcm", index)  # the names do not follow the stack
    return tmp_path


def test_slices_are_sorted_by_place_and_scaled(series):
    image = read_image(series)
    assert np.array_equal(image.voxels, VOXELS - 1024) and image.voxels.dtype == np.int16
    assert image.frame.same_as(read_frame(series))
    assert find_images(series) == [series]


def test_a_voxel_lies_where_worked_out_by_hand(series):
    # normal = (0.8, 0, 0.6); slice 1, row 2, column 3: + 2 normal + 2 * 0.5 column + 3 * 0.25 row
    # = (5 + 1.6 - 0.6, -7 + 0.75, 9 + 1.2 + 0.8) = (6, -6.25, 11)
    assert np.allclose(read_frame(series).voxel_to_world(np.array([[1, 2, 3]])), [[6, -6.25, 11]], atol=1e-5)


def test_a_rescale_that_differs_from_slice_to_slice_is_followed(series):
    slice_file(series / "0.dcm", 0, RescaleSlope=2.5)
    image = read_image(series)
    assert image.voxels.dtype == np.float32 and image.voxels[0, 0, 4] == 4 * 2.5 - 1024


def test_a_series_without_a_rescale_has_its_values_as_stored(series):
    for index in range(4):
        slice_file(series / f"{7 * index % 4}.dcm", index, RescaleSlope=None, RescaleIntercept=None)
    assert np.array_equal(read_image(series).voxels, VOXELS)


@pytest.mark.parametrize(("highest", "right"), [(11, True), (None, True), (15, False), (10, False)])
def test_the_bits_that_are_stored_are_the_lowest(series, highest, right):
    for index in range(4):
        slice_file(series / f"{7 * index % 4}.dcm", index, BitsStored=12, HighBit=highest)
    if right:
        assert np.array_equal(read_image(series).voxels, VOXELS - 1024)
    else:
        with pytest.raises(DataError, match=rf"\.dcm: HighBit = {highest}, BitsStored = 12"):
            read_image(series)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"PixelSpacing": None}, "no PixelSpacing"),
        ({"PixelSpacing": [0, 0.25]}, "PixelSpacing = "),
        ({"ImagePositionPatient": None}, "no ImagePositionPatient"),
        ({"ImageOrientationPatient": None}, "no ImageOrientationPatient"),
        ({"ImagePositionPatient": [1, 2]}, "3 finite numbers"),
        ({"Rows": 2}, r"Rows, Columns = \[2"),
        ({"PixelSpacing": [0.5, 0.5]}, "PixelSpacing = "),
        ({"ImageOrientationPatient": [0, 1, 0, -0.8, 0, 0.6]}, "ImageOrientationPatient = "),
        ({"ImageOrientationPatient": [0, 1, 0, -0.5, 0, 0.8]}, "not two unit vectors"),
        ({"PixelRepresentation": 0}, r"PixelRepresentation, HighBit = \[16"),
        ({"ImagePositionPatient": [1e6, 0, 0]}, "further than"),
        ({"PixelData": b"\0" * 60}, "60 bytes of them, expected 30"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "MOSAIC"]}, "MOSAIC"),
        ({"SeriesInstanceUID": "9.9"}, "2 series"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "RGB"),
        ({"NumberOfFrames": 3}, "3 frames"),
        ({"NumberOfFrames": 3, "ImagePositionPatient": None, "PixelSpacing": None}, "3 frames"),  # enhanced
        ({"RescaleSlope": 0}, "RescaleSlope = 0"),
        ({"RescaleSlope": None, "RescaleIntercept": None}, r"1\.dcm: no RescaleSlope, but .\.dcm has 1"),
        ({"RescaleIntercept": None}, r"1\.dcm: no RescaleIntercept, but .\.dcm has -1024"),
        ({"RescaleIntercept": ""}, r"1\.dcm: no RescaleIntercept"),
        ({"PixelData": None}, "no PixelData"),
        ({"PixelData": b"\0\0"}, "pixels cannot be read"),
    ],
)
def test_a_slice_that_does_not_fit_is_named(series, tags, message):
    slice_file(series / "1.dcm", 3, **tags)
    with pytest.raises(DataError, match=message):
        read_image(series)


def test_values_that_go_through_a_table_are_refused(series):
    """What the scanner counted would come out, in no scale at all."""
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [4, 0, 16], "HU", [0, 2, 4, 6]
    table["LUTData"].VR = "US"
    slice_file(series / "0.dcm", 0, ModalityLUTSequence=[table], RescaleSlope=None, RescaleIntercept=None)
    with pytest.raises(DataError, match=r"0\.dcm: ModalityLUTSequence"):
        read_image(series)


def test_a_missing_slice_is_not_stretched_over(series):
    slice_file(series / "1.dcm", 3, position=ORIGIN + 8 * NORMAL)
    with pytest.raises(DataError, match=r"missing: 4\.000 mm between 2.dcm and 1.dcm at 4\.0 mm; elsewhere 2\.000"):
        read_image(series)


def test_slices_whose_numbers_skip_are_missing_though_the_step_is_odd(series):
    slice_file(series / "1.dcm", 3, position=ORIGIN + 7.5 * NORMAL, InstanceNumber=6)
    with pytest.raises(DataError, match=r"missing: 3\.500 mm"):
        read_image(series)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(
    ("left", "usual"),
    [
        ((0, 2, 4, 5), 2),
        ((0, 2, 4, 6, 8, 9, 10, 11), 2),
        ((0, 2, 3), 2),
        ((0, 2, 5), 4),  # no two that follow each other
    ],
)
def test_missing_slices_are_noticed_though_most_gaps_have_some(tmp_path, left, usual, direction):
    for index in left:
        write_slice(tmp_path / f"{index}.dcm", 20 + direction * index, VOXELS[0], ORIGIN + 2 * index * NORMAL)
    with pytest.raises(DataError, match=rf"slices are missing.*: .* elsewhere {usual}\.000 mm"):
        read_frame(tmp_path)


def test_slices_of_which_every_second_is_there_are_even(tmp_path):
    for index in (0, 2, 4):
        write_slice(tmp_path / f"{index}.dcm", index, VOXELS[0], ORIGIN + 2 * index * NORMAL)
    assert np.allclose(read_frame(tmp_path).spacing[0], 4)
    assert not read_image(tmp_path).notes


def test_two_slices_in_one_place_are_refused(series):
    slice_file(series / "5.dcm", 2)
    with pytest.raises(DataError, match="two slices at"):
        read_image(series)


def test_a_scan_in_time_is_named_so(series):
    for index in range(4):
        slice_file(series / f"later{index}.dcm", index, InstanceNumber=5 + index)
    with pytest.raises(DataError, match="2 slices at each of 4 places: a scan in time"):
        read_image(series)


def test_a_slice_beside_the_line_is_refused(series):
    slice_file(series / "3.dcm", 1, ORIGIN + 2 * NORMAL + ROW)
    with pytest.raises(DataError, match="on one line"):
        read_frame(series)


def test_one_slice_alone_has_no_thickness(tmp_path):
    slice_file(tmp_path / "0.dcm", 0)
    with pytest.raises(DataError, match="at least 2"):
        read_frame(tmp_path)


def test_a_cut_slice_is_named_not_dropped(series):
    path = series / "3.dcm"
    whole = path.read_bytes()
    for size in range(len(whole) - 30, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"3\.dcm"):
            read_image(series)
    path.write_bytes(b"junk")
    with pytest.raises(DataError, match=r"3\.dcm: not readable"):
        read_image(series)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes, cut or empty: a slice may be lost. Copy it again."),
        (bytes(128) + b"DI", "130 bytes, cut or empty: a slice may be lost. Copy it again."),
        (b"\x08\x00\x05\x00CS" + bytes(200), "no 'DICM' at byte 128. Copy or export it again, or take it out."),
        (bytes(128) + b"DICM" + b"\xff" * 9, ""),
    ],
)
def test_a_file_that_is_called_dicom_and_is_none_says_what_to_do(series, content, words):
    (series / "3.dcm").write_bytes(content)
    with pytest.raises(DataError, match=r"3\.dcm: ") as caught:
        read_image(series)
    assert str(caught.value).endswith(words)
    assert "force" not in str(caught.value) and ".." not in str(caught.value)


def test_files_of_another_kind_are_left_out_and_counted(series):
    (series / "notes.txt").write_text("x")
    (series / "DICOMDIR").write_text("never followed")
    assert read_image(series).notes == ("1 files are not DICOM: left out",)


@pytest.mark.parametrize("suffix", ["", ".7", ".dicom", ".IMA", ".img", ".mr", ".DICOM_v1"])
def test_a_series_is_found_by_its_content_whatever_its_names(tmp_path, suffix):
    for index in range(4):
        slice_file(tmp_path / f"IM{index}{suffix}", index)
    assert find_images(tmp_path) == [tmp_path] and read_image(tmp_path).frame.shape == SHAPE


def test_a_folder_without_slices_is_named(tmp_path):
    with pytest.raises(DataError, match="no DICOM slices"):
        read_frame(tmp_path)
