"""A range holds for cases of which as much is known as of those that taught it, and is withheld from others."""

from dataclasses import replace

import numpy as np
import pytest
from crooked import DIMS, upright_frame

from pipeline.data.intensity import Normalisation
from pipeline.data.store import LevelArray
from pipeline.inference import calibration
from pipeline.inference.cascade import answers
from pipeline.inference.model import Calibration, Model, load_model, save_model
from pipeline.inference.promises import lacks, promising, tell_withheld
from pipeline.inference.radius import Radius
from pipeline.tasks.found import Found
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.values_found import ValuesFound

HINT, NONE = {"hint": np.zeros(1)}, {"hint": np.full(1, np.nan)}
BOTH = HINT | {"back": np.zeros((1, 4, 4))}
BARE = HINT | {"back": np.full((1, 1, 1), np.nan)}


def case_of(given, dims=2):
    frame = upright_frame((20,) * dims)
    return (LevelArray(frame, np.zeros((1, *frame.shape)), given),)


def calibrated(given, known=None):
    """A model of two numbers that has seen cases of which so much is given beside the image."""
    model = Model("m", 2, "px", None, None, (), (), Calibration())
    cases = [(case_of(g), {"age": np.array([0.0]), "size": np.array([n / 10])}) for n, g in enumerate(given)]
    for (_, values), there in zip(cases, known or [True] * len(cases), strict=True):
        values["age"] = values["age"] if there else np.array([np.nan])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "locate", lambda *_: ValuesFound({"age": np.array([0.5]), "size": np.array([0.0])}))
        return calibration.calibrate_values(model, cases)


def test_a_range_is_given_where_all_is_known_that_every_validation_case_knew():
    model = calibrated([BOTH] * 20)
    assert model.calibration.margin_inputs == {"age": ("back", "hint"), "size": ("back", "hint")}
    assert promising(model, BOTH).calibration.margins == model.calibration.margins != {}
    for given, missing in ((BARE, ["back"]), (NONE | {"back": BOTH["back"]}, ["hint"]), (NONE, ["back", "hint"])):
        assert promising(model, given).calibration.margins == {} and lacks(model, given) == missing
    assert lacks(model, BOTH) == []


def test_what_validation_cases_lacked_may_be_missing():
    model = calibrated([BOTH] * 12 + [BARE] * 8)
    assert promising(model, BARE).calibration.margins == model.calibration.margins != {}
    assert lacks(model, BARE) == [] and lacks(model, NONE) == ["hint"]


def test_a_case_without_a_value_says_nothing_about_the_range_of_that_value():
    model = calibrated([HINT] * 20 + [NONE] * 4, known=[True] * 20 + [False] * 4)
    assert model.calibration.margin_inputs == {"age": ("hint",), "size": ()}
    assert set(promising(model, NONE).calibration.margins) == {"size"} and lacks(model, NONE) == ["hint"]


def test_where_nothing_stands_beside_the_images_nothing_can_be_missing():
    model = calibrated([{}] * 20)
    assert lacks(model, {}) == [] and promising(model, {}).calibration == model.calibration


@pytest.mark.parametrize("dims", DIMS)
def test_of_a_case_that_lacks_what_every_validation_case_knew_no_radius_is_promised(dims):
    rng, ones, frame = np.random.default_rng(dims), np.ones(2), case_of(HINT, dims)[0].frame
    model = Model("m", dims, "mm", None, LandmarksTask(names=("a", "b")), (), (), Calibration())
    seen, cases = [], []
    for _ in range(20):
        world = frame.voxel_to_world(rng.uniform(4, 16, (2, dims)))
        seen.append(Found(world + 0.1, ones, ones, np.full(2, 9), ones > 0, ones))
        cases.append((case_of(HINT, dims), world, np.ones(2, bool)))
    nobody = case_of(NONE, dims), np.full((2, dims), np.nan), np.zeros(2, bool)  # tells nothing of how far answers err
    model = calibration.calibrate(model, [*cases, nobody], [*seen, seen[0]])
    assert model.calibration.radius_inputs == ("hint",)
    for given, promised in ((HINT, True), (NONE, False)):
        told = answers(promising(model, given), seen[0], frame)
        assert told["a"].found and (told["a"].radius95 is not None) == promised
    early = replace(model, calibration=replace(model.calibration, radius_inputs=()))
    assert promising(early, NONE).calibration.radius and not lacks(early, NONE)


def test_which_cases_have_no_range_is_said_once(capsys):
    radius, needed = Radius(1.0, (1.0,), (1.0,), 20), {"age": ("hint",)}
    learned = Calibration(0.4, radius, 20, {"age": 0.5}, radius_inputs=("back", "hint"), margin_inputs=needed)
    model = Model("m", 2, "px", None, None, (), (), learned)
    tell_withheld(model, {"a": {"lacks": ["hint"]}, "b": {"lacks": []}, "c": {}, "d": {"lacks": ["back", "hint"]}})
    said = "m was validated on cases with 'back', 'hint': how far it errs without is not known, and no radius95 or"
    assert capsys.readouterr().err == f"{said} range is given for 'a', 'd'\n"
    tell_withheld(model, {"a": {"lacks": ["back"]}})
    assert "and no radius95 is given for 'a'" in capsys.readouterr().err


def test_what_was_known_survives_the_model_folder(tmp_path):
    task, grey = LandmarksTask(names=("a",)), Normalisation("window", 0.0, 1.0)
    learned = Calibration(margins={"age": 0.5}, radius_inputs=("hint",), margin_inputs={"age": ("back", "hint")})
    save_model(Model("m", 2, "px", grey, task, (), (), learned), tmp_path, {})
    assert load_model(tmp_path).calibration == learned
