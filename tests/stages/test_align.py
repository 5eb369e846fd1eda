"""Aligned images show their landmarks at the places of the template, however they were scanned or photographed."""

import json
import shutil
import unicodedata
from contextlib import contextmanager

import nibabel
import numpy as np
import PIL.Image
import pytest
from crooked import DIMS, upright_frame
from words import with_others

from pipeline.cli.door import main
from pipeline.data.fcsv import write_fcsv
from pipeline.data.find_images import find_images
from pipeline.data.image import Image
from pipeline.data.markups import read_markups, write_markups
from pipeline.data.read_nifti import read_nifti
from pipeline.data.readers import case_name
from pipeline.data.template import Template, mean_template, read_template, template_for, write_template
from pipeline.data.threads import threads
from pipeline.data.write_nifti import write_nifti
from pipeline.errors import ConfigError, DataError
from pipeline.geometry import ImageFrame
from pipeline.geometry.fit import moved, rigid
from pipeline.phantoms.pose import turn
from pipeline.stages import align as stage
from pipeline.stages.align import align

PLACES = {"a": (-9.0, 2, 1), "b": (8.0, 7, -3), "c": (1.0, -9, 6), "d": (3.0, 4, 9)}


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """One anatomy, four bright dots, scanned in six poses; in the last two, dots are missing."""
    folder, rng = tmp_path_factory.mktemp("poses"), np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(-20.0, 21)] * 3, indexing="ij"), -1)
    voxels = sum(900 * np.exp(-((grid - np.array(p)) ** 2).sum(-1) / 8) for p in PLACES.values()) - 1000
    for number in range(6):
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = turn(rng, 25), rng.uniform(-80, 80, 3)
        shown = {n: tuple(affine[:3, :3] @ p + affine[:3, 3]) for n, p in PLACES.items()}
        affine[:3, 3] -= affine[:3, :3] @ [20, 20, 20]
        write_nifti(Image(ImageFrame((41, 41, 41), affine), voxels.astype(np.int16)), folder / f"s{number}.nii.gz")
        lost = {4: "d", 5: "bcd"}.get(number, "")
        write_markups(folder / f"s{number}.mrk.json", {n: None if n in lost else p for n, p in shown.items()})
    (folder / "subjects.csv").write_text("case,subject\n" + "".join(f"s{n},p{n // 2}\n" for n in range(6)))
    return folder


@pytest.fixture(scope="module")
def aligned(scans):
    out = scans.parent / "aligned"
    code = main(["align", f"source={scans}", "-o", str(out), "align.spacing=1", "align.margin=8"])
    assert code == 1  # one scan has too few landmarks
    return out


def test_scans_of_one_anatomy_become_one_image(aligned):
    images = [read_nifti(aligned / "images" / f"s{n}.nii.gz") for n in range(5)]
    template = read_template(aligned / "template.json")
    for image in images:
        assert image.frame.same_as(images[0].frame) and image.voxels.dtype == np.int16
        assert np.abs(image.voxels.astype(float) - images[0].voxels).mean() < 15  # of 900; interpolated twice
        for place in template.points:
            voxel = np.round(image.frame.world_to_voxel(place[None])[0]).astype(int)
            assert image.voxels[tuple(voxel)] > -400


def test_a_scan_that_states_two_positions_is_aligned_and_said(scans, tmp_path, capsys):
    folder = shutil.copytree(scans, tmp_path / "in")
    image = nibabel.load(folder / "s1.nii.gz")
    other = image.affine.copy()
    other[:3, 3] += 30
    image.set_qform(other, 1)
    nibabel.save(image, folder / "s1.nii.gz")
    align(tmp_path / "out", folder)
    said = capsys.readouterr().err
    assert "s1: sform and qform differ by 52 mm" in said and "s0: " not in said
    assert (tmp_path / "out" / "images" / "s1.nii.gz").is_file()


def test_sizes_stay_what_they_are(aligned):
    template, wanted = read_template(aligned / "template.json"), np.array(list(PLACES.values()))
    apart = [np.linalg.norm(p[:, None] - p, axis=-1) for p in (template.points, wanted)]
    assert np.allclose(*apart, atol=1e-3)


def test_subjects_and_how_well_each_fits_are_told(aligned, capsys):
    assert (aligned / "subjects.csv").read_text().split() == [
        "case,subject",
        "s0,p0",
        "s1,p0",
        "s2,p1",
        "s3,p1",
        "s4,p2",
    ]
    assert (aligned / "aligned.csv").read_text().startswith("case,landmarks,off_mm\n")
    rows = [line.split(",") for line in (aligned / "aligned.csv").read_text().split()[1:]]
    assert [row[1] for row in rows] == ["4"] * 4 + ["3"] and max(float(row[2]) for row in rows) < 0.01
    assert not (aligned / "images" / "s5.nii.gz").exists()


def test_new_scans_follow_an_earlier_template(scans, aligned, tmp_path):
    words = [f"source={scans}", "-o", str(tmp_path), f"align.template={aligned / 'template.json'}"]
    assert main(["align", *words]) == 1
    one, two = (read_nifti(place / "images" / "s0.nii.gz") for place in (aligned, tmp_path))
    assert one.frame.same_as(two.frame) and np.array_equal(one.voxels, two.voxels)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Two eyes, one red and one blue, of faces near and far."""
    folder, rng = tmp_path_factory.mktemp("faces"), np.random.default_rng(1)
    rows = ["case,landmark,x_px,y_px"]
    ys, xs = np.mgrid[:64, :72]
    for number in range(16):
        size, (x, y) = rng.uniform(8, 16), rng.uniform(24, 40, 2)
        eyes = [(x - size, y), (x + size, y)]
        red, blue = (220 * np.exp(-((xs - a) ** 2 + (ys - b) ** 2) / (0.1 * size**2)) for a, b in eyes)
        PIL.Image.fromarray(np.stack([red, 0 * red, blue], -1).astype(np.uint8)).save(folder / f"f{number:02d}.png")
        rows += [f"f{number:02d},eye_{side},{a},{b}" for side, (a, b) in zip(("left", "right"), eyes, strict=True)]
    (folder / "landmarks.csv").write_text("\n".join(rows) + "\n")
    assert main(["align", f"source={folder}", "-o", str(folder.parent / "aligned_faces"), "align.margin=12"]) == 0
    return folder


def pictures(folder):
    return [np.asarray(PIL.Image.open(path)).astype(float) for path in sorted((folder / "images").iterdir())]


def test_pictures_are_scaled_too(faces):
    shown = pictures(faces.parent / "aligned_faces")
    assert all(s.shape == shown[0].shape and s.shape[2] == 3 for s in shown) and shown[0].max() > 150
    assert len(shown) == 16 and all(np.abs(s - shown[0]).mean() < 6 for s in shown)


def test_a_model_finds_the_landmarks_of_new_images(faces, tmp_path, capsys):
    coarse = "training.coarse={parameters: {stride: 4, width: 8, growth: 8, depth: 1}, batch: 8}"
    small = ["levels=[1.0]", "training.minutes=null", "training.steps=150", "training.looks=1", "threads=1", coarse]
    where = [f"source={faces}", f"run={tmp_path / 'run'}", "training.precision=float32", "training.rate=0.01"]
    assert main(["run", "experiment=my_landmarks", *where, *small]) == 0
    template = faces.parent / "aligned_faces" / "template.json"
    words = [f"model={tmp_path / 'run' / 'model'}", "-i", str(faces), f"align.template={template}"]
    (tmp_path / "run" / "model" / "notes.txt").write_text("no part of it")
    assert main(["align", *words, "-o", str(tmp_path / "out"), "threads=1"]) in (0, 1)
    assert "not part of the model, ignored: notes.txt" in capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert (report["model"], report["threads"], report["ignored_in_model"]) == ("run", 1, ["notes.txt"])
    by_hand, by_model = pictures(faces.parent / "aligned_faces"), pictures(tmp_path / "out")
    assert len(by_model) >= 12
    assert np.median([min(np.abs(m - h).mean() for h in by_hand) for m in by_model]) < 6


def test_scans_whose_landmarks_cannot_be_used_are_listed(scans, aligned, tmp_path, capsys):
    for path in (p for n in range(5) for p in scans.glob(f"s{n}.*")):
        shutil.copy(path, tmp_path)
    (tmp_path / "s3.mrk.json").write_text("{}")
    (tmp_path / "s4.mrk.json").unlink()
    written, failed = align(tmp_path / "out", tmp_path, template=aligned / "template.json")
    assert written == 3 and set(failed) == {"s3", "s4"}
    assert "s3.mrk.json" in failed["s3"] and "no landmarks" in failed["s4"]
    assert main(["align", f"source={tmp_path}", "-o", str(tmp_path / "out")]) == 1
    assert "s3.mrk.json" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["a.nii.gz", "dcm/1.dcm"])
def test_two_scans_of_one_name_are_refused_before_a_model_is_asked(tmp_path, kind):
    for path in (tmp_path / "one" / kind, tmp_path / "two" / kind):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"another scan is called '(a|dcm)' too"):
        align(tmp_path / "out", None, tmp_path, [tmp_path / "one", tmp_path / "two"], tmp_path / "template.json")


@pytest.mark.parametrize("kind", ["misspelt", "px"])
def test_a_template_that_does_not_fit_is_said_before_a_model_is_asked(tmp_path, scans, faces, monkeypatch, kind):
    template = {"misspelt": tmp_path / "tempalte.json", "px": faces.parent / "aligned_faces" / "template.json"}[kind]
    monkeypatch.setattr(stage, "_asked", lambda *_: pytest.fail("a model was asked"))
    with pytest.raises(DataError, match=r"tempalte\.json: no such file|in px, the images are in mm"):
        align(tmp_path / "out", None, tmp_path, [scans], template)


def test_one_image_of_another_kind_does_not_cost_the_others_their_template(tmp_path, aligned):
    template = aligned / "template.json"
    assert template_for(template, [tmp_path / "a.nii", tmp_path / "shot.png"]).unit == "mm"
    with pytest.raises(DataError, match="is in mm, the images are in px"):
        template_for(template, [tmp_path / "shot.png"])


def test_what_cannot_be_aligned_is_said(tmp_path, scans, aligned, capsys):
    assert main(["align", f"source={scans}"]) == 2
    assert "-o FOLDER is needed" in capsys.readouterr().err
    assert main(["align", "model=nowhere", "-i", str(scans), "-o", str(tmp_path)]) == 2
    assert "align.template=FILE" in capsys.readouterr().err
    content = json.loads((aligned / "template.json").read_text())
    for change in ({"landmarks": {"a": ["x"]}}, {"version": 2}, {"spacing": None}, {"landmarks": 3}):
        (tmp_path / "t.json").write_text(json.dumps(content | change))
        with pytest.raises(DataError, match=r"t\.json"):
            read_template(tmp_path / "t.json")
    with pytest.raises(DataError, match="no case has all of a, e"):
        mean_template([PLACES], ("a", "e"), 1.0, 5.0, "mm")


def test_a_template_survives_its_file(tmp_path):
    made = mean_template([PLACES], tuple(PLACES), 1.5, 7.0, "mm")
    write_template(made, tmp_path / "t.json")
    read = read_template(tmp_path / "t.json")
    assert read.frame.same_as(made.frame) and read.names == made.names and np.allclose(read.points, made.points)
    assert all(made.frame.contains(made.points)) and made.frame.spacing.tolist() == [1.5] * 3


def test_names_of_a_template_are_spelled_as_those_of_the_images_are(tmp_path):
    apart = {unicodedata.normalize("NFD", name.replace("a", "crête")): place for name, place in PLACES.items()}
    write_template(mean_template([apart], tuple(apart), 1.5, 7.0, "mm"), tmp_path / "t.json")
    assert read_template(tmp_path / "t.json").names == ("crête", "b", "c", "d")
    content = json.loads((tmp_path / "t.json").read_text())
    content["landmarks"]["crête"] = [0, 0, 0]
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"not a template: .*one landmark twice"):
        read_template(tmp_path / "t.json")


@pytest.mark.parametrize(
    "change",
    [
        {"spacing": 0},
        {"spacing": float("nan")},
        {"margin": float("inf")},
        {"margin": -1},
        {"landmarks": {"a": []}},
        {"landmarks": {"a": [10**400, 1, 2]}},
    ],
)
def test_a_template_that_frames_no_image_is_refused(tmp_path, change):
    write_template(mean_template([PLACES], tuple(PLACES), 1.5, 7.0, "mm"), tmp_path / "t.json")
    (tmp_path / "t.json").write_text(json.dumps(json.loads((tmp_path / "t.json").read_text()) | change))
    with pytest.raises(DataError, match=r"t\.json: not a template"):
        read_template(tmp_path / "t.json")


@pytest.mark.parametrize("unit", ["mm", "px"])
@pytest.mark.parametrize("dims", DIMS)
def test_a_template_names_its_frame_and_one_that_does_not_is_read(tmp_path, dims, unit):
    points, path = np.array(list(PLACES.values()))[:, :dims], tmp_path / "template.json"
    write_template(Template(tuple(PLACES), points, 1.5, 7.0, unit), path)
    content = json.loads(path.read_text())
    assert content.pop("frame") == {"mm": "LPS", "px": "image"}[unit]
    path.write_text(json.dumps(content))
    assert np.allclose(read_template(path).points, points)
    path.write_text(json.dumps(content | {"frame": "RAS"}))
    with pytest.raises(DataError, match="frame RAS of"):
        read_template(path)


def test_what_failed_is_kept_beside_the_images(scans, tmp_path):
    out = tmp_path / "out"
    _, failed = align(out, scans, spacing=3.0, threads=1)
    report = json.loads((out / "run_report.json").read_text())
    assert (report["version"], report["verb"], report["failures"]) == (1, "align", failed) and list(failed) == ["s5"]
    assert {r["severity"] for r in report["remarks"]} <= {"note", "warning"} and threads() == 1
    (out / "run_report.json").write_text("the user's own")
    with pytest.raises(ConfigError, match=r"run_report\.json: is in the way"):
        align(out, scans, spacing=3.0)


def test_no_file_of_the_users_is_replaced(scans, aligned, tmp_path, capsys):
    own = shutil.copytree(aligned, tmp_path / "own")  # an earlier alignment: its images are read now
    for number in range(5):
        shutil.copy(scans / f"s{number}.mrk.json", own / "images")
    before = {p: p.read_bytes() for p in own.rglob("*") if p.is_file() and p.name != ".lock"}
    assert main(["align", f"source={own}", "-o", str(own)]) == 2
    assert "s0.nii.gz: is read, and would be replaced" in capsys.readouterr().err
    assert before == {p: p.read_bytes() for p in before}
    other = shutil.copytree(scans, tmp_path / "other")
    assert main(["align", f"source={scans}", "-o", str(other)]) == 2
    assert "subjects.csv: is in the way" in capsys.readouterr().err
    assert main(["align", f"source={scans}", "-o", str(aligned), "align.spacing=1", "align.margin=8"]) == 1  # again


@pytest.mark.parametrize("dims", [d for d in DIMS if d > 1])
@pytest.mark.parametrize("degrees", [[0] * 12, [30, -20] * 6, [0, 90, 180, 270] * 3], ids=["upright", "rolled", "any"])
def test_a_template_is_as_large_as_its_pictures_however_they_lie(dims, degrees):
    rng = np.random.default_rng(dims)
    base = rng.normal(0, 30, (6, dims))
    base -= base.mean(0)
    cases = []
    for angle in np.radians(degrees):
        roll = np.eye(dims)
        roll[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        shown = (base + rng.normal(0, 6, base.shape)) @ roll.T + 200
        cases.append(dict(zip("abcdef", map(tuple, shown), strict=True)))
    points = mean_template(cases, tuple("abcdef"), 1.0, 20.0, "px").points
    back = rigid(points, base)
    assert np.abs(moved(back, points) - base).max() < 8
    assert abs(np.linalg.norm(points) / np.linalg.norm(base) - 1) < 0.06
    if len({*degrees}) < 4:  # it lies as they do on the whole, here nearly upright
        assert np.trace(back[:-1, :-1]) > dims - 0.1


@pytest.fixture
def copied(scans, tmp_path):
    return shutil.copytree(scans, tmp_path / "copied")


def test_images_of_an_earlier_call_do_not_stay_among_the_new(copied, tmp_path):
    out = tmp_path / "out"
    align(out, copied, spacing=3.0)
    (out / "images" / "s1.png").write_bytes(b"the user's own")
    for path in (copied / "s0.nii.gz", copied / "s0.mrk.json"):
        path.unlink()
    write_markups(copied / "s1.mrk.json", {n: p if n in "ab" else None for n, p in PLACES.items()})
    written, failed = align(out, copied, spacing=3.0)
    assert written == 3 and "s1" in failed
    assert sorted(p.name for p in (out / "images").iterdir()) == ["s1.png", *(f"s{n}.nii.gz" for n in (2, 3, 4))]
    assert (out / "aligned.csv").read_text().count("\n") == 4


def test_nothing_of_an_earlier_call_stays_where_a_model_answers_no_scan(copied, tmp_path, monkeypatch):
    out, new = tmp_path / "out", tmp_path / "new"
    align(out, copied, spacing=3.0)
    (out / "images" / "s1.png").write_bytes(b"the user's own")
    failed = {f"s{n}": "cut off" for n in range(6)}
    monkeypatch.setattr(stage, "_asked", lambda *_: ([], failed, {}))
    for place in (out, new):
        given = {"model": tmp_path, "inputs": [copied], "template": out / "template.json"}
        assert align(place, **given) == (0, failed)
        assert json.loads((place / "run_report.json").read_text())["failures"] == failed
    assert [p.name for p in (out / "images").iterdir()] == ["s1.png"]
    assert (out / "aligned.csv").read_text() == "case,landmarks,off_mm\n"
    assert (out / "subjects.csv").read_text() == "case,subject\n"
    assert not list(new.glob("*.csv"))  # nothing to take back


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["spacing=3"], "align.spacing changes nothing beside align.template"),
        (["margin=3"], "align.margin changes nothing beside align.template"),
        (["landmarks=[a,b,c]"], "align.landmarks changes nothing beside align.template"),
        (["model=nowhere"], "model changes nothing beside source"),
        (["-i", "nowhere"], "-i changes nothing beside source"),
        (["model=nowhere", "-i", "nowhere", "source=null", "frame=LPS"], "data.frame changes nothing beside -i"),
    ],
)
def test_what_would_change_nothing_is_refused(scans, aligned, tmp_path, capsys, words, complaint):
    where = [f"source={scans}", "-o", str(tmp_path), f"template={aligned / 'template.json'}"]
    assert main(["align", *with_others(where, words)]) == 2
    assert complaint in capsys.readouterr().err


def test_an_unknown_landmark_is_named_before_anything_is_made(scans, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert main(["align", f"source={scans}", "-o", str(out), "align.landmarks=[a,bb,c]"]) == 2
    assert "align.landmarks: no landmark 'bb'; there are a, b, c, d. Did you mean 'b'?" in capsys.readouterr().err
    assert not out.parent.exists()


def test_how_a_folder_is_read_can_be_said(copied, tmp_path, capsys):
    for path in sorted(copied.glob("*.mrk.json"))[:4]:
        shown = {n: p for n, p in read_markups(path)[0].items() if p}
        other = path.with_name(path.name.replace(".mrk.json", ".fcsv"))
        write_fcsv(other, shown)
        lines = [line for line in other.read_text().splitlines() if "CoordinateSystem" not in line]
        other.write_text("\n".join(lines) + "\n")
        path.unlink()
    words = ["align", f"source={copied}", "align.spacing=3"]
    assert main([*words, "-o", str(tmp_path / "unsaid")]) == 1
    assert "frame" in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "said"), "frame=LPS"]) == 1  # s5 shows too little, as ever
    rows = [line.split(",") for line in (tmp_path / "said" / "aligned.csv").read_text().split()[1:]]
    assert len(rows) == 5 and max(float(row[2]) for row in rows) < 0.01


def test_a_fault_of_a_library_costs_one_image(scans, aligned, tmp_path, monkeypatch):
    def read(path):
        if path.name == "s1.nii.gz":
            raise MemoryError("too large")
        return read_nifti(path)

    monkeypatch.setattr(stage, "read_safely", read)
    written, failed = align(tmp_path / "out", scans, template=aligned / "template.json")
    assert written == 4 and set(failed) == {"s1", "s5"}
    assert "s1.nii.gz: aligning it needs more memory than there is. Make it smaller" in failed["s1"]


def test_the_next_call_knows_what_a_killed_one_began(copied, monkeypatch):
    out, write, begun = copied / "aligned", stage.write_aligned, []

    def killed(place, image):
        if len(begun) == 2:
            raise KeyboardInterrupt
        begun.append(place)
        write(place, image)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(stage, "write_aligned", killed)
        align(out, copied, spacing=3.0)
    assert begun[0].is_file() and find_images(copied) == sorted(copied.glob("*.nii.gz"))
    for path in list(copied.glob("s0.*")):
        path.unlink()
    assert align(out, copied, spacing=3.0)[0] == 4
    assert sorted(p.name for p in (out / "images").iterdir()) == [f"s{n}.nii.gz" for n in (1, 2, 3, 4)]


def test_parts_that_folders_of_the_source_say_come_along(copied, tmp_path):
    for number in range(6):
        folder = copied / ("train" if number > 1 else "test")
        folder.mkdir(exist_ok=True)
        for path in list(copied.glob(f"s{number}.*")):
            path.rename(folder / path.name)
    align(tmp_path / "out", copied, spacing=4.0)
    parts = [f"s{number},{'train' if number > 1 else 'test'}" for number in range(5)]
    assert (tmp_path / "out" / "split.csv").read_text().split() == ["case,split", *parts]


def test_the_split_of_the_source_comes_along_and_one_that_stays_is_said(copied, tmp_path, capsys):
    parts = ["s0,test", "s1,test", "s2,validation", "s3,validation", "s4,train", "s5,train"]
    (copied / "split.csv").write_text("\n".join(["case,split", *parts]) + "\n")
    align(tmp_path / "out", copied, spacing=3.0)
    assert (tmp_path / "out" / "split.csv").read_text().split() == ["case,split", *parts[:5]]
    assert "split.csv" not in capsys.readouterr().err
    (copied / "split.csv").unlink()
    (tmp_path / "out" / "split.csv").write_text("the user's own")
    align(tmp_path / "out", copied, spacing=3.0)
    assert (tmp_path / "out" / "split.csv").read_text() == "the user's own"
    assert "split.csv: stays as it is" in capsys.readouterr().err


def test_a_case_whose_landmarks_lie_at_one_place_costs_it_alone(copied, tmp_path):
    write_markups(copied / "s1.mrk.json", dict.fromkeys(PLACES, (1.0, 2.0, 3.0)))
    written, failed = align(tmp_path / "out", copied, spacing=3.0)
    assert written == 4 and set(failed) == {"s1", "s5"} and "lie at one place" in failed["s1"]


@pytest.mark.parametrize("unit", ["mm", "px"])
@pytest.mark.parametrize("dims", [d for d in DIMS if d > 1])
def test_a_case_that_nobody_can_turn_is_no_part_of_the_template(dims, unit):
    rng = np.random.default_rng(dims)
    good = [dict(zip("abcd", map(tuple, rng.normal(0, 9, (4, dims))), strict=True)) for _ in range(3)]
    bad = [dict.fromkeys("abcd", (5.0,) * dims), {name: (*at, 1.0) for name, at in good[0].items()}]
    if dims > 2:
        bad.append({name: (float(k),) * dims for k, name in enumerate("abcd")})  # in one line
    expected = mean_template(good, "abcd", 1.0, 1.0, unit).points
    for case in bad:
        assert np.allclose(mean_template([case, *good], "abcd", 1.0, 1.0, unit).points, expected)
    with pytest.raises(DataError, match="no case has all of a, b, c, d in places that tell how it lies"):
        mean_template(bad[:1], "abcd", 1.0, 1.0, unit)


@pytest.mark.parametrize(
    ("kind", "most", "written"),
    [
        ("int16", 511, "int16"),
        ("int64", 511, "int32"),
        ("uint64", 511, "int32"),
        ("int64", 2**40, "float32"),
        ("float16", 511, "float32"),
    ],
)
def test_types_that_nifti_does_not_keep_become_the_nearest_that_it_does(tmp_path, kind, most, written):
    frame, voxels = upright_frame((8, 8, 8)), np.arange(512).reshape(8, 8, 8)
    voxels[-1, -1, -1] = most
    image = stage.aligned(Image(frame, voxels.astype(kind)), np.eye(4), frame)
    write_nifti(image, tmp_path / "a.nii.gz")
    back = read_nifti(tmp_path / "a.nii.gz").voxels
    assert back.dtype == written and back.min() == 0 and back.max() == most


def test_of_two_calls_into_one_folder_the_images_of_the_later_stay(scans, copied, tmp_path, monkeypatch):
    out, held = tmp_path / "out", stage.claimed_folder
    for path in copied.glob("s0.*"):
        path.unlink()

    @contextmanager
    def waited_for(folder):
        monkeypatch.setattr(stage, "claimed_folder", held)
        align(out, scans, spacing=3.0)  # another call, which came a moment earlier
        with held(folder):
            yield

    monkeypatch.setattr(stage, "claimed_folder", waited_for)
    assert align(out, copied, spacing=3.0)[0] == 4
    assert sorted(p.name for p in (out / "images").iterdir()) == [f"s{n}.nii.gz" for n in (1, 2, 3, 4)]


def test_tables_call_a_case_as_its_image_is_called(copied, tmp_path):
    out, long = tmp_path / "out", "x" * 200  # an id that no file of ours can have
    for path in list(copied.glob("s0.*")):
        path.rename(path.with_name(path.name.replace("s0", long)))
    align(out, copied, spacing=3.0)
    images = sorted(case_name(path) for path in (out / "images").iterdir())
    for table in ("subjects.csv", "aligned.csv"):
        assert sorted(line.split(",")[0] for line in (out / table).read_text().split()[1:]) == images
    for path in list(copied.glob("xxx*")):
        path.unlink()
    align(out, copied, spacing=3.0)
    assert sorted(p.name for p in (out / "images").iterdir()) == [f"s{n}.nii.gz" for n in (1, 2, 3, 4)]


def test_what_a_killed_call_left_is_swept(scans, aligned, tmp_path):
    for folder in (tmp_path / "out", tmp_path / "out" / "images"):
        folder.mkdir()
        (folder / ".tmp-0123abcd.gz").touch()
    align(tmp_path / "out", scans, template=aligned / "template.json")
    assert not list((tmp_path / "out").rglob(".tmp-*"))
