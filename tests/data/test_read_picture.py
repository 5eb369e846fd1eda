"""Pictures: where their pixels lie, whatever the camera or the format did to them."""

import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

from pipeline.data.find_images import find_images
from pipeline.data.image import Image
from pipeline.data.intensity import Normalisation
from pipeline.data.read_picture import ORIENTATION, SUFFIXES, TIFF_PLANES, TIFF_WHITE
from pipeline.data.readers import read_frame, read_image, unit_of
from pipeline.data.scan_remarks import remarks_on
from pipeline.data.store import make_level
from pipeline.errors import DataError, GeometryError
from pipeline.geometry import ImageFrame

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20  # 3 rows of 4 pixels
EXIF = {  # value -> what the camera did to the upright rows and columns before it wrote them
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: p.swapaxes(0, 1)[::-1],
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: p.swapaxes(0, 1)[:, ::-1],
}


def saved(path, pixels, **how):
    PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(path, **how)
    return path


def saved_deep(path, pixels):
    """A PNG of 16 bits: grey with transparency, colours, or both; Pillow writes none of them."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows, columns, channels = pixels.shape
    kind = {2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", columns, rows, 16, kind, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".jpg", ".jpeg", ".webp", ".ppm")])
def test_x_runs_to_the_right_and_y_down(tmp_path, suffix):
    image = read_image(saved(tmp_path / f"a{suffix}", GREY))
    assert (image.frame.shape, image.frame.unit) == ((4, 3), "px")
    assert image.frame.voxel_to_world(np.array([[3, 1]])).tolist() == [[3.0, 1.0]]
    assert image.voxels[3, 1] == GREY[1, 3]
    assert read_frame(tmp_path / f"a{suffix}").same_as(image.frame)


@pytest.mark.parametrize("value", EXIF)
def test_a_picture_is_turned_as_the_camera_was_held(tmp_path, value):
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = value
    path = saved(tmp_path / "a.png", EXIF[value](GREY), exif=exif)
    image = read_image(path)
    assert_array_equal(image.voxels.T, GREY)
    assert read_frame(path).shape == image.frame.shape == (4, 3)
    assert bool(image.notes) == (value != 1)


@pytest.mark.parametrize("value", EXIF)
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("kind", ["grey", "deep", "colours"])
def test_a_tiff_is_turned_once_whatever_its_pixels(tmp_path, value, compression, kind):
    """Pillow turns some of it on opening, and maps plain grey pixels as if they were turned already."""
    upright = {"grey": GREY, "deep": GREY.astype(np.uint16) * 300, "colours": np.stack([GREY, GREY + 1, GREY // 2], -1)}
    path = saved(tmp_path / "a.tif", EXIF[value](upright[kind]), compression=compression, tiffinfo={ORIENTATION: value})
    image = read_image(path)
    assert_array_equal(image.voxels.swapaxes(0, 1), upright[kind])
    assert read_frame(path).shape == image.frame.shape == (4, 3)
    assert bool(image.notes) == (value != 1)


def test_sixteen_bits_stay_sixteen_bits(tmp_path):
    deep = GREY.astype(np.uint16) * 300
    for suffix in (".png", ".tif"):
        image = read_image(saved(tmp_path / f"a{suffix}", deep))
        assert image.voxels.dtype == np.uint16
        assert_array_equal(image.voxels.T, deep)


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize(("bits", "severity"), [(16, "note"), (14, "warning"), (12, "warning")])
def test_sixteen_bits_a_colour_become_eight_with_a_word(tmp_path, channels, bits, severity):
    """A warning where hardly anything is left of them."""
    pixels = np.random.default_rng(0).integers(0, 1 << bits, (20, 30, channels))
    image = read_image(saved_deep(tmp_path / "a.png", pixels))
    assert image.voxels.dtype == np.uint8
    assert_array_equal(image.channels[0].T, pixels[..., 0] >> 8)
    assert [f.severity for f in remarks_on("a", image) if "16 bits" in f.message] == [severity]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    ("bits", "highest", "severities"),
    [(16, 65535, ["note"]), (12, 65535, ["warning"]), (12, 4095, ["note"]), (8, 255, [])],
)
def test_so_do_those_of_a_ppm(tmp_path, bits, highest, severities, plain):
    pixels = np.random.default_rng(0).integers(0, 1 << bits, (20, 30, 3))
    content = (
        " ".join(map(str, pixels.flat)).encode() if plain else pixels.astype(">u2" if bits > 8 else "u1").tobytes()
    )
    (tmp_path / "a.ppm").write_bytes(b"P%d\n30 20\n%d\n" % (3 if plain else 6, highest) + content)
    image = read_image(tmp_path / "a.ppm")
    assert_array_equal(image.channels[0].T, np.round(pixels[..., 0] / highest * 255))
    assert [f.severity for f in remarks_on("a", image) if "16 bits" in f.message] == severities


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_white_at_0_is_turned_round_or_refused(tmp_path, dtype):
    white = {"tiffinfo": {TIFF_WHITE: 0}}
    assert_array_equal(read_image(saved(tmp_path / "a.tif", GREY, **white)).voxels.T, GREY)
    with pytest.raises(DataError, match=r"b\.tif: PhotometricInterpretation = 0, white at 0"):
        read_image(saved(tmp_path / "b.tif", GREY.astype(dtype), **white))


def test_sixteen_bits_of_colours_that_lie_each_by_itself_are_refused(tmp_path):
    """Pillow would take the first half of each as the whole, a byte a value."""
    path = saved(tmp_path / "a.tif", np.stack([GREY] * 3, -1), tiffinfo={TIFF_PLANES: 2})
    bits = [struct.pack("<3H", *[size] * 3) for size in (8, 16)]
    path.write_bytes(path.read_bytes().replace(*bits))
    with pytest.raises(DataError, match=r"a\.tif: PlanarConfiguration = 2, each colour by itself"):
        read_image(path)


def test_colours_are_channels_and_transparency_is_none(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (3, 4, 4), np.uint8)
    image = read_image(saved(tmp_path / "a.png", colours))
    assert [c.shape for c in image.channels] == [(4, 3)] * 3
    assert_array_equal(np.stack(image.channels, -1).swapaxes(0, 1), colours[..., :3])
    assert "transparency ignored" in image.notes
    palette = PIL.Image.fromarray(colours[..., :3]).quantize(256)
    palette.save(tmp_path / "b.png")
    assert_array_equal(np.asarray(palette.convert("RGB")).swapaxes(0, 1), read_image(tmp_path / "b.png").voxels)


def test_black_and_white_is_grey(tmp_path):
    image = read_image(saved(tmp_path / "a.png", GREY > 100))
    assert image.voxels.shape == (4, 3)


@pytest.mark.parametrize("length", [0, 10, 60])
def test_a_picture_that_is_cut_off_is_an_error_that_names_it(tmp_path, length):
    path = saved(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match=r"a\.png: not readable as a picture") as told:
        read_image(path)
    assert "_io." not in str(told.value)


def test_several_pictures_in_one_file_are_refused(tmp_path):
    pages = [PIL.Image.fromarray(GREY) for _ in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match=r"a\.tif: 3 pictures in one file"):
        read_image(tmp_path / "a.tif")


def test_of_a_jpeg_with_smaller_ones_behind_it_the_first_is_read(tmp_path):
    """As cameras write them."""
    shown, behind = PIL.Image.fromarray(np.tile(GREY, (10, 10))), PIL.Image.new("L", (20, 15))
    shown.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[behind])
    image = read_image(tmp_path / "a.jpg")
    assert image.frame.shape == (40, 30) and "the first of 2 pictures in the file" in image.notes


def test_a_picture_of_too_many_pixels_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 5)
    with pytest.raises(DataError, match=r"a\.png: more than 10 pixels, the most that is read. Crop it"):
        read_image(saved(tmp_path / "a.png", GREY))


def test_a_picture_that_pillow_warns_of_is_read_without_a_word(tmp_path, monkeypatch, recwarn):
    """In threads, too: each opening sees to it, whatever another thread restored meanwhile."""
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", GREY.size - 1)
    path = saved(tmp_path / "a.png", GREY)
    read_image(path)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with ThreadPoolExecutor(4) as pool:
            assert {frame.shape for frame in pool.map(read_frame, [path] * 20)} == {(4, 3)}
    assert [str(warning.message) for warning in recwarn] == []


def test_pictures_beside_scans_are_screenshots(tmp_path):
    saved(tmp_path / "a.png", GREY)
    assert [p.name for p in find_images(tmp_path)] == ["a.png"]
    (tmp_path / "scan.nii.gz").write_bytes(b"")
    assert [p.name for p in find_images(tmp_path)] == ["scan.nii.gz"]
    assert (unit_of(tmp_path / "A.JPG"), unit_of(tmp_path / "scan.nii.gz")) == ("px", "mm")


def colour_image(voxels):
    return Image(ImageFrame(voxels.shape[:2], np.eye(3), "px"), voxels)


def test_a_level_has_the_channels_that_the_network_sees():
    colours = np.random.default_rng(0).integers(0, 255, (6, 5, 3)).astype(np.uint8)
    window = Normalisation("window", 0.0, 255.0, 3)
    level = make_level(colour_image(colours), None, window)
    assert level.voxels.shape == (3, 5, 6)
    assert np.abs(level.voxels.astype(float) - colours.T / 255).max() < 1e-3
    grey = make_level(colour_image(colours), None, Normalisation("window", 0.0, 255.0, 1))
    assert np.abs(grey.voxels[0].astype(float) - colours.mean(-1).T / 255).max() < 1e-3
    shown = make_level(colour_image(colours[..., 0]), None, window)
    assert_array_equal(shown.voxels[0], shown.voxels[2])
    with pytest.raises(DataError, match="an image with 2 channels, 3 are wanted"):
        make_level(colour_image(colours[..., :2]), None, window)


def test_more_axes_than_the_frame_and_its_colours_are_refused():
    with pytest.raises(GeometryError, match=r"voxels have shape \(4, 3, 2, 2\), their frame \(4, 3\)"):
        colour_image(np.zeros((4, 3, 2, 2)))
