"""Values of images from a user's folder to a report: several images and a table in, numbers, classes and labels out."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from words import with_others

from pipeline.cli.door import main
from pipeline.cli.promise import promise
from pipeline.data.atomic import read_sealed, sha256_of, write_sealed
from pipeline.data.columns import Column
from pipeline.data.dataset import Case, Dataset, read_dataset, write_dataset
from pipeline.data.encoders import Encoder
from pipeline.data.fit_encoders import fit_encoders
from pipeline.data.inputs import Inputs
from pipeline.data.kept_answers import KeptAnswers
from pipeline.data.store import read_store
from pipeline.data.value_predictions import read_value_predictions
from pipeline.data.values_csv import read_values
from pipeline.inference import calibration
from pipeline.inference.beside import beside_dataset, beside_scans
from pipeline.inference.model import Calibration, Model
from pipeline.stages.predict import predict
from pipeline.stages.report_values import _pictures
from pipeline.tasks.values_found import ValuesFound
from pipeline.training.cases import fit_known

SETTINGS = [
    "task=attributes", "levels=[1.0]", "training.minutes=null", "training.steps=320", "training.rate=0.01",
    "device=cpu", "threads=1", "training.average=0.9", "training.validations=3", "training.precision=float32",
    "training.coarse.parameters={stride: 4, width: 8, growth: 8, depth: 1}", "training.coarse.batch=8",
    "training.augment={rotation: 0, scale: 0, contrast: 0, brightness: 0}",
    "data.views={front: '{id}_front', back: '{id}_back'}", "inputs.numbers=[bonus]", "inputs.texts=[note]",
    "outputs.numbers=[sum]", "outputs.classes=[side]", "outputs.labels=[tags]",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sum is the brightness of both images and the bonus; the side where the front is bright is a class."""
    place = tmp_path_factory.mktemp("values")
    rng, rows = np.random.default_rng(0), ["id,bonus,note,sum,side,tags"]
    (place / "images").mkdir()
    for number in range(60):
        left, front, back, bonus = bool(rng.integers(2)), *rng.integers(30, 200, 2), int(rng.integers(0, 100))
        for name, value in (("front", front), ("back", back)):
            pixels = np.full((16, 16), value, np.uint8) + rng.integers(0, 20, (16, 16)).astype(np.uint8)
            pixels[:, slice(0, 6) if left else slice(10, 16)] = 255
            pixels[0, 0] = 0
            if not (name == "back" and number == 5):  # one case lacks its back
                PIL.Image.fromarray(pixels).save(place / "images" / f"c{number:02d}_{name}.png")
        tags = "|".join([*(["wide"] if front > 110 else []), "seen"])
        total = "" if number == 7 else front + back + bonus
        rows.append(f"c{number:02d},{'' if number == 6 else bonus},a {'good' if bonus > 50 else 'bad'} one,{total},"
                    f"{'left' if left else 'right'},{tags}")  # fmt: skip
    (place / "table.csv").write_text("\n".join(rows) + "\n")
    return place


@pytest.fixture(scope="module")
def run(folder):
    place = folder.parent / "values_run"
    assert main(["run", "experiment=my_landmarks", f"source={folder}", f"run={place}", *SETTINGS]) == 0
    return place


def test_a_run_leaves_answers_numbers_and_a_page(run):
    summary = json.loads((run / "test" / "summary.json").read_text())
    assert summary["model_sha256"] == sha256_of(run / "model" / "model.json")
    assert summary["task"] == "attributes" and set(summary["values"]) == {"sum", "side", "tags"}
    assert summary["metrics"]["side.accuracy"] == 1.0  # plain to see
    of_sum = summary["values"]["sum"]
    assert of_sum["mae"] < 0.8 * of_sum["without_looking"]["always_mae"]
    page = (run / "report.html").read_text()
    assert "Answers over references" in page and page.count("<svg") >= 2
    assert "without looking" in page and "sum: worst" in page and "No training curve" not in page
    rows = (run / "test" / "values_errors.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * summary["cases"]


def test_every_loss_is_in_the_history(run):
    header = (run / "history.csv").read_text().splitlines()[0].split(",")
    assert {"loss_total", "loss_sum", "loss_side", "loss_tags", "sum.mae", "side.accuracy", "tags.ap"} <= set(header)


@pytest.fixture(scope="module")
def new(folder):
    """Both images of ten cases, of which one lacks its back and one its bonus, in a folder of their own."""
    place = folder.parent / "new"
    place.mkdir()
    for path in folder.glob("images/c0*.png"):
        (place / path.name).write_bytes(path.read_bytes())
    return place


def test_new_images_are_answered_with_a_table_and_without(run, folder, new, tmp_path):
    model = f"model={run / 'model'}"
    given = ["-i", str(new), "-o", str(tmp_path / "with"), f"table={folder / 'table.csv'}"]
    assert main(["predict", model, *given]) == 0
    assert main(["predict", model, "-i", str(new), "-o", str(tmp_path / "without")]) == 0
    full, bare = (read_value_predictions(tmp_path / name / "predictions.json") for name in ("with", "without"))
    assert len(full.cases) == len(bare.cases) == 10
    numbers = np.array([[p.cases[c]["sum"].value for c in full.cases] for p in (full, bare)])
    assert np.isfinite(numbers).all() and not np.allclose(*numbers)  # what is missing is handled, and counts
    side = full.columns[1]
    truth = read_values(folder / "table.csv", [side]).rows
    assert all(answers["side"].value == truth[case]["side"] for case, answers in full.cases.items())


@pytest.mark.parametrize("early", [False, True])
def test_a_range_is_given_where_all_is_known_that_every_validation_case_knew(run, folder, new, tmp_path, capsys, early):
    model = shutil.copytree(run / "model", tmp_path / "model")
    content = read_sealed(model / "model.json")
    content["calibration"] |= {"margins": {"sum": 0.5}, "margin_inputs": {"sum": ["back", "bonus", "note"]}}
    if early:
        del content["calibration"]["margin_inputs"], content["calibration"]["radius_inputs"]
    write_sealed(model / "model.json", content)
    words = ["predict", f"model={model}", "-i", str(new), "-o"]
    assert main([*words, str(tmp_path / "with"), f"table={folder / 'table.csv'}"]) == 0
    assert main([*words, str(tmp_path / "without")]) == 0
    said = capsys.readouterr().err.replace("\n", " ")
    assert ("how far it errs without is not known, and no range is given for 'c05', 'c06'" in said) != early
    assert ("validated on cases with 'back', 'bonus', 'note'" in said) != early
    for name, ranged in (("with", 10 if early else 8), ("without", 10 if early else 0)):
        sums = [c["sum"] for c in read_value_predictions(tmp_path / name / "predictions.json").cases.values()]
        assert sum(s.low is not None and s.high is not None for s in sums) == ranged


def test_codes_change_no_answer(run, folder, new, tmp_path):
    words = [f"model={run / 'model'}", "-i", str(new), f"table={folder / 'table.csv'}"]
    told = []
    for hidden in ("false", "true"):
        assert main(["predict", *words, "-o", str(tmp_path / hidden), f"data.pseudonyms={hidden}"]) == 0
        told.append(read_value_predictions(tmp_path / hidden / "predictions.json").cases)
    assert not set(told[0]) & set(told[1])
    assert sorted(map(repr, told[0].values())) == sorted(map(repr, told[1].values()))
    links = [path for path in (tmp_path / "true" / "private").iterdir() if path.is_symlink()]
    assert len(links) == len(list(new.iterdir()))  # second images, too


def test_a_table_without_any_column_of_the_model_is_refused(run, folder, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("id,price\nc00,3\n")
    words = ["-i", str(folder / "images"), "-o", str(tmp_path / "o"), f"table={tmp_path / 'other.csv'}"]
    assert main(["predict", f"model={run / 'model'}", *words]) == 1
    assert "has no column that the model reads; it reads bonus, note" in capsys.readouterr().err


def test_a_table_with_headings_alone_is_told_to_have_no_row(run, folder, tmp_path, capsys):
    (tmp_path / "bare.csv").write_text("id,bonus,note\n\n")
    words = ["-i", str(folder / "images"), "-o", str(tmp_path / "o"), f"table={tmp_path / 'bare.csv'}"]
    assert main(["predict", f"model={run / 'model'}", *words]) == 1
    assert "bare.csv: has headings and no row. Write a row for each image, such as 'c00'." in capsys.readouterr().err


def test_rows_of_a_table_meet_the_images_or_it_is_said(run, folder, new, tmp_path, capsys, monkeypatch):
    rows = (folder / "table.csv").read_text().splitlines()[:11]
    words = [f"model={run / 'model'}", "-i", str(new), f"table={tmp_path / 'table.csv'}"]
    answers = []
    for name, lines in (
        ("ids", rows),
        ("files", [rows[0], *(f"new/{row.replace(',', '_front.png,', 1)}" for row in rows[1:])]),
        ("some", rows[:6]),
        ("none", [rows[0], *(f"z{row}" for row in rows[1:])]),
    ):
        (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
        answers.append(main(["predict", *words, "-o", str(tmp_path / name)]))
    assert answers == [0, 0, 0, 1]
    told = capsys.readouterr().err
    assert "no row for" in told and "taken as not known" in told and "no row is of an image: rows are of" in told
    monkeypatch.chdir(new.parent)
    assert main(["predict", words[0], "-i", "new", words[-1], "-o", str(tmp_path / "near")]) == 1  # no row, as above
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    assert main(["predict", words[0], "-i", "new", words[-1], "-o", str(tmp_path / "near")]) == 0
    by_id, by_file = (read_value_predictions(tmp_path / n / "predictions.json").cases for n in ("ids", "files"))
    assert by_id == by_file


GIVEN = {
    "age": ("number", [20.0, 60.0]),
    "dose": ("logarithm", [10.0, 1000.0]),
    "arm": ("number", [7.0, 7.0]),
    "sex": ("class", ["f", "m"]),
    "tags": ("labels", [("a",), ("b",)]),
    "note": ("text", ["the cat", "the dog"]),
}


def given_in_training(*names):
    rows = [{name: GIVEN[name][1][number] for name in names} for number in (0, 1)]
    return Inputs(fit_encoders([Column(name, GIVEN[name][0]) for name in names], rows))


def test_what_training_had_nothing_like_is_told_by_case_column_and_value(tmp_path, capsys):
    table, scans = tmp_path / "t.csv", {name: tmp_path / f"{name}.png" for name in ("c1", "c2", "c3")}
    rows = ["case," + ",".join(GIVEN), "c1,50000,1e9,100,x,zzz|a,quite new", "c2,75,20,7,f,b,the end", "c3,,,,,,"]
    table.write_text("\n".join(rows))
    beside = beside_scans(scans, given_in_training(*GIVEN), table)[1]
    assert capsys.readouterr().err.splitlines() == [
        f"{table}: age far from those of all training cases: 'c1: 50000, taken as 80'",
        f"{table}: dose far from those of all training cases: 'c1: 1e+09, taken as 10000'",
        f"{table}: arm far from those of all training cases: 'c1: 100, taken as 7'",
        f"{table}: sex that no training case had: 'x'; taken as not known",
        f"{table}: tags that no training case had: 'zzz'; taken as not known",
        f"{table}: note without a word that is known: 'c1'; each is taken as an unknown one",
    ]
    assert not any(known.problem for known in beside.values())


def test_of_the_cases_of_a_run_what_training_had_nothing_like_is_told_too(tmp_path, capsys):
    dataset, names = tmp_path / "dataset.json", ("age", "sex", "note")
    odd, usual = {"age": 50000.0, "sex": "x", "note": "quite new"}, {"age": 75.0, "sex": "f", "note": "the end"}
    parts = {"c1": ("test", odd), "c2": ("test", usual), "c3": ("test", {}), "c4": ("test", odd), "c5": ("train", odd)}
    cases = tuple(Case(name, name, f"{name}.png", {}, part, values=said) for name, (part, said) in parts.items())
    columns = given_in_training(*names).columns
    write_dataset(Dataset("d", tmp_path, (), cases, "px", inputs=tuple(e.column for e in columns)), dataset)
    beside_dataset(dataset, "test", ["c4"], columns)
    assert capsys.readouterr().err.splitlines() == [
        f"{dataset}: age far from those of all training cases: 'c1: 50000, taken as 80'",
        f"{dataset}: sex that no training case had: 'x'; taken as not known",
        f"{dataset}: note without a word that is known: 'c1'; each is taken as an unknown one",
    ]


def test_predict_tells_what_a_case_of_its_run_has_that_training_had_not(run, tmp_path, capsys):
    data, dataset = read_dataset(run / "dataset.json"), tmp_path / "dataset.json"
    first = data.part("test")[0]
    odd = replace(first, values=first.values | {"bonus": 50000.0})
    write_dataset(data.with_cases(tuple(odd if c is first else c for c in data.cases)), dataset)
    predict(run / "model", tmp_path / "out", dataset=dataset, part="test", device="cpu", threads=1)
    told = f"{dataset}: bonus far from those of all training cases: '{first.id}: 50000, taken as "
    assert told in capsys.readouterr().err


def test_what_the_other_images_of_a_case_were_is_kept_with_its_answers(run):
    data, kept = read_dataset(run / "dataset.json"), KeptAnswers(run / "test")
    for case in data.part("test"):
        told = {view: facts["sha256"] for view, facts in kept.read(case.id).get("views", {}).items()}
        assert told == {view: sha256_of(data.root / path) for view, path in case.pictures.items()}
    assert any(case.pictures for case in data.part("test"))


def test_a_number_too_large_for_an_early_model_is_refused_by_row_and_column(tmp_path):
    table, scans = tmp_path / "t.csv", {name: tmp_path / f"{name}.png" for name in ("c1", "c2")}
    table.write_text("case,age\nc1,1e300\nc2,1e30\n")
    early = replace(given_in_training("age"), columns=(Encoder(Column("age", "number"), 40.0, 20.0),))
    beside = beside_scans(scans, early, table)[1]
    assert f"{table}: row of 'c1': column 'age': 1e+300 is too far" in beside["c1"].problem
    assert not beside["c2"].problem


def test_a_number_of_many_validation_cases_has_a_range(tmp_path):
    errors = np.arange(1, 41) / 10
    said = iter([ValuesFound({"age": np.array([e])}) for e in errors])
    cases = [((), {"age": np.array([0.0])}) for _ in errors]
    model = Model("m", 2, "px", None, None, (), (), Calibration())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "locate", lambda *_: next(said))
        margin = calibration.calibrate_values(model, cases).calibration.margins["age"]
    assert margin == pytest.approx(3.9)  # 39 of 40: ceil(0.95 * 41)
    answer = Encoder(Column("age", "number"), 50.0, 10.0).answer(np.array([1.0]), margin)
    assert (answer.low, answer.value, answer.high) == (pytest.approx(21.0), 60.0, pytest.approx(99.0))


@pytest.mark.parametrize(("subjects", "there"), [(18, False), (19, True), (30, True)])
def test_a_range_needs_validation_cases_of_as_many_subjects(subjects, there, monkeypatch):
    cases = [((), {"age": np.array([0.1 * n])}) for n in range(30)]
    monkeypatch.setattr(calibration, "locate", lambda *_: ValuesFound({"age": np.zeros(1)}))
    model = Model("m", 2, "px", None, None, (), (), Calibration())
    learned = calibration.calibrate_values(model, cases, [n % subjects for n in range(30)]).calibration
    assert ("age" in learned.margins) == there and (learned.cases, learned.subjects) == (30, subjects)


def test_who_is_behind_the_ranges_is_counted_and_told(untrained, capsys):
    data = read_dataset(untrained / "dataset.json")
    cases = [replace(c, subject=f"p{n % 2}") if c.split == "validation" else c for n, c in enumerate(data.cases)]
    write_dataset(replace(data, cases=tuple(cases)), untrained / "dataset.json")
    main(["check", f"run={untrained}"])
    short = [s for s in SETTINGS if s.startswith(("training.minutes", "training.coarse", "training.precision"))]
    assert main(["train", f"run={untrained}", "task=attributes", "training.steps=2", *short]) == 0
    content = read_sealed(untrained / "model" / "model.json")
    assert content["calibration"]["cases"] == len(data.part("validation")) and content["calibration"]["subjects"] == 2
    (said,) = promise(untrained / "model")
    assert (
        "no range will be given of 'sum': " in said and "of 2 subjects gave too few answers (values of 19 sub" in said
    )


def test_what_is_asked_of_the_validation_cases_after_the_last_step_has_a_bar(untrained, capsys, monkeypatch):
    monkeypatch.setattr("pipeline.data.progress_bar.MOMENT", 0.0)
    short = [s for s in SETTINGS if s.startswith(("training.minutes", "training.coarse", "training.precision"))]
    assert main(["train", f"run={untrained}", "task=attributes", "training.steps=2", *short]) == 0
    told = capsys.readouterr().err.partition("train level 1/1")[2]
    count = json.loads((untrained / "model" / "model.json").read_text())["calibration"]["cases"]
    assert told.count("calibrate: 100%") == 2 and told.count(f"{count}/{count}") >= 2  # the mix, and the ranges


def test_a_task_of_values_without_a_column_says_how_to_name_one(folder, tmp_path, capsys):
    words = ["experiment=my_landmarks", f"source={folder}", f"run={tmp_path / 'r'}", "task=attributes"]
    assert main(["import", *words]) == 2
    assert "outputs.numbers=[age]" in capsys.readouterr().err


def test_a_weight_for_what_has_no_loss_is_refused(untrained, capsys):
    assert main(["train", f"run={untrained}", "task=attributes", "training.attributes.weights={smu: 2}"]) == 2
    assert "weights.smu: 2.0 weighs nothing; there are sum, side, tags." in capsys.readouterr().err


def test_weights_of_0_for_all_that_is_asked_are_refused(untrained, capsys):
    weights = "training.attributes.weights={sum: 0, side: 0, tags: 0}"
    assert main(["train", f"run={untrained}", "task=attributes", weights]) == 2
    assert "weights: all are 0, so nothing is learned; give one of sum, side, tags more." in capsys.readouterr().err


def test_a_class_that_no_training_case_has_is_said(run, capsys):
    data = read_dataset(run / "dataset.json")
    cases = [replace(c, values=c.values | {"side": "above"}) if c.split == "test" else c for c in data.cases]
    fit_known(replace(data, cases=tuple(cases)), read_store(run / "prepared"), Inputs())
    assert (
        capsys.readouterr().err == "column 'side': no training case is or has 'above'; that will never be answered.\n"
    )


def test_values_of_a_case_that_check_kept_out_are_not_learned(run, capsys):
    data, store = read_dataset(run / "dataset.json"), read_store(run / "prepared")
    odd = next(c for c in data.part("train") if "sum" in c.values and "bonus" in c.values)
    values = odd.values | {"sum": 1e6, "bonus": 1e6, "side": "above"}
    told = replace(data, cases=tuple(replace(c, values=values) if c is odd else c for c in data.cases))
    left = replace(store, keys={case: keys for case, keys in store.keys.items() if case != odd.id})
    known = fit_known(told, left, Inputs())
    numbers = [e for e in (*known.outputs, *known.inputs.columns) if e.column.name in ("sum", "bonus")]
    assert len(numbers) == 2 and all(e.mean < 1000 for e in numbers)
    assert known.outputs[1].words == ("left", "right") and not capsys.readouterr().err


def test_a_number_that_nothing_is_promised_of_without_looking_has_a_dash(run, capsys, tmp_path):
    content = json.loads((run / "test" / "predictions.json").read_text())
    for answers in content["cases"].values():
        answers["values"]["sum"] |= {"low": 0.0, "high": 999.0}
    (tmp_path / "predictions.json").write_text(json.dumps(content))
    given = f"evaluate.predictions={tmp_path / 'predictions.json'}"
    assert main(["evaluate", f"run={run}", "task=attributes", given]) == 0
    shown = capsys.readouterr().out
    assert "nan" not in shown and re.search(r"sum +inside +1 +–", shown)


def test_a_task_that_the_data_have_nothing_for_names_the_one_that_fits(untrained, capsys):
    assert main(["train", f"run={untrained}", "task=landmarks"]) == 2
    assert "was imported for task=attributes, not for task=landmarks" in capsys.readouterr().err
    (untrained / "config.yaml").unlink()  # nothing says what it was imported for
    assert main(["train", f"run={untrained}"]) == 2
    assert "task=landmarks has nothing to learn from it, it holds no points; train it with task=attributes." in (
        capsys.readouterr().err
    )


def test_two_kinds_for_one_column_are_refused(folder, tmp_path, capsys):
    words = ["experiment=my_landmarks", f"source={folder}", f"run={tmp_path / 'r'}", *SETTINGS, "inputs.classes=[side]"]
    assert main(["import", *words]) == 2
    assert "column 'side' is named twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["outputs.numbers=[total]"], "outputs: a column cannot be called 'total', which is the sum of all losses"),
        (["task=multi", "outputs.numbers=[boxes]"], "outputs: a column cannot be called 'boxes'"),
        (["task=multi", "outputs.numbers=[belief]"], "'belief', which is the landmarks' loss of belief"),
        (["inputs.numbers=[image]"], "inputs: a column cannot be called 'image', which is the image itself"),
        (["data.views={front: '{id}_front', image: '{id}_back'}"], "data.views.image: cannot be called so"),
        (["data.views={front: '{id}_front', bonus: '{id}_back'}"], "views.bonus: cannot be called so, which is a col"),
    ],
)
def test_names_that_would_take_anothers_place_are_refused(folder, tmp_path, words, message, capsys):
    settings = ["experiment=my_landmarks", f"source={folder}", f"run={tmp_path / 'r'}", *with_others(SETTINGS, words)]
    assert main(["import", *settings]) == 2
    assert message in capsys.readouterr().err


def test_a_data_set_from_elsewhere_with_such_a_name_is_not_trained_on(untrained, capsys):
    content = (untrained / "dataset.json").read_text().replace('"sum"', '"total"')
    (untrained / "dataset.json").write_text(content)
    main(["check", f"run={untrained}"])
    assert main(["train", f"run={untrained}", "task=attributes"]) == 1
    assert "dataset.json: outputs: a column cannot be called 'total'" in capsys.readouterr().err


def test_a_value_that_alone_says_a_side_is_not_mirrored(untrained, capsys):
    content = (untrained / "dataset.json").read_text().replace('"right"', '"middle"')
    (untrained / "dataset.json").write_text(content)
    main(["check", f"run={untrained}"])
    words = ["training.augment.mirror=0.5", "training.minutes=null", "training.steps=1", "threads=1"]
    assert main(["train", f"run={untrained}", *words]) == 2
    assert "'left' says its side, and there is no 'right'" in capsys.readouterr().err


def test_several_voxel_sizes_are_several_networks_whose_answers_are_averaged(folder, tmp_path):
    more = ["levels=[2.0,1.0]", "training.steps=24", "training.looks=2", "training.validations=1"]
    place = tmp_path / "several"
    assert (
        main(["run", "experiment=my_landmarks", f"source={folder}", f"run={place}", *with_others(SETTINGS, more)]) == 0
    )
    model = json.loads((place / "model" / "model.json").read_text())
    assert [level["spacing"] for level in model["levels"]] == [2.0, 1.0, 1.0]
    assert len({level["sha256"] for level in model["levels"]}) == 3
    assert set(model["mixes"]) == {"sum", "side", "tags"} and all(sum(m) == 1 for m in model["mixes"].values())


def test_a_blind_network_is_given_no_image_at_all(folder, tmp_path):
    place, other = tmp_path / "blind", tmp_path / "other"
    # What the bonus tells: the sum hangs on the images, too, and a constant may answer that as well.
    asked = ["inputs.texts=[]", "outputs.classes=[note]", "outputs.numbers=[]", "outputs.labels=[]"]
    more = [*asked, "training.blind=true", "training.steps=80", "training.validations=1"]
    assert (
        main(["run", "experiment=my_landmarks", f"source={folder}", f"run={place}", *with_others(SETTINGS, more)]) == 0
    )
    (other / "images").mkdir(parents=True)
    for path in (folder / "images").iterdir():  # the same table beside other images, front and back
        pixels = np.random.default_rng(3).integers(0, 255, (16, 16)).astype(np.uint8)
        PIL.Image.fromarray(pixels).save(other / "images" / path.name)
    said = []
    for name, images in (("same", folder), ("other", other)):
        words = ["-i", str(images / "images"), "-o", str(tmp_path / name), f"table={folder / 'table.csv'}"]
        assert main(["predict", f"model={place / 'model'}", *words]) == 0
        said.append(read_value_predictions(tmp_path / name / "predictions.json").cases)
    assert said[0] == said[1] and len({answers["note"].value for answers in said[0].values()}) == 2


@pytest.mark.parametrize(
    ("numbers", "beliefs", "order"),
    [({"accuracy": 1.0}, ("0.51", "0.99", "0.7"), "bca"), ({"mae": 0.0}, ("",) * 3, "abc")],
)
def test_classes_are_shown_in_the_order_of_belief_though_they_are_called_by_numbers(tmp_path, numbers, beliefs, order):
    given = zip("abc", beliefs, strict=True)
    rows = [{"case": c, "value": "sex", "reference": "1", "answer": "1", "belief": b} for c, b in given]
    data = Dataset("toy", tmp_path, (), tuple(Case(c, c, f"{c}.png", {}, "test") for c in "abc"), "px")
    shown = _pictures(data, rows, {"values": {"sex": numbers}})
    assert "".join(picture.caption[0] for picture in shown) == order


def test_images_without_a_label_are_shown_and_those_that_nobody_knows_of_are_not(tmp_path):
    cells = {"a": ("|", "|"), "b": ("|", "x"), "c": ("x", "y|z"), "d": ("", "x")}
    rows = [{"case": c, "value": "tags", "reference": r, "answer": a, "belief": "0.9"} for c, (r, a) in cells.items()]
    data = Dataset("toy", tmp_path, (), tuple(Case(c, c, f"{c}.png", {}, "test") for c in cells), "px")
    captions = [picture.caption for picture in _pictures(data, rows, {"values": {"tags": {"ap": 0.5}}})]
    assert captions == ["a: no label, answered no label", "b: no label, answered x", "c: x, answered y|z"]


def test_nothing_is_learned_blindly_where_nothing_is_known_beside_the_images(folder, tmp_path, capsys):
    given = [s for s in SETTINGS if not s.startswith("inputs.")]
    place = [f"source={folder}", f"run={tmp_path / 'run'}"]
    for key, value in (("blind", True), ("coarse.hidden", 0.5)):
        assert main(["run", "experiment=my_landmarks", *place, *given, f"training.{key}={str(value).lower()}"]) == 2
        assert f"training.{key}: {value} leaves nothing to learn from" in capsys.readouterr().err
        assert not (tmp_path / "run" / "dataset.json").exists()
