"""NRRD and MetaImage: complete headers and whole data, or an error."""

import gzip
import zlib

import numpy as np
import pytest

from pipeline.data.readers import files_of, read_frame, read_image
from pipeline.data.scan_facts import inspect_scan
from pipeline.errors import DataError

SimpleITK = pytest.importorskip("SimpleITK")

VOXELS = np.arange(24, dtype=np.int16).reshape(4, 3, 2)
NRRD = """NRRD0004
type: short
dimension: 3
space: {space}
sizes: 4 3 2
space directions: (0,0.5,0) (-0.6,0,0.8) (1.6,0,1.2)
kinds: domain domain domain
endian: little
encoding: {encoding}
space origin: (5,-7,9)

"""
MHA = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = {compressed}
TransformMatrix = 0 1 0 -0.6 0 0.8 0.8 0 0.6
Offset = 5 -7 9
ElementSpacing = 0.5 1 2
DimSize = 4 3 2
ElementType = MET_SHORT
ElementDataFile = {data}
"""
DATA = VOXELS.tobytes(order="F")


def nrrd(path, encoding="raw", space="left-posterior-superior", edit=("", "")):
    data = gzip.compress(DATA) if encoding == "gzip" else DATA
    path.write_bytes(NRRD.format(encoding=encoding, space=space).replace(*edit).encode() + data)
    return path


def mha(path, compressed=False, edit=("", "")):
    data = zlib.compress(DATA) if compressed else DATA
    path.write_bytes(MHA.format(compressed=compressed, data="LOCAL").replace(*edit).encode() + data)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda p: nrrd(p / "a.nrrd"),
        lambda p: nrrd(p / "a.nrrd", "gzip"),
        lambda p: mha(p / "a.mha"),
        lambda p: mha(p / "a.mha", True),
    ],
)
def test_a_voxel_lies_where_worked_out_by_hand(tmp_path, make):
    # (5, -7, 9) + 1 (0, .5, 0) + 2 (-.6, 0, .8) + 1 (1.6, 0, 1.2) = (5.4, -6.5, 11.8); both formats are LPS
    path = make(tmp_path)
    image = read_image(path)
    assert np.array_equal(image.voxels, VOXELS) and image.voxels.dtype == np.int16
    assert np.allclose(image.frame.voxel_to_world(np.array([[1, 2, 1]])), [[5.4, -6.5, 11.8]], atol=1e-9)
    assert image.frame.same_as(read_frame(path))


def test_a_ras_nrrd_is_turned(tmp_path):
    frame = read_frame(nrrd(tmp_path / "a.nrrd", space="right-anterior-superior"))
    assert np.allclose(frame.voxel_to_world(np.array([[1, 2, 1]])), [[-5.4, 6.5, 11.8]], atol=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: nrrd(p / "a.nrrd"),
        lambda p: nrrd(p / "a.nrrd", "gzip"),
        lambda p: mha(p / "a.mha"),
        lambda p: mha(p / "a.mha", True),
    ],
)
def test_every_truncation_is_noticed(tmp_path, make):
    path = make(tmp_path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=path.name):
            read_image(path)


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_a_nrrd_may_hold_several_gzip_members_as_compressors_in_parallel_write_them(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("pipeline.data.read_itk.CHUNK", chunk)
    path = nrrd(tmp_path / "a.nrrd")
    header = path.read_bytes()[: -len(DATA)].replace(b"encoding: raw", b"encoding: gzip")
    packed = b"".join(map(gzip.compress, (DATA[:20], DATA[20:], b"")))
    for filled in (b"", bytes(9)):
        path.write_bytes(header + packed + filled)
        assert np.array_equal(read_image(path).voxels, VOXELS)
    for more, told in ((packed[:-3], "stop before their end"), (packed + gzip.compress(b"1"), "not describe all")):
        path.write_bytes(header + more)
        with pytest.raises(DataError, match=rf"a\.nrrd: .*{told}.* Copy the file again"):
            read_image(path)


@pytest.mark.parametrize("make", [lambda p: nrrd(p / "a.nrrd", "gzip"), lambda p: mha(p / "a.mha", True)])
def test_compressed_data_that_lack_a_byte_or_have_others_behind_them_are_refused(tmp_path, make):
    path = make(tmp_path)
    whole = path.read_bytes()
    told = "its compressed data are whole, but other bytes lie behind them"
    for content, why in (
        (whole[:-1], "truncated: the compressed data stop before their end"),
        (whole + b"\n", told),
        (whole + b"xyz", told),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"{path.name}: {why}\. Copy the file again\."):
            read_image(path)


@pytest.mark.parametrize("offset", [-1, -5, -20])
def test_damaged_compressed_data_are_noticed(tmp_path, offset):
    for path in (nrrd(tmp_path / "a.nrrd", "gzip"), mha(tmp_path / "a.mha", True)):
        content = bytearray(path.read_bytes())
        content[offset] ^= 4
        path.write_bytes(content)
        with pytest.raises(DataError, match=path.name):
            read_image(path)


BROKEN_NRRD = {
    "no space": (("space: left-posterior-superior\n", ""), "no field 'space'"),
    "unknown space": (("left-posterior-superior", "scanner-xyz"), "scanner-xyz"),
    "no directions": (("space directions", "spacings"), "no field 'space directions'"),
    "no origin": (("space origin: (5,-7,9)\n", ""), "no field 'space origin'"),
    "an underscore": (("(0,0.5,0)", "(0,0_5,0)"), "not finite"),
    "directions NaN": (("(0,0.5,0)", "(0,nan,0)"), "not finite"),
    "directions zero": (("(0,0.5,0)", "(0,0,0)"), "a.nrrd: 'space directions': affine is singular"),
    "directions in a plane": (("(0,0.5,0)", "(1,0,0)"), "a.nrrd: 'space directions': affine is singular"),
    "channels": (("(0,0.5,0)", "none"), "one vector an axis"),
    "micrometre": (("kinds:", 'space units: "um" "um" "um"\nkinds:'), "only mm"),
    "encoding": (("raw", "hex"), "'encoding: hex'"),
    "type": (("type: short", "type: block"), "'type: block'"),
    "detached": (("kinds:", "data file: ../../secret.raw\nkinds:"), "data file"),
    "skip": (("kinds:", "byte skip: 4\nkinds:"), "byte skip"),
    "endian": (("endian: little\n", ""), "endian"),
    "sizes": (("sizes: 4 3 2", "sizes: 4 3 x"), "sizes"),
    "too large": (("sizes: 4 3 2", "sizes: 40000 40000 40000"), "more than"),
    "larger than the data": (("sizes: 4 3 2", "sizes: 5 3 2"), "truncated"),
    "smaller than the data": (("sizes: 4 3 2", "sizes: 3 3 2"), "describe"),
}
BROKEN_MHA = {
    "no spacing": (("ElementSpacing = 0.5 1 2\n", ""), "no field 'elementspacing'"),
    "spacing zero": (("0.5 1 2", "0 1 2"), "ElementSpacing"),
    "an underscore": (("0.5 1 2", "0.5 1_0 2"), "not finite"),
    "spacing NaN": (("0.5 1 2", "nan 1 2"), "not finite"),
    "axes": (("NDims = 3", "NDims = 2"), "do not fit"),
    "channels": (("ElementType", "ElementNumberOfChannels = 3\nElementType"), "channels"),
    "type": (("MET_SHORT", "MET_STRING"), "ElementType"),
    "text": (("BinaryData = True", "BinaryData = False"), "BinaryData"),
    "metres": (("ElementType", "DistanceUnits = m\nElementType"), "DistanceUnits"),
    "matrix": (("0 1 0 -0.6", "nan 1 0 -0.6"), "not finite"),
    "data elsewhere": (("LOCAL", "../x.raw"), "ElementDataFile"),
    "data list": (("LOCAL", "LIST"), "ElementDataFile"),
    "data gone": (("LOCAL", "gone.raw"), "gone.raw"),
    "order 2": (("MSB = False", "MSB = 2"), "BinaryDataByteOrderMSB = 2; True or False"),
    "order Tru": (("BinaryDataByteOrderMSB = False", "ElementByteOrderMSB = Tru"), "ElementByteOrderMSB = Tru; "),
    "two orders": (("MSB = False", "MSB = False\nElementByteOrderMSB = True"), "contradict each other"),
    "larger than the data": (("DimSize = 4", "DimSize = 5"), "truncated"),
}


@pytest.mark.parametrize("word", ["T", "1", "F", "0"])
def test_the_byte_order_is_said_as_metaio_reads_it(tmp_path, word):
    header = MHA.format(compressed=False, data="LOCAL").replace("MSB = False", f"MSB = {word}").encode()
    (tmp_path / "a.mha").write_bytes(header + VOXELS.astype(">i2" if word in "T1" else "<i2").tobytes("F"))
    assert np.array_equal(read_image(tmp_path / "a.mha").voxels, VOXELS)


@pytest.mark.filterwarnings("error")  # the terminal shows the message alone
@pytest.mark.parametrize("case", BROKEN_NRRD)
def test_a_broken_nrrd_header_is_refused(tmp_path, case):
    edit, message = BROKEN_NRRD[case]
    with pytest.raises(DataError, match=message):
        read_image(nrrd(tmp_path / "a.nrrd", edit=edit))


@pytest.mark.parametrize("case", BROKEN_MHA)
def test_a_broken_metaimage_header_is_refused(tmp_path, case):
    edit, message = BROKEN_MHA[case]
    with pytest.raises(DataError, match=message):
        read_image(mha(tmp_path / "a.mha", edit=edit))


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_nrrd_whose_voxels_lie_in_another_file_is_said_to_be_so(tmp_path, end):
    """SimpleITK writes no empty line behind such a header, called .nhdr."""
    header = NRRD.format(encoding="raw", space="left-posterior-superior").rstrip() + "\ndata file: a.raw\n"
    (tmp_path / "a.nrrd").write_text(header + end)
    with pytest.raises(DataError, match=r"'data file: a\.raw'; its voxels lie in another file. Save it"):
        read_image(tmp_path / "a.nrrd")


@pytest.mark.parametrize("name", ["a.mha", "a.MHD"])
def test_a_nrrd_called_like_a_metaimage_is_to_be_renamed(tmp_path, name):
    with pytest.raises(DataError, match=r"a NRRD file, called \.\w+\. Rename it to a\.nrrd\."):
        read_image(nrrd(tmp_path / name))


def test_an_empty_nrrd_is_said_to_be_no_nrrd(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.nrrd: not a NRRD file"):
        read_image(tmp_path / "a.nrrd")


@pytest.mark.parametrize("path", ["a.nrrd", "a.mha", "a.mhd"])
@pytest.mark.parametrize("content", [b"", b"<html>", b"NRRD0004\n", bytes(range(256))])
def test_what_is_no_image_is_refused(tmp_path, path, content):
    (tmp_path / path).write_bytes(content)
    with pytest.raises(DataError, match=path):
        read_image(tmp_path / path)


def test_compressed_data_that_cannot_hold_the_promised_voxels_are_refused(tmp_path):
    edit = ("DimSize = 4 3 2", "DimSize = 1200 1200 1200")
    with pytest.raises(DataError, match="cannot hold"):
        read_image(mha(tmp_path / "a.mha", True, edit))


def test_big_endian_gives_the_same_voxels(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(
        NRRD.format(encoding="raw", space="LPS").replace("little", "big").encode() + VOXELS.astype(">i2").tobytes("F")
    )
    (tmp_path / "a.mha").write_bytes(
        MHA.format(compressed=False, data="LOCAL").replace("MSB = False", "MSB = True").encode()
        + VOXELS.astype(">i2").tobytes("F")
    )
    for name in ("a.nrrd", "a.mha"):
        voxels = read_image(tmp_path / name).voxels
        assert np.array_equal(voxels, VOXELS) and voxels.dtype == np.int16


def test_files_of_simpleitk_itself_come_back(tmp_path):
    image = SimpleITK.GetImageFromArray(VOXELS.transpose(2, 1, 0).copy())
    image.SetSpacing((0.5, 1.0, 2.0))
    image.SetOrigin((5, -7, 9))
    image.SetDirection((0, -0.6, 0.8, 1, 0, 0, 0, 0.8, 0.6))
    for key, value in {"dim[0]": "3", "0008|0060": "CT", "descrip": "Schädel, 2. Aufnahme"}.items():
        image.SetMetaData(key, value)  # as of a NIfTI or a DICOM series that was saved as another format
    for name in ("a.nrrd", "a.mha", "a.mhd"):
        for packed in (False, True):
            SimpleITK.WriteImage(image, str(tmp_path / name), packed)
            read = read_image(tmp_path / name)
            assert np.array_equal(read.voxels, VOXELS)
            assert np.allclose(read.frame.voxel_to_world(np.array([[1, 2, 1]])), [[5.4, -6.5, 11.8]], atol=1e-9)


def test_a_header_with_its_data_beside_it_is_read(tmp_path):
    (tmp_path / "a.mhd").write_text(MHA.format(compressed=False, data="a.raw"))
    (tmp_path / "a.raw").write_bytes(DATA)
    assert np.array_equal(read_image(tmp_path / "a.mhd").voxels, VOXELS)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_name_with_accents_is_the_file_of_voxels(tmp_path, encoding):
    (tmp_path / "naïve.mhd").write_bytes(MHA.format(compressed=False, data="naïve.raw").encode(encoding))
    (tmp_path / "naïve.raw").write_bytes(DATA)
    assert np.array_equal(read_image(tmp_path / "naïve.mhd").voxels, VOXELS)
    assert files_of(tmp_path / "naïve.mhd")[1:] == [tmp_path / "naïve.raw"]


def test_the_last_line_of_a_header_may_lack_its_break(tmp_path):
    (tmp_path / "a.mhd").write_text(MHA.format(compressed=False, data="a.raw").rstrip())
    (tmp_path / "a.raw").write_bytes(DATA)
    assert np.array_equal(read_image(tmp_path / "a.mhd").voxels, VOXELS)
    assert files_of(tmp_path / "a.mhd")[1:] == [tmp_path / "a.raw"]


@pytest.mark.parametrize("name", ["A.MHA", "A.NRRD"])
def test_a_suffix_in_capitals_is_read(tmp_path, name):
    assert np.array_equal(read_image((mha if name == "A.MHA" else nrrd)(tmp_path / name)).voxels, VOXELS)


@pytest.mark.parametrize("place", ["pipeline.data.itk_header.open", "pipeline.data.read_itk.np.fromfile"])
def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch, place):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(place, refuse, raising=False)
    with pytest.raises(DataError, match=r"a\.mha: cannot be read: Permission denied"):
        read_image(mha(tmp_path / "a.mha"))


@pytest.mark.parametrize("header", ["a.mhd", "a.mha"])
def test_the_file_of_voxels_that_a_header_names_belongs_to_the_scan(tmp_path, header):
    """Else what was answered or checked would stand when the voxels change."""
    (tmp_path / header).write_text(MHA.format(compressed=False, data="voxels 1.bin"))
    assert files_of(tmp_path / header) == [tmp_path / header]
    (tmp_path / "voxels 1.bin").write_bytes(DATA)
    (tmp_path / "a.raw").write_bytes(DATA)
    assert files_of(tmp_path / header) == [tmp_path / header, tmp_path / "voxels 1.bin"]
    known = inspect_scan(str(tmp_path / header))
    (tmp_path / "voxels 1.bin").write_bytes((VOXELS + 50).tobytes(order="F"))
    assert inspect_scan(str(tmp_path / header), known)["max"] == known["max"] + 50


@pytest.mark.parametrize(
    "content",
    [b"", b"ElementDataFile = \n", b"ElementDataFile = ../b\n", b"ElementDataFile = \xa0\n", bytes(range(256))],
)
def test_a_damaged_header_names_no_other_file(tmp_path, content):
    (tmp_path / "a.mhd").write_bytes(content)
    assert files_of(tmp_path / "a.mhd") == [tmp_path / "a.mhd"]
    assert files_of(tmp_path / "gone.mhd") == [tmp_path / "gone.mhd"]


def test_a_metaimage_without_a_place_is_read_as_the_identity_and_says_so(tmp_path):
    path = mha(tmp_path / "a.mha", edit=("TransformMatrix = 0 1 0 -0.6 0 0.8 0.8 0 0.6\nOffset = 5 -7 9\n", ""))
    assert "identity" in read_image(path).notes[0]
