"""A compressed series comes out of its own process as it is; a decoder that dies costs that scan alone."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from dicom_files import NORMAL, ORIGIN, write_slice

from pipeline.data import read_apart
from pipeline.data.inputs import Inputs
from pipeline.data.read_apart import is_compressed_dicom, read_safely
from pipeline.data.readers import read_image
from pipeline.errors import DataError
from pipeline.inference.beside import Beside, given_to

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)


@pytest.fixture
def series(tmp_path):
    for index in range(5):
        write_slice(tmp_path / f"{index}.dcm", index, VOXELS[index], ORIGIN + 2 * index * NORMAL)
    return tmp_path


@pytest.fixture
def compressed(series):
    from pydicom import dcmread
    from pydicom.uid import RLELossless

    for path in series.glob("*.dcm"):
        data = dcmread(path)
        data.compress(RLELossless)
        data.save_as(path)
    return series


def test_a_compressed_series_is_the_same_read_apart(compressed):
    assert is_compressed_dicom(compressed)
    image, plain = read_safely(compressed), read_image(compressed)
    assert np.array_equal(image.voxels, plain.voxels) and image.frame.same_as(plain.frame)
    assert image.voxels.dtype == plain.voxels.dtype and image.notes == plain.notes


def test_what_is_not_compressed_is_read_here(series, monkeypatch):
    monkeypatch.setattr(read_apart, "run_each", None)
    assert np.array_equal(read_safely(series).voxels, VOXELS - 1024)


def test_errors_come_through(compressed):
    (compressed / "2.dcm").unlink()
    with pytest.raises(DataError, match="slices are missing"):
        read_safely(compressed)


def die(path, kept):
    os._exit(11)


def test_a_decoder_that_dies_is_an_error_of_that_scan(compressed, monkeypatch):
    monkeypatch.setattr(read_apart, "_read_into", die)
    with pytest.raises(DataError, match="process died"):
        read_safely(compressed)


def test_a_decoder_that_dies_of_a_second_image_costs_its_case_alone(compressed, monkeypatch):
    monkeypatch.setattr(read_apart, "_read_into", die)
    inputs = Inputs((), {"front": "{id}_front", "side": "{id}_side"})
    model = SimpleNamespace(levels=[SimpleNamespace(spacing=1.0)], normalisation=None, inputs=inputs)
    with pytest.raises(DataError, match="process died"):
        given_to(model, Beside(views={"side": compressed}))
