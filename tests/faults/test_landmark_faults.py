"""Faults 46 to 54: landmarks and manifests that say something impossible."""

import csv
import json

import numpy as np
import pytest
from crooked import upright_frame
from hypothesis import given
from hypothesis import strategies as st
from tiny_scans import write_scan

from pipeline.data.collect import collect
from pipeline.data.dataset import read_dataset
from pipeline.data.frames import coordinate
from pipeline.data.points_csv import read_points_csv
from pipeline.data.split import split_by_subject
from pipeline.errors import DataError
from pipeline.stages.check import check
from pipeline.stages.import_data import import_folder

SHAPE, ORIGIN, STEP = (24, 26, 28), (10.0, 60.0, -90.0), 2.0  # far from the world's origin: frames cannot be confused


def folder(root, change=lambda case, points: points, cases=10, header="# frame = LPS"):
    """Scans with a point each side; `change` makes the mistake."""
    rows = []
    for number in range(cases):
        rng = np.random.default_rng(number)
        frame = upright_frame(SHAPE, STEP, ORIGIN)
        write_scan(root / "images" / f"c{number}.nii.gz", rng.normal(size=SHAPE).astype(np.float32), frame)
        voxel = {"left": np.array([10.0, 8, 6]), "right": np.array([12.0, 9, 20])}
        points = {name: frame.voxel_to_world(v[None] + rng.uniform(-2, 2, 3))[0] for name, v in voxel.items()}
        rows += [[f"c{number}", n, *(f"{v:.3f}" for v in p)] for n, p in change(f"c{number}", points).items()]
    with open(root / "landmarks.csv", "w", newline="") as file:
        file.write(header + "\n" if header else "")
        csv.writer(file).writerows([["case", "landmark", "x", "y", "z"], *rows])
    return root


def checked(root, tmp_path):
    """Findings by case, and what stopped it as a whole."""
    try:
        import_folder(root, tmp_path / "run" / "dataset.json", "d", seed=1)
        findings = check(tmp_path / "run" / "dataset.json", tmp_path / "run" / "findings.json", workers=0)
    except DataError as error:
        return None, str(error)
    return {f.case: f for f in findings if f.severity == "error"}, ""


def of_one(case, edit):
    return lambda c, points: {n: edit(p) for n, p in points.items()} if c == case else points


def voxels_of(point):
    return upright_frame(SHAPE, STEP, ORIGIN).world_to_voxel(point[None])[0][::-1]


def ras(point):
    return point * [-1, -1, 1]


def test_46_outside(tmp_path):
    found, _ = checked(folder(tmp_path, of_one("c3", lambda p: p + np.array([0, 0, 300]))), tmp_path)
    assert set(found) == {"c3"} and "mm" in found["c3"].message


@pytest.mark.parametrize(("edit", "word"), [(ras, "RAS"), (voxels_of, "voxel")])
def test_47_and_48_one_case_in_another_frame(tmp_path, edit, word):
    found, _ = checked(folder(tmp_path, of_one("c3", edit)), tmp_path)
    assert set(found) == {"c3"} and word in found["c3"].message + found["c3"].advice


def test_47_a_whole_set_in_another_frame(tmp_path):
    _, error = checked(folder(tmp_path, lambda c, ps: {n: ras(p) for n, p in ps.items()}), tmp_path)
    assert "RAS" in error


def test_48_a_whole_set_in_voxels(tmp_path):
    _, error = checked(folder(tmp_path, lambda c, ps: {n: voxels_of(p) for n, p in ps.items()}), tmp_path)
    assert "voxel" in error


def test_49_missing_for_some(tmp_path):
    root = folder(tmp_path, lambda c, ps: {"left": ps["left"]} if c in ("c1", "c2") else ps)
    data, _ = collect(root, "d")
    assert sum("right" in c.landmarks for c in data.cases) == 8 and data.landmarks == ("left", "right")


def test_50_names_twice_too_many_and_misspelt(tmp_path):
    def misspell(case, points):
        return {("rigth" if n == "right" and case == "c4" else n): p for n, p in points.items()}

    _, findings = collect(folder(tmp_path, misspell), "d")
    (typo,) = (f for f in findings if f.case == "c4")
    assert typo.severity == "error" and "'rigth'" in typo.message and "'right'" in typo.message + typo.advice
    text = (tmp_path / "landmarks.csv").read_text()
    (tmp_path / "landmarks.csv").write_text(text + "c5,left,20,80,-80\n")
    _, findings = collect(tmp_path, "d")
    assert any(f.case == "c5" and "occurs twice" in f.message for f in findings)


@given(word=st.text(max_size=8) | st.sampled_from(["nan", "inf", "1,5", "1e999", "0x10", "１", "9" * 400]))
def test_51_words_that_are_no_number(word):
    """Either a finite number or an error that says where."""
    try:
        assert np.isfinite(coordinate(word, "a.csv: row 7, column y"))
    except DataError as error:
        assert "a.csv: row 7, column y" in str(error)


@pytest.mark.parametrize("row", ["c1,left,1,2", "c1,left,1,NaN,3", "c1,left,1,two,3", "c1,left,,,"])
def test_51_a_bad_row_is_named_by_row_and_column(tmp_path, row):
    (tmp_path / "a.csv").write_text(f"case,landmark,x,y,z\nc1,right,1,2,3\n{row}\n")
    (problem,) = read_points_csv(tmp_path / "a.csv").problems["c1"]
    assert "a.csv: row 3, column " in problem and "'left'" in problem


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "\ud800", "{", "NaN"])
def test_51_json_of_no_sense(tmp_path, text):
    from pipeline.data.atomic import read_json
    from pipeline.data.markups import read_markups
    from pipeline.data.points_json import read_points_json

    path = tmp_path / "a.mrk.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for read in (read_markups, read_points_json):
        with pytest.raises(DataError, match=r"a\.mrk\.json"):
            read(path)
    if text != "NaN":
        with pytest.raises(DataError):
            read_json(path)


def test_52_a_subject_in_two_parts(tmp_path):
    folder(tmp_path)
    (tmp_path / "subjects.csv").write_text("case,subject\nc0,s\nc9,s\n")
    parts = {f"c{n}": "train" if n < 6 else ("val" if n < 8 else "test") for n in range(10)}
    (tmp_path / "split.csv").write_text("case,split\n" + "".join(f"{c},{p}\n" for c, p in parts.items()))
    _, error = checked(tmp_path, tmp_path)
    assert "subject 's' is in" in error


def test_52_the_same_voxels_in_two_parts(tmp_path):
    folder(tmp_path)
    data = split_by_subject(collect(tmp_path, "d")[0], (0.7, 0.15, 0.15), 1)
    one, other = data.part("train")[0], data.part("test")[0]
    (tmp_path / other.image).write_bytes((tmp_path / one.image).read_bytes())
    found, _ = checked(tmp_path, tmp_path)
    assert any("same voxels" in f.message for f in found.values())


@pytest.mark.parametrize("image", ["/etc/passwd", "../outside.nii.gz", "images/../../outside.nii.gz"])
def test_53_paths_that_leave_the_folder(tmp_path, image):
    case = {"id": "c1", "subject": "c1", "image": image, "landmarks": {}}
    content = {"version": 1, "frame": "LPS", "name": "n", "unit": "mm", "landmarks": [], "cases": [case]}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="leaves the data set's folder"):
        read_dataset(tmp_path / "dataset.json")


def test_53_a_link_that_leads_back_is_not_followed_for_ever(tmp_path):
    folder(tmp_path)
    (tmp_path / "images" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(collect(tmp_path, "d")[0].cases) == 10


def test_54_names_of_any_kind(tmp_path):
    root = tmp_path / "naïve paşa 中 space" / ("x" * 200)
    found, error = checked(folder(root), root)
    assert not found and not error
