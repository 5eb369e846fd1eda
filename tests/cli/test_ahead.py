"""`run` refuses as soon as the data are imported what its last verbs would refuse after all training."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from pipeline.cli import actions, chain
from pipeline.cli.ahead import require_ahead
from pipeline.cli.door import main
from pipeline.cli.outcome import Outcome
from pipeline.cli.settings import EvaluateSettings, PredictSettings, Settings
from pipeline.data.columns import Column
from pipeline.data.dataset import Box, Case, Dataset, read_dataset, write_dataset
from pipeline.errors import ConfigError, DataError
from pipeline.sampling.augment import AugmentSettings

PARTS = ("train", "validation", "test", "test", "test")


def asked(
    run,
    task="landmarks",
    formats=None,
    parts=PARTS,
    whose="aabbc",
    image="{}.png",
    unit="px",
    boxes=(),
    names=(),
    **evaluate,
):
    """Settings of a run whose data set is imported."""
    names = names or [f"c{number}" for number in range(len(parts))]
    cases = tuple(
        Case(name, subject, image.format(name), {"eye": (1.0, 1.0)}, part, boxes=boxes)
        for name, subject, part in zip(names, whose, parts, strict=True)
    )
    write_dataset(Dataset("set", run, ("eye", "ear"), cases, unit), run / "dataset.json")
    given = {"predict": PredictSettings(formats=formats), "evaluate": EvaluateSettings(**evaluate)}
    return replace(Settings(), run=run, task=task, **given)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"normalise": ("ear", "eye"), "distances": (("eye", "ear"),), "formats": ("png", "csv")},
        {"formats": ("mrk.json", "png"), "unit": "mm", "image": "{}.nii"},
        {"parts": PARTS[:2], "whose": "ab", "part": "validation"},
        {"task": "embedding"},
        {"task": "attributes", "normalise": ("ear", "nose")},  # of an experiment that also serves another task
        {"task": "boxes", "formats": ("voc",)},
    ],
)
def test_what_the_last_verbs_can_do_is_not_refused(tmp_path, facts):
    require_ahead(asked(tmp_path, **facts))


@pytest.mark.parametrize(
    ("facts", "error", "said"),
    [
        ({"parts": PARTS[:2], "whose": "ab"}, DataError, r"dataset.json: no case in part 'test', .*data.fractions"),
        ({"normalise": ("eye", "nose")}, ConfigError, "evaluate.normalise: no landmark 'nose'; there are eye, ear"),
        ({"distances": (("eye", "ear"), ("eye", "earr"))}, ConfigError, "distances: no landmark 'earr'; .* mean 'ear'"),
        ({"task": "multi", "normalise": ("nose", "eye")}, ConfigError, "evaluate.normalise: no landmark 'nose'"),
        ({"task": "embedding", "whose": "aabcd"}, DataError, r"dataset.json, part 'test': 3 images of 3 identities"),
        ({"task": "embedding", "whose": "aabbb"}, DataError, r"part 'test': 3 images of 1 identities; two identities"),
        ({"formats": ("voc",)}, ConfigError, "predict.formats=voc: of points in px there are"),
        ({"formats": ("coco",), "unit": "mm", "image": "{}.nii"}, ConfigError, "predict.formats=coco: of points in mm"),
        ({"formats": ("dicom-sr",), "unit": "mm", "image": "{}.nii"}, ConfigError, "c2.nii is no DICOM series"),
        ({"task": "embedding", "formats": ("csv",)}, ConfigError, "predict.formats=csv: of vectors nothing but"),
        ({"task": "boxes", "boxes": None}, DataError, "part 'test': of no case are the boxes known"),
    ],
)
def test_what_the_last_verbs_cannot_do_is_refused_in_their_words(tmp_path, facts, error, said):
    with pytest.raises(error, match=said):
        require_ahead(asked(tmp_path, **facts))


MIRROR = AugmentSettings(mirror=0.5)


@pytest.mark.parametrize(
    ("task", "augment", "said"),
    [
        ("landmarks", MIRROR, "training.augment.mirror: no landmark name says left or right"),
        ("landmarks", replace(MIRROR, pairs={"eye": "eer"}), "pairs: 'eye' and 'eer' are not both landmarks"),
        ("boxes", MIRROR, "'left valve' says its side, and there is no 'right valve'"),
        ("attributes", MIRROR, "'left' says its side, and there is no 'right'"),
        ("attributes", replace(MIRROR, pairs={"left": "left"}), ""),
        ("landmarks", replace(MIRROR, pairs={"eye": "ear"}), ""),
        ("landmarks", AugmentSettings(), ""),
    ],
)
def test_names_that_mirrored_images_would_get_wrong_are_refused_before_anything_is_prepared(
    tmp_path, task, augment, said
):
    parts = ("train", "train", "validation", "test", "test")
    settings = asked(tmp_path, task, parts=parts, boxes=(Box("left valve", (0.0, 0.0), (1.0, 1.0)),))
    data = read_dataset(tmp_path / "dataset.json")
    cases = (replace(c, values={"side": side}) for c, side in zip(data.cases, ["left", *["both"] * 4], strict=True))
    write_dataset(replace(data, cases=tuple(cases), outputs=(Column("side", "class"),)), tmp_path / "dataset.json")
    settings = replace(settings, training=replace(settings.training, augment=augment))
    if said:
        with pytest.raises(ConfigError, match=said):
            require_ahead(settings)
        (tmp_path / "model").mkdir()  # as an early version may have learned it
    require_ahead(settings)


@pytest.mark.parametrize(
    ("outputs", "values", "said"),
    [
        (True, ({"sex": "f"}, {"sex": "f"}), "outputs: column 'sex': it is f of every training case"),
        (True, ({}, {}), "column 'sex': no training case has a value"),
        (False, ({}, {}), "column 'sex': no training case has a value"),
        (False, ({"sex": "f"}, {"sex": "f"}), None),
        (True, ({"sex": "f"}, {"sex": "m"}), None),
    ],
)
def test_a_column_that_nothing_can_be_learned_of_is_refused_before_a_scan_is_looked_at(tmp_path, outputs, values, said):
    settings = asked(tmp_path, "attributes", parts=("train", "train", "test"), whose="abc")
    data, columns = read_dataset(tmp_path / "dataset.json"), (Column("sex", "class"),)
    cases = [replace(case, values=row) for case, row in zip(data.cases, (*values, {"sex": "f"}), strict=True)]
    data = replace(data, landmarks=(), cases=tuple(cases), **{"outputs" if outputs else "inputs": columns})
    write_dataset(data, tmp_path / "dataset.json")
    with pytest.raises(DataError, match=said) if said else nullcontext():
        require_ahead(settings)


def test_a_list_of_pairs_that_is_not_there_or_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"pairs.txt: cannot be read as text: No such file"):
        require_ahead(asked(tmp_path, task="embedding", pairs=tmp_path / "pairs.txt"))
    (tmp_path / "pairs.txt").write_text("none")
    with pytest.raises(DataError, match=r"pairs.txt: not a list of pairs"):
        require_ahead(asked(tmp_path, task="embedding", pairs=tmp_path / "pairs.txt"))


LIST = "2 1\nb 1 2\nb 1 {} 1\nc 1 2\nc 2 b 2\n"
LISTED = {
    "task": "embedding",
    "parts": ("train", *["test"] * 4),
    "whose": "abbcc",
    "names": ("a_0001", "b_0001", "b_0002", "c_0001", "c_0002"),
}


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        ("c", ""),
        ("a", r"image 'a_0001', of part 'train', is not among those .*\n.* patchvote predict model=.*\n.* evaluate "),
        ("d", "no image of .*dataset.json is called 'd_0001'"),
    ],
)
def test_a_list_of_pairs_is_held_against_the_images_that_will_be_answered(tmp_path, other, refused):
    (tmp_path / "pairs.txt").write_text(LIST.format(other))
    settings = asked(tmp_path, **LISTED, pairs=tmp_path / "pairs.txt")
    if not refused:
        return require_ahead(settings)
    with pytest.raises(DataError, match=f"pairs.txt: {refused}"):
        require_ahead(settings)


def test_a_list_of_pairs_is_of_no_use_where_images_go_by_codes(tmp_path):
    (private := tmp_path / "private").mkdir()
    (private / "key").touch()
    (tmp_path / "pairs.txt").write_text(LIST.format("c"))
    settings = asked(private, **LISTED, pairs=tmp_path / "pairs.txt")
    with pytest.raises(DataError, match=r"calls images by their files, and .*dataset.json by codes"):
        require_ahead(settings)


def test_run_asks_before_anything_is_looked_at_or_learned(tmp_path, monkeypatch, capsys):
    called = []

    def stage(name):
        def stand_in(settings):
            called.append(name)
            asked(settings.run, parts=PARTS[:2], whose="ab")
            return Outcome(name, (name,))

        return stand_in

    monkeypatch.setattr(chain, "build_networks", lambda settings: None)
    for name in chain.CHAIN:
        monkeypatch.setitem(actions.STAGES, name, stage(name))
    assert main(["run", "experiment=my_landmarks", f"source={tmp_path}", f"run={tmp_path}/run"]) == 1
    assert called == ["import"] and "no case in part 'test'" in capsys.readouterr().err
