"""Faults 1 to 30: what is wrong with a scan file, and that it is refused by name, or read and said."""

import gzip
import re
import resource
import struct
import subprocess
import sys

import nibabel
import numpy as np
import pytest

from pipeline.data.readers import read_image
from pipeline.data.scan_facts import inspect_scan
from pipeline.data.set_rules import check_set, scan_findings
from pipeline.errors import DataError

AFFINE = np.array([[0.0, -0.6, 1.6, 5.0], [0.5, 0, 0, -7.0], [0, 0.8, 1.2, 9.0], [0, 0, 0, 1]])
VOXELS = np.random.default_rng(0).integers(-500, 500, (7, 6, 5)).astype(np.int16)
PIXDIM, SLOPE, INTER, UNITS, QFORM, SFORM, SROW = 76, 112, 116, 123, 252, 254, 280


def scan(path, patches=(), voxels=VOXELS, affine=AFFINE):
    """A NIfTI file with bytes of its header changed: (position, struct code, value)."""
    image = nibabel.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, 1)
    content = bytearray(image.to_bytes())
    for position, code, value in patches:
        struct.pack_into(f"<{code}", content, position, value)
    path.write_bytes(gzip.compress(bytes(content)) if path.suffix == ".gz" else bytes(content))
    return path


def refused(path, *words):
    """The file is named, and the field or value that is wrong."""
    with pytest.raises(DataError) as caught:
        read_image(path)
    for word in (path.name, *words):
        assert word in str(caught.value)


def found(path):
    """Rules that `check` breaks over one scan."""
    facts = inspect_scan(str(path))
    return {facts["rule"]} if "rule" in facts else {f.rule for f in scan_findings("a", facts) if f.severity == "error"}


def test_01_pixdim_zero(tmp_path):
    refused(scan(tmp_path / "a.nii", [(PIXDIM + 4, "f", 0)]), "pixdim[1] = 0")


def test_02_pixdim_negative(tmp_path):
    refused(scan(tmp_path / "a.nii", [(PIXDIM + 4, "f", -0.5), (SFORM, "h", 0)]), "pixdim", "negative")
    image = read_image(scan(tmp_path / "b.nii", [(PIXDIM + 4, "f", -0.5)]))
    assert image.frame.same_as(read_image(scan(tmp_path / "c.nii")).frame)
    assert any("negative" in note for note in image.notes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_03_pixdim_not_finite(tmp_path, value):
    refused(scan(tmp_path / "a.nii", [(PIXDIM + 8, "f", value)]), "pixdim[2]")


def test_04_qform_elsewhere_than_sform(tmp_path):
    path = scan(tmp_path / "a.nii", [(268, "f", 17.0)])  # qoffset_x: 5 in the sform
    (note,) = read_image(path).notes
    assert note == "sform and qform differ by 12 mm: the sform is used"
    affine = nibabel.load(path).affine
    assert np.allclose(np.diag([-1, -1, 1, 1]) @ affine, read_image(path).frame.affine, atol=1e-5)
    facts = {"a": inspect_scan(str(path))}
    for strict, severity in ((False, "warning"), (True, "error")):
        (finding,) = (f for f in check_set(no_cases(), facts, strict) if "qform" in f.message)
        assert finding.severity == severity


def no_cases():
    from pathlib import Path

    from pipeline.data.dataset import Dataset

    return Dataset("d", Path("."), (), ())


@pytest.mark.parametrize("turned", [[1, 2, 0], [2, 0, 1]])
def test_04_qform_turned_about_a_diagonal_of_the_sform(tmp_path, turned):
    """The first corner and the last of a cube stay where they are."""
    turn = np.eye(4)[:, [*turned, 3]]
    image = nibabel.Nifti1Image(VOXELS[:5, :5, :5], np.eye(4))
    image.header.set_xyzt_units("mm")
    image.set_qform(turn, 1)
    nibabel.save(image, tmp_path / "a.nii")
    (note,) = read_image(tmp_path / "a.nii").notes
    assert note.startswith("sform and qform differ by")


@pytest.mark.parametrize("degrees", [0.0, 0.01, 0.04, 0.07, 0.2, 3.0])
def test_04_an_axial_scan_that_is_hardly_turned_has_one_position(tmp_path, degrees):
    """The real part of its quaternion is lost in float32."""
    angle = np.radians(180 + degrees)
    affine = np.eye(4)
    affine[:2, :2] = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * 0.4
    image = nibabel.Nifti1Image(np.arange(512 * 512 * 2, dtype=np.int32).reshape(512, 512, 2), affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, 1)
    nibabel.save(image, tmp_path / "a.nii")
    assert read_image(tmp_path / "a.nii").notes == ()
    away = affine.copy()
    away[0, 3] = 1.0
    image.set_qform(away, 1)
    nibabel.save(image, tmp_path / "a.nii")
    assert len(read_image(tmp_path / "a.nii").notes) == 1


def test_05_qform_of_another_size_than_sform(tmp_path):
    refused(scan(tmp_path / "a.nii", [(PIXDIM + 4, "f", 0.6)]), "pixdim", "the sform has", "one is wrong")


def test_06_no_form_at_all(tmp_path):
    refused(scan(tmp_path / "a.nii", [(QFORM, "h", 0), (SFORM, "h", 0)]), "sform_code = qform_code = 0")


def test_07_sform_of_zeros(tmp_path):
    refused(scan(tmp_path / "a.nii", [(SROW + 4 * i, "f", 0) for i in range(12)]), "sform", "singular")


def test_08_sform_not_a_number(tmp_path):
    refused(scan(tmp_path / "a.nii", [(SROW, "f", np.nan)]), "sform")


def test_09_sheared(tmp_path):
    slight, strong = np.diag([1.0, 1, 1, 1]), np.diag([1.0, 1, 1, 1])
    slight[0, 1], strong[0, 1] = 0.005, 0.1
    image = read_image(scan(tmp_path / "a.nii", affine=slight))
    assert any("sheared" in note for note in image.notes)
    there = np.random.default_rng(0).uniform(0, 5, (20, 3))
    assert np.abs(image.frame.world_to_voxel(image.frame.voxel_to_world(there)) - there).max() < 1e-6
    refused(scan(tmp_path / "b.nii", affine=strong), "sheared", "degrees")


def test_10_oblique(tmp_path):
    frame = read_image(scan(tmp_path / "a.nii")).frame
    assert np.allclose(frame.voxel_to_world(np.array([[1, 2, 1]])), [[-5.4, 6.5, 11.8]], atol=1e-5)


def test_11_left_handed(tmp_path):
    """The same scan stored backwards along an axis: the same value at the same place."""
    flipped = AFFINE.copy()
    flipped[:, 3] += flipped[:, 0] * (VOXELS.shape[0] - 1)
    flipped[:, 0] *= -1
    one = read_image(scan(tmp_path / "a.nii"))
    other = read_image(scan(tmp_path / "b.nii", voxels=VOXELS[::-1], affine=flipped))
    at = np.array([[2, 3, 4]])
    voxel = np.round(other.frame.world_to_voxel(one.frame.voxel_to_world(at))).astype(int)
    assert one.voxels[tuple(at[0])] == other.voxels[tuple(voxel[0])]


@pytest.mark.parametrize(("slope", "inter"), [(0, 5), (np.nan, 0), (np.inf, 0)])
def test_12_no_scale(tmp_path, slope, inter):
    refused(scan(tmp_path / "a.nii", [(SLOPE, "f", slope), (INTER, "f", inter)]), "scl_slope")


def test_13_intercept(tmp_path):
    stored = read_image(scan(tmp_path / "a.nii", [(SLOPE, "f", 1), (INTER, "f", -1024)]))
    assert np.array_equal(stored.voxels, VOXELS.astype(np.float32) - 1024)


def test_14_compressed_without_saying_so(tmp_path):
    scan(tmp_path / "a.nii.gz").rename(tmp_path / "a.nii")
    image = read_image(tmp_path / "a.nii")
    assert np.array_equal(image.voxels, VOXELS) and "compressed" in image.notes[0]


def test_15_not_compressed_though_it_says_so(tmp_path):
    scan(tmp_path / "a.nii").rename(tmp_path / "a.nii.gz")
    image = read_image(tmp_path / "a.nii.gz")
    assert np.array_equal(image.voxels, VOXELS) and "not compressed" in image.notes[0]


def test_16_every_cut_of_a_plain_file(tmp_path):
    whole = scan(tmp_path / "a.nii").read_bytes()
    for size in range(len(whole)):
        (tmp_path / "a.nii").write_bytes(whole[:size])
        refused(tmp_path / "a.nii")
    (tmp_path / "a.nii").write_bytes(whole[:500])
    refused(tmp_path / "a.nii", "500 bytes", f"expected {len(whole)}")


def test_17_every_cut_of_a_compressed_file(tmp_path):
    whole = scan(tmp_path / "a.nii.gz").read_bytes()
    for size in range(len(whole)):
        (tmp_path / "a.nii.gz").write_bytes(whole[:size])
        refused(tmp_path / "a.nii.gz")


def test_18_checksum(tmp_path):
    content = bytearray(scan(tmp_path / "a.nii.gz").read_bytes())
    content[-6] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(content)
    refused(tmp_path / "a.nii.gz", "damaged")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_19_a_header_that_promises_terabytes(tmp_path, name):
    """Refused by a process that may not have two gigabytes."""
    path = scan(tmp_path / name, [(42 + 2 * axis, "h", 30000) for axis in range(3)])
    code = (
        "import sys; from pathlib import Path; from pipeline.data.readers import read_image as r; r(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, preexec_fn=two_gigabytes)
    assert done.returncode == 1 and "DataError" in done.stderr and name in done.stderr


def two_gigabytes():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


def test_20_a_small_file_that_unpacks_to_more_than_the_memory(tmp_path, monkeypatch):
    import psutil

    path = scan(tmp_path / "a.nii.gz", voxels=np.zeros((64, 64, 64), np.int16))
    assert path.stat().st_size < 64**3 * 2 / 100
    little = psutil.virtual_memory()._replace(available=1_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little)
    refused(path, "GiB of memory", "are free")


@pytest.mark.parametrize(
    ("patch", "word"),
    [
        ((40, "h", 9), "not readable"),
        ((70, "h", 77), "datatype"),
        ((344, "4s", b"abcd"), ""),
        ((108, "f", 7), "vox_offset"),
    ],
)
def test_21_no_sense_in_the_header(tmp_path, patch, word):
    path = scan(tmp_path / "a.nii", [patch])
    refused(path, *([word] if word != "not readable" else []))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_22_voxels_not_finite(tmp_path, value):
    voxels = VOXELS.astype(np.float32)
    voxels[1, 2, 3:5] = value
    refused(scan(tmp_path / "a.nii", voxels=voxels), f"2 of {VOXELS.size} voxels")


def test_23_constant(tmp_path):
    refused(scan(tmp_path / "a.nii", voxels=np.full((7, 6, 5), 3, np.int16)), "all 210 voxels are 3")


def test_24_one_slice(tmp_path):
    path = scan(tmp_path / "a.nii", voxels=VOXELS[:, :, :1])
    assert found(path) == {"few-slices"}
    (finding,) = scan_findings("a", inspect_scan(str(path)))
    assert re.search(r"shape \[7, 6, 1\]: needs at least \d+ slices", finding.message)


def test_25_thick_slices(tmp_path):
    path = scan(tmp_path / "a.nii", affine=np.diag([0.5, 0.5, 5, 1]))
    findings = check_set(no_cases(), {"a": inspect_scan(str(path))})
    assert [f.severity for f in findings if f.rule == "anisotropy"] == ["warning"]


def test_26_four_axes(tmp_path):
    refused(scan(tmp_path / "a.nii", voxels=np.stack([VOXELS] * 3, -1)), "dim = [7, 6, 5, 3]", "in time")


@pytest.mark.parametrize(("code", "bits"), [(128, 24), (32, 64)])
def test_27_colour_and_complex(tmp_path, code, bits):
    refused(scan(tmp_path / "a.nii", [(70, "h", code), (72, "h", bits)]), "datatype")


def test_28_metres(tmp_path):
    metres = AFFINE.copy()
    metres[:3] /= 1000
    image = read_image(scan(tmp_path / "a.nii", [(UNITS, "b", 1)], affine=metres))
    assert np.allclose(image.frame.affine, np.diag([-1, -1, 1, 1]) @ AFFINE, atol=1e-4)
    assert any("metre" in note for note in image.notes)


def test_29_values_of_no_scanner(tmp_path):
    huge = scan(tmp_path / "a.nii", voxels=VOXELS * np.float32(1e30))
    assert found(huge) == {"values"}
    scans = {f"ct{n}": inspect_scan(str(scan(tmp_path / f"ct{n}.nii", voxels=VOXELS * 3 + n))) for n in range(4)}
    lost = scan(tmp_path / "lost.nii", voxels=VOXELS.astype(np.int32) * 100 + 80000)
    findings = check_set(no_cases(), scans | {"lost": inspect_scan(str(lost))})
    assert [f.case for f in findings if f.rule == "values" and f.severity == "error"] == ["lost"]
    labels = scan(tmp_path / "labels.nii", voxels=(VOXELS > 0).astype(np.int32))
    assert {f.rule for f in scan_findings("a", inspect_scan(str(labels)))} == {"few-values"}


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", bytes(range(256)) * 3])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_30_no_scan_at_all(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name)
    assert found(tmp_path / name) == {"unreadable"}
