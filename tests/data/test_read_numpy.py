"""NumPy arrays: nothing is made up, so a spacing must be stated, and the file must hold what it says."""

import json
import pickle

import numpy as np
import pytest

from pipeline.data.find_images import find_images
from pipeline.data.readers import files_of, read_frame, read_image
from pipeline.errors import DataError

VOXELS = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
TURN = [[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]


def scan(folder, voxels=VOXELS, **stated):
    np.save(folder / "a.npy", voxels)
    if stated:
        (folder / "a.json").write_text(json.dumps(stated))
    return folder / "a.npy"


def test_a_voxel_lies_where_worked_out_by_hand(tmp_path):
    path = scan(tmp_path, spacing=[1.0, 2.0, 3.0], origin=[10, 20, 30], direction=TURN)
    image = read_image(path)
    # voxel (1, 2, 3): 1 step of 1 mm along y, 2 of 2 mm against x, 3 of 3 mm along z
    assert np.allclose(image.frame.voxel_to_world(np.array([[1, 2, 3]])), [[10 - 4, 20 + 1, 30 + 9]])
    assert np.array_equal(image.voxels, VOXELS) and image.frame.same_as(read_frame(path)) and not image.notes
    assert find_images(tmp_path) == [path] and files_of(path) == [path, tmp_path / "a.json"]


def test_ras_is_turned_once(tmp_path):
    frame = read_frame(scan(tmp_path, spacing=[1, 1, 1], origin=[10, 20, 30], frame="RAS"))
    assert np.allclose(frame.voxel_to_world(np.array([[1, 0, 0]])), [[-11, -20, 30]])


def test_without_a_direction_it_is_said(tmp_path):
    assert "no direction" in read_image(scan(tmp_path, spacing=[1, 1, 1])).notes[0]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({}, r"no a\.json beside it"),
        ({"origin": [0, 0, 0]}, "spacing is needed"),
        ({"spacing": [1, 1]}, r"spacing = \[1, 1\]"),
        ({"spacing": [1, 1, 0]}, "sizes above 0"),
        ({"spacing": [1, 1, "NaN"]}, "not a finite number"),
        ({"spacing": [1, 1, 1], "direction": [[1, 1, 0], [0, 1, 0], [0, 0, 1]]}, "right angles"),
        ({"spacing": [1, 1, 1], "frame": "XYZ"}, "frame 'XYZ'"),
        ({"spacing": [1, 1, 1], "unit": "m"}, "are read"),
    ],
)
def test_what_is_not_stated_rightly_is_refused(tmp_path, stated, message):
    with pytest.raises(DataError, match=message):
        read_image(scan(tmp_path, **stated))


def test_every_truncation_is_noticed(tmp_path):
    path = scan(tmp_path, spacing=[1, 1, 1])
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"a\.npy"):
            read_image(path)


@pytest.mark.parametrize(
    "voxels", [np.array([{"a": 1}], object), VOXELS.astype(complex), np.zeros((2, 2, 2, 2)), np.zeros((0, 3, 3))]
)
def test_what_is_no_volume_of_numbers_is_refused(tmp_path, voxels):
    (tmp_path / "a.json").write_text('{"spacing": [1, 1, 1]}')
    np.save(tmp_path / "a.npy", voxels, allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy"):
        read_image(tmp_path / "a.npy")


def test_a_pickle_is_never_opened(tmp_path):
    (tmp_path / "a.json").write_text('{"spacing": [1, 1, 1]}')
    (tmp_path / "a.npy").write_bytes(pickle.dumps(print))
    with pytest.raises(DataError, match="not readable as a NumPy array"):
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize("header", [b"{'descr': '<i2', 'shape': (3,", b"{[", b"{[]: 1}", b"0\n  0\n 0"])
def test_a_damaged_header_is_refused_by_name(tmp_path, header):
    path = scan(tmp_path, spacing=[1, 1, 1])
    whole = path.read_bytes()
    end = whole.index(b"\n")
    path.write_bytes(whole[:10] + header.ljust(end - 10) + whole[end:])
    with pytest.raises(DataError, match=r"a\.npy: not readable as a NumPy array"):
        read_frame(path)
