"""Who is it: from folders of people to a gallery and its answers, with a network that learns for a few seconds."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from tiny_scans import write_scan
from words import with_others

import pipeline.stages.check_identity as checking
import pipeline.stages.identify as stage
from pipeline.cli.door import main
from pipeline.cli.promise import promise
from pipeline.data.atomic import read_sealed, sha256_of, write_sealed
from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.findings import Findings, write_findings
from pipeline.data.gallery import Gallery, write_gallery
from pipeline.data.readers import read_image
from pipeline.data.run_report import write_report
from pipeline.errors import SMALLER, ConfigError, DataError
from pipeline.geometry import ImageFrame

SETTINGS = [
    "task=embedding", "levels=[1.0]", "training.minutes=null", "training.steps=60", "training.rate=0.01", "device=cpu",
    "threads=1", "training.average=0.9", "training.validations=3", "training.precision=float32",
    "training.coarse.parameters={stride: 4, width: 8, growth: 8, depth: 1}", "training.coarse.batch=16",
    "training.augment={rotation: 5, contrast: 0, brightness: 0}", "data.fractions=[0.5,0.25,0.25]",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixteen people, told by a pattern of coarse squares; every image has noise of its own."""
    place, rng = tmp_path_factory.mktemp("people"), np.random.default_rng(0)
    for person in range(16):
        pattern = np.kron(rng.uniform(20, 230, (4, 4)), np.ones((6, 6)))
        (place / f"p{person:02d}").mkdir()
        for number in range(6):
            pixels = np.clip(pattern + rng.normal(0, 12, pattern.shape), 0, 255).astype(np.uint8)
            PIL.Image.fromarray(pixels).save(place / f"p{person:02d}" / f"{number}.png")
    return place


@pytest.fixture(scope="module")
def run(folder):
    place = folder.parent / "vectors_run"
    assert main(["run", "experiment=my_landmarks", f"source={folder}", f"run={place}", *SETTINGS]) == 0
    return place


@pytest.fixture
def enrolled(run, folder, tmp_path):
    """A gallery of two people, from one image each."""
    gallery = tmp_path / "people"
    for name in ("p00", "p01"):
        words = [f"model={run / 'model'}", f"gallery={gallery}", "-i", str(folder / name / "0.png"), f"name={name}"]
        assert main(["enroll", *words]) == 0
    return [f"model={run / 'model'}", f"gallery={gallery}"]


def test_a_run_is_measured_on_people_who_were_not_seen(run):
    data = json.loads((run / "dataset.json").read_text())
    parts = {
        part: {c["subject"] for c in data["cases"] if c["split"] == part} for part in ("train", "validation", "test")
    }
    assert not parts["train"] & parts["test"] and not parts["train"] & parts["validation"]
    summary = json.loads((run / "test" / "summary.json").read_text())
    assert summary["identities"] == 4 and summary["pairs"] == {"same": 60, "other": 216}
    assert summary["model_sha256"] == sha256_of(run / "model" / "model.json")
    metrics = summary["metrics"]
    assert metrics["eer"] < 0.15 and metrics["rank1"] > 0.8  # chance: 0.5 and 0.25
    assert {"tar_at_far1", "tar_at_far01", "dir_at_fa5", "accuracy"} <= set(metrics)
    page = (run / "report.html").read_text()
    assert "equal error rate" in page and page.count("<svg") >= 2 and "nearest to one of somebody else" in page


def test_each_image_that_the_threshold_is_chosen_on_is_counted_in_a_bar(untrained, capsys, monkeypatch):
    monkeypatch.setattr("pipeline.data.progress_bar.MOMENT", 0.0)
    short = [s for s in SETTINGS if s.startswith(("training.minutes", "training.coarse", "training.precision"))]
    assert main(["train", f"run={untrained}", "task=embedding", "training.steps=2", *short]) == 0
    told = capsys.readouterr().err.partition("train level 1/1")[2]
    count = json.loads((untrained / "model" / "model.json").read_text())["calibration"]["cases"]
    assert "calibrate: 100%" in told and f"{count}/{count}" in told


def test_one_image_under_two_people_is_named_at_the_end_of_train(run, folder, tmp_path, capsys):
    wrong, place = shutil.copytree(folder, tmp_path / "wrong"), tmp_path / "r"
    cases = json.loads((run / "dataset.json").read_text())["cases"]
    one, other = sorted({c["subject"] for c in cases if c["split"] == "validation"})[:2]
    shutil.copy(wrong / one / "0.png", wrong / other / "5.png")
    assert main(["import", "experiment=my_landmarks", f"source={wrong}", f"run={place}", *SETTINGS]) == 0
    assert main(["check", f"run={place}"]) == main(["preprocess", f"run={place}", "levels=[1.0]"]) == 0
    capsys.readouterr()
    assert main(["train", f"run={place}", *with_others(SETTINGS, ["training.steps=2", "training.validations=1"])]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "The model recognises nobody: its threshold is a squared distance of " in said
    assert f"in validation these lie as near: '{one}_0' of subject '{one}' and '{other}_5' of subject '{other}'" in said
    assert promise(place / "model") and not promise(run / "model")
    content = read_sealed(place / "model" / "model.json")
    assert content["calibration"].pop("confused") == [[f"{one}_0", f"{other}_5"]]
    write_sealed(place / "model" / "model.json", content)
    assert not promise(place / "model")  # an early model does not know


def test_the_report_names_who_is_told_worst_and_shows_what_lies_apart(run):
    summary = json.loads((run / "test" / "summary.json").read_text())
    each = summary["by_identity"]
    told = [row["told"] / row["pairs"] for row in each.values()]
    assert told == sorted(told) and all(row["images"] == 6 and row["pairs"] == 15 for row in each.values())
    assert sum(row["told"] for row in each.values()) == round(60 * summary["metrics"]["tar"])
    assert sum(row["mistaken"] for row in each.values()) == 2 * round(216 * summary["metrics"]["far"])
    rows = list(csv.DictReader((run / "test" / "pairs.csv").open()))
    vectors = json.loads((run / "test" / "predictions.json").read_text())["cases"]
    one, *others = (np.array(vectors[r["case"]]["vector"]) for r in rows if r["identity"] == rows[0]["identity"])
    assert float(rows[0]["distance_farthest"]) == pytest.approx(max(np.square(one - o).sum() for o in others), abs=1e-4)
    page, worst = (run / "report.html").read_text(), next(iter(each))
    assert f"{each[worst]['told']} of 15" in page and "the farthest of its images: distance" in page


def test_people_are_told_from_one_image_and_strangers_are_not_recognised(run, folder, enrolled, tmp_path, capsys):
    shown = ["-i", str(folder / "p00"), str(folder / "p07"), "-o", str(tmp_path / "o")]
    assert main(["identify", *enrolled, *shown]) == 0  # as near as validation chose
    rows = [line.split(",") for line in (tmp_path / "o" / "identities.csv").read_text().splitlines()[1:]]
    mine = [row[1] for row in rows if "/p00/" in row[0]]
    other = [row[1] for row in rows if "/p07/" in row[0]]
    assert len(mine) == len(other) == 6
    assert mine.count("p00") >= 5 and "p01" not in mine
    assert other.count("not recognised") >= 5
    said = capsys.readouterr().out
    assert "not recognised" in said and f"{folder / 'p00' / '0.png'}" in said.replace(
        "\n", ""
    )  # p07 has one of that name


def test_a_model_of_pictures_takes_the_pictures_of_a_folder(folder, enrolled, tmp_path, capsys):
    (images := tmp_path / "images").mkdir()
    shutil.copy(folder / "p00" / "1.png", images / "a.png")
    np.save(images / "features.npy", np.zeros((2, 9)))
    (images / "features.json").write_text('{"spacing": [1.0, 1.0]}')  # a scan for whoever looks for one
    for verb, more in (("identify", []), ("enroll", ["name=zed"]), ("predict", ["-o", str(tmp_path / "out")])):
        given = enrolled[:1] if verb == "predict" else enrolled
        assert main([verb, *given, "-i", str(images), *more]) == 0
        assert "scans and arrays beside pictures are passed over (1)" in capsys.readouterr().err
    assert list(json.loads((tmp_path / "out" / "predictions.json").read_text())["cases"]) == ["a"]


def test_a_picture_of_a_kind_that_is_not_read_is_told_as_predict_tells_it(folder, enrolled, tmp_path, capsys):
    (images := tmp_path / "images").mkdir()
    shutil.copy(folder / "p00" / "1.png", images / "a.png")
    (images / "b.heic").write_bytes(b"phone")
    said = {}
    for verb, more in (("predict", ["-o", str(tmp_path / "out")]), ("identify", []), ("enroll", ["name=zed"])):
        given = enrolled[:1] if verb == "predict" else enrolled
        before = (tmp_path / "people").read_bytes()
        assert main([verb, *given, "-i", str(images), *more]) == 1
        said[verb] = capsys.readouterr().err.splitlines()[-1].partition(f"{images / 'b.heic'}: ")[2]
        assert (tmp_path / "people").read_bytes() == before  # nobody is enrolled by half of the images
    assert said["predict"] and said["identify"].endswith(said["predict"]) and said["enroll"] == said["predict"]


def test_who_is_not_enrolled_for_some_of_the_images_is_told_with_all_of_these(folder, enrolled, tmp_path, capsys):
    (images := tmp_path / "images").mkdir()
    shutil.copy(folder / "p00" / "0.png", images / "a.png")  # p00's, which would be warned of if it were enrolled
    (images / "b.gif").write_bytes(b"GIF89a")
    (images / "c.png").write_bytes((images / "a.png").read_bytes()[:90])
    np.save(images / "d.npy", np.zeros((4, 4, 4)))
    given = [word for name in ("", "d.npy") for word in ("-i", str(images / name))]
    assert main(["enroll", *enrolled, *given, "name=zed"]) == 1
    said = capsys.readouterr().err
    assert "nobody was enrolled, for not every image" in said and "or take them away, and enroll again" in said
    assert all(f"\n  {images / name}: " in said for name in ("b.gif", "c.png", "d.npy")) and "enrolled as" not in said
    assert main(["identify", *enrolled, "-i", str(images / "a.png")]) == 0
    assert "zed" not in capsys.readouterr().out


def test_a_claim_is_answered_with_yes_or_no(folder, enrolled, capsys):
    assert main(["verify", *enrolled, "-i", str(folder / "p00" / "1.png"), "name=p00"]) == 0
    assert "yes" in capsys.readouterr().out
    assert main(["verify", *enrolled, "-i", str(folder / "p00" / "1.png"), "name=p01"]) == 0
    assert "yes" not in capsys.readouterr().out
    assert main(["verify", *enrolled, "-i", str(folder / "p00" / "1.png"), "name=nobody"]) == 1
    assert "nobody in the gallery is called 'nobody'" in capsys.readouterr().err


def test_one_image_under_two_names_is_told_and_so_is_the_tie(folder, enrolled, tmp_path, capsys):
    capsys.readouterr()
    image = ["-i", str(folder / "p00" / "0.png")]
    assert main(["enroll", *enrolled, *image, "name=p00"]) == 0  # their own image again
    assert main(["identify", *enrolled, *image]) == 0
    said = capsys.readouterr()
    assert "as near" not in said.out + said.err
    assert main(["enroll", *enrolled, *image, "name=zed"]) == 0
    assert "0.png: enrolled as 'zed', and as near to 'p00' of the gallery" in capsys.readouterr().err
    assert main(["identify", *enrolled, *image, "-o", str(tmp_path / "o")]) == 0
    assert "0.png: as near as 'p00' is 'zed'" in capsys.readouterr().out
    (row,) = csv.DictReader((tmp_path / "o" / "identities.csv").read_text().splitlines())
    assert (row["answer"], row["nearest"], row["as_near"]) == ("p00", "p00", "zed")


def test_a_claim_is_judged_by_its_own_distance_and_the_table_says_who_is_as_near_or_nearer(tmp_path, monkeypatch):
    class Known(Broken):
        def gallery(self):
            here, away = np.eye(2, dtype=np.float32)
            return Gallery("m", ("ann", "bob", "cid"), ("x.png",) * 3, np.array([here, away, here]))

    told = {}
    monkeypatch.setattr(stage, "Asked", lambda *_: Known(None))
    for claimed in ("ann", "bob", "cid"):
        stage.identify(tmp_path, tmp_path / "people", [tmp_path / "a.png"], tmp_path / "out", claimed)
        (row,) = csv.DictReader((tmp_path / "out" / "identities.csv").read_text().splitlines())
        told[claimed] = [row[name] for name in ("answer", "distance", "nearest", "as_near")]
    assert told == {
        "ann": ["ann", "0.0000", "ann", "cid"],
        "bob": ["not recognised", "2.0000", "ann", "cid"],
        "cid": ["cid", "0.0000", "cid", "ann"],
    }


def test_a_claim_that_somebody_else_could_make_as_well_is_told(folder, enrolled, capsys):
    image = ["-i", str(folder / "p00" / "0.png")]
    assert main(["enroll", *enrolled, *image, "name=zed"]) == 0
    capsys.readouterr()
    assert main(["verify", *enrolled, *image, "name=zed"]) == 0
    assert "0.png: as near as 'zed' is 'p00'" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Not Recognised", "p00|zed"])
def test_a_name_that_nobody_can_have_is_refused_before_an_image_is_looked_at(
    folder, enrolled, capsys, monkeypatch, name
):
    before = (gallery := Path(enrolled[1].partition("=")[2])).read_bytes()
    monkeypatch.setattr(stage.Asked, "vector", lambda *_: pytest.fail("an image was answered"))
    capsys.readouterr()
    assert main(["enroll", *enrolled, "-i", str(folder / "p00" / "0.png"), f"name={name}"]) == 1
    said = capsys.readouterr().err
    assert f"name='{name}': " in said and "enrolled as" not in said and gallery.read_bytes() == before


def test_a_person_can_be_removed(folder, enrolled, capsys):
    assert main(["enroll", *enrolled, "remove=p00"]) == 0
    assert main(["identify", *enrolled, "-i", str(folder / "p00" / "0.png")]) == 0
    assert "p00" not in capsys.readouterr().out.split("1 person")[1].replace("p00/", "")
    assert main(["enroll", *enrolled, "remove=p00"]) == 1


def test_nobody_is_removed_by_a_model_that_is_not_there(enrolled, tmp_path, capsys):
    assert main(["enroll", f"model={tmp_path}/nowhere", enrolled[1], "remove=p00"]) == 1
    assert f"{tmp_path}/nowhere/model.json: No such file or directory. Give" in capsys.readouterr().err


def test_what_cannot_be_meant_is_refused(run, folder, enrolled, capsys):
    image = ["-i", str(folder / "p00" / "0.png")]
    for more in ("remove=p00", "name=p02", *image), ("remove=p00", *image):
        assert main(["enroll", *enrolled, *more]) == 2
        assert "remove=ID takes a person out and adds nobody" in capsys.readouterr().err
    assert main(["identify", *enrolled, *image, "threshold=9"]) == 2
    assert "threshold: 9" in capsys.readouterr().err
    assert main(["verify", *enrolled, *image, "name= "]) != 0  # not taken for no claim at all
    assert main(["verify", *enrolled, *image, "name= p00 "]) == 0
    assert "yes" in capsys.readouterr().out


def test_a_gallery_of_another_model_is_refused(run, folder, enrolled, tmp_path, capsys):
    shutil.copytree(run / "model", tmp_path / "model")
    content = json.loads((tmp_path / "model" / "model.json").read_text())
    from pipeline.data.atomic import write_sealed

    write_sealed(tmp_path / "model" / "model.json", {k: v for k, v in content.items() if k != "sealed"} | {"name": "x"})
    words = [f"model={tmp_path / 'model'}", enrolled[1], "-i", str(folder / "p00" / "0.png")]
    assert main(["identify", *words]) == 1
    assert "another model's" in capsys.readouterr().err


def test_a_model_that_makes_no_vectors_cannot_identify(folder, enrolled, tmp_path, capsys):
    assert main(["identify", f"model={tmp_path}", enrolled[1], "-i", str(folder / "p00")]) == 1
    assert main(["enroll", *enrolled]) == 2
    assert "name=ID -i IMAGE" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_part_in_which_nobody_has_two_images_is_refused_before_training(folder, tmp_path, part, capsys):
    (tmp_path / "images").mkdir()
    whose, split = ["case,subject"], ["case,split"]
    for person in range(9):
        of = ("train", "validation", "test")[person % 3]
        for number in range(1 if of == part else 2):
            shutil.copy(folder / f"p{person:02d}" / f"{number}.png", tmp_path / "images" / f"{person}_{number}.png")
            whose.append(f"{person}_{number},p{person}")
            split.append(f"{person}_{number},{of}")
    (tmp_path / "subjects.csv").write_text("\n".join(whose))
    (tmp_path / "split.csv").write_text("\n".join(split))
    run = tmp_path / "r"
    assert main(["run", "experiment=my_landmarks", f"source={tmp_path}", f"run={run}", *SETTINGS]) == 1
    assert f"its part '{part}' has 3 images of 3 subjects" in capsys.readouterr().err
    assert not (run / "resume").exists() and not (run / "model").exists()


def test_check_names_an_image_that_is_filed_under_another_person(run, folder, tmp_path, capsys):
    wrong = tmp_path / "wrong"
    shutil.copytree(folder, wrong)
    shutil.copy(folder / "p03" / "0.png", wrong / "p05" / "9.png")
    (wrong / "p03" / "0.png").unlink()
    other, model = tmp_path / "other", f"check.same_patient={run / 'model'}"
    assert main(["import", "experiment=my_landmarks", *SETTINGS[:1], f"source={wrong}", f"run={other}"]) == 0
    assert main(["check", f"run={other}", model, "threads=1"]) == 0
    named = [f for f in json.loads((other / "findings.json").read_text())["findings"] if f["rule"] == "other-patient"]
    first = named[0]  # images of the network's own training are told apart best of all; a few others may be named
    assert (
        first["case"].endswith("9") and "of subject 'p03'" in first["message"] and "subject 'p05'" in first["message"]
    )
    assert first["severity"] == "warning" and len(named) <= 5
    assert main(["check", f"run={run}", "threads=1"]) == 0
    assert "other-patient" not in (run / "findings.json").read_text()


def test_check_names_an_image_and_its_copy_under_another_person(run, folder, tmp_path):
    wrong, other = tmp_path / "wrong", tmp_path / "other"
    shutil.copytree(folder, wrong)
    pixels = np.array(PIL.Image.open(folder / "p03" / "0.png"))
    pixels[0, 0] ^= 1  # or the voxels would be the same, which check tells by itself
    PIL.Image.fromarray(pixels).save(wrong / "p05" / "9.png")
    assert main(["import", "experiment=my_landmarks", *SETTINGS[:1], f"source={wrong}", f"run={other}"]) == 0
    assert main(["check", f"run={other}", f"check.same_patient={run / 'model'}", "threads=1"]) == 0
    found = json.loads((other / "findings.json").read_text())["findings"]
    told = [f["message"] for f in found if f["rule"] == "other-patient" and "as a copy would" in f["message"]]
    ends = sorted(message.partition("as a copy would")[2] for message in told)
    assert ends == [", and is filed under subject 'p03'.", ", and is filed under subject 'p05'."]


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("a fault"), "failed: ValueError('a fault')"), (MemoryError(), "needs more memory than there is")],
)
def test_a_scan_that_cannot_be_compared_costs_itself_alone_and_is_told(run, monkeypatch, capsys, error, said):
    looked = []

    def read(path):
        looked.append(path)
        if len(looked) == 2:
            raise error
        return read_image(path)

    monkeypatch.setattr(checking, "read_safely", read)
    assert main(["check", f"run={run}", f"check.same_patient={run / 'model'}", "threads=1"]) == 1
    assert len(looked) == 96 and f"{looked[1]}: comparing {said}" in capsys.readouterr().err
    found = json.loads((run / "findings.json").read_text())
    told = [f for f in found["findings"] if f["rule"] == "not-compared"]
    assert [f["severity"] for f in told] == ["warning"] and found["quarantined"] == []


@pytest.mark.parametrize(("unit", "axes"), [("mm", 3), ("mm", 2), ("px", 3)])
def test_images_of_another_kind_than_the_models_are_not_compared(run, tmp_path, unit, axes):
    cases = tuple(Case(name, "s", f"{name}.nii", {}, "train") for name in "ab")
    write_dataset(Dataset("scans", tmp_path, (), cases, unit), tmp_path / "dataset.json")
    write_findings(Findings((), {c.id: {"shape": [8] * axes} for c in cases}), tmp_path / "findings.json")
    with pytest.raises(ConfigError, match=rf"of images of 2 axes in px; those of .* have {axes} in {unit}"):
        checking.check_identity(tmp_path / "dataset.json", tmp_path / "findings.json", run / "model", "cpu")


@pytest.mark.parametrize(("unit", "said"), [("mm", "are in mm"), ("px", "have 3 in px")])
def test_a_model_of_other_images_is_refused_before_a_scan_is_looked_at(run, tmp_path, capsys, unit, said):
    cases = tuple(Case(name, "s", f"{name}.nii", {}, "train") for name in "abcd")
    write_dataset(Dataset("scans", tmp_path, (), cases, unit), tmp_path / "dataset.json")
    voxels = np.arange(512, dtype=np.int16).reshape(8, 8, 8)
    for name in "bcd":  # the first is gone
        write_scan(tmp_path / f"{name}.nii", voxels, ImageFrame((8, 8, 8), np.eye(4)))
    assert main(["check", f"run={tmp_path}", f"check.same_patient={run / 'model'}", "threads=1"]) == 2
    assert f"of images of 2 axes in px; those of {tmp_path / 'dataset.json'} {said}. Give" in capsys.readouterr().err
    assert not (tmp_path / "findings.json").exists()


def test_check_says_when_no_subject_can_be_compared_with_itself(run, folder, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    for person in range(6):
        shutil.copy(folder / f"p{person:02d}" / "0.png", tmp_path / "images" / f"{person}.png")
    (tmp_path / "subjects.csv").write_text("case,subject\n" + "".join(f"{n},s{n}\n" for n in range(6)))
    assert (
        main(["import", "experiment=my_landmarks", *SETTINGS[:1], f"source={tmp_path}", f"run={tmp_path / 'r'}"]) == 0
    )
    assert main(["check", f"run={tmp_path / 'r'}", f"check.same_patient={run / 'model'}", "threads=1"]) == 1
    assert "no subject has two scans" in capsys.readouterr().err


def test_only_of_parts_that_were_not_trained_on_the_page_says_so(run):
    for verb in ("predict", "evaluate", "report"):
        assert main([verb, f"run={run}", "task=embedding", "evaluate.part=train", "device=cpu"]) == 0
    words = "of which no image was trained on"
    assert words in (run / "report.html").read_text() and words not in (run / "train" / "report.html").read_text()


class Broken:
    """A model that fails on some images, in its own way."""

    threshold = 1.0

    def __init__(self, error):
        self.error = error
        self.facts = {"model": "m"}
        self.unit = "px"

    def gallery(self):
        return Gallery("sum", ("x",), ("x.png",), np.eye(1, 2, dtype=np.float32))

    def vector(self, image):
        if "bad" in image.name:
            raise self.error
        return np.eye(1, 2)[0]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DataError("cut off"), "cut off"),
        (RuntimeError("broken"), "{}: answering failed: RuntimeError('broken')"),
        (MemoryError(), f"{{}}: answering needs more memory than there is. {SMALLER}"),
    ],
)
def test_an_image_that_fails_costs_itself_alone_whatever_its_name(tmp_path, monkeypatch, error, told):
    images = [tmp_path / name for name in ("a/bad.png", "good.png", "b/bad.png")]
    monkeypatch.setattr(stage, "Asked", lambda *_: Broken(error))
    answers, failures = stage.identify(tmp_path, tmp_path, images, tmp_path / "out")
    assert [a.image for a in answers] == [images[1]] and (tmp_path / "out" / "identities.csv").is_file()
    assert list(failures) == [str(images[0]), str(images[2])]
    assert failures[str(images[0])] == told.format(images[0])
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert (report["verb"], report["model"], report["failures"]) == ("identify", "m", failures)


@pytest.mark.parametrize("claimed", [None, "x"])
def test_what_predict_left_is_not_replaced_and_that_is_said_before_any_work(tmp_path, claimed):
    write_report(tmp_path, "predict", 0.0, {"p7": "cut off"}, {})
    before = (tmp_path / "run_report.json").read_bytes()
    said = r"run_report\.json: is what predict left, and (identify|verify) would replace it. Choose another -o FOLDER"
    with pytest.raises(ConfigError, match=said):
        stage.identify(tmp_path / "no_model", tmp_path, [], tmp_path, claimed)
    assert (tmp_path / "run_report.json").read_bytes() == before


@pytest.mark.parametrize("claimed", [None, "x"])
@pytest.mark.parametrize("beside", [None, "align"])
def test_a_table_of_the_users_is_not_replaced_and_that_is_said_before_any_work(tmp_path, claimed, beside):
    (tmp_path / "identities.csv").write_text("mine")
    if beside:
        write_report(tmp_path, beside, 0.0, {}, {})
    with pytest.raises(ConfigError, match=r"identities\.csv: is in the way.* Choose another -o FOLDER"):
        stage.identify(tmp_path / "no_model", tmp_path / "people", [], tmp_path, claimed)
    assert (tmp_path / "identities.csv").read_text() == "mine"


@pytest.mark.parametrize("claimed", [None, "x"])
def test_the_table_of_an_earlier_call_is_replaced_but_never_a_gallery(tmp_path, monkeypatch, claimed):
    monkeypatch.setattr(stage, "Asked", lambda *_: Broken(None))
    for name in ("a.png", "b.png"):
        stage.identify(tmp_path, tmp_path / "people", [tmp_path / name], tmp_path, claimed)
    assert [row["image"] for row in csv.DictReader((tmp_path / "identities.csv").open())] == [f"{tmp_path}/b.png"]
    with pytest.raises(ConfigError, match=r"identities\.csv: is read, and would be replaced"):
        stage.identify(tmp_path, tmp_path / "identities.csv", [tmp_path / "a.png"], tmp_path, claimed)


def test_what_a_killed_call_left_is_swept_for_it_may_show_who_was_removed(tmp_path, monkeypatch):
    (tmp_path / "model.json").write_text("{}")
    (tmp_path / "out").mkdir()
    left = [tmp_path / ".tmp-0123abcd", tmp_path / "out" / ".tmp-0123abcd.csv"]
    for path in left:
        path.touch()
    sum_of = sha256_of(tmp_path / "model.json")
    write_gallery(Gallery(sum_of, ("x", "y"), ("x.png", "y.png"), np.eye(2, dtype=np.float32)), tmp_path / "people")
    assert stage.remove(tmp_path, tmp_path / "people", "y") == 1
    monkeypatch.setattr(stage, "Asked", lambda *_: Broken(None))
    stage.identify(tmp_path, tmp_path / "people", [tmp_path / "a.png"], tmp_path / "out")
    assert not any(path.exists() for path in left)


def test_an_image_is_read_where_a_fault_of_a_library_cannot_end_the_program(run, folder, monkeypatch):
    read = []
    monkeypatch.setattr(stage, "read_safely", lambda path: read.append(path) or read_image(path))
    image = folder / "p00" / "0.png"
    stage.Asked(run / "model", folder).vector(image)
    assert read == [image]


def test_the_page_says_how_many_images_are_in_none_of_the_numbers(run, tmp_path):
    words = "in none of these numbers"
    assert words not in (run / "report.html").read_text()
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    path = copy / "test" / "predictions.json"
    content = json.loads(path.read_text())
    lost = next(iter(content["cases"]))
    content["cases"].pop(lost)
    path.write_text(json.dumps(content | {"failures": {lost: "cut off"}}))
    assert main(["evaluate", f"run={copy}"]) == 1
    assert main(["report", f"run={copy}"]) == 0
    assert f"{words}: 1 of 24 images" in (copy / "report.html").read_text()
