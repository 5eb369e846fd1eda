"""Stage import: the same folder gives the same bytes, real folders need no settings."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from real_data import real_data

from pipeline.data.dataset import read_dataset
from pipeline.data.findings import read_findings
from pipeline.data.markups import write_markups
from pipeline.errors import ConfigError, DataError
from pipeline.stages.check import check
from pipeline.stages.import_data import import_folder


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "naïve paşa 中 space"
    (folder / "images").mkdir(parents=True)
    for number in range(6):
        voxels = np.random.default_rng(number).integers(0, 99, (6, 5, 4)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), folder / f"images/c{number}.nii.gz")
        write_markups(folder / f"landmarks/c{number}.mrk.json", {"a": (-1.0, -2.0, 3.0), "b": None})
    return folder


def test_a_rerun_gives_the_same_bytes_and_what_is_read_is_what_was_returned(source, tmp_path):
    out = tmp_path / "run" / "dataset.json"
    dataset = import_folder(source, out, "mine")
    first = [p.read_bytes() for p in sorted(out.parent.iterdir())]
    assert [p.name for p in sorted(out.parent.iterdir())] == ["dataset.json", "import.json"]
    import_folder(source, out, "mine")
    assert first == [p.read_bytes() for p in sorted(out.parent.iterdir())]
    assert read_dataset(out) == dataset
    assert [len(dataset.part(p)) for p in ("train", "validation", "test")] == [4, 1, 1]
    assert dataset.cases[0].landmarks == {"a": (-1.0, -2.0, 3.0), "b": None}


def test_a_line_to_a_landmark_that_is_not_there_is_a_wrong_setting(source, tmp_path):
    with pytest.raises(ConfigError, match=r"data\.edges: no landmark 'c'; there are a, b"):
        import_folder(source, tmp_path / "dataset.json", "mine", edges=[("a", "c")])
    assert not (tmp_path / "dataset.json").exists()


def test_quarantined_cases_are_in_import_json_alone(source, tmp_path):
    (source / "landmarks/c2.mrk.json").write_text("{")
    dataset = import_folder(source, tmp_path / "dataset.json", "mine")
    assert "c2" not in {c.id for c in dataset.cases}
    assert read_findings(tmp_path / "import.json").quarantined == ("c2",)


def test_a_folder_with_too_few_cases_is_refused_with_every_reason_in_import_json(source, tmp_path):
    for number in range(4):
        (source / f"landmarks/c{number}.mrk.json").write_text("[" * number)
    with pytest.raises(DataError, match="2 usable cases") as told:
        import_folder(source, tmp_path / "dataset.json", "mine")
    reasons = [f"bad-annotation, c{n}: {source}/landmarks/c{n}.mrk.json: " for n in range(4)]
    assert all(reason in str(told.value) for reason in reasons)
    assert "import.json" not in str(told.value)  # all of them were said
    assert read_findings(tmp_path / "import.json").quarantined == ("c0", "c1", "c2", "c3")


@pytest.mark.parametrize(
    ("again", "pseudonyms", "listed"),
    [
        (False, False, "All of them are listed in {out}/import.json."),
        (True, False, "An import into a new run=FOLDER lists all of them."),
        (False, True, "An import into a new run=FOLDER with data.pseudonyms=false lists all of them."),
    ],
)
def test_of_many_cases_each_reason_is_said_once_and_where_all_are_listed(source, tmp_path, again, pseudonyms, listed):
    if again:
        import_folder(source, tmp_path / "dataset.json", "mine")
    for number in range(30):
        (source / f"images/d{number:02}.nii.gz").write_bytes((source / "images/c0.nii.gz").read_bytes())
    for number in range(6):
        (source / f"landmarks/c{number}.mrk.json").write_text("{")
    with pytest.raises(DataError, match="0 usable cases") as told:
        import_folder(source, tmp_path / "dataset.json", "mine", pseudonyms=pseudonyms)
    _, bad, bare, last = str(told.value).splitlines()
    assert bad.startswith(f"  bad-annotation, c0, c1, c2, c3 and 2 more: {source}/landmarks/c0.mrk.json: not readable")
    same = "d00.nii.gz has no landmarks: left out. (the first of 30 remarks)"
    assert bare == f"  no-landmarks, d00, d01, d02, d03 and 26 more: {same}"
    assert last == listed.format(out=tmp_path)
    if not again and not pseudonyms:
        assert len(read_findings(tmp_path / "import.json").items) == 36


@pytest.mark.parametrize("again", [True, False])
def test_what_a_refused_folder_lacks_replaces_no_earlier_findings_and_names_nobody(source, tmp_path, again):
    out = tmp_path / "run" / "dataset.json"
    if again:
        import_folder(source, out, "mine")
        before = (out.parent / "import.json").read_bytes()
    for number in range(6):
        (source / f"landmarks/c{number}.mrk.json").write_text("{")
    with pytest.raises(DataError, match=r"c5\.mrk\.json"):
        import_folder(source, out, "mine", pseudonyms=not again)
    assert (out.parent / "import.json").read_bytes() == before if again else not out.parent.exists()


@pytest.mark.parametrize(
    ("parts", "asked", "told"),
    [
        (("train", "validation", "test"), {"seed": 3}, True),
        (("train", "validation", "test"), {"fractions": (0.4, 0.3, 0.3)}, True),
        (("train", "validation", "test"), {}, False),
        (("train", "train", "test"), {"seed": 3}, False),  # it chooses who validates
        ((), {"seed": 3}, False),
    ],
)
def test_a_split_that_is_asked_for_beside_that_of_the_folder_is_noted(source, tmp_path, parts, asked, told):
    if parts:
        rows = [f"c{number},{parts[number % 3]}" for number in range(6)]
        (source / "split.csv").write_text("\n".join(["case,split", *rows]))
    import_folder(source, tmp_path / "dataset.json", "mine", **asked)
    notes = [f for f in read_findings(tmp_path / "import.json").items if f.rule == "split-given"]
    assert [f.severity for f in notes] == ["note"] * told


@pytest.mark.parametrize("how", ["gone", "itself", "folder"])
def test_a_landmark_file_that_cannot_be_read_costs_its_case_alone(source, tmp_path, how):
    path = source / "landmarks/c1.mrk.json"
    path.unlink()
    path.mkdir() if how == "folder" else path.symlink_to({"gone": "nowhere", "itself": path.name}[how])
    dataset = import_folder(source, tmp_path / "run" / "dataset.json", "mine")
    assert [c.id for c in dataset.cases] == ["c0", "c2", "c3", "c4", "c5"]
    (finding,) = read_findings(tmp_path / "run" / "import.json").items
    assert (finding.rule, finding.case) == ("bad-annotation", "c1") and str(path) in finding.message


@pytest.mark.parametrize("table", [False, True])
def test_folders_called_after_the_parts_are_followed_where_no_table_is(source, tmp_path, table):
    for number in range(6):
        folder = source / "images" / ("train", "val", "test")[number % 3]
        folder.mkdir(exist_ok=True)
        (source / f"images/c{number}.nii.gz").rename(folder / f"c{number}.nii.gz")
    if table:
        rows = [f"c{number},{'test' if number else 'train'}" for number in range(6)]
        (source / "split.csv").write_text("\n".join(["case,split", *rows]))
    dataset = import_folder(source, tmp_path / "dataset.json", "mine", fractions=(1.0, 0.0, 0.0))
    parts = [len(dataset.part(part)) for part in ("train", "validation", "test")]
    assert parts == ([1, 0, 5] if table else [2, 2, 2])
    told = ["split-given", "split-followed"] if not table else []
    assert {f.rule for f in read_findings(tmp_path / "import.json").items} == set(told)


def test_scans_below_nnunets_folders_keep_their_parts(source, tmp_path):
    for number in range(6):
        folder = source / ("imagesTs" if number > 3 else "imagesTr") / f"P{number}"
        folder.mkdir(parents=True)
        (source / f"images/c{number}.nii.gz").rename(folder / f"c{number}.nii.gz")
    dataset = import_folder(source, tmp_path / "dataset.json", "mine")
    assert [case.id for case in dataset.part("test")] == ["c4", "c5"]


def write_list(source, **parts):
    """A data list of MONAI, of scans that lie in `scans/`."""
    (source / "scans").mkdir()
    for number in range(6):
        (source / f"scans/c{number}.nii.gz").write_bytes((source / f"images/c{number}.nii.gz").read_bytes())
    listed = {
        part: [{"image": f"scans/c{n}.nii.gz", "label": f"landmarks/c{n}.mrk.json"} for n in numbers]
        for part, numbers in parts.items()
    }
    (source / "datalist.json").write_text(json.dumps(listed))


def rules_of(run):
    return [f.rule for f in read_findings(run / "import.json").items if f.rule.startswith("split")]


@pytest.mark.parametrize("last", ["testing", "validation"])
def test_the_split_of_a_data_list_holds_where_scans_are_taken_from_another_folder(source, tmp_path, last):
    write_list(source, training=range(3), **{last: range(3, 6)})
    parts = {}
    for images in (None, "images", "scans"):
        dataset = import_folder(source, tmp_path / "dataset.json", "mine", images=images)
        parts[images] = {case.id: case.split for case in dataset.cases}
        assert dataset.cases[0].image == f"{images or 'scans'}/c0.nii.gz"
        assert rules_of(tmp_path) == ["split-followed"] * (images is not None)
    assert parts["images"] == parts["scans"] == parts[None]
    assert len(dataset.part(last.removesuffix("ing"))) == 3


@pytest.mark.parametrize("broken", ["a scan that it does not name", "a file that is not there"])
def test_a_data_list_that_cannot_be_followed_beside_other_scans_is_told(source, tmp_path, broken):
    write_list(source, training=range(3), testing=range(3, 5 if "name" in broken else 6))
    if "file" in broken:
        (source / "scans/c5.nii.gz").unlink()
    dataset = import_folder(source, tmp_path / "dataset.json", "mine", images="images")
    assert [len(dataset.part(p)) for p in ("train", "validation", "test")] == [4, 1, 1]
    assert rules_of(tmp_path) == ["split-unclear"]


def test_a_data_list_of_training_alone_or_beside_a_table_is_no_split(source, tmp_path):
    write_list(source, training=range(6))
    import_folder(source, tmp_path / "dataset.json", "mine", images="images")
    assert rules_of(tmp_path) == []
    rows = [f"c{n},{'test' if n else 'train'}" for n in range(6)]
    (source / "split.csv").write_text("\n".join(["case,split", *rows]))
    dataset = import_folder(source, tmp_path / "dataset.json", "mine", images="images")
    assert rules_of(tmp_path) == [] and len(dataset.part("test")) == 5


@pytest.mark.parametrize("pseudonyms", [False, True])
def test_a_run_of_before_folders_were_followed_goes_on_with_its_split(source, tmp_path, pseudonyms):
    before = import_folder(source, tmp_path / "run" / "dataset.json", "mine", pseudonyms=pseudonyms)
    parts = {case.id: case.split for case in before.cases}
    for number in range(6):
        folder = source / "images" / ("train", "test")[number % 2]
        folder.mkdir(exist_ok=True)
        (source / f"images/c{number}.nii.gz").rename(folder / f"c{number}.nii.gz")

    def allowed(found):
        if {case.id: case.split for case in found.cases} != taught:
            raise ConfigError("its split is another")

    taught, how = parts, {"pseudonyms": pseudonyms, "allowed": allowed}
    again = import_folder(source, tmp_path / "run" / "dataset.json", "mine", **how)
    assert {case.id: case.split for case in again.cases} == parts
    assert "split-followed" not in {f.rule for f in read_findings(tmp_path / "run" / "import.json").items}
    taught = {}
    with pytest.raises(ConfigError, match="its split is another"):
        import_folder(source, tmp_path / "run" / "dataset.json", "mine", **how)


def test_a_run_with_codes_may_be_moved(source, tmp_path):
    dataset = import_folder(source, tmp_path / "one" / "dataset.json", "mine", pseudonyms=True)
    (tmp_path / "one").rename(tmp_path / "two")
    moved = read_dataset(tmp_path / "two" / "dataset.json")
    assert moved == replace(dataset, root=tmp_path / "two" / "private")
    assert all(moved.image_path(case).is_file() for case in moved.cases)


def test_a_folder_that_cannot_be_written_is_named(source):
    blocked = source / "images/c0.nii.gz" / "dataset.json"
    with pytest.raises(DataError, match="cannot write there"):
        import_folder(source, blocked, "mine")


@pytest.mark.parametrize(
    ("name", "cases", "landmarks"), [("spine_mri_L1L5", 30, 5), ("mouse_skull", 40, 51), ("hippocampus_msd", 100, 5)]
)
def test_real_folders_are_read_without_settings(name, cases, landmarks, tmp_path):
    dataset = import_folder(real_data(name), tmp_path / "dataset.json", name)
    assert len(dataset.cases) >= cases and len(dataset.landmarks) == landmarks
    assert "read as RAS" in next(f.message for f in read_findings(tmp_path / "import.json").items if f.rule == "frame")


def test_a_name_that_is_not_utf8_costs_its_case_alone(source, tmp_path):
    for name in ("images/c0.nii.gz", "landmarks/c0.mrk.json"):
        (source / name).rename(source / name.replace("c0", "caf\udce9"))
    out = tmp_path / "dataset.json"
    assert import_folder(source, out, "mine", fractions=(1.0, 0.0, 0.0)) == read_dataset(out)
    [error] = [f for f in check(out, tmp_path / "findings.json", workers=0) if f.severity == "error"]
    assert error.case == "caf\udce9" and "its name is not UTF-8, " in error.message and "Rename it." in error.message
