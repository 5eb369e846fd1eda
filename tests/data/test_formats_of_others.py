"""Landmarks as other programs lay them out: wide tables, several observers, BIDS, nnU-Net, MONAI, MITK."""

import json
import shutil
import unicodedata

import nibabel
import numpy as np
import PIL.Image
import pytest
from crooked import upright_frame
from dicom_files import NORMAL, ORIGIN, write_slice
from tiny_scans import write_scan

from pipeline.data.collect import collect
from pipeline.data.dataset import read_dataset, write_dataset
from pipeline.data.markups import write_markups
from pipeline.data.mps import read_mps
from pipeline.data.observers import disagreement
from pipeline.data.points_csv import read_points_csv
from pipeline.data.points_file import write_points_file
from pipeline.data.pts import write_pts
from pipeline.data.scan_files import find_scans
from pipeline.data.split import split_by_subject
from pipeline.errors import DataError

A, B = (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)


def scan(path):
    voxels = np.random.default_rng(len(str(path))).normal(size=(8, 9, 10)).astype(np.float32)
    write_scan(path, voxels, upright_frame((8, 9, 10)))


def text(path, content):
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("title", ["{n}_{a}", "{n}.{a}", "{n} {a}", "{n}_{a}_mm"])
def test_a_wide_table_is_read(tmp_path, title):
    titles = ",".join(title.format(n=n, a=a) for n in ("left_x", "b") for a in "xyz")
    rows = "c1,1,2,3,4,5,6\nc2,absent,absent,absent,4,5,6\nc3,,,,4,5,6\nc4,1,,3,4,5,6\n"
    table = read_points_csv(text(tmp_path / "a.csv", f"# frame = LPS\ncase,{titles}\n{rows}"))
    assert table.cases["c1"] == {"left_x": A, "b": B} and table.cases["c2"] == {"left_x": None, "b": B}
    assert table.cases["c3"] == {"b": B} and "row 6, column left_x" in table.problems["c4"][0]


@pytest.mark.parametrize("header", ["case,a_x,a_z", "case,a_x,a_y,a_x", "a_x,a_y,a_z", "case,name"])
def test_a_wide_table_that_lacks_a_column_is_refused(tmp_path, header):
    with pytest.raises(DataError, match="columns are"):
        read_points_csv(text(tmp_path / "a.csv", header + "\n"))


@pytest.mark.parametrize(
    ("header", "cells", "unit"),
    [
        ("case,landmark,x,y,z,x_mm_sd,y_mm_sd,z_mm_sd", "c,a,1,2,3,9,9,9", None),
        ("case,landmark,x_mm_sd,y_mm_sd,z_mm_sd,x_mm,y_mm,z_mm", "c,a,9,9,9,1,2,3", "mm"),
        ("case,landmark,x_px_crop,y_px_crop,z_px_crop,x_px,y_px,z_px", "c,a,9,9,9,1,2,3", "px"),
        ("case,landmark,x_mm,y_mm,z_mm_lps,z_mm_std", "c,a,1,2,3,9", "mm"),
        ("case,landmark,x,y,z,error_x_mm,error_y_mm,error_z_mm", "c,a,1,2,3,9,9,9", None),
        ("case,a_x_mm_sd,a_y_mm_sd,a_z_mm_sd,a_x,a_y,a_z", "c,9,9,9,1,2,3", None),
    ],
)
def test_columns_that_are_called_as_coordinates_are_taken_and_not_what_looks_like_them(tmp_path, header, cells, unit):
    for asked in ("mm", "px", None):
        table = read_points_csv(text(tmp_path / "a.csv", f"# frame = LPS\n{header}\n{cells}\n"), unit=asked)
        assert (table.cases, table.unit) == ({"c": {"a": A}}, unit)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("case,landmark,x_px_crop,y_px_crop,x_px_full,y_px_full", "'x_px_crop' and 'x_px_full' could each be the x. "),
        ("case,b_x_mm_1,b_y_mm_1,b_y_mm_2", "'b_y_mm_1' and 'b_y_mm_2' could each be the y of landmark 'b'. "),
        ("case,landmark,x_px_crop,y_px_crop,x,y", "'x_px_crop' and 'x' could each be the x. "),
        ("case,b_x,b_y,b_y_mm_lps,b_x_mm_lps", "'b_x_mm_lps' and 'b_x' could each be the x of landmark 'b'. "),
    ],
)
def test_of_two_columns_that_may_be_a_coordinate_none_is_taken(tmp_path, header, said):
    with pytest.raises(DataError, match=rf"a\.csv: columns {said}Call the one that is meant '(x_px|b_[xy]_mm)', or"):
        read_points_csv(text(tmp_path / "a.csv", header + "\n"))


@pytest.mark.parametrize("more", ["x_px,y_px", "x_px,y_px,z_px", "x_px_crop,y_px_crop"])
@pytest.mark.parametrize("first", ["x_mm_lps,y_mm_lps,z_mm_lps", "x_mm,y_mm,z_mm"])
def test_where_the_wanted_unit_is_there_the_other_one_is_no_hindrance(tmp_path, first, more):
    cells = "c,a,1,2,3" + ",9" * len(more.split(","))
    table = read_points_csv(text(tmp_path / "a.csv", f"case,landmark,{first},{more}\n{cells}\n"), "LPS", "mm")
    assert (table.cases, table.unit) == ({"c": {"a": A}}, "mm")
    wide = f"case,{','.join(f'a_{title}' for title in f'{first},{more}'.split(','))}\n{cells.replace(',a', '')}\n"
    assert read_points_csv(text(tmp_path / "b.csv", wide), "LPS", "mm").cases == {"c": {"a": A}}


def test_pixels_of_a_crop_say_nothing_of_a_scan_whose_coordinates_are_there(tmp_path):
    table = read_points_csv(text(tmp_path / "a.csv", "case,landmark,x_px_crop,x,y,z\nc,a,9,1,2,3\n"), "LPS", "mm")
    assert (table.cases, table.unit) == ({"c": {"a": A}}, None)


def test_a_cell_of_megabytes_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv: row 2"):
        read_points_csv(text(tmp_path / "a.csv", "case,landmark,x,y,z\n" + '"' + "x" * 200_000 + '",a,1,2,3\n'))


@pytest.mark.parametrize("whose", ["observer", "rater", "reader", "annotator"])
def test_observers_of_a_table_are_kept_and_averaged(tmp_path, whose):
    rows = "c1,A,p,0,0,0\nc1,B,p,2,4,6\nc1,A,q,absent,absent,absent\nc1,B,q,1,1,1\nc1,A,r,1,1,1\n"
    table = read_points_csv(text(tmp_path / "a.csv", f"case,{whose},landmark,x,y,z\n" + rows), "RAS")
    assert table.in_lps("RAS")["c1"] == {"p": (-1.0, -2.0, 3.0), "r": (-1.0, -1.0, 1.0)}  # q: one against one
    assert table.observers_in_lps("RAS")["c1"]["B"]["p"] == (-2.0, -4.0, 6.0)


def test_a_reading_of_nobody_beside_those_of_observers_is_an_error_of_its_case(tmp_path):
    rows = "c1,A,p,0,0,0\nc1,B,p,2,4,6\nc1,,p,9,9,9\nc1,,q,1,1,1\nc2,,p,1,1,1\n"
    table = read_points_csv(text(tmp_path / "a.csv", "case,observer,landmark,x,y,z\n" + rows), "LPS")
    assert list(table.problems) == ["c1"] and len(table.problems["c1"]) == 1  # of q nobody else speaks
    assert "a.csv: landmark 'p' of case 'c1' has rows with an observer and one without" in table.problems["c1"][0]


@pytest.mark.parametrize("layout", ["landmarks/{c}_observer-{o}.mrk.json", "landmarks/rater_{o}/{c}.mrk.json"])
def test_observers_of_files_are_kept_in_the_manifest(tmp_path, layout):
    for case in ("c1", "c2", "c3"):
        scan(tmp_path / "images" / f"{case}.nii.gz")
        for observer, x in (("A", 1.0), ("B", 3.0)):
            path = tmp_path / layout.format(c=case, o=observer)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_markups(path, {"p": (x, 1.0, 1.0)})
    data, findings = collect(tmp_path, "n")
    assert not [f for f in findings if f.severity == "error"]
    assert data.case("c2").landmarks == {"p": (2.0, 1.0, 1.0)} and len(data.case("c2").observers) == 2
    write_dataset(data, tmp_path / "dataset.json")
    assert read_dataset(tmp_path / "dataset.json").case("c1") == data.case("c1")


@pytest.mark.parametrize("kind", ["files", "table"])
def test_what_observers_do_not_agree_on_is_not_missing(tmp_path, kind):
    rows = ["c1,A,p,1,1,1", "c1,B,p,absent,absent,absent", *(f"c{n},A,q,1,1,1" for n in (1, 2, 3)), "c2,A,p,1,1,1"]
    for case in ("c1", "c2", "c3"):
        scan(tmp_path / "images" / f"{case}.nii.gz")
        points = {"q": A} if case == "c3" else {"q": A, "p": A}
        write_markups(tmp_path / "landmarks" / f"{case}_observer-A.mrk.json", points)
    write_markups(tmp_path / "landmarks" / "c1_observer-B.mrk.json", {"p": None})
    if kind == "table":
        shutil.rmtree(tmp_path / "landmarks")
        text(tmp_path / "landmarks.csv", "\n".join(["case,observer,landmark,x,y,z", *rows]))
    data, _ = collect(tmp_path, "n", frame="LPS", missing="absent")
    assert [sorted(c.landmarks) for c in data.cases] == [["q"], ["p", "q"], ["p", "q"]]
    assert data.case("c3").landmarks["p"] is None  # nobody speaks of it


def test_observers_may_write_more_axes_than_an_image_has(tmp_path):
    for case in ("c1", "c2", "c3"):
        PIL.Image.new("L", (9, 8)).save(tmp_path / f"{case}.png")
        write_markups(tmp_path / f"{case}_observer-A.mrk.json", {"1": (1.0, 2.0, 0.0)})
    write_pts(tmp_path / "c1_observer-B.pts", {"1": (3.0, 4.0)})
    data, _ = collect(tmp_path, "n")
    assert data.case("c1").landmarks == {"1": (2.0, 3.0)}
    assert data.case("c1").observers == {"observer-A": {"1": (1.0, 2.0)}, "observer-B": {"1": (3.0, 4.0)}}


def test_fewer_axes_than_an_image_has_are_refused(tmp_path):
    for case in ("c1", "c2", "c3", "c4"):
        scan(tmp_path / f"{case}.nii.gz")
    told = {case: {"1": A} for case in ("c2", "c3", "c4")} | {"c1": {"1": A[:2]}}
    text(tmp_path / "landmarks.json", json.dumps({"frame": "LPS", **told}))
    data, findings = collect(tmp_path, "n")
    [error] = [f for f in findings if f.severity == "error"]
    assert len(data.cases) == 3 and error.case == "c1"
    assert error.message == "landmark '1' has 2 coordinates, its scan 3 axes."


@pytest.mark.parametrize("write", [write_pts, write_points_file])
@pytest.mark.parametrize("dims", [2, 3])
def test_pixels_of_a_picture_are_not_taken_for_mm_of_a_scan(tmp_path, dims, write):
    for case in ("c1", "c2", "c3", "c4"):
        voxels = np.random.default_rng(int(case[1])).normal(size=(9, 8, 7)[:dims]).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), tmp_path / f"{case}.nii")
        write_markups(tmp_path / f"{case}.mrk.json", {"1": A})
    (tmp_path / "c1.mrk.json").unlink()
    file = tmp_path / f"c1{'.pts' if write is write_pts else '.points.json'}"
    write(file, {"1": A[:dims]})
    data, findings = collect(tmp_path, "n")
    [error] = [f for f in findings if f.severity == "error"]
    assert [c.id for c in data.cases] == ["c2", "c3", "c4"] and error.case == "c1"
    assert str(file) in error.message and f"{tmp_path / 'c1.nii'} is a scan" in error.message


def test_observers_are_compared_along_the_axes_that_all_wrote():
    readings = {"A": {"p": (0.0, 3.0)}, "B": {"p": (4.0, 0.0, 9.0)}, "C": {"p": None}}
    assert disagreement(readings, "p") == [5.0]


def test_two_files_without_an_observer_stay_ambiguous(tmp_path):
    for case in ("c1", "c2", "c3", "c4"):
        scan(tmp_path / f"{case}.nii.gz")
        write_markups(tmp_path / f"{case}_v1.mrk.json", {"p": A})
    write_markups(tmp_path / "c1_v2.mrk.json", {"p": B})
    data, findings = collect(tmp_path, "n")
    assert [f.rule for f in findings if f.case == "c1"] == ["ambiguous-annotation"] and len(data.cases) == 3


def test_bids_names_pair_scans_and_points(tmp_path):
    for number in ("01", "02", "03"):
        folder = tmp_path / f"sub-{number}" / "anat"
        scan(folder / f"sub-{number}_acq-x_T1w.nii.gz")
        fcsv = "# CoordinateSystem = LPS\n# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID\n"
        text(folder / f"sub-{number}_desc-afids_afids.fcsv", fcsv + "1,1,2,3,0,0,0,1,1,1,0,AC,,\n")
    data, _ = collect(tmp_path, "n")
    assert [c.id for c in data.cases] == [f"sub-0{n}_acq-x_T1w" for n in (1, 2, 3)]
    assert [c.subject for c in data.cases] == ["sub-01", "sub-02", "sub-03"] and data.cases[0].landmarks == {"AC": A}


def test_nnlandmarks_layout_is_read_with_its_split(tmp_path):
    for folder, names in (("imagesTr", ("a", "b", "c")), ("imagesTs", ("d",))):
        for name in names:
            scan(tmp_path / folder / f"{name}_0000.nii.gz")
    voxels = {name: {"p": [1, 2, 3]} for name in "abcd"}
    text(tmp_path / "all_landmarks_voxel.json", json.dumps(voxels))
    data, _ = collect(tmp_path, "n")
    assert [(c.id, c.split) for c in data.cases] == [("a", "train"), ("b", "train"), ("c", "train"), ("d", "test")]
    parts = [c.split for c in split_by_subject(data, (0.7, 0.15, 0.15), 0).cases]
    assert sorted(parts) == ["test", "train", "train", "validation"]


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("imagesTr/1.png", "imagesTr/2.png", "imagesTs/1.png"), ["2", "imagesTr_1", "imagesTs_1"]),
        (
            ("imagesTr/a_0000.png", "imagesTs/b_0001.png", "imagesTs/b_0002.png"),
            ["a", "imagesTs_b_0001", "imagesTs_b_0002"],
        ),
    ],
)
def test_pictures_of_one_name_in_nnunets_folders_are_called_by_their_folder(tmp_path, names, ids):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(find_scans(tmp_path)[0]) == ids


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_that_look_the_same_are_one_case_of_nnlandmark(tmp_path, form):
    """Of macOS, which takes accents apart, or of another system."""
    other = "NFD" if form == "NFC" else "NFC"
    names = [f"Müller{n}" for n in range(3)]
    for name in names:
        scan(tmp_path / "images" / f"{unicodedata.normalize(form, name)}.nii.gz")
    spelled = [unicodedata.normalize(other, name) for name in names]
    text(tmp_path / "all_landmarks_voxel.json", json.dumps({name: {"p": [1, 2, 3]} for name in spelled}))
    sizes = {name: {"image_spacing": [9, 9, 9] if name == spelled[0] else [1, 1, 1]} for name in spelled}
    text(tmp_path / "spacing.json", json.dumps(sizes))
    with pytest.raises(DataError, match=r"2 usable cases(.|\n)*image_spacing = \[9, 9, 9\], but its scan says"):
        collect(tmp_path, "n")


def datalist(folder):
    for name in "abcd":
        scan(folder / "scans" / f"{name}.nii.gz")
        write_markups(folder / "points" / f"for_{name}.mrk.json", {"p": A})
    entries = [{"image": f"scans/{n}.nii.gz", "label": f"points/for_{n}.mrk.json", "fold": 0} for n in "abcd"]
    return {"training": entries[:2], "validation": entries[2:3], "testing": entries[3:]}


def test_a_data_list_of_monai_is_followed(tmp_path):
    text(tmp_path / "datalist.json", json.dumps(datalist(tmp_path)))
    data, _ = collect(tmp_path, "n")
    assert {c.id: c.split for c in data.cases} == {"a": "train", "b": "train", "c": "validation", "d": "test"}
    assert data.case("b").landmarks == {"p": A}


@pytest.mark.parametrize("images", [".", "images", "scans"])
def test_scans_of_a_data_list_are_called_as_they_are_without_it(tmp_path, images):
    ways = [f"{images}/P{number}/CT" for number in range(3)]
    for way in ways:
        scan(tmp_path / f"{way}.nii.gz")
        write_markups(tmp_path / f"{way}.mrk.json", {"p": A})
    data, without = collect(tmp_path, "n")
    listed = {"training": [{"image": f"{way}.nii.gz", "label": f"{way}.mrk.json"} for way in ways]}
    assert collect_list(tmp_path, listed) == without
    again, _ = collect(tmp_path, "n")
    assert [case.id for case in again.cases] == [case.id for case in data.cases]
    assert {case.image for case in again.cases} == {case.image for case in data.cases}


def test_folds_of_a_data_list_are_not_followed_and_that_is_noted(tmp_path):
    listed = datalist(tmp_path)
    assert collect_list(tmp_path, listed) == []
    listed["training"][1]["fold"] = 1
    (note,) = collect_list(tmp_path, listed)
    assert note.severity == "note" and "datalist.json: `fold` of its entries is not followed" in note.message


def collect_list(folder, listed):
    text(folder / "datalist.json", json.dumps(listed))
    return collect(folder, "n")[1]


def test_a_series_is_chosen_of_the_folders_of_a_data_list(tmp_path):
    listed = datalist(tmp_path)
    for uid in ("1.2.3", "1.2.4"):
        for index in range(3):
            path, place = tmp_path / "scans" / "a" / f"{uid}-{index}.dcm", ORIGIN + 2 * index * NORMAL
            path.parent.mkdir(exist_ok=True)
            write_slice(path, index, np.arange(12, dtype=np.int16).reshape(3, 4), place, SeriesInstanceUID=uid)
    listed["training"][0]["image"] = "scans/a"
    text(tmp_path / "datalist.json", json.dumps(listed))
    data, findings = collect(tmp_path, "n", series=["1.2.4"])
    assert {c.id: c.image for c in data.cases}["b"] == "scans/b.nii.gz"
    assert not findings and data.case("a").image == "scans/a/1.2.4"
    assert collect(tmp_path, "n", series=["1.2.3", "1.2.4"])[0].case("a").image == "scans/a"  # reading it says so
    with pytest.raises(DataError, match="no folder holds it"):
        collect(tmp_path, "n", series=["1.2.9"])


@pytest.mark.parametrize("entries", [5, "scans/a.nii.gz", {"image": "scans/a.nii.gz"}])
def test_a_data_list_whose_part_is_no_list_is_refused(tmp_path, entries):
    text(tmp_path / "datalist.json", json.dumps(datalist(tmp_path) | {"validation": entries}))
    with pytest.raises(DataError, match=r"datalist\.json: validation = .*; a list of images is needed"):
        collect(tmp_path, "n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": "../x.nii.gz"}, "leaves the data set's folder"),
        ({"image": "scans/x.nii.gz"}, "no such file"),
        ({"image": 3}, "is needed"),
        ({"image": "scans/b.nii.gz"}, "occurs twice"),
        ({"label": "points/for_b.mrk.json"}, "so has 'a'"),
    ],
)
def test_a_broken_entry_of_a_data_list_is_named(tmp_path, change, message):
    listed = datalist(tmp_path)
    listed["training"][0] |= change
    text(tmp_path / "datalist.json", json.dumps(listed))
    with pytest.raises(DataError, match=message) as caught:
        collect(tmp_path, "n")
    assert "datalist.json: training[" in str(caught.value)


MPS = """<?xml version="1.0" encoding="UTF-8"?><point_set_file><file_version>0.1</file_version><point_set><time_series>
<time_series_id>0</time_series_id><point><id>0</id><specification>0</specification><x>1</x><y>2</y><z>3</z></point>
<point><id>7</id><x>4</x><y>5</y><z>6</z></point></time_series></point_set></point_set_file>"""


def test_point_sets_of_mitk_are_read(tmp_path):
    points, notes = read_mps(text(tmp_path / "a.mps", MPS))
    assert points == {"0": A, "7": B} and "numbers" in notes[0]


MATRIX = '<IndexToWorld m_0_0="0" m_0_1="-2" m_0_2="0" m_1_0="3" m_1_1="0" m_1_2="0" m_2_0="0" m_2_1="0" m_2_2="1"/>'
GEOMETRY = f'<Geometry3D ImageGeometry="false">{MATRIX}<Offset type="Vector3D" x="10" y="20" z="-30"/></Geometry3D>'
ID = "<time_series_id>0</time_series_id>"


def test_a_point_set_lies_where_its_geometry_puts_it(tmp_path):
    points, _ = read_mps(text(tmp_path / "a.mps", MPS.replace(ID, ID + GEOMETRY)))
    assert points == {"0": (10.0 - 2 * 2, 20.0 + 3 * 1, -30.0 + 3), "7": (10.0 - 2 * 5, 20.0 + 3 * 4, -30.0 + 6)}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ((MATRIX, ""), "Geometry3D: IndexToWorld, m_0_0: ''"),
        ((' z="-30"', ""), "Geometry3D: Offset, z: ''"),
        (('m_2_2="1"', 'm_2_2="nan"'), "Geometry3D: IndexToWorld, m_2_2: 'nan'"),
    ],
)
def test_a_point_set_with_half_a_geometry_is_refused(tmp_path, edit, message):
    with pytest.raises(DataError, match=message):
        read_mps(text(tmp_path / "a.mps", MPS.replace(ID, ID + GEOMETRY.replace(*edit))))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("<x>4</x>", "<x>four</x>"), "point 7, x: 'four'"),
        (("<x>4</x>", ""), "point 7, x: ''"),
        (("<id>7</id>", "<id>0</id>"), "id '0' is there twice"),
        (("<id>7</id>", ""), "is missing"),
        (("point_set_file", "other"), "<other>"),
        (("</point_set>", ""), "not readable as XML"),
        (("<point_set_file>", "<!DOCTYPE x [<!ENTITY a 'b'>]><point_set_file>"), "declares entities"),
        (("</time_series>", "</time_series><time_series/>"), "2 time_series"),
    ],
)
def test_a_broken_point_set_is_refused_by_its_field(tmp_path, edit, message):
    with pytest.raises(DataError, match=message):
        read_mps(text(tmp_path / "a.mps", MPS.replace(*edit)))


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "utf-8"])
def test_xml_is_read_as_it_says_it_is_written(tmp_path, encoding):
    declared = MPS.replace("UTF-8", encoding).replace("<file_version>", "<!-- Müller --><file_version>")
    (tmp_path / "a.mps").write_bytes(declared.encode(encoding))
    assert read_mps(tmp_path / "a.mps")[0] == {"0": A, "7": B}


@pytest.mark.parametrize("encoding", ["klingon", "hex", "utf-16-le"])
def test_xml_in_an_encoding_that_cannot_be_is_refused(tmp_path, encoding):
    with pytest.raises(DataError, match=r"a\.mps: not readable as XML"):
        read_mps(text(tmp_path / "a.mps", MPS.replace("UTF-8", encoding)))


def test_entities_are_refused_in_any_encoding(tmp_path):
    content = MPS.replace("UTF-8", "utf-16").replace(
        "<point_set_file>", "<!DOCTYPE x [<!ENTITY a 'b'>]><point_set_file>", 1
    )
    (tmp_path / "a.mps").write_bytes(content.encode("utf-16"))
    with pytest.raises(DataError, match="declares entities"):
        read_mps(tmp_path / "a.mps")
