"""What is written for other programs comes back as it was, and says nothing that was not found."""

import json
import re
import warnings

import numpy as np
import PIL.Image
import pytest
from crooked import crooked_frame
from dicom_files import NORMAL, ORIGIN, write_slice
from tiny_scans import write_scan

from pipeline.data.dicom_header import understood
from pipeline.data.fcsv import read_fcsv, write_fcsv
from pipeline.data.image import Image
from pipeline.data.markups import read_markups, write_markups
from pipeline.data.nnlandmark import read_nnlandmark
from pipeline.data.points_csv import read_points_csv
from pipeline.data.predictions import Answer
from pipeline.data.readers import read_frame
from pipeline.data.write_answers import write_all, write_case
from pipeline.data.write_picture import drawn_picture, write_picture
from pipeline.errors import DataError
from pipeline.geometry import ImageFrame

NAMES = ("naïve, left", 'say "x"', "gone", "# odd")
AT = {NAMES[0]: (1.5, -2.25, 3.125), NAMES[1]: (-100.0, 0.5, 1e-3), NAMES[3]: (7.0, 8.0, 9.0)}


def crooked_scan(path):
    """Of any direction, hand and step: nothing is right by chance."""
    write_scan(path, np.zeros((6, 5, 4), np.float32), crooked_frame(np.random.default_rng(3), (6, 5, 4)))
    return path


def answers():
    found = {n: Answer(p, True, 0.9, 0.5, 7, radius95=1.25) for n, p in AT.items()}
    return found | {"gone": Answer(None, False, 0.1, None, 0, guess=(1.0, 2.0, 3.0), reason="belief")}


def test_fcsv_comes_back(tmp_path):
    write_fcsv(tmp_path / "a.fcsv", AT | {"gone": None}, {"# odd": "belief 0.9, sure"})
    points, _ = read_fcsv(tmp_path / "a.fcsv")
    assert set(points) == set(AT) and all(np.allclose(points[n], p, atol=1e-6) for n, p in AT.items())


@pytest.mark.parametrize(
    ("scan", "within", "px"), [("c1.nii.gz", "1.2 mm", ""), ("c1.png", "1.2 px", "; position in px")]
)
def test_the_unit_of_an_image_is_said_of_how_far_an_answer_may_be_off_and_px_of_where_it_is(tmp_path, scan, within, px):
    write_case(tmp_path, "c1", answers(), tmp_path / scan, ["mrk.json", "fcsv"], "model")
    for name in ("c1.mrk.json", "c1.fcsv"):
        text = (tmp_path / name).read_text()
        assert f"belief 0.90, within {within} in 95%{px}" in text and ("in px" in text) == bool(px)


def test_slicerio_reads_the_fcsv_in_its_frame(tmp_path):
    slicerio = pytest.importorskip("slicerio")
    write_fcsv(tmp_path / "a.fcsv", {"a": (1.5, -2.25, 3.125), "gone": None})
    (markup,) = slicerio.read_markups_fcsv(tmp_path / "a.fcsv")["markups"]
    assert markup["coordinateSystem"] == "LPS" and [p["label"] for p in markup["controlPoints"]] == ["a"]
    assert markup["controlPoints"][0]["position"] == [1.5, -2.25, 3.125]


def test_what_slicerio_makes_of_it_is_read_again(tmp_path):
    slicerio = pytest.importorskip("slicerio")
    write_fcsv(tmp_path / "a.fcsv", {"a": (1.5, -2.25, 3.125)})
    slicerio.fcsv_to_markups_json(tmp_path / "a.fcsv", tmp_path / "a.mrk.json")
    assert read_markups(tmp_path / "a.mrk.json")[0] == {"a": (1.5, -2.25, 3.125)}


def test_our_markups_have_what_slicerios_have(tmp_path):
    """slicerio reads no .mrk.json; the one it writes shows what Slicer expects of each point and list."""
    slicerio = pytest.importorskip("slicerio")
    write_fcsv(tmp_path / "a.fcsv", {"a": (1.5, -2.25, 3.125)})
    slicerio.fcsv_to_markups_json(tmp_path / "a.fcsv", tmp_path / "theirs.mrk.json")
    write_markups(tmp_path / "ours.mrk.json", {"a": (1.5, -2.25, 3.125)})
    theirs, ours = (json.loads((tmp_path / f"{n}.mrk.json").read_text()) for n in ("theirs", "ours"))
    assert theirs["@schema"] == ours["@schema"]
    (their_list,), (our_list,) = theirs["markups"], ours["markups"]
    for key in ("type", "coordinateSystem"):
        assert their_list[key] == our_list[key]
    their_point, our_point = their_list["controlPoints"][0], our_list["controlPoints"][0]
    assert set(their_point) - {"orientation"} <= set(our_point)
    assert {k: our_point[k] for k in ("label", "position", "visibility")} == {
        k: their_point[k] for k in ("label", "position", "visibility")
    }


def test_the_table_comes_back_with_what_is_absent(tmp_path):
    write_all(tmp_path, {"c1": answers(), "c2": answers()}, {}, ["csv"], "mm")
    table = read_points_csv(tmp_path / "points.csv")
    assert table.frame == "LPS" and set(table.cases) == {"c1", "c2"} and not table.problems
    assert table.cases["c1"]["gone"] is None
    assert all(np.allclose(table.cases["c2"][n], p, atol=1e-6) for n, p in AT.items())


def test_nnlandmark_comes_back_over_a_crooked_scan(tmp_path):
    scan = crooked_scan(tmp_path / "c1.nii.gz")
    write_all(tmp_path, {"c1": answers()}, {"c1": scan}, ["nnlandmark"], "mm")
    table = read_nnlandmark(tmp_path / "all_landmarks_voxel.json", {"c1": scan})
    assert set(table.cases["c1"]) == set(AT) and not table.problems
    assert all(np.allclose(table.cases["c1"][n], p, atol=1e-6) for n, p in AT.items())


def test_nnlandmark_voxels_are_those_of_the_file(tmp_path):
    scan = crooked_scan(tmp_path / "c1.nii.gz")
    at = read_frame(scan).voxel_to_world(np.array([[3, 2, 1]]))[0]
    write_all(tmp_path, {"c1": {"a": Answer(tuple(at), True, 1.0, 0.0, 1)}}, {"c1": scan}, ["nnlandmark"], "mm")
    voxels = json.loads((tmp_path / "all_landmarks_voxel.json").read_text())["c1"]["a"]
    assert np.allclose(voxels, [3, 2, 1], atol=1e-6)


def test_nnlandmark_voxels_of_a_series_are_column_row_and_slice(tmp_path):
    """As other programs stack it; here a series is (slice, row, column)."""
    scan = series(tmp_path / "CT")
    at = read_frame(scan).voxel_to_world(np.array([[3, 1, 2]]))[0]
    write_all(tmp_path, {"CT": {"a": Answer(tuple(at), True, 1.0, 0.0, 1)}}, {"CT": scan}, ["nnlandmark"], "mm")
    assert np.allclose(json.loads((tmp_path / "all_landmarks_voxel.json").read_text())["CT"]["a"], [2, 1, 3], atol=1e-6)
    sizes = json.loads((tmp_path / "spacing.json").read_text())["CT"]["image_spacing"]
    assert np.allclose(sizes, [0.25, 0.5, 2.0], atol=1e-6)
    table = read_nnlandmark(tmp_path / "all_landmarks_voxel.json", {"CT": scan})
    assert np.allclose(table.cases["CT"]["a"], at, atol=1e-6) and not table.problems


def uneven_series(folder, tilt):
    """Sixty slices at 1 mm, then forty at 1.4 mm; or a hundred of a tilted gantry."""
    folder.mkdir()
    heights = np.arange(100.0) if tilt else np.concatenate([np.arange(60.0), 59 + 1.4 * np.arange(1, 41)])
    for index, height in enumerate(heights):
        position = (0.0, round(tilt * height, 6), round(height, 6))
        write_slice(folder / f"{index}.dcm", index, np.eye(9) * index, position, (1, 1), (1, 0, 0, 0, 1, 0))
    return folder


@pytest.mark.parametrize(("tilt", "why"), [(0.0, "steps from 1 to 1.4 mm"), (0.3, "gantry tilt of 16.70 degrees")])
def test_nnlandmark_voxels_of_a_series_on_no_even_grid_are_refused(tmp_path, tilt, why):
    scan, said = uneven_series(tmp_path / "P1", tilt), re.escape(f"{tmp_path / 'P1'}: {why}") + ": resampled.*no even"
    (tmp_path / "all_landmarks_voxel.json").write_text('{"P1": {"p": [50, 60, 80]}}')
    table = read_nnlandmark(tmp_path / "all_landmarks_voxel.json", {"P1": scan})
    (problem,) = table.problems["P1"]
    assert re.match(said, problem) and table.cases == {"P1": {}}
    with pytest.raises(DataError, match=said):
        write_case(tmp_path, "P1", answers(), scan, ["mrk.json", "nnlandmark"], "model")
    assert (tmp_path / "P1.mrk.json").is_file()  # in mm it can be written
    other = crooked_scan(tmp_path / "c1.nii.gz")
    write_all(tmp_path, {"P1": answers(), "c1": answers()}, {"P1": scan, "c1": other}, ["nnlandmark"], "mm")
    for name in ("all_landmarks_voxel.json", "spacing.json"):
        assert list(json.loads((tmp_path / name).read_text())) == ["c1"]


def test_another_voxel_size_than_the_scans_is_refused(tmp_path):
    scan = crooked_scan(tmp_path / "c1.nii.gz")
    write_all(tmp_path, {"c1": answers()}, {"c1": scan}, ["nnlandmark"], "mm")
    (tmp_path / "spacing.json").write_text('{"c1": {"image_spacing": [9, 9, 9], "annotation_spacing": null}}')
    table = read_nnlandmark(tmp_path / "all_landmarks_voxel.json", {"c1": scan})
    assert "image_spacing = [9, 9, 9], but its scan says" in table.problems["c1"][0]


@pytest.mark.parametrize("sizes", [[2, 2], [], ["a", "b", "c"], "2 2 2", 2, [2, 2, None]])
def test_voxel_sizes_that_cannot_be_compared_are_a_problem_of_their_case(tmp_path, sizes):
    scan = crooked_scan(tmp_path / "c1.nii.gz")
    write_all(tmp_path, {"c1": answers()}, {"c1": scan}, ["nnlandmark"], "mm")
    for stated in ({"image_spacing": sizes}, {"annotation_spacing": sizes}, sizes):
        (tmp_path / "spacing.json").write_text(json.dumps({"c1": stated}))
        table = read_nnlandmark(tmp_path / "all_landmarks_voxel.json", {"c1": scan})
        assert "spacing.json: c1" in table.problems["c1"][0]


def series(folder, **tags):
    folder.mkdir()
    for index in range(4):
        pixels = np.full((3, 5), index, np.int16)
        ids = {"StudyInstanceUID": "1.2", "FrameOfReferenceUID": "1.2.9", "PatientName": "Doe^Jane", "PatientID": "1"}
        more = {"PatientBirthDate": "", "PatientSex": "", "AccessionNumber": "", "StudyID": "", "StudyDate": ""}
        times = {"StudyTime": "", "ReferringPhysicianName": ""}
        tags = ids | more | times | tags
        write_slice(folder / f"{index}.dcm", index, pixels, ORIGIN + 2 * index * NORMAL, **tags)
    return folder


def test_a_dicom_report_holds_the_points_and_names(tmp_path):
    highdicom = pytest.importorskip("highdicom")
    scan = series(tmp_path / "CT")
    write_case(tmp_path, "c1", answers(), scan, ["dicom-sr"], "model")
    report = highdicom.sr.srread(tmp_path / "c1.sr.dcm")
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34" and report.PatientName == "Doe^Jane"
    groups = report.content.get_planar_roi_measurement_groups()
    found = {g.tracking_identifier: g.roi.value[0].tolist() for g in groups}
    assert set(found) == set(AT) and all(np.allclose(found[n], p, atol=1e-5) for n, p in AT.items())
    measured = {m.name.meaning: float(m.value) for m in groups[0].get_measurements()}
    assert measured == pytest.approx({"Belief": 0.9, "Radius that holds in 95%": 1.25})


@pytest.mark.parametrize(
    ("modality", "said"),
    [("CT", "CT unspecified body region"), ("MR", "MRI unspecified body region"), ("US", "Imaging procedure")],
)
def test_a_report_says_how_the_scan_was_made(tmp_path, modality, said):
    highdicom = pytest.importorskip("highdicom")
    write_case(tmp_path, "c1", answers(), series(tmp_path / "in", Modality=modality), ["dicom-sr"], "model")
    items = highdicom.sr.srread(tmp_path / "c1.sr.dcm").ContentSequence
    (done,) = (i for i in items if i.ConceptNameCodeSequence[0].CodeMeaning == "Procedure reported")
    assert done.ConceptCodeSequence[0].CodeMeaning == said


def test_no_report_stays_where_nothing_is_found_any_more(tmp_path):
    pytest.importorskip("highdicom")
    scan = series(tmp_path / "CT")
    for told in (answers(), {"gone": answers()["gone"]}):
        write_case(tmp_path, "c1", told, scan, ["dicom-sr"], "model")
    assert not (tmp_path / "c1.sr.dcm").exists()


@pytest.mark.parametrize(
    ("letters", "patient"), [({}, "Doe^Jane"), ({"SpecificCharacterSet": "ISO_IR 100"}, "Müller^Zoë")]
)
def test_a_report_has_the_letters_of_every_name(tmp_path, letters, patient):
    highdicom = pytest.importorskip("highdicom")
    scan = series(tmp_path / "CT", PatientName=patient, StudyDescription=patient, **letters)
    names = ("左冠", "łuk", "Ostium rechts (größer)")
    write_case(
        tmp_path, "c1", {n: Answer((1.0, 2.0, 3.0), True, 0.9, 0.5, 7) for n in names}, scan, ["dicom-sr"], "model"
    )
    report = highdicom.sr.srread(tmp_path / "c1.sr.dcm")
    assert tuple(g.tracking_identifier for g in report.content.get_planar_roi_measurement_groups()) == names
    assert report.PatientName == report.StudyDescription == patient


def test_a_series_that_lacks_tags_of_its_patient_gets_a_report_all_the_same(tmp_path):
    highdicom, pydicom = pytest.importorskip("highdicom"), pytest.importorskip("pydicom")
    scan = series(tmp_path / "CT")
    for path in scan.iterdir():
        piece = pydicom.dcmread(path)
        del piece.PatientBirthDate, piece.StudyDate
        piece.save_as(path)
    write_case(tmp_path, "c1", answers(), scan, ["dicom-sr"], "model")
    report = highdicom.sr.srread(tmp_path / "c1.sr.dcm")
    assert report.PatientName == "Doe^Jane" and not report.PatientBirthDate


@pytest.mark.parametrize(
    ("tag", "value", "told"),
    [
        ("PatientBirthDate", "03.02.1950", "PatientBirthDate (0010,0030)"),
        ("PatientBirthDate", "00000000", "PatientBirthDate (0010,0030)"),
        ("PatientSex", "female", "PatientSex (0010,0040)"),
        ("StudyDate", "2020-01-01", "StudyDate (0008,0020)"),
        ("StudyTime", "12:00:00", "StudyTime (0008,0030)"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value")  # of pydicom while the scan is made
def test_a_report_lacks_what_is_no_value_of_dicom_and_that_is_told_without_it(tmp_path, tag, value, told):
    highdicom = pytest.importorskip("highdicom")
    scan = series(tmp_path / "CT", **{tag: value})
    (lacking,) = write_case(tmp_path, "c1", answers(), scan, ["dicom-sr"], "model")
    assert lacking.case == "c1" and told in lacking.message and value not in str(lacking)
    report = highdicom.sr.srread(tmp_path / "c1.sr.dcm")
    assert report.PatientName == "Doe^Jane" and not report[tag].value


@pytest.mark.parametrize(("tag", "told"), [("StudyInstanceUID", "(0020,000D)"), ("SOPInstanceUID", "(0008,0018)")])
def test_a_slice_that_a_report_cannot_refer_to_is_named_with_the_tag(tmp_path, tag, told):
    pytest.importorskip("highdicom")
    pydicom = pytest.importorskip("pydicom")
    scan = series(tmp_path / "CT")
    piece = pydicom.dcmread(scan / "2.dcm")
    del piece[tag]
    piece.save_as(scan / "2.dcm")
    with pytest.raises(DataError, match=re.escape(f"2.dcm: no {tag} {told}") + ".*choose another format"):
        write_case(tmp_path, "c1", answers(), scan, ["dicom-sr"], "model")


def test_no_library_warns_of_a_patient_also_while_another_scan_is_read(tmp_path, monkeypatch, recwarn):
    highdicom = pytest.importorskip("highdicom")
    scan = series(tmp_path / "CT", PatientName="PHI123JANE")
    make, reader = highdicom.sr.Comprehensive3DSR, understood(scan / "0.dcm")

    def made(**told):
        reader.__exit__(None, None, None)  # the other thread is done with its scan
        return make(**told)

    monkeypatch.setattr(highdicom.sr, "Comprehensive3DSR", made)
    with warnings.catch_warnings():
        reader.__enter__()
        write_case(tmp_path, "c1", answers(), scan, ["dicom-sr"], "model")
    assert not [warning for warning in recwarn if "PHI123JANE" in str(warning.message)]


def test_what_highdicom_says_of_a_series_is_told_by_its_kind_alone(tmp_path, monkeypatch):
    highdicom = pytest.importorskip("highdicom")

    def fails(**_):
        raise ValueError("Doe^Jane")

    monkeypatch.setattr(highdicom.sr, "Comprehensive3DSR", fails)
    with pytest.raises(DataError, match=r"CT: highdicom makes no report .*ValueError.* Choose") as caught:
        write_case(tmp_path, "c1", answers(), series(tmp_path / "CT"), ["dicom-sr"], "model")
    assert "Doe" not in str(caught.value)


def test_a_report_on_no_dicom_scan_is_refused(tmp_path):
    pytest.importorskip("highdicom")
    with pytest.raises(DataError, match="is no DICOM series"):
        write_case(tmp_path, "c1", answers(), crooked_scan(tmp_path / "c1.nii.gz"), ["dicom-sr"], "model")
    assert not list(tmp_path.glob("*.dcm"))


def test_a_name_of_several_lines_is_drawn_in_one(tmp_path):
    PIL.Image.new("L", (80, 80)).save(tmp_path / "a.png")
    drawn = []
    for gap in ("\n", " "):
        found, lost = Answer((3.0, 4.0), True, 0.9, 0.5, 7), Answer(None, False, 0.1, None, 0)
        said = {f"tip of{gap}nose": found, f"ear{gap}lobe": lost}
        write_picture(tmp_path / "drawn.png", tmp_path / "a.png", said)
        drawn.append((tmp_path / "drawn.png").read_bytes())
    assert drawn[0] == drawn[1]


def test_words_of_a_name_stand_apart_in_a_picture():
    image = Image(ImageFrame((500, 60), np.eye(3), "px"), np.zeros((500, 60), np.uint8))
    shown = np.asarray(drawn_picture(image, {"left ostium": Answer((100.0, 30.0), True, 0.9, 0.5, 7)}))
    columns = np.flatnonzero((shown.max(-1) > 30).any(0))
    between = np.diff(columns[columns > 108]) - 1  # to the right of the ring, empty columns between the letters
    *letters, words = sorted(between)
    assert words >= 4 and max(letters) <= 2


@pytest.mark.parametrize("count", [2, 90])
def test_landmarks_that_were_not_found_are_named_where_there_is_room_and_else_counted(tmp_path, monkeypatch, count):
    from PIL.ImageDraw import ImageDraw

    PIL.Image.new("L", (80, 40)).save(tmp_path / "a.png")
    written, write = [], ImageDraw.text

    def heard(draw, at, text, **how):
        written.append(" ".join(text.split()))
        write(draw, at, text, **how)

    monkeypatch.setattr(ImageDraw, "text", heard)
    lost = {f"point {number}": Answer(None, False, 0.1, None, 0) for number in range(count)}
    write_picture(tmp_path / "drawn.png", tmp_path / "a.png", lost | {"tip": Answer((3.0, 4.0), True, 0.9, 0.5, 7)})
    assert written == ["tip", "not found: point 0, point 1" if count == 2 else "not found: 90 of 91"]


@pytest.mark.parametrize("sign", ["\n", "\x0b", "\x1c", "\x85", "\u2028"])
def test_a_name_of_several_lines_comes_back_from_a_table_and_is_one_line_of_an_fcsv(tmp_path, sign):
    case, name, answer = f"c{sign}1", f"tip of{sign}nose", Answer((1.0, 2.0, 3.0), True, 0.9, 0.5, 7)
    write_all(tmp_path, {case: {name: answer}}, {}, ["csv"], "mm")
    assert read_points_csv(tmp_path / "points.csv").cases == {case: {name: (1.0, 2.0, 3.0)}}
    write_fcsv(tmp_path / "a.fcsv", {name: (1.0, 2.0, 3.0)}, {name: "belief\n0.9"})
    assert read_fcsv(tmp_path / "a.fcsv")[0] == {"tip of nose": (1.0, 2.0, 3.0)}
