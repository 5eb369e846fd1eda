"""Stage check: every rule fires, the rest of the data goes on, a rerun reads only what changed."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from crooked import DIMS, crooked_frame
from dicom_files import NORMAL, ORIGIN, write_slice

from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.findings import FROM_IMPORT, Finding, Findings, read_findings, write_findings
from pipeline.data.patient_rules import check_patients
from pipeline.data.placement import check_placement
from pipeline.data.readers import read_frame
from pipeline.data.scan_facts import VERSION, inspect_scan, require_same, unchanged
from pipeline.errors import ConfigError, DataError
from pipeline.geometry import ImageFrame
from pipeline.stages import check as stage
from pipeline.stages.check import _require_usable, check
from pipeline.stages.check_identity import require_comparable

PARTS = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
CENTRE = (-13.0, -24.0, 35.0)  # LPS, inside the scans below


def save(path, voxels, affine=None):
    affine = np.array([[1.0, 0, 0, 10], [0, 2, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]]) if affine is None else affine
    image = nibabel.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def noise(number, shape=(8, 6, 5)):
    return np.random.default_rng(number).integers(0, 100, shape).astype(np.int16)


@pytest.fixture
def data(tmp_path):
    """Ten good cases c0..c9, six in train."""
    for number in range(10):
        save(tmp_path / f"c{number}.nii.gz", noise(number))
    cases = tuple(Case(f"c{n}", f"s{n}", f"c{n}.nii.gz", {"a": CENTRE, "b": CENTRE}, PARTS[n]) for n in range(10))
    return Dataset("mine", tmp_path, ("a", "b"), cases)


def run(data, **kwargs):
    write_dataset(data, data.root / "dataset.json")
    kwargs = {"workers": 0} | kwargs
    return check(data.root / "dataset.json", data.root / "findings.json", **kwargs)


def with_points(data, edit, only=None):
    """`edit` maps every position of the named cases (or of all)."""
    moved = [
        replace(c, landmarks={n: edit(p) for n, p in c.landmarks.items()}) if only is None or c.id in only else c
        for c in data.cases
    ]
    return data.with_cases(tuple(moved))


def errors(findings):
    return [(f.rule, f.case) for f in findings if f.severity == "error"]


def test_good_data_pass_and_leave_facts(data):
    assert run(data) == []
    found = read_findings(data.root / "findings.json")
    assert found.quarantined == () and list(found.facts) == [f"c{n}" for n in range(10)]
    facts = found.facts["c3"]
    assert facts["shape"] == [8, 6, 5] and facts["spacing"] == [1.0, 2.0, 2.0] and facts["orientation"] == "RAS"
    assert facts["dtype"] == "int16" and facts["unit"] == "mm"
    assert facts["min"] == noise(3).min() and facts["percentiles"]["50"] == np.median(noise(3))
    assert len(facts["sha256"]) == 64


@pytest.mark.parametrize("dims", [1, 2])
def test_images_with_fewer_axes_are_checked_the_same(tmp_path, dims):
    for number in range(4):
        save(tmp_path / f"c{number}.nii.gz", noise(number, (9, 8)[:dims]), np.diag([2.0, 3, 1, 1]))
    inside, out = (-16.0, -21.0)[:dims], (-22.0, -21.0)[:dims]  # LPS; x spans -17..1
    cases = tuple(Case(f"c{n}", f"s{n}", f"c{n}.nii.gz", {"a": out if n == 3 else inside}) for n in range(4))
    findings = run(Dataset("flat", tmp_path, ("a",), cases))
    assert errors(findings) == [("landmark-outside", "c3")] and "lies 5.0 mm outside" in findings[0].message


def test_two_processes_find_the_same_as_one(data):
    (data.root / "c4.nii.gz").write_bytes((data.root / "c4.nii.gz").read_bytes()[:-9])
    run(data)
    one = (data.root / "findings.json").read_bytes()
    (data.root / "findings.json").unlink()
    assert errors(run(data, workers=2)) == [("unreadable", "c4")]
    assert (data.root / "findings.json").read_bytes() == one


def test_scans_that_cannot_be_used_are_quarantined_with_the_reason(data):
    (data.root / "c1.nii.gz").write_bytes(b"<html>")
    save(data.root / "c2.nii.gz", np.full((8, 6, 5), 7, np.int16))
    voxels = noise(3).astype(np.float32)
    voxels[0, 0, 0] = np.nan
    save(data.root / "c3.nii.gz", voxels)
    (data.root / "c5.nii.gz").unlink()
    findings = run(data)
    assert errors(findings) == [("unreadable", "c1"), ("no-signal", "c2"), ("no-signal", "c3"), ("unreadable", "c5")]
    assert all(f"{f.case}.nii.gz" in f.message for f in findings)
    assert read_findings(data.root / "findings.json").quarantined == ("c1", "c2", "c3", "c5")
    with pytest.raises(DataError, match="6 usable cases, all 10 are needed"):
        run(data, strict=True)


def test_a_scan_that_is_gone_is_told_in_whole_sentences(data):
    (scan := data.root / "c0.nii.gz").unlink()
    told = next(f for f in run(data) if f.case == "c0")
    assert told.message == f"{scan}: cannot be read: No such file or directory."


def test_what_was_found_stays_where_no_scan_is_there(data):
    run(data)
    before = (data.root / "findings.json").read_bytes()
    moved = data.root.rename(f"{data.root}-moved")
    with pytest.raises(ConfigError, match=rf"not one of 10 scans is there, for there is no {data.root}\. "):
        check(moved / "dataset.json", moved / "findings.json", workers=0)
    assert (moved / "findings.json").read_bytes() == before


def test_where_all_are_needed_a_second_picture_counts_with_its_case(data):
    cases = tuple(replace(c, pictures={"mask": f"{c.id}m.nii.gz"}) for c in data.cases)
    lost = [Finding("unreadable", "error", f"c1{name}", "cut off") for name in ("", "/mask")]
    for few in (lost, lost[1:]):
        with pytest.raises(DataError, match=r": 9 usable cases, all 10 are needed"):
            _require_usable(replace(data, cases=cases), Findings(tuple(few)), data.root / "findings.json", True)


def test_where_all_are_needed_those_that_import_left_out_count(data):
    left_out = Finding("bad-annotation", "error", "c99", "c99.mrk.json: no label.")
    write_findings(Findings((left_out,)), data.root / FROM_IMPORT)
    with pytest.raises(DataError, match=r"10 usable cases, all 11 are needed:\n  c99: c99\.mrk\.json: no label\."):
        run(data, strict=True)


def test_a_rerun_reads_only_what_changed(data, monkeypatch):
    run(data)
    first = (data.root / "findings.json").read_bytes()
    opened = []
    monkeypatch.setattr(stage, "inspect_scan", lambda path, known: opened.append(Path(path).name) or known)
    run(data)
    assert opened == [] and (data.root / "findings.json").read_bytes() == first
    monkeypatch.undo()
    save(data.root / "c6.nii.gz", noise(77))
    run(data)
    assert read_findings(data.root / "findings.json").facts["c6"]["max"] == noise(77).max()
    (data.root / "findings.json").write_text("{ damaged")
    run(data)
    assert len(read_findings(data.root / "findings.json").facts) == 10


def test_a_check_that_was_interrupted_goes_on_where_it_stopped(data, monkeypatch):
    seen = []

    def looked(path, known):
        seen.append(Path(path).name)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return inspect_scan(path, known)

    monkeypatch.setattr(stage, "inspect_scan", looked)
    with pytest.raises(KeyboardInterrupt):
        run(data)
    assert [p.name for p in data.root.glob("findings*")] == [stage.PARTIAL]  # which no other stage takes for findings
    assert run(data) == [] and seen[5:] == [f"c{n}.nii.gz" for n in range(4, 10)]
    assert [p.name for p in data.root.glob("findings*")] == ["findings.json"]
    assert list(read_findings(data.root / "findings.json").facts) == [f"c{n}" for n in range(10)]


def test_what_was_looked_at_is_kept_as_it_comes(data, monkeypatch):
    """A process that is killed can keep nothing any more."""
    kept = []

    def looked(path, known):
        kept.append(list(stage._known(data.root / stage.PARTIAL)))
        return inspect_scan(path, known)

    monkeypatch.setattr(stage, "inspect_scan", looked)
    monkeypatch.setattr(stage, "SECONDS", 0.0)
    (data.root / "c1.nii.gz").write_bytes(b"damaged")
    run(data)
    assert kept[1:4] == [["c0"], ["c0"], ["c0", "c2"]]


def test_a_file_with_a_new_time_but_the_same_bytes_keeps_its_facts(data, monkeypatch):
    run(data)
    os.utime(data.root / "c1.nii.gz", (1, 1))
    monkeypatch.setattr("pipeline.data.scan_facts.read_voxels", None)
    run(data)
    assert read_findings(data.root / "findings.json").facts["c1"]["mtime_ns"] == 10**9


def test_scans_that_exchanged_their_names_are_told_apart(tmp_path):
    one, two, aside = (tmp_path / name for name in ("1.nii", "2.nii", "aside"))
    for number, path in enumerate((one, two)):
        save(path, noise(number))
        os.utime(path, (1, 1))
    assert one.stat().st_size == two.stat().st_size  # or the size would tell them apart
    facts = inspect_scan(str(one))
    assert unchanged(one, facts)
    for old, new in ((one, aside), (two, one), (aside, two)):
        old.rename(new)
    assert not unchanged(one, facts)
    assert inspect_scan(str(one), facts)["sha256"] != facts["sha256"]
    assert inspect_scan(str(two), facts)["sha256"] == facts["sha256"]


def test_another_series_of_the_same_folder_is_read_anew(tmp_path):
    (tmp_path / "p1").mkdir()
    places = {"1.2.3": ORIGIN, "1.2.4": ORIGIN + 500.0}
    for uid, place in places.items():
        for index in range(4):
            file = tmp_path / "p1" / f"{uid}-{index}.dcm"
            write_slice(file, index, noise(index)[0], place + index * NORMAL, SeriesInstanceUID=uid)
    facts = []
    for uid in places:
        scan = tmp_path / "p1" / uid
        centre = tuple(read_frame(scan).voxel_to_world(np.array([[1.5, 2.0, 2.0]]))[0])
        assert errors(run(Dataset("d", tmp_path, ("a",), (Case("p1", "p1", f"p1/{uid}", {"a": centre}),)))) == []
        facts.append(read_findings(tmp_path / "findings.json").facts["p1"])
        require_same(scan, facts[-1])
    assert all(facts[0][name] != facts[1][name] for name in ("affine", "sha256"))
    with pytest.raises(DataError, match=r"1\.2\.3: changed since check"):
        require_same(tmp_path / "p1" / "1.2.3", facts[1])


def test_a_landmark_outside_its_scan_is_measured(data):
    # the scan spans x from -17.5 to -9.5 (LPS); 30 is 39.5 mm beyond
    findings = run(with_points(data, lambda p: (30.0, *p[1:]), {"c2"}))
    assert errors(findings) == [("landmark-outside", "c2")]
    assert "landmark 'a' lies 39.5 mm outside the scan (2 of 2 landmarks are outside)" in findings[0].message


def test_a_landmark_less_than_a_voxel_outside_is_only_a_warning(data):
    findings = run(with_points(data, lambda p: (-9.0, *p[1:]), {"c2"}))
    assert [(f.rule, f.severity) for f in findings] == [("landmark-outside", "warning")]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dims", DIMS)
def test_of_the_landmarks_of_an_oblique_scan_those_outside_alone_are_counted(dims, seed):
    """Into voxels and back a point inside moves by a last bit, which is not outside; nor is one on the far face."""
    frame = crooked_frame(np.random.default_rng(seed), (40,) * dims)
    voxels = np.array([[20.3] * dims, [39.5] * dims, [20.3] * (dims - 1) + [69.5], [7.1] * dims])
    points = {name: tuple(p) for name, p in zip("abcd", frame.voxel_to_world(voxels), strict=True)}
    data = Dataset("mine", Path(), tuple("abcd"), (Case("c0", "s0", "c0.nii", points),))
    (found,) = (f for f in check_placement(data, {"c0": frame}) if f.case)
    assert found.message == f"landmark 'c' lies {30 * frame.spacing[-1]:.1f} mm outside the scan."
    inside = data.with_cases((replace(data.cases[0], landmarks=points | {"c": points["b"]}),))
    assert check_placement(inside, {"c0": frame}) == []


MISTAKES = {
    "LPS and RAS are mixed up": lambda p: (-p[0], -p[1], p[2]),
    "voxel indices": lambda p: (3.0, 2.0, 2.5),
    "order z,y,x": lambda p: p[::-1],
    "voxel indices in another order": lambda p: (3.0, 2.0, 6.5),  # slice, row, column
}


def with_one_landmark(data):
    cases = (replace(c, landmarks={"a": c.landmarks["a"]}) for c in data.cases)
    return replace(data.with_cases(tuple(cases)), landmarks=("a",))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_one_case_is_explained(data, mistake):
    data = with_one_landmark(data)
    findings = run(with_points(data, MISTAKES[mistake], {"c0"}))
    assert errors(findings) == [("landmark-outside", "c0")] and mistake in findings[0].advice


@pytest.mark.parametrize(
    ("factor", "spacing", "meant"),
    [(1000, 1.0, "in metres"), (10, 1.0, "in centimetres"), (1000, 8.0, "in metres"), (10, 8.0, "voxel indices")],
)
def test_small_coordinates_are_told_as_another_unit_where_that_fits(factor, spacing, meant):
    """Near index 0 all are inside the scan; but indices of coarse voxels are small, too."""
    affine = np.array([[spacing, 0, 0, 112], [0, spacing, 0, 114], [0, 0, spacing, 116], [0, 0, 0, 1]])
    frame = ImageFrame((40, 40, 40), affine)
    points = {"a": (130.0, 140.0, 150.0), "b": (150.0, 130.0, 140.0)}
    small = {name: tuple(x / factor for x in p) for name, p in points.items()}
    data = Dataset("mine", Path(), ("a", "b"), (Case("c0", "s0", "c0.nii", small),))
    case, whole = sorted(check_placement(data, {"c0": frame}), key=lambda f: f.case is None)
    assert f"if the coordinates are {meant}" in case.advice and f"if the coordinates are {meant}" in whole.message


def test_no_mistake_explains_points_by_putting_all_into_one_voxel():
    frame = ImageFrame((40, 40, 40), np.array([[1.0, 0, 0, 900], [0, 1, 0, 900], [0, 0, 1, 900], [0, 0, 0, 1]]))
    points = {"a": (0.1, 0.2, 0.3), "b": (0.3, 0.1, 0.2)}
    data = Dataset("mine", Path(), ("a", "b"), (Case("c0", "s0", "c0.nii", points),))
    case, whole = sorted(check_placement(data, {"c0": frame}), key=lambda f: f.case is None)
    assert "would be inside" not in case.advice + whole.message


def test_mixed_frames_are_mended_where_they_are_stated(data):
    """A file that states its frame keeps it, whatever frame= says."""
    (found,) = run(with_points(data, MISTAKES["LPS and RAS are mixed up"], {"c0"}))
    stated, said = (found.advice.index(w) for w in ("in a .mrk.json coordinateSystem", "where it states none, say"))
    assert stated < said and found.advice.endswith("Correct it, and import again.")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_whole_set_stops_and_is_explained(data, mistake):
    data = with_one_landmark(data)
    with pytest.raises(DataError, match=f"10 of 10 cases .* All points of 10 cases would be inside if .*{mistake}"):
        run(with_points(data, MISTAKES[mistake]))
    assert len(read_findings(data.root / "findings.json").quarantined) == 10


def test_a_mistake_of_the_whole_set_hides_no_scan_that_cannot_be_read(data):
    for number in (1, 4):
        (data.root / f"c{number}.nii.gz").write_bytes(b"")
    with pytest.raises(DataError, match="8 of 8 cases") as told:
        run(with_points(data, lambda p: (p[0] + 900, *p[1:])))
    _, besides = str(told.value).split("\nCases that are left out, 10 in all:\n")
    outside, unreadable, where = besides.splitlines()
    assert outside.startswith("  landmark-outside, c0, c2, c3, c5 and 4 more: landmark 'a' lies ")
    assert unreadable.startswith("  unreadable, c1, c4: ") and "c1.nii.gz: " in unreadable
    assert where == f"Details in {data.root / 'findings.json'}."


@pytest.mark.parametrize("position", [(1.0, 2.0), (1.0, 2.0, 3.0, 4.0)])
def test_coordinates_that_are_no_position_quarantine_the_case(data, position):
    path = data.root / "dataset.json"
    write_dataset(data, path)
    content = json.loads(path.read_text())
    content["cases"][0]["landmarks"]["a"] = position
    path.write_text(json.dumps(content))
    findings = check(path, data.root / "findings.json", workers=0)
    assert errors(findings) == [("landmark-coordinates", "c0")]


def test_absent_landmarks_lie_nowhere_and_are_fine(data):
    assert run(with_points(data, lambda p: None, {"c1"})) == []


def test_the_same_voxels_in_two_parts_are_a_leak(data):
    # c9 is in test; its copy has another name, format, axis order
    voxels = noise(9)[::-1].transpose(2, 0, 1)
    affine = np.array([[0, -1.0, 0, 17], [0, 0, 2, 20], [2, 0, 0, 30], [0, 0, 0, 1]])
    save(data.root / "c0.nii.gz", voxels, affine)
    findings = run(data)
    assert errors(findings) == [("same-scan", "c9")] and "'c0'" in findings[0].message
    save(data.root / "c1.nii.gz", voxels, affine)
    assert [(f.case, f.severity) for f in run(data) if f.rule == "same-scan"] == [("c1", "warning"), ("c9", "error")]


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_same_voxels_in_another_type_of_numbers_are_the_same_scan(tmp_path, dims, kind):
    voxels = noise(9, (8, 6, 5)[:dims])
    affine = np.array([[-1.0, 0, 0, 10], [0, -2, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]])
    paths = [tmp_path / f"{name}.nii" for name in ("ours", "theirs", "another")]
    for path, content in zip(paths, (voxels, voxels.astype(kind), voxels + np.int16(1)), strict=True):
        save(path, content, affine)
    ours, theirs, another = (inspect_scan(str(path))["voxels_sha256"] for path in paths)
    assert ours == theirs != another


def test_minus_nought_and_what_is_beyond_every_scale_are_no_hindrance(tmp_path):
    voxels = noise(9).astype(np.float64)
    voxels[0, 0, :2] = 0.0, 1e300
    save(tmp_path / "a.nii", voxels)
    voxels[0, 0, 0] = -0.0
    save(tmp_path / "b.nii", voxels)
    ours, theirs = (inspect_scan(str(tmp_path / name))["voxels_sha256"] for name in ("a.nii", "b.nii"))
    assert ours == theirs


def test_a_subject_in_two_parts_stops(data):
    cases = tuple(replace(c, subject="anna") if c.id in ("c0", "c9") else c for c in data.cases)
    with pytest.raises(DataError, match="subject 'anna' is in test and train"):
        run(data.with_cases(cases))


def patients(folder, ids, issuers="x" * 7):
    """A DICOM series for each PatientID: three to train, one to validate, three to test."""
    parts = [*["train"] * 3, "validation", *["test"] * 3]
    cases = []
    for number, (who, issuer, part) in enumerate(zip(ids, issuers, parts, strict=True)):
        path = folder / f"s{number}"
        path.mkdir()
        for index in range(4):
            tags = {"PatientID": who, "IssuerOfPatientID": issuer, "SeriesInstanceUID": f"1.2.{number}"}
            write_slice(path / f"{index}.dcm", index, noise(10 * number + index)[0], ORIGIN + index * NORMAL, **tags)
        centre = tuple(read_frame(path).voxel_to_world(np.array([[1.5, 2.0, 2.0]]))[0])
        cases.append(Case(f"s{number}", f"s{number}", f"s{number}", {"a": centre}, part))
    return Dataset("patients", folder, ("a",), tuple(cases))


@pytest.mark.parametrize(
    ("ids", "issuers", "wrong"),
    [
        (["PHI1", "B", "C", "D", "PHI1", "PHI1", "E"], "xxxxxxx", ["s4", "s5"]),
        (["PHI1", "B", "C", "D", "PHI1", "PHI1", "E"], "xxxxyxx", ["s5"]),
        (["PHI1", "PHI1", "C", "D", "E", "E", "F"], "xxxxxxx", []),  # each in one part
        (["PHI1", "PHI1", "PHI1", "D", "PHI1", "E", "F"], "xxxxxxx", []),  # most are called so: nobody
        (["", "B", "C", "D", "", "ANONYMOUS", "anonymous"], "xxxxxxx", []),
        (["0", "Anon", "C", "D", "0", "ANON", "E"], "xxxxxxx", []),
    ],
)
def test_a_patient_who_is_two_subjects_in_two_parts_is_a_leak(tmp_path, ids, issuers, wrong):
    data = patients(tmp_path, ids, issuers)
    for _ in range(2):  # also where no scan has changed
        found = run(data)
        assert errors(found) == [("same-patient", case) for case in wrong]
    told = [f.message for f in found if f.rule == "same-patient"]
    assert set(told) <= {"the same PatientID as case 's0': one in train, one in test."}
    assert "PHI1" not in (tmp_path / "findings.json").read_text()
    whose = [replace(c, subject="s0", split="train") if c.id in wrong else c for c in data.cases]
    assert errors(run(data.with_cases(tuple(whose)))) == []  # one subject, as subjects.csv may say


def test_of_three_series_two_may_be_of_one_patient(tmp_path):
    data = patients(tmp_path, ["A", "B", "C", "D", "A", "E", "F"])
    assert [f.case for f in check_patients(data, ("s0", "s4", "s6"))] == ["s4"]  # the others are no DICOM series


def test_a_scan_that_cannot_be_used_keeps_none_of_its_patient_out(tmp_path):
    data = patients(tmp_path, ["A", "B", "C", "D", "A", "E", "F"])
    outside = replace(data.cases[0], landmarks={"a": (999.0, 0.0, 0.0)})
    assert [c for _, c in errors(run(data.with_cases((outside, *data.cases[1:]))))] == ["s0"]


def test_a_patient_is_known_by_the_series_that_is_chosen(tmp_path):
    data = patients(tmp_path, ["A", "B", "C", "D", "A", "E", "F"])
    (tmp_path / "s0" / "0").write_bytes(b"no DICOM")
    for path in (tmp_path / "s1").iterdir():
        path.rename(tmp_path / "s4" / f"0{path.name}")
    images = {"s1": "s4/1.2.1", "s4": "s4/1.2.4"}
    cases = tuple(replace(c, image=images.get(c.id, c.image)) for c in data.cases)
    assert errors(run(data.with_cases(cases))) == [("same-patient", "s4")]


def test_odd_voxels_are_told(data):
    save(data.root / "c1.nii.gz", noise(1), np.array([[0.5, 0, 0, 10], [0, 0.5, 0, 22], [0, 0, 5.0, 30], [0, 0, 0, 1]]))
    save(data.root / "c2.nii.gz", noise(2).astype(np.float32) * 1e9)
    findings = run(data)
    warnings = {(f.rule, f.case) for f in findings if f.severity == "warning"}
    assert warnings == {("anisotropy", "c1"), ("spacing", "c1")} and errors(findings) == [("values", "c2")]


@pytest.mark.parametrize(("lowest", "cases"), [(-3024, range(10)), (-8192, [4]), (-33792, [4])])
def test_what_scanners_pad_with_is_no_fault(data, lowest, cases):
    for number in range(10):
        voxels = noise(number).astype(np.int32) * 20 - 1000
        voxels[0] = lowest if number in cases else -1024
        save(data.root / f"c{number}.nii.gz", voxels)
    assert run(data) == []
    save(data.root / "c5.nii.gz", noise(5).astype(np.int32) * 60 - 6000)
    save(data.root / "c7.nii.gz", noise(7).astype(np.int32) * 1000 - 1000)
    found = run(data)
    assert errors(found) == [("values", "c5"), ("values", "c7")]
    assert "look like CT, and Hounsfield units lie between -3000 and 70000" in found[0].message


@pytest.mark.parametrize("lowest", [-3024, -8192])
def test_padding_that_interpolation_has_smeared_is_no_fault(data, lowest):
    for number in range(10):
        voxels = noise(number, (40, 30, 20)).astype(np.int32) * 20 - 1000
        voxels[:8] = lowest
        voxels[8, 0, :8] = np.linspace(lowest + 4, -1000, 8)
        save(data.root / f"c{number}.nii.gz", voxels)
    assert errors(run(data)) == []


def test_facts_of_an_earlier_version_are_looked_at_again(data):
    run(data)
    content = json.loads((data.root / "findings.json").read_text())
    for facts in content["facts"].values():
        facts["version"] = VERSION - 1
    (data.root / "findings.json").write_text(json.dumps(content))
    run(data)
    assert {facts["version"] for facts in read_findings(data.root / "findings.json").facts.values()} == {VERSION}


@pytest.mark.parametrize("facts", [[], {"c0": []}, None])
def test_facts_that_are_none_only_cost_the_time_to_look_again(data, facts):
    run(data)
    content = json.loads((data.root / "findings.json").read_text()) | {"facts": facts}
    (data.root / "findings.json").write_text(json.dumps(content))
    run(data)
    assert len(read_findings(data.root / "findings.json").facts) == 10


def test_images_with_another_number_of_axes_are_quarantined(data):
    save(data.root / "c1.nii.gz", noise(1, (8, 6)))
    cases = tuple(replace(c, landmarks={}) if c.id == "c1" else c for c in data.cases)
    assert errors(run(data.with_cases(cases))) == [("axes", "c1")]


def test_a_landmark_that_cannot_be_learned_is_told(data):
    def keep(case):
        return case.landmarks if case.id in ("c8", "c9") else {"a": CENTRE}

    findings = run(data.with_cases(tuple(replace(c, landmarks=keep(c)) for c in data.cases)))
    assert [f.rule for f in findings] == ["rare-landmark"] and "none of them in train" in findings[0].message
    some = run(data.with_cases(tuple(replace(c, landmarks=c.landmarks if c.id < "c2" else {}) for c in data.cases)))
    assert {f.rule for f in some} == {"rare-landmark"} and "in 2 of 10 cases" in some[0].message


def test_what_the_reader_decided_is_noted(data):
    image = nibabel.Nifti1Image(noise(4), np.diag([1.0, 2, 2, 1]))
    image.affine[:3, 3] = 10, 20, 30
    nibabel.save(nibabel.Nifti1Image(noise(4), image.affine), data.root / "c4.nii.gz")
    assert [f.message for f in run(data)] == ["unit not stated: read as mm"]
    assert [f.message for f in run(data)] == ["unit not stated: read as mm"]  # from the facts


def test_findings_of_import_are_taken_over(data):
    write_findings(Findings((Finding("landmark-name", "error", "typo", "x"),)), data.root / "import.json")
    assert errors(run(data)) == [("landmark-name", "typo")]


def test_too_few_cases_and_empty_parts_stop_with_the_list(data):
    for number in (8, 9):
        (data.root / f"c{number}.nii.gz").write_bytes(b"")
    with pytest.raises(DataError, match=r"every case of the test part is quarantined.*; c8: .*c8.nii.gz"):
        run(data)
    for number in range(6):
        (data.root / f"c{number}.nii.gz").write_bytes(b"")
    with pytest.raises(DataError, match="2 usable cases, 3 are needed:\n  c0: "):
        run(data)


def test_a_long_list_of_cases_that_cannot_be_used_is_cut(data):
    lost = tuple(Finding("unreadable", "error", f"c{n}", "cut off") for n in range(30))
    cases = tuple(replace(data.cases[0], id=f"c{n}") for n in range(30))
    told = (
        r"(?s): 0 usable cases, 3 are needed:\n  c0: cut off\n.*  c19: cut off\n  and 10 more\nSee .*findings\.json\.$"
    )
    with pytest.raises(DataError, match=told):
        _require_usable(data.with_cases(cases), Findings(lost), data.root / "findings.json", False)


def test_second_images_of_cases_that_cannot_be_used_do_not_count(data):
    for number in (6, 7):
        save(data.root / f"c{number}_b.nii.gz", noise(20 + number))
        (data.root / f"c{number}.nii.gz").write_bytes(b"")
    more = {f"c{n}": {"b": f"c{n}_b.nii.gz"} for n in (6, 7)}
    with pytest.raises(DataError, match="every case of the validation part is quarantined"):
        run(data.with_cases(tuple(replace(c, pictures=more.get(c.id, {})) for c in data.cases)))


def die(path, known=None):
    """A reader that crashes the process on one scan."""
    if path.endswith("c3.nii.gz"):
        os._exit(9)
    return inspect_scan(path, known)


def test_a_worker_that_dies_names_the_scan_and_the_rest_go_on(data, monkeypatch):
    monkeypatch.setattr(stage, "inspect_scan", die)
    findings = run(data.with_cases(data.cases[2:]), workers=2)
    assert (
        errors(findings) == [("crash", "c3")]
        and "c3.nii.gz: reading it failed: the process died" in findings[0].message
    )


def test_check_needs_neither_torch_nor_monai(data):
    write_dataset(data, data.root / "dataset.json")
    code = (
        "import sys; from pathlib import Path; from pipeline.stages.check import check; root = Path(sys.argv[1]);"
        "check(root / 'dataset.json', root / 'findings.json', workers=0);"
        "print([m for m in ('torch', 'monai', 'SimpleITK', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, data.root], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_model_of_another_task_tells_no_patients(trained):
    with pytest.raises(ConfigError, match=r"check.same_patient=.*: does not tell who it is; train one with task=embed"):
        require_comparable(trained, "cpu", trained / "no.json")
