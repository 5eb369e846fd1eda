"""Slicer's markups: what we write, Slicer's own reader and we read back; frames, units and status are followed."""

import json

import pytest
from real_data import real_data

from pipeline.data.markups import SCHEMA, read_markups, write_markups
from pipeline.errors import DataError


def markups(path, points, **fields):
    content = {"@schema": SCHEMA, "markups": [{"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": points}]}
    content["markups"][0] |= fields
    path.write_text(json.dumps({k: v for k, v in content.items()}))
    return path


def point(name="a", position=(1, 2, 3), **fields):
    return {"label": name, "position": position, "positionStatus": "defined"} | fields


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "case.mrk.json"
    write_markups(path, {"naïve": (1.5, -2.0, 3.25), "gone": None}, {"naïve": "belief 0.9"})
    assert read_markups(path) == ({"naïve": (1.5, -2.0, 3.25), "gone": None}, [])


def test_the_mark_that_windows_writes_before_a_text_is_passed_over(tmp_path):
    path = markups(tmp_path / "a.mrk.json", [point()])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_markups(path)[0] == {"a": (1.0, 2.0, 3.0)}


def test_points_of_images_with_fewer_axes_get_zeros(tmp_path):
    write_markups(tmp_path / "a.mrk.json", {"a": (1.0,)})
    assert read_markups(tmp_path / "a.mrk.json")[0] == {"a": (1.0, 0.0, 0.0)}


def test_status_tells_absent_from_not_annotated(tmp_path):
    points = [point("a"), point("b", positionStatus="missing"), point("c", positionStatus="undefined")]
    points += [point("d", positionStatus="preview"), {"label": "e", "position": [4, 5, 6]}]
    found, _ = read_markups(markups(tmp_path / "a.mrk.json", points))
    assert found == {"a": (1, 2, 3), "b": None, "e": (4, 5, 6)}


def test_a_point_that_nobody_placed_needs_no_name_of_its_own(tmp_path):
    points = [point(None, positionStatus="undefined"), point("a", positionStatus="preview"), point("a"), point("b")]
    points += [point("", positionStatus="undefined"), point("b", positionStatus="undefined", position=None)]
    assert read_markups(markups(tmp_path / "a.mrk.json", points))[0] == {"a": (1, 2, 3), "b": (1, 2, 3)}


def test_ras_is_turned_and_micrometres_shrunk(tmp_path):
    path = markups(tmp_path / "a.mrk.json", [point()], coordinateSystem="RAS", coordinateUnits=["um", "UCUM", "x"])
    assert read_markups(path)[0] == {"a": pytest.approx((-0.001, -0.002, 0.003))}


def test_a_file_without_a_frame_is_lps_and_says_so(tmp_path):
    path = tmp_path / "a.mrk.json"
    path.write_text(json.dumps({"markups": [{"type": "Fiducial", "controlPoints": [point()]}]}))
    found, notes = read_markups(path)
    assert found == {"a": (1, 2, 3)} and "LPS" in notes[0]
    assert read_markups(path, "RAS") == ({"a": (-1, -2, 3)}, [])


@pytest.mark.parametrize(
    ("points", "fields", "message"),
    [
        ([point(), point()], {}, "point 2 'a': the name occurs twice"),
        ([point("")], {}, "no label"),
        ([point(None)], {}, "no label"),
        ([point(position=[1, 2])], {}, "3 numbers"),
        ([point(position=None)], {}, "3 numbers"),
        ([point(position=[1, "x", 3])], {}, r"point 1 'a', y: 'x' is not a finite number"),
        ([point(position=[1, float("nan"), 3])], {}, "nan is not a finite number"),
        ([point(positionStatus="here")], {}, "positionStatus = 'here'"),
        ([point()], {"coordinateSystem": "XYZ"}, "frame 'XYZ'"),
        ([point()], {"coordinateUnits": "inch"}, "coordinateUnits = 'inch'"),
        ([point()], {"coordinateUnits": []}, r"coordinateUnits = \[\]; mm and um"),
        ([point()], {"coordinateUnits": {"mm": 1}}, "coordinateUnits = {'mm': 1}; mm and um"),
        ([point()], {"type": "ROI"}, "no point list"),
    ],
)
def test_a_broken_file_is_refused_by_point_and_field(tmp_path, points, fields, message):
    with pytest.raises(DataError, match=message) as caught:
        read_markups(markups(tmp_path / "case.mrk.json", points, **fields))
    assert "case.mrk.json" in str(caught.value)


def test_points_of_lines_and_angles_are_told_and_not_read(tmp_path):
    path = markups(tmp_path / "a.mrk.json", [point()])
    content = json.loads(path.read_text())
    others = {"Line": [point("c"), point("d")], "Angle": [point("e"), {"label": None}], "Plane": []}
    content["markups"] += [{"type": kind, "controlPoints": points} for kind, points in others.items()]
    path.write_text(json.dumps(content))
    found, notes = read_markups(path)
    assert found == {"a": (1, 2, 3)} and len(notes) == 2
    assert notes[0].startswith("Line with 2 points ('c', 'd') is not read")
    assert notes[1].startswith("Angle with 2 points ('e', '') is not read")


def test_a_frame_against_the_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="states LPS, but frame=RAS"):
        read_markups(markups(tmp_path / "a.mrk.json", [point()]), "RAS")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"markups": 3}', '{"markups": [3]}'])
def test_what_is_no_markups_file_is_refused(tmp_path, content):
    (tmp_path / "a.mrk.json").write_text(content)
    with pytest.raises(DataError, match=r"a\.mrk\.json"):
        read_markups(tmp_path / "a.mrk.json")


def test_real_files_of_slicer_are_read():
    found, notes = read_markups(real_data("io_volumes") / "slicer_markups" / "A_J.mrk.json")
    assert len(found) == 51 and not notes
    assert found["1"] == (-9.21016, -25.0792, 9.31477)
