"""The prepared store: arrays that are there whole or not at all."""

import errno
import json
import subprocess
import sys

import numpy as np
import pytest
from crooked import DIMS, crooked_frame, storages, stored, upright_frame
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.data.atomic import write_sealed
from pipeline.data.image import Image
from pipeline.data.intensity import Normalisation
from pipeline.data.resample import lattice_number
from pipeline.data.store import LevelArray, PreparedStore, is_whole, make_level, read_store, save_array
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame

WINDOW = Normalisation("window", -100.0, 300.0)


@pytest.mark.parametrize("normalisation", [WINDOW, Normalisation("percentile", 1.0, 99.0)])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dims", DIMS)
def test_all_ways_to_store_a_scan_give_the_same_bits(dims, turned, normalisation):
    rng = np.random.default_rng(dims)
    steps = np.array([0.375, 0.8, 1.25])[:dims]
    shape = (13, 11, 9)[:dims]
    frame = crooked_frame(rng, shape, steps) if turned else upright_frame(shape, steps, (-71.3, 12.7, 90.1)[:dims])
    voxels = rng.integers(-200, 400, shape).astype(np.int16)
    for spacing in (None, 0.5, 2.0):
        expected = make_level(Image(frame, voxels), spacing, normalisation)
        for order, flips in storages(dims):
            copy, other = stored(voxels, frame, order, flips)
            level = make_level(Image(other, copy), spacing, normalisation)
            assert level.frame.same_as(expected.frame)
            assert_array_equal(level.voxels, expected.voxels)


@pytest.mark.parametrize("spacing", [0.35, 0.9, 1.1, 1.3])
@pytest.mark.parametrize("voxels", [12, 13, 100])
def test_a_frame_that_a_file_rounded_gives_the_same_level(spacing, voxels):
    shape = (voxels, voxels + 2)
    centred = upright_frame(shape, spacing, [-(n - 1) / 2 * spacing for n in reversed(shape)])  # edges about 0
    image = np.random.default_rng(0).uniform(-100, 300, shape)
    for level in (None, spacing, 2 * spacing, 1.0):
        expected = make_level(Image(centred, image), level, WINDOW)
        for order, flips in storages(2):
            copy, frame = stored(image, centred, order, flips)
            rounded = ImageFrame(frame.shape, frame.affine.astype(np.float32))
            again = make_level(Image(rounded, copy), level, WINDOW)
            assert again.frame.same_as(expected.frame, 1e-4)
            assert lattice_number(again.frame).tolist() == lattice_number(expected.frame).tolist()
            assert_allclose(again.voxels.astype(float), expected.voxels.astype(float), atol=3e-3)


@pytest.mark.parametrize("dims", DIMS)
def test_a_scan_whose_voxel_size_is_far_too_large_is_told_so_before_memory_ends(dims):
    frame = upright_frame((4,) * dims, [10 ** (13 / dims)] * dims)
    with pytest.raises(DataError, match=r"voxels of \[.*\] mm becomes .*GiB of memory.*Is its voxel size right"):
        make_level(Image(frame, np.arange(4**dims).reshape(frame.shape)), 1.0, WINDOW)


def test_a_level_is_normalised_and_outside_is_zero_worked_out_by_hand():
    frame = upright_frame((3,))
    level = make_level(Image(frame, np.array([-100, 100, 300])), None, WINDOW, frame.crop((-1,), (5,)))
    assert level.voxels.tolist() == [[0, 0, 0.5, 1, 0]]
    assert level.voxels.dtype == np.float16


def test_a_part_of_a_level_has_the_values_of_the_whole():
    frame = upright_frame((9, 8), (0.5, 0.7))
    image = Image(frame, np.random.default_rng(0).normal(100, 80, frame.shape))
    normalisation = Normalisation("percentile", 1.0, 99.0)
    whole = make_level(image, 0.6, normalisation)
    part = make_level(image, 0.6, normalisation, whole.frame.crop((2, 3), (4, 5)))
    assert_array_equal(part.voxels, whole.voxels[:, 2:6, 3:8])


def test_an_image_needs_a_frame_of_its_shape():
    with pytest.raises(GeometryError, match=r"voxels have shape \(2,\), their frame \(3,\)"):
        Image(upright_frame((3,)), np.zeros(2))


@pytest.fixture
def store(tmp_path):
    rng = np.random.default_rng(0)
    for key in ("k0", "k1"):
        frame = crooked_frame(rng, (4, 5))
        save_array(tmp_path, key, LevelArray(frame, rng.random((1, 4, 5)).astype(np.float16)))
    made = PreparedStore(tmp_path, "mm", (3.0, None), WINDOW, {"case": ("k0", "k1")})
    made.write()
    return made


def test_what_is_written_is_read_again(store):
    again = read_store(store.folder)
    assert again == store
    frame = crooked_frame(np.random.default_rng(0), (4, 5))
    assert again.level("case", 0).frame.same_as(frame, 0)
    assert isinstance(again.level("case", 1).voxels[:, 1:], np.memmap)
    assert again.damaged(["case"]) == []


def test_more_arrays_are_held_than_files_may_be_open(store):
    code = (
        "import resource, sys; from pathlib import Path; import numpy as np;"
        "from pipeline.data.store import read_store;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32));"
        "levels = [read_store(Path(sys.argv[1])).level('case', 0) for _ in range(100)];"
        "print(np.sum([np.asarray(level.voxels[:, 1:], np.float32) for level in levels]))"
    )
    done = subprocess.run([sys.executable, "-c", code, store.folder], capture_output=True, text=True, check=True)
    once = store.level("case", 0).voxels[:, 1:].astype(np.float32).sum()
    assert float(done.stdout) == pytest.approx(100 * once, rel=1e-5)


def test_too_many_open_files_are_no_damage(store, monkeypatch):
    def no_more(path):
        raise OSError(errno.EMFILE, "Too many open files", str(path))

    monkeypatch.setattr("pipeline.data.store.stored_voxels", no_more)
    with pytest.raises(DataError, match=r"k0.npy: prepared array of case case cannot be opened \(Too many open files"):
        store.level("case", 0)


def test_stored_voxels_are_read_as_an_array_is(store):
    stored = store.level("case", 0).voxels
    whole = np.load(store.folder / "k0.npy")
    assert (stored.shape, stored.ndim, len(stored), stored.dtype) == ((1, 4, 5), 3, 1, np.float16)
    assert_array_equal(stored, whole)
    assert_array_equal(np.stack(list(stored)), whole)
    assert np.asarray(stored, np.float32).dtype == np.float32
    (store.folder / "k0.npy").unlink()
    with pytest.raises(DataError, match=r"k0\.npy: this prepared array was there a while ago"):
        stored[:]


def test_one_flipped_byte_is_seen(store):
    path = store.folder / "k1.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert is_whole(store.folder, "k0")
    assert not is_whole(store.folder, "k1")
    assert store.damaged(["case"]) == ["case"]


def test_an_array_without_its_checksum_is_not_whole(store):
    (store.folder / "k0.json").unlink()
    assert not is_whole(store.folder, "k0")
    assert not is_whole(store.folder, "never made")
    (store.folder / "k1.json").write_text("[]")
    assert not is_whole(store.folder, "k1")


@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY nonsense"])
def test_an_array_that_cannot_be_read_says_to_run_preprocess_again(store, content):
    path = store.folder / "k0.npy"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataError, match=r"k0.npy: prepared array of case case is damaged .* Run preprocess again"):
        store.level("case", 0)


def test_a_truncated_array_says_to_run_preprocess_again(store):
    path = store.folder / "k0.npy"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"k0.npy: prepared array of case case is damaged"):
        store.level("case", 0)


@pytest.mark.parametrize("content", [{"version": 1}, {"version": 2}, {"version": 2, "keys": 3}, []])
def test_a_store_of_another_version_or_kind_is_refused(tmp_path, content):
    if isinstance(content, dict):
        write_sealed(tmp_path / "index.json", content)
    else:
        (tmp_path / "index.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"index\.json: "):
        read_store(tmp_path)


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_store(tmp_path)


def test_values_survive_half_precision_to_a_thousandth():
    frame = upright_frame((100,))
    voxels = np.linspace(-100, 300, 100)
    level = make_level(Image(frame, voxels), None, WINDOW)
    assert_allclose(level.voxels[0].astype(float), (voxels + 100) / 400, atol=5e-4)
