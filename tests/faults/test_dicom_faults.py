"""Faults 31 to 45: series that libraries stack, stretch or shorten without a word."""

import numpy as np
import pytest
from dicom_files import COLUMN, NORMAL, ORIGIN, write_slice

from pipeline.data.find_images import find_images
from pipeline.data.readers import pick_series, read_image
from pipeline.errors import DataError

VOXELS = np.random.default_rng(0).integers(0, 900, (12, 6, 5)).astype(np.int16)


@pytest.fixture
def series(tmp_path):
    """Twelve slices of 2 mm; names do not follow the stack."""
    for index in range(12):
        write(tmp_path, index)
    return tmp_path


def write(folder, index, name=None, place=None, **tags):
    position = ORIGIN + 2 * index * NORMAL if place is None else place
    write_slice(folder / (name or f"{5 * index % 12}.dcm"), index, VOXELS[index], position, **tags)


def refused(folder, *words):
    with pytest.raises(DataError) as caught:
        read_image(folder)
    for word in words:
        assert word in str(caught.value)


def test_31_missing_slices(series):
    for index in (4, 5, 8):
        (series / f"{5 * index % 12}.dcm").unlink()
    refused(series, "missing", "6.000 mm between 3.dcm and 6.dcm", "4.000 mm between 11.dcm and 9.dcm")


def test_32_two_slices_in_one_place(series):
    write(series, 3, "copy.dcm")
    refused(series, "two slices at", "copy.dcm")


def test_33_numbers_twice(series):
    for index in range(12):
        write(series, index, InstanceNumber=1 + index // 2)
    image = read_image(series)
    assert np.array_equal(image.voxels, VOXELS - 1024)
    assert image.notes == ("InstanceNumbers repeat: sorted by where they lie",)


def test_34_gantry_tilt(series):
    """A line of voxels that is straight in the patient comes out straight."""
    for index in range(12):
        pixels = np.zeros((40, 5), np.int16)
        height, shift = 2.0 * index, 2.0 * index * np.tan(np.radians(18.5))
        position = ORIGIN + height * NORMAL - shift * COLUMN
        rows = np.arange(40) * 0.5 - shift  # mm along the column from ORIGIN
        pixels[:] = np.round(1000 * np.exp(-((rows - 6) ** 2) / 2))[:, None]
        write_slice(series / f"{5 * index % 12}.dcm", index, pixels, position, RescaleIntercept=0)
    image = read_image(series)
    assert image.notes == ("gantry tilt of 18.50 degrees: resampled",)
    for plane in image.voxels.astype(float):
        row = (plane[:, 2] * np.arange(len(plane))).sum() / plane[:, 2].sum()
        world = image.frame.voxel_to_world(np.array([[0, row, 2]]))[0] - ORIGIN
        assert abs(world @ COLUMN - 6) < 0.1


def test_35_steps_that_change(series):
    heights = np.concatenate([np.arange(6) * 2.0, 10 + np.arange(1, 7) * 3.1])
    for index, height in enumerate(heights):
        write(series, index, place=ORIGIN + height * NORMAL)
    image = read_image(series)
    assert image.notes == ("steps from 2 to 3.1 mm: resampled to an even step",)
    last = image.frame.voxel_to_world(np.array([[image.frame.shape[0] - 1, 0, 0]]))[0]
    assert np.isclose((last - ORIGIN) @ NORMAL, heights[-1], atol=1e-4)


def test_36_two_series(series):
    write(series, 0, "other.dcm", SeriesInstanceUID="9.8.7")
    write(series, 1, "another.dcm", SeriesInstanceUID="9.8.7")
    refused(series, "2 series", "data.series_uid", "1.2.3", "9.8.7", "2 slices")
    (chosen,) = pick_series([series], ["9.8.7"])
    assert np.array_equal(read_image(chosen).voxels, VOXELS[:2] - 1024)


def test_37_another_size(series):
    write_slice(series / "0.dcm", 0, VOXELS[0][:3], ORIGIN)
    refused(series, "0.dcm", "Rows, Columns = [3")


def test_38_a_localizer(series):
    write(series, 0, "scout.dcm", cosines=(0, 1, 0, 0.8, 0, 0.6))
    image = read_image(series)
    assert np.array_equal(image.voxels, VOXELS - 1024) and "scout.dcm" in image.notes[0]


def test_39_a_scan_in_time(series):
    for index in range(12):
        write(series, index, f"later{index}.dcm", TriggerTime=400)
    refused(series, "2 slices at each of 12 places", "Keep one phase")


@pytest.mark.parametrize(
    "tags",
    [{"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}],
)
@pytest.mark.parametrize("gone", [(), ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")])
def test_40_colour_and_screenshots(tmp_path, tags, gone):
    for index in range(12):
        write(tmp_path, index, **tags, **dict.fromkeys(gone))
    refused(tmp_path, ".dcm", "RGB" if len(tags) > 1 else "(a screenshot)")


@pytest.mark.parametrize("value", [None, [0, 0.25]])
def test_41_pixel_spacing(series, value):
    write(series, 4, PixelSpacing=value)
    refused(series, "8.dcm", "PixelSpacing")


def test_42_a_scale_for_each_slice(series):
    for index in range(12):
        write(series, index, RescaleIntercept=-1000 - index)
    image = read_image(series)
    assert np.array_equal(image.voxels, VOXELS - 1000 - np.arange(12)[:, None, None])
    assert "each slice has its own" in image.notes[0]


def test_43_every_cut_of_a_slice(series):
    """At the end of the stack, where its loss leaves no gap."""
    path = series / f"{5 * 11 % 12}.dcm"
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        refused(series, path.name)


def test_44_indexes_and_junk_are_never_followed(series):
    (series / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM../../etc/passwd")
    (series / "README").write_text("../../etc/passwd")
    (series / "viewer.exe").write_bytes(b"MZ")
    image = read_image(series)
    assert find_images(series) == [series] and image.notes == ("2 files are not DICOM: left out",)


def test_45_compressed(series, monkeypatch):
    """Read where a decoder is there; else the syntax is named, and what to install."""
    from pydicom import dcmread
    from pydicom.uid import JPEGLSLossless

    pytest.importorskip("jpeg_ls")
    for path in series.glob("*.dcm"):
        data = dcmread(path)
        data.compress(JPEGLSLossless)
        data.save_as(path)
    assert np.array_equal(read_image(series).voxels, VOXELS - 1024)
    monkeypatch.setattr("pydicom.dataset.Dataset.pixel_array", property(no_decoder))
    refused(series, "JPEG-LS Lossless Image Compression", "patchvote[dicom]")


def no_decoder(_):
    raise RuntimeError("Unable to decompress: no plugin")
