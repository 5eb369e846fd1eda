"""Which files of a folder make the series: others are left out and said, several series are asked about."""

import tracemalloc

import numpy as np
import pytest
from dicom_files import NORMAL, ORIGIN, write_slice

from pipeline.data.collect import collect
from pipeline.data.find_images import find_images
from pipeline.data.links import link_scan
from pipeline.data.markups import write_markups
from pipeline.data.point_files import files_by_case, point_files
from pipeline.data.readers import case_name, files_of, pick_series, read_frame, read_image
from pipeline.data.scan_facts import inspect_scan
from pipeline.data.scan_files import asked_scans, find_scans
from pipeline.data.scan_ids import scan_ids
from pipeline.errors import DataError

REPORT, MASK = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.66.4"
VOXELS = np.arange(60, dtype=np.int16).reshape(4, 3, 5)


def series(folder, uid="1.2.3", suffix=".dcm", **tags):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(4):
        name = folder / f"{uid}-{index}{suffix}"
        write_slice(name, index, VOXELS[index], ORIGIN + 2 * index * NORMAL, SeriesInstanceUID=uid, **tags)
    return folder


def test_several_series_are_listed_and_one_can_be_chosen(tmp_path):
    series(tmp_path, "1.2.3")
    series(tmp_path, "1.2.4", RescaleIntercept=0)
    with pytest.raises(DataError, match=r"2 series in it. Choose with data.*\n  1.2.3: .*CT, 4 slices of 3"):
        read_image(tmp_path)
    (chosen,) = pick_series(find_images(tmp_path), ["1.2.4"])
    assert np.array_equal(read_image(chosen).voxels, VOXELS) and case_name(chosen) == tmp_path.name
    assert read_frame(chosen).shape == (4, 3, 5) and len(files_of(chosen)) == 8


def test_a_series_that_nobody_holds_is_refused(tmp_path):
    series(tmp_path / "CT")
    for ask in (
        lambda uids: asked_scans([tmp_path], tmp_path / "out", uids),
        lambda uids: find_scans(tmp_path, None, uids),
    ):
        with pytest.raises(DataError, match=r"\['9\.9\.9'\]: no folder holds it"):
            ask(["1.2.3", "9.9.9"])


def test_each_of_two_inputs_may_hold_one_of_the_wanted_series(tmp_path):
    uids = ["1.2.1", "1.2.2"]
    for folder, uid in zip("AB", uids, strict=True):
        series(tmp_path / folder, uid)
        series(tmp_path / folder, "1.2.9")
    found = asked_scans([tmp_path / "A", tmp_path / "B"], tmp_path / "out", uids)
    assert found == {"A": tmp_path / "A" / "1.2.1", "B": tmp_path / "B" / "1.2.2"}


@pytest.mark.parametrize("cut", ["another series", "the wanted one"])
def test_a_damaged_slice_does_not_hide_which_series_there_are(tmp_path, cut):
    """It is an error of its scan, which reading it names."""
    series(tmp_path / "A", "1.2.1")
    path = series(tmp_path / "B", "1.2.2" if cut == "another series" else "1.2.1") / "0.dcm"
    path.write_bytes((tmp_path / "A" / "1.2.1-0.dcm").read_bytes()[:200])
    found, _ = find_scans(tmp_path, series=["1.2.1"])
    assert found == {"A": tmp_path / "A" / "1.2.1", "B": tmp_path / "B" / ("" if cut == "another series" else "1.2.1")}
    assert read_image(found["A"]).frame.shape == (4, 3, 5)
    with pytest.raises(DataError, match=r"0\.dcm: no Rows"):
        read_image(found["B"])


@pytest.mark.parametrize("uids", [[], ["1.2.3"]])
def test_landmarks_lie_beside_the_folder_of_a_series_chosen_or_not(tmp_path, uids):
    series(tmp_path / "group" / "P1")
    write_markups(tmp_path / "group" / "P1.mrk.json", {"a": (1.0, 2.0, 3.0)})
    assert point_files(tmp_path, find_scans(tmp_path, series=uids)[0]) == [tmp_path / "group" / "P1.mrk.json"]


def test_a_file_beside_two_series_of_a_folder_is_of_neither(tmp_path):
    uids = ["1.2.3", "1.2.4"]
    for uid in uids:
        series(tmp_path / "P1", uid)
    scans = find_scans(tmp_path, series=uids)[0]
    assert set(scans) == {"P1_1.2.3", "P1_1.2.4"}
    assert set(files_by_case([tmp_path / "P1.mrk.json"], scans, tmp_path)[0]) == {"P1"}


def test_slices_in_the_folder_itself_are_a_scan_of_it(tmp_path):
    source = tmp_path / "study"
    for number in range(3):
        series(source / f"P{number}", f"1.2.{number}")
    write_slice(source / "screenshot.dcm", 0, VOXELS[0], ORIGIN)
    rows = [f"P{number},a,5,-6,10,LPS" for number in range(3)]
    (source / "landmarks.csv").write_text("\n".join(["case,landmark,x_mm,y_mm,z_mm,frame", *rows]))
    write_markups(tmp_path / "P0.mrk.json", {"a": (1.0, 2.0, 3.0)})  # of nobody: it lies outside
    data, findings = collect(source, "n")
    assert [case.id for case in data.cases] == ["P0", "P1", "P2"]
    assert [(f.rule, f.case) for f in findings] == [("no-landmarks", "study")]


def test_of_other_series_in_the_folder_no_pixel_is_read(tmp_path):
    pixels = np.zeros((256, 256), np.int16)
    for uid in range(8):
        for index in range(3):
            place = ORIGIN + 2 * index * NORMAL
            write_slice(tmp_path / f"{uid}-{index}.dcm", index, pixels + index, place, SeriesInstanceUID=f"1.2.{uid}")
    read_image(tmp_path / "1.2.3")
    tracemalloc.start()
    read_image(tmp_path / "1.2.3")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 3 * pixels.nbytes


def test_a_localizer_that_says_so_is_left_out(tmp_path):
    series(tmp_path)
    write_slice(tmp_path / "scout.dcm", 9, VOXELS[0], ORIGIN, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    image = read_image(tmp_path)
    assert image.frame.shape == (4, 3, 5) and image.notes == ("scout.dcm is a localizer: left out",)


def test_a_slice_across_the_others_is_left_out_as_a_localizer(tmp_path):
    series(tmp_path)
    write_slice(tmp_path / "a.dcm", 9, VOXELS[0], ORIGIN, cosines=(0, 1, 0, 0.8, 0, 0.6))
    image = read_image(tmp_path)
    assert image.frame.shape == (4, 3, 5) and "crosses the others at" in image.notes[0]


def test_reports_contours_and_screenshots_are_left_out(tmp_path):
    series(tmp_path)
    write_slice(tmp_path / "report.dcm", 8, VOXELS[0], ORIGIN, SOPClassUID=REPORT, Modality="SR", Rows=None)
    write_slice(tmp_path / "mask.dcm", 9, VOXELS[0], ORIGIN, SOPClassUID=MASK, Modality="SEG")
    write_slice(tmp_path / "shot.dcm", 9, VOXELS[0], ORIGIN, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    notes = read_image(tmp_path).notes
    assert notes == ("2 files are DICOM, but not a scan: left out", "shot.dcm is a secondary capture: left out")


@pytest.mark.parametrize("frames", ["", ".2"])
def test_screenshots_alone_are_no_scan(tmp_path, frames):
    with pytest.raises(DataError, match="a screenshot"):
        read_image(series(tmp_path, SOPClassUID=f"1.2.840.10008.5.1.4.1.1.7{frames}"))


def test_tomography_of_the_eye_is_no_screenshot_though_its_class_begins_alike(tmp_path):
    image = read_image(series(tmp_path, SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.5.4"))
    assert np.array_equal(image.voxels, VOXELS - 1024)


def test_a_cd_root_and_a_lone_report_are_no_scans(tmp_path):
    series(tmp_path / "DICOM")
    (tmp_path / "DICOMDIR").write_bytes((tmp_path / "DICOM" / "1.2.3-0.dcm").read_bytes())
    (tmp_path / "doc").mkdir()
    write_slice(tmp_path / "doc" / "report.dcm", 8, VOXELS[0], ORIGIN, SOPClassUID=REPORT, Modality="SR", Rows=None)
    assert find_images(tmp_path) == [tmp_path / "DICOM"]


def test_folders_of_one_name_get_the_way_to_them_as_id(tmp_path):
    paths = [series(tmp_path / patient / "CT") for patient in ("P1", "P2")]
    assert scan_ids(paths, tmp_path) == {"P1_CT": [paths[0]], "P2_CT": [paths[1]]}


def test_numbers_of_slices_do_not_sort_them(tmp_path):
    image = read_image(series(tmp_path, InstanceNumber=7))
    assert np.array_equal(image.voxels, VOXELS - 1024)


def test_the_odd_slice_is_named_though_its_name_comes_first(tmp_path):
    series(tmp_path)
    write_slice(tmp_path / "0.dcm", 0, VOXELS[0][:2], ORIGIN + 8 * NORMAL)
    with pytest.raises(DataError, match=r"0\.dcm: Rows, Columns = \[2"):
        read_image(tmp_path)


@pytest.mark.parametrize("suffix", [".dcm", ""])
def test_every_truncation_of_a_slice_is_noticed(tmp_path, suffix):
    path = series(tmp_path, suffix=suffix) / f"1.2.3-3{suffix}"
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"1\.2\.3-3|missing"):
            read_image(tmp_path)


@pytest.mark.parametrize("suffix", [".dcm", ".IMA", "", ".7"])
@pytest.mark.parametrize("target", ["nowhere", "itself"])
def test_a_slice_that_is_a_link_to_nowhere_is_named_not_dropped(tmp_path, suffix, target):
    """At the end of the stack, where its loss leaves no gap."""
    path = series(tmp_path, suffix=suffix) / f"1.2.3-3{suffix}"
    path.unlink()
    path.symlink_to(path.name if target == "itself" else target)
    for read in (read_image, read_frame):
        with pytest.raises(DataError, match=rf"{path.name}: a link that leads nowhere: a slice may be lost\. Copy it"):
            read(tmp_path)
    assert inspect_scan(str(tmp_path))["rule"] == "unreadable"
    (tmp_path / "links").mkdir()
    link_scan(tmp_path / "links", "s1", tmp_path)
    with pytest.raises(DataError, match=r"00004.*: a link that leads nowhere"):
        read_image(tmp_path / "links" / "s1")


@pytest.mark.parametrize("name", [".hidden.dcm", "notes.txt", "viewer.exe", "DICOMDIR"])
def test_a_link_to_nowhere_that_is_called_like_no_slice_costs_nothing(tmp_path, name):
    (series(tmp_path) / name).symlink_to("nowhere")
    assert find_images(tmp_path) == [tmp_path] and read_image(tmp_path).frame.shape == (4, 3, 5)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = series(tmp_path) / "1.2.3-2.dcm"
    monkeypatch.setattr("builtins.open", forbid(path, open))
    with pytest.raises(DataError, match=r"1\.2\.3-2\.dcm: cannot be read: Permission denied"):
        read_image(tmp_path)


def forbid(path, real):
    def opened(name, *args, **kwargs):
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied")
        return real(name, *args, **kwargs)

    return opened
