"""In a mirror left is right: for the image, for the points, for their names."""

import numpy as np
import pytest
from crooked import DIMS, upright_frame
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.data.columns import Column
from pipeline.data.encoders import Encoder
from pipeline.data.resample import level_frame
from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.batches import CropSettings, draw
from pipeline.sampling.mirror import mirrored
from pipeline.sampling.source import Source
from pipeline.sampling.twins import Twins, exchanged, twins


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("left_eye", "right_eye"),
        ("Eye L", "Eye R"),
        ("leftEye", "rightEye"),
        ("LEFT-ostium", "RIGHT-ostium"),
        ("condyle.l.2", "condyle.r.2"),
        ("left1", "right1"),
        ("Lefteye", "Righteye"),
        ("mouth_imgleft", "mouth_imgright"),
        ("left_imgleft", "right_imgright"),
    ],
)
def test_names_that_say_their_side_are_twins(one, other):
    assert twins([other, "nose", one], {}).tolist() == [2, 1, 0]


def test_a_letter_inside_a_word_is_no_side():
    with pytest.raises(ConfigError, match="no landmark name says left or right"):
        twins(["lateral", "rim", "nose", "rose"], {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("L1", "R1"),
        ("l1", "r1"),
        ("eyel", "eyer"),
        ("LVOT", "RVOT"),
        ("EyeLTop", "EyeRTop"),
        ("eyelTop", "eyerTop"),
        ("eye2LTop", "eye2RTop"),
        ("Lkidney", "Rkidney"),
        ("eye_Lx", "eye_Rx"),
    ],
)
def test_names_that_a_letter_of_a_side_tells_apart_are_refused_until_something_is_said_of_them(one, other):
    """Else left and right are taught exchanged as soon as another pair is recognised."""
    names = [one, "left_eye", "right_eye", other]
    with pytest.raises(ConfigError, match=f"'{one}' and '{other}' differ only .*pairs={{{one}: {other}}}"):
        twins(names, {})
    assert twins(names, {one: other}).tolist() == [3, 2, 1, 0]
    assert twins(names, {one: one}).tolist() == [0, 2, 1, 3]
    with pytest.raises(ConfigError, match=f"'{one}' and '{other}' differ only"):
        exchanged((), MIRROR, names)
    with pytest.raises(ConfigError, match=f"'{one}' and '{other}' differ only"):
        exchanged((), MIRROR, (), [Encoder(Column("sort", "class"), words=tuple(names))])


def test_a_name_that_may_have_either_of_two_twins_is_asked_about():
    names = ["left_eye", "right_eye", "LL", "LR", "RL", "RR"]
    with pytest.raises(ConfigError, match="'LL' differs only in left and right from each of 'RL', 'LR', and") as told:
        twins(names, {})
    assert "pairs={LL: RL} or {LL: LR}, whichever is its other side, {LL: LL} if it says no side" in str(told.value)
    with pytest.raises(ConfigError, match="'LR' and 'RR' differ only ") as told:
        twins(names, {"LL": "RL"})
    assert "pairs={LL: RL, LR: RR} if they are the two sides, {LL: RL, LR: LR} if they" in str(told.value)
    assert twins(names, {"LL": "RL", "LR": "RR"}).tolist() == [1, 0, 4, 5, 2, 3]


def test_words_that_differ_in_a_letter_say_no_side():
    names = ("glass", "grass", "lock", "rock", "lca", "rca", "HLA", "HRA")
    assert exchanged((), MIRROR, names).classes == tuple(range(8))


def test_a_letter_that_may_be_a_side_says_none_where_nothing_is_called_by_the_other():
    names = ("EyeLTop", "EyeRBottom", "Lkidney", "Rib")
    assert exchanged((), MIRROR, names).classes == (0, 1, 2, 3)


def test_pairs_that_are_told_do_not_hide_those_that_are_not():
    names = ["eye_a", "mouth_imgright", "eye_b", "mouth_imgleft"]
    assert twins(names, {"eye_a": "eye_b"}).tolist() == [2, 3, 0, 1]


def test_a_name_with_a_side_in_a_word_and_no_twin_keeps_it_and_is_told():
    classes = ("bright", "lung_imgleft", "left_eye", "right_eye")
    words = [Encoder(Column("sort", "class"), words=("imgleft", "imgright", "cleft"))]
    names = exchanged((), AugmentSettings(mirror=0.5, pairs={"bright": "bright"}), classes, words)
    assert names == Twins((), (0, 1, 3, 2), {"sort": (1, 0, 2)}, ("lung_imgleft", "cleft"))


def test_pairs_are_told_where_names_are_silent():
    assert twins(["LM1", "LM2", "LM3"], {"LM3": "LM1"}).tolist() == [2, 1, 0]


def test_a_side_that_nothing_lies_across_from_is_refused_unless_it_is_told():
    for names in (["left_kidney", "left_eye", "right_eye"], ["left_eye"], ["Left_eye", "right_eye"]):
        with pytest.raises(ConfigError, match=f"'{names[0]}' says its side, and there is no '[rR]ight_"):
            twins(names, {})
    assert twins(["left_eye", "nose"], {"left_eye": "left_eye"}).tolist() == [0, 1]
    assert twins(["Left_eye", "right_eye"], {"Left_eye": "right_eye"}).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("names", "pairs", "twice"),
    [
        (["a", "b", "c"], {"a": "b", "c": "b"}, "b"),
        (["left_eye", "right_eye", "mid"], {"left_eye": "mid"}, "left_eye"),
    ],
)
def test_no_landmark_is_the_twin_of_two(names, pairs, twice):
    with pytest.raises(ConfigError, match=f"training.augment.pairs: '{twice}' would be the twin of '.*' and of '.*'"):
        twins(names, pairs)


def test_one_landmark_is_its_own_twin():
    assert twins(["nose"], {}).tolist() == [0]


@pytest.mark.parametrize("dims", DIMS)
def test_a_mirrored_crop_shows_each_landmark_under_its_twins_name(dims):
    shape = (1, 9, 8, 7)[: dims + 1]
    voxels = np.random.default_rng(0).random(shape).astype(np.float32)
    points = np.array([[1.0] * dims, [7.0, 2, 3][:dims], [4.0] * dims, [np.nan] * dims])
    seen = Source(voxels, points, np.array([True, True, True, False]))
    turned = mirrored(seen, Twins((1, 0, 2, 3)))
    for k, twin in ((0, 1), (1, 0), (2, 2)):
        assert turned.voxels[0][tuple(turned.points[k].astype(int))] == voxels[0][tuple(points[twin].astype(int))]
    assert turned.known.tolist() == [True, True, True, False]
    assert (turned.points[:3, :-1] == points[[1, 0, 2], :-1]).all()  # only x, the last axis of a level, is turned
    again = mirrored(turned, Twins((1, 0, 2, 3)))
    assert_array_equal(again.voxels, voxels)
    assert_array_equal(again.points, points)


def test_half_of_the_samples_are_mirrored_where_half_are_asked_for():
    source = Source(np.arange(8, dtype=np.float32)[None], np.array([[1.0], [6.0]]), np.array([True, True]))
    plain = AugmentSettings(brightness=0, contrast=0, noise=0, share=0, mirror=0.5)
    rng, crops = np.random.default_rng(0), CropSettings((8,), cut=0.0, twins=Twins((1, 0)))
    turned = [np.diff(draw(rng, source, crops, plain).voxels[0, 2:4])[0] < 0 for _ in range(300)]
    assert np.mean(turned) == pytest.approx(0.5, abs=0.08)


def test_left_and_right_of_the_patient_are_exchanged_and_nothing_else():
    points = np.array([[30.0, 5, 9], [-30, 5, 9], [0, 20, 40]])  # LPS: left, right, in the middle
    frame = level_frame(upright_frame((71, 61, 81), 1.0, (-40.0, -20.0, -10.0)), 1.0)
    source = Source(np.zeros((1, *frame.shape), np.float32), frame.world_to_voxel(points), np.ones(3, bool))
    turned = frame.voxel_to_world(mirrored(source, Twins((1, 0, 2))).points)
    assert_allclose(turned, points, atol=1e-9)  # the middle of this scan is the middle of the face


MIRROR = AugmentSettings(mirror=0.5)
SIDE = Encoder(Column("side", "class"), words=("left", "middle", "right"))
TAGS = Encoder(Column("tags", "labels"), words=("effusion_L", "effusion_R", "old"))


@pytest.mark.parametrize("dims", DIMS)
def test_boxes_and_values_of_a_mirrored_crop_are_of_the_other_side(dims):
    twins = exchanged((), MIRROR, ("heart", "left_lung", "right_lung"), (SIDE, TAGS))
    labels, corners = np.array([1, 0, -1]), np.arange(3 * 2**dims * dims, dtype=float).reshape(-1, dims)
    values = {"side": np.array([0.0]), "tags": np.array([1.0, 0, 1]), "age": np.array([0.3])}
    empty = np.zeros((1, *(9,) * dims), np.float32), np.empty((0, dims)), np.empty(0, bool)
    # a view may be called as a column is, and a value may be missing
    given = {"tags": np.ones((1, *(4,) * dims)), "age": np.array([np.nan])}
    turned = mirrored(Source(*empty, labels, corners, values, given), twins)
    assert turned.labels.tolist() == [2, 0, -1]
    assert_array_equal(turned.corners[:, -1], 8 - corners[:, -1])
    assert {name: value.tolist() for name, value in turned.values.items()} == {
        "side": [2.0],
        "tags": [0.0, 1.0, 1.0],
        "age": [0.3],
    }
    assert_array_equal(turned.given["tags"], given["tags"])
    unknown = mirrored(Source(*empty, np.array([-2]), corners, {"side": np.array([np.nan])}), twins)
    assert unknown.labels.tolist() == [-2] and np.isnan(unknown.values["side"]).all()


@pytest.mark.parametrize(
    ("classes", "columns"),
    [(("left_lung", "heart"), ()), ((), [Encoder(Column("side", "class"), words=("left_lung", "none"))])],
)
def test_a_class_or_a_word_whose_other_side_is_not_there_is_refused_unless_it_says_none(classes, columns):
    with pytest.raises(ConfigError, match=r"'left_lung' says its side, .* no 'right_lung'.*training.augment.mirror=0"):
        exchanged((), MIRROR, classes, columns)
    assert exchanged((), AugmentSettings(), classes, columns) is None
    kept = AugmentSettings(mirror=0.5, pairs={"left_lung": "left_lung"})
    for landmarks in ((), ("left_eye", "right_eye")):
        assert exchanged(landmarks, kept, classes, columns).words == {}


def test_classes_and_words_without_a_side_keep_their_names():
    twins = exchanged((), MIRROR, ("RBC", "WBC"), (Encoder(Column("sex", "class"), words=("f", "m")),))
    assert twins == Twins(classes=(0, 1))


@pytest.mark.parametrize("pair", [("LM1", "LM9"), ("hand_a", "hand_bb"), ("a", "LM1"), ("hand_a", "a"), ("x", "x")])
@pytest.mark.parametrize("landmarks", [("LM1", "LM2"), ()])
def test_a_pair_whose_names_are_not_asked_for_together_is_refused(landmarks, pair):
    classes, columns = ("hand_a", "hand_b"), [Encoder(Column("sort", "class"), words=("a", "b"))]
    for names in ({"hand_a": "hand_b"}, {"a": "b"}, {"b": "b"}):
        kept = {"LM1": "LM1"} if landmarks else {}
        exchanged(landmarks, AugmentSettings(mirror=0.5, pairs=kept | names), classes, columns)
    there = "landmarks 'LM1', 'LM2'; " if landmarks else ""
    there += "classes 'hand_a', 'hand_b'; outputs 'sort'; column 'sort' 'a', 'b'"
    said = f"pairs: '{pair[0]}' and '{pair[1]}' are not both .* this task has {there}. Correct"
    with pytest.raises(ConfigError, match=said):
        exchanged(landmarks, AugmentSettings(mirror=0.5, pairs=dict([pair])), classes, columns)


@pytest.mark.parametrize("dims", DIMS)
def test_all_images_of_a_case_are_mirrored_together_or_not_at_all(dims):
    """Left is bright in both; a second image that is turned alone would show the other class than is taught."""
    image = np.zeros((1, *(16,) * dims), np.float32)
    image[..., :8] = 1
    one = np.full((1, dims), 7.5), np.array([True])
    source = Source(image, *one, values={"side": np.array([0.0])}, given={"other": image})
    crops = CropSettings((16,) * dims, jitter=0.0, twins=Twins(words={"side": (1, 0)}), views={"other": (16,) * dims})
    plain = AugmentSettings(0, 0, 0, 0, 0, share=0, mirror=0.5)
    drawn = [draw(np.random.default_rng(seed), source, crops, plain) for seed in range(60)]
    shown = [[d.voxels[..., 0].mean() < 0.5, d.given["other"][..., 2].mean() < 0.5] for d in drawn]
    assert shown == [[d.values["side"][0] == 1] * 2 for d in drawn]
    assert 10 < sum(one for one, _ in shown) < 50
