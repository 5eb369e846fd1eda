"""Landmarks on pictures, as other programs keep them: what is written is read again, and half a pixel is not lost."""

import numpy as np
import PIL.Image
import pytest

from pipeline.data.annotations import read_annotations
from pipeline.data.atomic import read_json, write_json
from pipeline.data.coco_points import read_coco_points, write_coco_points
from pipeline.data.collect import collect
from pipeline.data.dataset import read_dataset, write_dataset
from pipeline.data.dlib_xml import read_dlib, write_dlib
from pipeline.data.points_csv import read_points_csv, write_points_csv
from pipeline.data.pts import read_pts, write_pts
from pipeline.errors import DataError

POINTS = {"eye": (3.25, 7.5), "nose": (0.0, 11.0)}


def picture(path, size=(16, 12)):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    PIL.Image.fromarray(rng.integers(0, 255, (size[1], size[0]), np.uint8)).save(path)


def test_pts_counts_pixels_from_one(tmp_path):
    write_pts(tmp_path / "a.pts", POINTS)
    assert "4.250000 8.500000" in (tmp_path / "a.pts").read_text()
    points, notes = read_pts(tmp_path / "a.pts")
    assert points == {"1": (3.25, 7.5), "2": (0.0, 11.0)} and "numbers" in notes[0]


@pytest.mark.parametrize("content", ["", "version: 1\nn_points: 2\n{\n1 2\n}", "version: 1\nn_points: 1\n{\n1 2 3\n}",
                                     "version: 1\nn_points: 1\n{\n1 nan\n}"])  # fmt: skip
def test_a_pts_file_that_is_none_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.pts").write_text(content)
    with pytest.raises(DataError, match=r"a\.pts"):
        read_pts(tmp_path / "a.pts")


def test_a_pts_file_with_a_number_of_thousands_of_digits_is_refused_by_name(tmp_path):
    (tmp_path / "a.pts").write_text(f"version: 1\nn_points: {'1' * 5000}\n{{\n1 1\n}}")
    with pytest.raises(DataError, match=r"a\.pts: not a \.pts file"):
        read_pts(tmp_path / "a.pts")


def test_dlib_counts_pixels_from_zero_and_leaves_out_what_is_absent(tmp_path):
    write_dlib(tmp_path / "a.xml", {"x.png": ((16, 12), POINTS | {"ear": None})})
    assert read_dlib(tmp_path / "a.xml").cases == {"x.png": POINTS}


def test_two_boxes_of_dlib_in_a_picture_are_a_problem_of_that_picture(tmp_path):
    box = "<box top='0' left='0' width='3' height='3'><part name='a' x='1' y='2'/></box>"
    ignored = box.replace("<box", "<box ignore='1'")
    images = f"<image file='x.png'>{box}{box}</image><image file='y.png'>{box}{ignored}</image>"
    (tmp_path / "a.xml").write_text(f"<dataset><images>{images}</images></dataset>")
    table = read_dlib(tmp_path / "a.xml")
    assert "2 boxes" in table.problems["x.png"][0] and table.cases["y.png"] == {"a": (1.0, 2.0)}


def test_coco_counts_pixels_from_zero(tmp_path):
    write_coco_points(tmp_path / "a.json", {"x.png": ((16, 12), POINTS | {"ear": None}), "y.png": ((16, 12), {})})
    assert "3.25" in (tmp_path / "a.json").read_text()
    assert read_coco_points(tmp_path / "a.json", "absent").cases["x.png"] == POINTS | {"ear": None}
    assert read_coco_points(tmp_path / "a.json").cases["y.png"] == {}


def test_what_coco_says_is_hidden_has_a_position_or_is_absent(tmp_path):
    said = {"image_id": 1, "category_id": 1, "keypoints": [4, 5, 1, 0, 0, 0]}
    content = {"images": [{"id": 1, "file_name": "x.png"}], "categories": [{"id": 1, "keypoints": ["a", "b"]}]}
    write_json(tmp_path / "a.json", content | {"annotations": [said]})
    assert read_coco_points(tmp_path / "a.json").cases["x.png"] == {"a": (4.0, 5.0)}
    assert read_coco_points(tmp_path / "a.json", "absent").cases["x.png"] == {"a": None}
    write_json(tmp_path / "a.json", content | {"annotations": [said, said]})
    assert "second object" in read_coco_points(tmp_path / "a.json").problems["x.png"][0]


@pytest.mark.parametrize("seen", [0.93, "2", 3, -1, True, None, [2]])
def test_a_keypoint_that_is_neither_annotated_nor_not_is_a_problem_of_its_picture(tmp_path, seen):
    write_coco_points(tmp_path / "a.json", {f"{n}.png": ((16, 12), POINTS) for n in "xy"})
    content = read_json(tmp_path / "a.json")
    content["annotations"][0]["keypoints"][5] = seen
    content["annotations"][1]["keypoints"][5] = 2.0
    write_json(tmp_path / "a.json", content)
    table = read_coco_points(tmp_path / "a.json")
    assert table.cases["y.png"] == POINTS and list(table.problems) == ["x.png"]
    assert f"a.json: annotation 1, {list(POINTS)[1]}: v = {seen!r}; 0 (not" in table.problems["x.png"][0]


def test_objects_of_no_picture_of_coco_are_of_a_case_without_scan(tmp_path):
    write_coco_points(tmp_path / "a.json", {"x.png": ((16, 12), POINTS), "y.png": ((16, 12), POINTS)})
    content = read_json(tmp_path / "a.json")
    del content["images"][1]
    content["annotations"].append(content["annotations"][1])
    write_json(tmp_path / "a.json", content)
    table = read_coco_points(tmp_path / "a.json")
    assert table.cases == {"x.png": POINTS, "image_id 2": {}} and not table.problems


def test_an_image_id_of_another_type_than_its_picture_is_a_problem_of_that(tmp_path):
    write_coco_points(tmp_path / "a.json", {f"{n}.png": ((16, 12), POINTS) for n in "xy"})
    content = read_json(tmp_path / "a.json")
    content["annotations"][0]["image_id"] = "1"
    write_json(tmp_path / "a.json", content)
    table = read_coco_points(tmp_path / "a.json")
    assert table.cases == {"y.png": POINTS} and list(table.problems) == ["x.png"]
    assert "annotation 1: image_id = '1', and the id of x.png is 1" in table.problems["x.png"][0]


@pytest.mark.parametrize("wrong", [{"category_id": 9}, {"category_id": None}])
def test_an_object_of_no_category_of_coco_is_a_problem_of_its_picture(tmp_path, wrong):
    write_coco_points(tmp_path / "a.json", {f"{n}.png": ((16, 12), POINTS) for n in "xy"})
    content = read_json(tmp_path / "a.json")
    content["annotations"][0] |= wrong
    content["annotations"].append({"category_id": 1, "keypoints": [4, 5, 2, 0, 0, 2]})
    write_json(tmp_path / "a.json", content)
    table = read_coco_points(tmp_path / "a.json")
    assert table.cases == {"y.png": POINTS, "image_id None": {}} and list(table.problems) == ["x.png"]
    assert "annotation 1: category_id = " in table.problems["x.png"][0]


def test_an_id_of_two_pictures_of_coco_is_a_problem_of_both(tmp_path):
    """As where lists were joined; else the landmarks of one lie on the other."""
    for case in "abcd":
        picture(tmp_path / f"{case}.png")
    write_coco_points(tmp_path / "keypoints.json", {f"{n}.png": ((16, 12), POINTS) for n in "abc"})
    content = read_json(tmp_path / "keypoints.json")
    content["images"].append({"id": 1, "file_name": "d.png"})
    write_json(tmp_path / "keypoints.json", content)
    found = read_annotations(tmp_path, {case: tmp_path / f"{case}.png" for case in "abcd"})
    assert list(found.cases) == ["b", "c"] and [f.case for f in found.findings] == ["a", "d"]
    assert "keypoints.json: id 1 is of several images: a.png, d.png." in found.findings[0].message


@pytest.mark.parametrize(
    ("category", "message"),
    [
        ({"id": 1, "keypoints": ["a", "b"]}, r"id 1 is of several categories: \['eye', 'nose'\] and \['a', 'b'\]"),
        ({"id": 2, "keypoints": ["a", None]}, r"categories\[1\]: keypoints\[1\] has no name"),
        ({"id": 2, "keypoints": 5}, r"categories\[1\]: keypoints = 5; a list"),
        ({"keypoints": ["a"]}, r"categories\[1\]: no id"),
    ],
)
def test_a_category_of_keypoints_that_is_none_is_refused_by_its_place(tmp_path, category, message):
    write_coco_points(tmp_path / "a.json", {"x.png": ((16, 12), POINTS)})
    content = read_json(tmp_path / "a.json")
    content["categories"].append(category)
    write_json(tmp_path / "a.json", content)
    with pytest.raises(DataError, match=rf"a\.json: {message}"):
        read_coco_points(tmp_path / "a.json")


@pytest.mark.parametrize("names", [{}, {"keypoints": []}, {"keypoints": None}])
def test_keypoints_of_a_coco_category_that_does_not_name_them_are_a_problem(tmp_path, names):
    write_coco_points(tmp_path / "a.json", {"x.png": ((16, 12), POINTS)})
    content = read_json(tmp_path / "a.json")
    content["categories"] = [{"id": 1, "name": "face"} | names]
    write_json(tmp_path / "a.json", content)
    table = read_coco_points(tmp_path / "a.json")
    assert "annotation 1: category 1 has no `keypoints` (their names). Add them." in table.problems["x.png"][0]


def test_keypoints_of_coco_that_are_no_list_are_a_problem_of_their_picture(tmp_path):
    write_coco_points(tmp_path / "a.json", {f"{n}.png": ((16, 12), POINTS) for n in "xy"})
    content = read_json(tmp_path / "a.json")
    content["annotations"][0]["keypoints"] = 5
    write_json(tmp_path / "a.json", content)
    assert "annotation 1: keypoints = 5" in read_coco_points(tmp_path / "a.json").problems["x.png"][0]


def test_a_table_of_pixels_has_two_coordinates(tmp_path):
    rows = [{"case": "c", "landmark": n, "position": p} for n, p in POINTS.items()]
    write_points_csv(tmp_path / "a.csv", rows, "px")
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "case,landmark,x_px,y_px"
    table = read_points_csv(tmp_path / "a.csv")
    assert table.cases == {"c": POINTS} and table.unit == "px"


@pytest.mark.parametrize("kind", ["csv", "wide", "pts", "xml", "json"])
def test_a_folder_of_pictures_is_a_data_set_in_pixels(tmp_path, kind):
    for case in ("a", "b", "c"):
        picture(tmp_path / "images" / f"{case}.png")
    files = {f"{c}.png": ((16, 12), POINTS) for c in "abc"}
    if kind == "csv":
        write_points_csv(tmp_path / "landmarks.csv", ({"case": c, "landmark": n, "position": p}
                                                      for c in "abc" for n, p in POINTS.items()), "px")  # fmt: skip
    if kind == "wide":
        rows = [f"images/{c}.png,3.25,7.5,0,11" for c in "abc"]
        (tmp_path / "landmarks.csv").write_text("\n".join(["image,eye_x,eye_y,nose_x,nose_y", *rows]))
    if kind == "pts":
        for c in "abc":
            write_pts(tmp_path / "images" / f"{c}.pts", POINTS)
    if kind == "xml":
        write_dlib(tmp_path / "landmarks.xml", files)
    if kind == "json":
        write_coco_points(tmp_path / "keypoints.json", files)
    data, _ = collect(tmp_path, "set")
    assert (data.unit, len(data.cases)) == ("px", 3)
    assert list(data.cases[0].landmarks.values()) == [(3.25, 7.5), (0.0, 11.0)]
    write_dataset(data, tmp_path / "dataset.json")
    assert '"image"' in (tmp_path / "dataset.json").read_text()
    assert read_dataset(tmp_path / "dataset.json").cases == data.cases


def test_pictures_of_one_name_in_several_folders_keep_apart(tmp_path):
    for folder in ("one", "two"):
        picture(tmp_path / folder / "a.png")
        picture(tmp_path / folder / f"{folder}.png")
    rows = [f"{f}/{n}.png,eye,{k},2" for k, f in enumerate(("one", "two")) for n in ("a", f)]
    (tmp_path / "landmarks.csv").write_text("\n".join(["image,landmark,x,y", *rows]))
    data, _ = collect(tmp_path, "set")
    assert {c.id: c.landmarks["eye"] for c in data.cases} == {
        "one_a": (0.0, 2.0), "one": (0.0, 2.0), "two_a": (1.0, 2.0), "two": (1.0, 2.0)
    }  # fmt: skip


def test_pictures_of_which_no_table_speaks_may_show_nothing(tmp_path):
    for case in ("a", "b", "c", "d"):
        picture(tmp_path / f"{case}.png")
    rows = [f"{c},eye,1,2" for c in "abc"]
    (tmp_path / "landmarks.csv").write_text("\n".join(["case,landmark,x,y", *rows]))
    assert [c.id for c in collect(tmp_path, "set")[0].cases] == ["a", "b", "c"]
    data, _ = collect(tmp_path, "set", unlisted="absent")
    assert data.case("d").landmarks == {"eye": None}


def test_pictures_that_all_show_nothing_teach_nothing(tmp_path):
    for case in ("a", "b", "c", "d"):
        picture(tmp_path / f"{case}.png")
    (tmp_path / "landmarks.csv").write_text("case,landmark,x,y\nlfw/A,eye,1,2\n")
    with pytest.raises(DataError, match=r"none of 4 scans has a landmark. Landmarks are of lfw/A; scans are called a"):
        collect(tmp_path, "set", unlisted="absent")


def test_pixels_of_scans_are_refused(tmp_path):
    from crooked import upright_frame
    from tiny_scans import write_scan

    write_scan(tmp_path / "a.nii.gz", np.zeros((4, 4, 4), np.float32), upright_frame((4, 4, 4)))
    (tmp_path / "landmarks.csv").write_text("case,landmark,x_px,y_px,z_px\na,eye,1,2,3\n")
    with pytest.raises(DataError, match="states px"):
        collect(tmp_path, "set")


def test_columns_in_px_are_taken_of_a_picture_and_those_in_mm_of_a_scan(tmp_path):
    from crooked import upright_frame
    from tiny_scans import write_scan

    pictures, scans = tmp_path / "pictures", tmp_path / "scans"
    for name in "abc":
        picture(pictures / f"{name}.png")
        write_scan(scans / f"{name}.nii.gz", np.ones((4, 4, 4), np.float32), upright_frame((4, 4, 4)))
    header, row = "case,landmark,x_mm,y_mm,z_mm,x_px,y_px,z_px", "eye,1,2,3,4,5,6"
    for place in (pictures, scans):
        (place / "landmarks.csv").write_text("\n".join(["# frame = LPS", header, *(f"{n},{row}" for n in "abc")]))
    assert collect(pictures, "set")[0].case("a").landmarks["eye"] == (4.0, 5.0)
    assert collect(scans, "set")[0].case("a").landmarks["eye"] == (1.0, 2.0, 3.0)
    (pictures / "landmarks.csv").write_text("case,landmark,x_mm,y_mm\n" + "".join(f"{n},eye,1,2\n" for n in "abc"))
    with pytest.raises(DataError, match="states mm; landmarks of pictures are needed in px"):
        collect(pictures, "set")


@pytest.mark.parametrize("header", ["case,landmark,x_px,y_px", "image,landmark,x,y"])
def test_a_table_of_landmarks_may_say_how_large_its_pictures_were(tmp_path, header):
    for name in "abcd":
        picture(tmp_path / f"{name}.png")
    places = [f"{n},{word}" for n in "abcd" for word in ("eye,3,7", "nose,0,11")]
    rows = [f"{place},{32 if place[0] == 'd' else 16},12" for place in places]
    (tmp_path / "landmarks.csv").write_text("\n".join([f"{header},width,height", *rows]))
    data, findings = collect(tmp_path, "set")
    assert [c.id for c in data.cases] == ["a", "b", "c"]
    assert "d.png has 16 x 12 pixels; it was annotated at 32 x 12." in findings[0].message
    (tmp_path / "landmarks.csv").write_text("\n".join([f"{header},width,height", *rows, "a,far,17,3,16,12"]))
    assert collect(tmp_path, "set")[1] == []  # beyond its picture: the columns say something else


def test_columns_of_a_table_say_nothing_of_scans(tmp_path):
    (tmp_path / "a.csv").write_text("case,landmark,x_mm,y_mm,width,height\nc,a,1,2,16,12\n")
    assert read_points_csv(tmp_path / "a.csv").sizes == {}


def test_keypoints_of_another_size_are_an_error_of_their_picture(tmp_path):
    for name in "abcd":
        picture(tmp_path / f"{name}.png")
    drawn = {f"{name}.png": ((16, 12) if name < "d" else (9, 9), POINTS) for name in "abcd"}
    write_coco_points(tmp_path / "keypoints.json", drawn)
    data, findings = collect(tmp_path, "set")
    assert [c.id for c in data.cases] == ["a", "b", "c"]
    assert "it was annotated at 9 x 9" in next(f.message for f in findings if f.case == "d")
