"""Words on the command line become settings, or a sentence that says what to write instead."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

from pipeline.cli.compose import compose, sort_words
from pipeline.cli.config_files import config_folder, groups
from pipeline.cli.door import main
from pipeline.cli.given import columns_of_settings
from pipeline.cli.schema import choices, docstring_arguments, leaves, options, words
from pipeline.cli.settings import DataSettings, Settings
from pipeline.cli.settle import settings_from, unread
from pipeline.cli.validate import plain, validate
from pipeline.cli.verbs import verb_named
from pipeline.errors import ConfigError


def settled(*arguments: str, sections: tuple[str, ...] = ()) -> Settings:
    return validate(compose(sort_words(arguments, sections)))


def test_defaults_are_those_of_the_dataclasses():
    assert settled() == Settings()


def test_values_reach_the_settings():
    settings = settled("training.minutes=3", "levels=[3,original]", "device=cuda:1", "evaluate.radii=[1,2]")
    assert settings.training.minutes == 3.0
    assert settings.levels == (3.0, "original")
    assert settings.device == "cuda:1"
    assert settings.evaluate.radii == (1.0, 2.0)


def test_changing_one_key_of_a_section_leaves_its_other_defaults():
    fine = settled("training.fine.batch=7").training.fine
    assert (fine.batch, fine.crop) == (7, Settings().training.fine.crop)


def test_one_seed_serves_every_part_unless_a_part_has_its_own():
    assert settled("seed=5", "threads=3").training.seed == 5
    assert settled("seed=5", "threads=3").training.threads == 3
    assert settled("seed=5", "training.seed=6").training.seed == 6


def test_paths_may_hold_any_character():
    assert settled("source=/data/my scans (1)/ü=${x}, [a]").source == Path("/data/my scans (1)/ü=${x}, [a]")


def test_a_path_in_brackets_is_one_where_no_list_is_asked_for():
    assert settled("source=[a, b]").source == Path("[a, b]")
    assert settled("predict.input=[a, b]").predict.input == (Path("a"), Path("b"))


@pytest.mark.parametrize("name", ["null", "[x]", "{x", "true", "12"])
@pytest.mark.parametrize("key", ["name", "remove"])
def test_a_person_may_be_called_as_they_are(key, name):
    assert getattr(settings_from(verb_named("enroll"), [f"{key}={name}"]).identity, key) == name


def test_nothing_is_no_name_and_null_is_nothing_elsewhere():
    assert settled("identity.name=").identity.name is settled("gallery=null").gallery is None


@pytest.mark.parametrize(
    ("verb", "argument"),
    [
        ("evaluate", "distances=[['{}',b]]"),
        ("evaluate", "normalise=['{}',b]"),
        ("import", "edges=[['{}',b]]"),
        ("import", "task=boxes boxes_around={{b:['{}']}}"),
        ("align", "align.landmarks=['{}']"),
        ("overlay", "names={{eye:'{}'}}"),
        ("train", "augment.mirror=0.5 training.augment.pairs={{b:'{}'}}"),
    ],
)
def test_names_of_landmarks_are_spelled_as_those_of_the_data_are(verb, argument):
    apart = unicodedata.normalize("NFD", "crête")
    settings = settings_from(verb_named(verb), ["experiment=my_landmarks", *argument.format(apart).split()])
    said = json.dumps(plain(settings), ensure_ascii=False)
    assert "crête" in said and apart not in said


def test_names_of_files_and_columns_are_kept_to_the_letter():
    apart = unicodedata.normalize("NFD", "crête")
    files = [f"data.images={apart}", f"data.views={{a:'{{id}}_{apart}'}}"]
    words = ["task=attributes", *files, f"outputs.numbers=['{apart}']"]
    settings = settings_from(verb_named("import"), ["experiment=my_landmarks", *words])
    assert (settings.data.images, settings.data.views["a"]) == (apart, f"{{id}}_{apart}")
    assert settings.outputs.numbers == (apart,)


def test_a_path_from_the_users_own_folder_is_found_wherever_it_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    given = ["run=~/r", "source=~/s", "filter=~/f.png", "predict.model=~/m", "training.minutes=1"]
    settings = settings_from(verb_named("overlay"), given, {"predict.input": ["~/a", "b~"], "predict.output": ["~/o"]})
    assert (settings.run, settings.source, settings.predict.model) == (tmp_path / "r", tmp_path / "s", tmp_path / "m")
    assert settings.predict.input == (tmp_path / "a", Path("b~")) and settings.predict.output == tmp_path / "o"
    assert settings.overlay.filter == str(tmp_path / "f.png")
    assert settings_from(verb_named("predict"), ["input=['~/a','~/c']"]).predict.input == (
        tmp_path / "a",
        tmp_path / "c",
    )
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "config.yaml").write_text("experiment: my_landmarks\n")
    assert settings_from(verb_named("check"), ["run=~/r"]).experiment == "my_landmarks"


def test_keys_of_the_verbs_own_section_need_no_prefix():
    assert settled("cases=3", sections=("simulate",)).simulate.cases == 3
    assert settled("part=validation", sections=("evaluate",)).evaluate.part == "validation"


def test_a_key_of_two_sections_is_meant_of_the_one_that_lists_the_value():
    both = ("predict", "evaluate")
    assert settled("part=2/4", sections=both).predict.part == "2/4"
    assert settled("part=validation", sections=both).predict.part is None
    assert settled("part=validation", sections=both).evaluate.part == "validation"
    with pytest.raises(ConfigError, match=r"predict\.part: 'tset' is not allowed; allowed: i/N, such as 1/4"):
        settled("part=tset", sections=both)


def test_keys_may_have_other_strokes_and_names_in_mappings_keep_theirs():
    assert settled("data.split-seed=3").data.split_seed == 3
    weights = settled("training.attributes.weights.heart-rate=2", "training.attributes.weights.a_b=3")
    assert weights.training.attributes.weights == {"heart-rate": 2.0, "a_b": 3.0}
    boxes = settled("boxes-around.aortic-root=[a]", "data.boxes_around.b_c=[d]", sections=("data",)).data.boxes_around
    assert boxes == {"aortic-root": ("a",), "b_c": ("d",)}
    assert settled("overlay.names.crête=b").overlay.names == {"crête": "b"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("source=a source=b", "source: given twice, as a and as b"),
        ("experiment=demo experiment=faces_att", "experiment: given twice, as demo and as faces_att"),
        ("minutes=1 training.minutes=2", r"training\.minutes: given twice, as 1 and as 2"),
        ("data.split-seed=1 data.split_seed=2", r"data\.split_seed: given twice, as 1 and as 2"),
        ("levels=[2] levels=[3]", r"levels: given twice, as \[2\] and as \[3\]"),
    ],
)
def test_a_key_with_two_values_is_refused_with_both(words, said):
    """The last of them won without a word."""
    with pytest.raises(ConfigError, match=said):
        settled(*words.split(), sections=("training",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data={frame: LPS}", "data.frame=RAS"], r"data\.frame: given twice, as LPS and as RAS"),
        (["data.frame=RAS", "data={frame: LPS}"], r"data\.frame: given twice, as RAS and as LPS"),
        (["training={minutes: 1}", "minutes=2"], r"training\.minutes: given twice, as 1 and as 2"),
        (
            ["data={fractions: [0.5, 0.5]}", "data.fractions=null"],
            r"fractions: given twice, as \[0\.5,0\.5\] and as null",
        ),
        (["training={augment: {blur: 1}}", "training.augment={blur: 2}"], r"augment\.blur: given twice, as 1 and as 2"),
    ],
)
def test_a_key_with_another_value_in_its_section_is_refused_with_both(words, said):
    with pytest.raises(ConfigError, match=said):
        settled(*words, sections=("training",))


def test_a_key_that_its_section_does_not_speak_of_or_says_too_is_given_once():
    data = settled("data={frame: LPS, strict: true}", "data.split_seed=3", "data.frame=LPS", "data.strict=true").data
    assert (data.frame, data.strict, data.split_seed) == ("LPS", True, 3)


def test_one_value_given_twice_is_one():
    assert settled("minutes=3", "training.minutes=3", sections=("training",)).training.minutes == 3


def test_a_folder_is_given_by_a_flag_or_by_its_key():
    with pytest.raises(ConfigError, match=r"predict\.output: given twice, as b and as a"):
        settings_from(verb_named("predict"), ["model=m", "output=b"], {"predict.output": ["a"]})
    with pytest.raises(ConfigError, match=r"predict\.output: given twice, as b and as a"):
        settings_from(verb_named("predict"), ["model=m", "predict={output: b}"], {"predict.output": ["a"]})


def test_a_top_level_key_wins_over_the_verbs_own_section():
    assert settled("seed=3", sections=("training",)).seed == 3


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("training.minuts=10", "unknown key 'training.minuts' (value met: 10). Did you mean 'training.minutes'?"),
        ("trainin.minutes=10", "unknown key 'trainin.minutes' (value met: 10). Did you mean 'training.minutes'?"),
        ("minutes=10", "unknown key 'minutes' (value met: 10). Did you mean 'training.minutes'?"),
        ("resume=true", "unknown key 'resume' (value met: true). Nothing need be said: a verb that is run again does"),
        ("experment=demo", "unknown key 'experment' (value met: 'demo'). Did you mean 'experiment'?"),
        ("experiment=mouse_skul", "there is no experiment of that name. Did you mean 'mouse_skull'?"),
        ("method=nothout2018", "there is no method of that name. Did you mean 'noothout2018'?"),
        ("training.minutes=ten", "training.minutes: 'ten' is not allowed; allowed: a number or null."),
        ("training.minutes='10'", "training.minutes: '10' is not allowed; allowed: a number or null."),
        ("training.minutes=-1", "training.minutes: -1.0 is not allowed; allowed: a number above 0."),
        ("training.minutes=null", "give one budget"),
        ("training.coarse.hidden=0.5", "training.coarse.hidden: 0.5 is for task=attributes"),
        ("training.fine.hidden=0.5", "training.fine.hidden: 0.5 is for task=attributes"),
        ("training.loss.sigma=0.3", "training.loss.sigma: 0.3 is not allowed; allowed: a number from 0.4 to 1."),
        ("training.loss.sigma=2", "training.loss.sigma: 2.0 is not allowed; allowed: a number from 0.4 to 1."),
        ("training.augment.shift=0.6", "training.augment.shift: 0.6 is not allowed; allowed: a number from 0 to 0.5"),
        ("training.augment.composite=0.5", "training.augment.composite: 0.5 is for task=embedding"),
        ("training.blind=true", "training.blind: True is for task=attributes"),
        (
            "training.augment.blur=1e9",
            "training.augment.blur: 1000000000.0 is not allowed; allowed: a number from",
        ),
        ("training.augment.slices=1", "training.augment.slices: 1.0 is not allowed; allowed: 0, or a number above 1"),
        ("training.augment.slices=51", "training.augment.slices: 51.0 is not allowed"),
        ("evaluate.normalise=[A,A]", "allowed: two different landmarks"),
        ("evaluate.distances=[[A,B],[C,C]]", "allowed: pairs of two different landmarks"),
        ("evaluate.distances=[A,B]", "evaluate.distances"),
        (
            "evaluate.distances=[[crête,b]]",
            'Each text in it that has signs needs quotes of its own: "evaluate.distances=[',
        ),
        ("overlay.names={crête: b}", "A name with signs in it is given by itself: overlay.names.NAME="),
        ("seed=ü", "Text with signs in it needs quotes: \"seed='...'\""),
        ("training.steps=5", "give one budget"),
        ("training.minutes=nan", "training.minutes"),
        ("training.augment.share=1.5", "allowed: a number from 0 to 1"),
        ("training.attributes.places=0", "training.attributes.places: 0 is not allowed; allowed: a number from 1 on."),
        ("training.attributes.weights={age: -1}", "training.attributes.weights.age: -1.0 is not allowed"),
        ("training.embedding.together=1", "training.embedding.together: 1 is not allowed; allowed: a number from 2"),
        ("training.augment.scale=0.7", "training.augment.scale: 0.7 is not allowed; allowed: a number from 0 to 0.5"),
        ("training.decode.between=0", "training.decode.between: 0 is not allowed"),
        ("seed=1.5", "seed: 1.5 is not allowed; allowed: a whole number."),
        ("seed=true", "seed: true is not allowed"),
        ("device=gpu", "device: 'gpu' is not allowed; allowed: auto, cpu, cuda or cuda:N."),
        ("data.frame=RSA", "allowed: 'LPS', 'RAS' or null. Did you mean 'RAS'?"),
        ("data.missing=abscent", "Did you mean 'absent'?"),
        ("data=3", "it is a section with the keys boxes_around, edges, fractions, frame,"),
        ("data.fractions=0.5,0.5", "A list is written data.fractions=[0.5,0.5]"),
        ("data.fractions=[0.5,0.5]", "a list such as [a number, a number, a number]"),
        ("data.fractions=[0.5,0.5,0.5]", "three shares that add up to 1"),
        ("levels=[1,3]", "voxel sizes from coarse to fine"),
        ("levels=[]", "voxel sizes from coarse to fine"),
        ("levels=[3,orignal]", 'levels: [3, "orignal"] is not allowed'),
        ("training.minutes=((", "the value is not understood"),
        ("training.minutes=${nothing}", "training.minutes: Interpolation key 'nothing' not found"),
        ("data.series_uid={a: 1}", 'data.series_uid: {"a": 1} is not allowed; allowed: a list such as [text]'),
        ("data.views=[1,2]", "data.views: [1, 2] is not allowed; allowed: a mapping"),
        ("data.views={a: 1}", "data.views.a: 1 is not allowed; allowed: text."),
        ("data.boxes_around={a: 1}", "data.boxes_around.a: 1 is not allowed; allowed: a list such as [text]."),
        ("evaluate.radii.9=2", "evaluate.radii.9: there is no such place"),
        ("foo", "settings are written key=value"),
        ("~seed", "a key cannot be deleted. Give it a value: seed=0"),
        ("~training.steps=4", "a key cannot be deleted. Give it a value: training.steps=null"),
        ("~data.missing", "a key cannot be deleted. Give it a value: data.missing=unannotated"),
        ("~data", "Give what you mean in it a value, data.KEY=VALUE.\n  in 'data' there are: boxes_around,"),
        ("~method", "a key cannot be deleted. Leave it out, or choose another: method=NAME"),
        ("~steps", "a key cannot be deleted. Did you mean 'training.steps'?"),
    ],
)
def test_a_mistake_is_answered_in_words(argument, said):
    with pytest.raises(ConfigError) as caught:
        settled(argument)
    assert said in str(caught.value)


def test_what_is_looked_at_once_has_one_network():
    assert settled("task=one_object", "training.looks=1").training.looks == 1
    with pytest.raises(ConfigError, match=r"training.looks: 2 is not for task=one_object: one network looks once"):
        settled("task=one_object", "training.looks=2")


def test_a_wrong_seed_is_said_once_though_a_section_takes_it_over():
    with pytest.raises(ConfigError) as caught:
        settled("seed=a")
    assert "training.seed" not in str(caught.value)


def test_all_mistakes_are_said_at_once():
    with pytest.raises(ConfigError) as caught:
        settled("training.minuts=10", "device=gpu")
    assert "training.minuts" in str(caught.value) and "device" in str(caught.value)


def test_the_run_folder_follows_the_experiment():
    assert settings_from(verb_named("run"), ["experiment=mouse_skull"]).run == Path("runs/mouse_skull")


def test_the_experiment_is_read_from_the_run_folder(tmp_path):
    (tmp_path / "config.yaml").write_text("experiment: spine_l1l5\n")
    settings = settings_from(verb_named("evaluate"), [f"run={tmp_path}"])
    assert settings.experiment == "spine_l1l5"
    assert settings.evaluate.wrong_beyond == 18.0


@pytest.mark.parametrize("verb", ["import", "check", "preprocess", "train", "predict", "evaluate", "report", "run"])
def test_an_experiment_that_is_gone_is_named(tmp_path, verb):
    (tmp_path / "config.yaml").write_text("experiment: mine\n")
    with pytest.raises(ConfigError, match=r"experiment 'mine', which is not there any more\.\n  Put .*mine\.yaml"):
        settings_from(verb_named(verb), [f"run={tmp_path}"])
    alone = settings_from(verb_named("predict"), [f"model={tmp_path}/model"])
    assert alone.experiment is None


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [\n"])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        settings_from(verb_named("train"), [f"run={tmp_path}"])


def test_run_needs_an_experiment():
    with pytest.raises(ConfigError, match="my_landmarks"):
        settings_from(verb_named("run"), ["source=x"])


@pytest.mark.parametrize(
    ("verb", "arguments", "said"),
    [
        ("simulate", "kind=figures fov_mm=100", "simulate.fov_mm: kind=figures draws pictures, which have"),
        ("simulate", "kind=objects spacing_mm=2", "simulate.spacing_mm: kind=objects draws pictures"),
        ("simulate", "kind=blobs fov_mm=100", None),
        ("demo", "kind=figures", None),  # its experiment says a size
        (
            "run",
            "experiment=my_landmarks task=boxes evaluate.radii=[1]",
            "evaluate.radii: it is for landmarks, and task=boxes answers boxes",
        ),
        (
            "run",
            "experiment=my_landmarks task=attributes evaluate.normalise=[a,b]",
            "evaluate.normalise: it is for landmarks",
        ),
        (
            "run",
            "experiment=my_landmarks task=boxes evaluate.distances=[[a,b]]",
            "evaluate.distances: it is for landmarks, and task=boxes answers boxes",
        ),
        ("run", "experiment=my_landmarks task=multi evaluate.distances=[[a,b]]", None),
        (
            "run",
            "experiment=my_landmarks evaluate.pairs=x",
            "evaluate.pairs: it is for vectors that tell who it is, and task=landmarks",
        ),
        ("run", "experiment=my_landmarks task=embedding evaluate.pairs=x", None),
        ("run", "experiment=my_landmarks task=multi evaluate.radii=[1]", None),
        ("run", "experiment=faces_5pt task=boxes", None),  # whose radii are for its landmarks
        ("run", "experiment=my_landmarks evaluate.output=x", "evaluate.output: run measures its own answers"),
        ("evaluate", "wrong_beyond=5 task=boxes", "evaluate.wrong_beyond: it is for landmarks"),
        ("evaluate", "pairs=x predictions=p dataset=d", None),  # which is not there, and that is said later
        ("predict", "table=x", "predict.table: the cases of a run have the columns that import read"),
        ("run", "$E training.boxes.overlap=0.3", "training.boxes.overlap: it is for task=boxes or multi, not land"),
        ("train", "$E one_object.loss=gated_squares", "training.one_object.loss: it is for task=one_object, not"),
        ("check", "$E training.embedding={size:7}", "training.embedding: it is for task=embedding, not landmarks"),
        ("train", "$E attributes.places=4", "training.attributes.places: it is for task=attributes, not landmarks"),
        ("run", "$E task=boxes decode.share=0.2", "training.decode.share: it is for task=landmarks or multi, not b"),
        ("run", "$E task=attributes loss.balance=1", "training.loss.balance: it is for task=landmarks or multi, not"),
        ("run", "$E task=multi boxes.most=5 loss.presence=1 decode.share=0.2 attributes.balance=gradnorm", None),
        ("run", "$E loss.balance=9", "training.loss.balance: training.loss.name=softmax does not read it"),
        ("run", "$E method=noothout2018 loss.beta=1", "training.loss.beta: training.loss.name=noothout2018 does not"),
        ("run", "$E method=noothout2018 loss.balance=9", None),
        ("train", "$E augment.pairs={LM3:LM4}", "training.augment.pairs: without training.augment.mirror no sample"),
        ("run", "$E augment.pairs.LM3=LM4", "training.augment.pairs.LM3: without training.augment.mirror no sample is"),
        ("run", "$E augment.pairs={LM3:LM4} augment.mirror=0.5", None),
        ("run", "experiment=faces_5pt augment.mirror=0", None),
        ("run", "$E task=boxes coarse.cut=0.5", "training.coarse.cut: it is for task=landmarks or multi, not boxes"),
        ("train", "$E task=attributes fine.cut=0.5", "training.fine.cut: it is for task=landmarks or multi, not"),
        ("run", "$E task=multi coarse.cut=0.5 fine.cut=0.2", None),
        ("run", "$E training.fusion=film", "training.fusion: neither inputs nor data.views name anything beside the"),
        ("demo", "coarse.missing=0.5", "training.coarse.missing: neither inputs nor data.views name anything beside"),
        ("run", "$E task=attributes data.views={a:'{id}'} training.fine.missing=0.5", "training.fine.missing: neither"),
        ("run", "$E task=attributes data.views={a:'{id}_a',b:'{id}_b'} coarse.missing=0.5", None),
        ("run", "$E inputs.texts=[note] training.fusion=film coarse.missing=0.5", None),
        ("train", "$E training.fusion=film", None),  # where import said which inputs there are
        ("run", "experiment=cta_with_metadata inputs.numbers=[]", None),
        ("evaluate", "training.boxes.overlap=0.3", None),  # which is noted: it reads no training at all
        ("train", "task=boxes training.gain=0.1", "training.gain: with task=boxes each voxel size speaks of things of"),
        (
            "run",
            "$E task=boxes training.looks=2",
            "training.looks: with task=boxes each voxel size speaks of",
        ),
        ("run", "$E task=boxes training.looks=1", None),
        ("import", "$E margin=5", "data.margin: it is for task=boxes or one_object or multi, not landmarks"),
        ("import", "$E task=boxes margin=5", "data.margin: without data.boxes_around nothing reads it"),
        ("run", "$E task=boxes data.missing=absent", "data.missing: without data.boxes_around nothing reads it"),
        ("run", "$E task=boxes boxes_around={c:[a]} margin=5 missing=absent frame=RAS unlisted=absent", None),
        ("run", "experiment=aortic_root margin=5 frame=RAS", None),
        ("run", "$E task=boxes unlisted=absent", None),
        ("import", "$E task=attributes unlisted=absent", "data.unlisted: it is for task=landmarks or boxes or one_ob"),
        ("import", "$E task=embedding boxes_around.c=[a]", "data.boxes_around.c: it is for task=boxes or one_object"),
        ("import", "$E table=t.csv", "data.table: neither inputs nor outputs name a column of it"),
        ("import", "$E table=t.csv inputs.texts=[a]", None),
        ("import", "experiment=houses table=t.csv", None),
        ("align", "source=x frame=RAS", None),
        ("demo", "run=x", "run: demo works in OUT/run, on OUT/phantoms: out=FOLDER chooses them"),
        ("demo", "simulate.out=x", "simulate.out: demo works in OUT/run"),
        ("demo", "evaluate.output=x", "evaluate.output: demo measures its own answers"),
        ("demo", "predict.output=x", "predict.output: demo answers its own cases by its own model"),
        ("run", "$E predict.output=x", "predict.output: run answers its own cases by its own model"),
        ("run", "$E predict.model=x", "predict.model: run answers its own cases by its own model"),
        ("run", "$E predict.input=[x]", "predict.input: run answers its own cases by its own model"),
        ("run", "$E predict.table=x", "predict.table: run answers its own cases by its own model"),
        ("run", "$E predict.formats=[csv]", None),
        ("run", "$E check.folds=8", "check.folds: run checks before anything is prepared for networks to judge"),
        ("run", "$E check.with_model=true", "check.with_model: run checks before anything is prepared for networks"),
        ("demo", "check.with_model=true", "check.with_model: demo checks before anything is prepared for networks"),
        ("check", "folds=8", "check.folds: it is for check --with-model"),
        ("check", "minutes=2", "training.minutes: it is for check --with-model"),
        ("check", "with_model=true folds=8 minutes=2", None),
        ("predict", "data.pseudonyms=true", "data.pseudonyms: the cases of a run have the names or codes that import"),
        ("predict", "data.series_uid=['1.2']", "data.series_uid: the cases of a run have the series that import chose"),
        ("predict", "input=[x] model=m data.pseudonyms=true data.series_uid=['1.2'] table=t", None),
        ("predict", "input=[x] model=m part=test", "evaluate.part: it is a part of a run, and the scans of -i are of"),
        ("predict", "run=x part=validation", None),
    ],
)
def test_what_would_change_nothing_is_refused(verb, arguments, said):
    try:
        settings_from(verb_named(verb), arguments.replace("$E", "experiment=my_landmarks").split())
    except ConfigError as error:
        assert said is not None and str(error).startswith(said) and str(error).endswith("Leave it out.")
    else:
        assert said is None


def test_a_run_that_was_begun_with_what_changes_nothing_goes_on_with_it(tmp_path):
    words = ["experiment=my_landmarks", f"run={tmp_path}", "task=boxes", "augment.pairs={a: b}", "training.fusion=film"]
    (tmp_path / "config.yaml").write_text(
        "experiment: my_landmarks\ntraining: {coarse: {cut: 0.5}, augment: {pairs: {a: b}}, fusion: film}\n"
    )
    with pytest.raises(ConfigError, match=r"augment.pairs: (.|\n)*fusion: neither (.|\n)*coarse.cut: it is for"):
        settings_from(verb_named("run"), [*words, "coarse.cut=0.5"])
    (tmp_path / "model").mkdir()
    assert settings_from(verb_named("run"), [*words, "coarse.cut=0.5"]).training.coarse.cut == 0.5
    with pytest.raises(ConfigError, match=r"^training.coarse.cut: it is for task=landmarks or multi, not boxes"):
        settings_from(verb_named("run"), [*words, "coarse.cut=0.7"])


@pytest.mark.parametrize(
    ("task", "argument", "said"),
    [
        ("boxes", "normalise=[p,q]", "evaluate.normalise: it is for landmarks, and {} answers boxes. Leave it out."),
        ("embedding", "distances=[[p,q]]", "evaluate.distances: it is for landmarks, and {} answers vectors. Leave it"),
        ("one_object", "radii=[1]", "evaluate.radii: it is for landmarks, and {} answers boxes. Leave it out."),
        ("attributes", "wrong_beyond=5", "evaluate.wrong_beyond: it is for landmarks, and {} answers values. Leave it"),
        ("multi", "pairs=x", "evaluate.pairs: it is for vectors that tell who it is, and {} answers points. Leave it"),
        ("multi", "radii=[1]", None),
        ("embedding", "pairs=x", None),
        ("boxes", "part=validation", None),
    ],
)
def test_a_measure_of_other_answers_than_the_file_holds_is_refused(tmp_path, task, argument, said):
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps({"task": task}))
    words = [argument, f"predictions={file}", "dataset=d"]
    if said is None:
        assert settings_from(verb_named("evaluate"), words).evaluate.predictions == file
    else:
        with pytest.raises(ConfigError, match=re.escape(said.format(file))):
            settings_from(verb_named("evaluate"), words)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["task=embedding", "inputs.numbers=[age]"], "inputs: task=embedding looks at the image alone"),
        (["task=embedding", "data.views={x: '{id}'}"], "data.views: task=embedding looks at one image of a case"),
        (["task=multi", "data.views={x: '{id}'}"], "data.views: task=multi looks at one image of a case"),
        (["task=landmarks", "data.views={x: '{id}'}"], "data.views: task=landmarks looks at one image of a case"),
        (["experiment=houses"], None),
        (["experiment=cta_with_metadata"], None),
    ],
)
def test_what_no_image_is_looked_at_beside_is_refused(arguments, said):
    if said is None:
        assert columns_of_settings(settled(*arguments)).inputs
    else:
        with pytest.raises(ConfigError, match=said):
            columns_of_settings(settled(*arguments))


def test_kinds_of_phantoms_that_are_no_scans_are_pictures():
    from pipeline.cli.idle import SCANS
    from pipeline.stages.simulate import KINDS, PICTURES

    assert {*SCANS, *PICTURES} == set(KINDS)


@pytest.mark.parametrize(
    ("verb", "argument", "said"),
    [
        ("train", "levels=[4.0]", "train does not read levels, so it changes nothing here; it is read by preprocess"),
        ("evaluate", "training.minutes=3", "evaluate does not read training.minutes"),
        ("predict", "evaluate.part=test", None),
        ("predict", "formats=[fcsv]", None),
        ("train", "minutes=3", None),
        ("evaluate", "threads=1", None),
        ("run", "predict.formats=[fcsv]", None),
        ("run", "simulate.cases=3", "run does not read simulate.cases, so it changes nothing here; it is read by"),
        ("run", "align.spacing=5", "run does not read align.spacing"),
        ("run", "gallery=g", "run does not read gallery, so it changes nothing here; it is read by enroll, id"),
        ("run", "check.same_patient=m", None),
        ("demo", "overlay.filter=hat", "demo does not read overlay.filter"),
        ("demo", "simulate.cases=3", None),
        ("enroll", "threshold=1", "enroll does not read identity.threshold, so it changes nothing here; it is"),
        ("verify", "remove=x", "verify does not read identity.remove, so it changes nothing here; it is"),
        ("verify", "threshold=1", None),
    ],
)
def test_a_key_that_changes_nothing_is_noted(verb, argument, said):
    notes = unread(verb_named(verb), [argument], "landmarks")
    assert len(notes) == (0 if said is None else 1)
    assert said is None or said in notes[0]


@pytest.mark.parametrize(
    ("task", "argument", "idle"),
    [
        ("landmarks", "training.coarse.search=5", True),
        ("landmarks", "training.fine.search=5", False),
        ("boxes", "training.fine.search=5", True),
        ("boxes", "training.fine.batch=5", False),
        ("one_object", "training.fine.batch=5", True),
        ("attributes", "training.fine={batch: 5}", True),
        ("embedding", "training.gain=0.1", True),
        ("multi", "training.gain=0.1", False),
    ],
)
def test_a_key_that_no_training_of_a_task_reads_is_noted(task, argument, idle):
    note = f"note: task={task} does not read {argument.split('=')[0]}, so it changes nothing"
    for verb in ("train", "run"):
        assert unread(verb_named(verb), [argument], task) == [note] * idle
    assert unread(verb_named("predict"), [argument], task) != [note]


def test_the_note_is_printed_and_the_verb_goes_on(tmp_path, capsys):
    assert main(["train", f"run={tmp_path}", "levels=[4.0]"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("note: train does not read levels")
    assert "dataset.json" in said


def test_a_setting_that_is_missing_is_asked_for():
    tree = plain(Settings())
    assert validate(tree) == Settings()
    with pytest.raises(ConfigError, match=r"unknown key 'sed'"):
        validate(tree | {"sed": 1})


def test_the_folder_of_configs_is_found_and_has_groups():
    assert (config_folder() / "config.yaml").is_file()
    assert "my_landmarks" in groups()["experiment"]


def test_kinds_are_said_in_words():
    kinds = {leaf.key: words(leaf.kind) for leaf in leaves(Settings)}
    assert kinds["data.frame"] == "'LPS', 'RAS' or null"
    assert kinds["levels"] == "a list such as [a number or 'original'] or null"
    assert kinds["source"] == "a path or null"


def test_meanings_come_from_the_docstring():
    assert docstring_arguments(DataSettings)["split_seed"] == "Another seed, another split."


def test_every_kind_of_phantom_can_be_asked_for():
    from pipeline.stages.simulate import KINDS

    kinds = next(leaf.kind for leaf in leaves(Settings) if leaf.key == "simulate.kind")
    assert set(choices(kinds)) == set(KINDS)


def test_every_number_of_training_has_a_range():
    from pipeline.cli.limits import RANGES

    of_training = [leaf for leaf in leaves(Settings) if leaf.key.startswith("training.")]
    numbers = {leaf.key for leaf in of_training if {int, float} & set(options(leaf.kind))}
    assert set(RANGES) == numbers
