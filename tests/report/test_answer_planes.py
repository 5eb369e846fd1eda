"""Answers in scans are drawn where they are, whatever way the file keeps its voxels."""

import warnings

import numpy as np
import PIL.Image
import pytest
from crooked import DIMS, all_voxels, crooked_frame
from numpy.testing import assert_allclose

from pipeline.data.image import Image
from pipeline.data.predictions import Answer
from pipeline.geometry import ImageFrame
from pipeline.geometry.orientation import own_axes
from pipeline.report import answer_planes, figure
from pipeline.report.answer_planes import EDGE, GAP, cut_answers, least_sure, straightened
from pipeline.report.planes import planes

INCH = 100  # pixels
LOST = Answer(None, False, 0.1, None, 0, guess=(1.0, 2.0, 3.0), reason="belief 0.1 is below the threshold 0.5")


def found(*position, belief=0.9, radius95=None):
    return Answer(position, True, belief, 0.5, 7, radius95)


def draw(folder, image, answers):
    cut_answers(folder, "a", image, answers)()
    return np.asarray(PIL.Image.open(folder / "a.png").convert("RGB")).astype(int)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("seed", range(4))
def test_planes_run_along_the_axes_of_the_scan(dims, seed):
    frame = crooked_frame(np.random.default_rng(seed), (40, 36, 30)[:dims])
    by_voxel = 10.0 ** np.arange(dims)
    image = Image(frame, (all_voxels(frame.shape) @ by_voxel).reshape(frame.shape))
    centre = frame.voxel_to_world(np.array([np.array(frame.shape) / 2]))[0]
    straight, turn = straightened(image)
    for plane in planes(straight, turn @ centre, half=3.0, samples=7):
        for place in np.ndindex(plane.values.shape):
            step = np.zeros(dims)
            step[list(plane.axes)] = np.array(place[::-1]) - 3.0
            voxel = frame.world_to_voxel((centre + own_axes(frame) @ step)[None])[0]
            assert plane.values[place] == pytest.approx(voxel @ by_voxel, abs=2e-3)


def left_handed(shape):
    """Oblique, anisotropic; its first axis runs to the right, its second to the front."""
    turn, _ = np.linalg.qr(np.eye(3) + 0.2 * np.random.default_rng(3).normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * np.sign(np.diag(turn)) * [-0.7, -1.1, 1.6]
    affine[:3, 3] = [-5, 3, 8]
    affine[:3, 2] *= -np.sign(np.linalg.det(affine))
    return ImageFrame(shape, affine)


def panel(pixels, number):
    left = round(INCH * (GAP + number * (EDGE + GAP)))
    return pixels[:, left : left + round(INCH * EDGE)]


def test_the_mark_stands_where_the_bright_voxel_is_and_the_left_is_to_the_right(tmp_path):
    frame = left_handed((100, 90, 80))
    assert np.linalg.det(frame.direction) < 0
    voxels = np.zeros(frame.shape, np.int16)
    voxels[23, 61, 50] = voxels[9, 61, 50] = 1000  # 9.8 mm farther to the left of the patient
    at = frame.voxel_to_world(np.array([[23, 61, 50]]))[0]
    shown = draw(tmp_path, Image(frame, voxels), {"tip": found(*at)})
    for number in range(3):
        part = panel(shown, number)
        rows, columns = np.nonzero(np.abs(part - (255, 176, 32)).sum(-1) < 60)
        middle = np.array([rows.min() + rows.max(), columns.min() + columns.max()]) / 2
        inside = part[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].min(-1) > 200
        bright = np.argwhere(inside).mean(0)
        assert_allclose(bright, (np.array(inside.shape) - 1) / 2, atol=2)
        across = round(9.8 * INCH * EDGE / (2 * 0.15 * 128))
        beside = part[round(middle[0]), round(middle[1]) + across + np.arange(-3, 4)].min(-1)
        assert (beside > 200).any() == (number < 2)  # the sagittal plane does not run that way


@pytest.mark.parametrize("radius95", [None, 2.0, 1000.0])
@pytest.mark.parametrize("dims", DIMS)
def test_answers_are_drawn_in_any_dimension(tmp_path, dims, radius95):
    frame = crooked_frame(np.random.default_rng(5), (20, 18, 16)[:dims])
    image = Image(frame, np.random.default_rng(0).normal(size=frame.shape))
    there = frame.voxel_to_world(np.array([np.array(frame.shape) / 2]))[0]
    assert draw(tmp_path, image, {"a": found(*there, radius95=radius95), "far": found(*there + 1e4)}).max() > 200


@pytest.fixture
def words(monkeypatch):
    """What is written into pictures, line by line."""
    said, write = [], answer_planes._words

    def heard(made, lines, top):
        said.extend(lines)
        return write(made, lines, top)

    monkeypatch.setattr(answer_planes, "_words", heard)
    return said


def test_a_landmark_that_was_not_found_says_so_in_place_of_planes(tmp_path, words):
    voxels = np.full((20, 18, 16), 7, np.int16)
    voxels[:2] = -7
    image = Image(ImageFrame(voxels.shape, np.eye(4)), voxels)
    low = len(draw(tmp_path, image, {"b": LOST}))
    assert "Cross: the answer lies between its arms." in words  # and no circle, for there is none
    high = len(draw(tmp_path, image, {"a\nb": found(1.0, 2.0, 3.0, radius95=1.24), "b": LOST}))
    assert low < INCH * EDGE < high - low
    assert words[1] == "0 of 1 landmarks found." and "1 of 2 landmarks found." in words
    assert any("arms. Circle: the landmark lies within it in 95% of cases." in line for line in words)
    assert words[-4:] == [
        "a b",
        "belief 0.90, within 1.2 mm in 95%, at 1.0, 2.0, 3.0 mm (LPS); grey values -7 to 7",
        "b",
        "not found: belief 0.1 is below the threshold 0.5",
    ]


@pytest.mark.parametrize(
    ("size", "at", "radius"),
    [(0.5, "0.5, 0.5, 0.5", "0.9"), (0.05, "0.05, 0.05, 0.05", "0.093"), (0.002, "0.002, 0.002, 0.002", "0.0037")],
)
def test_of_a_scan_with_small_voxels_more_decimals_are_told(tmp_path, words, size, at, radius):
    image = Image(ImageFrame((8, 8, 8), np.diag([size] * 3 + [1])), np.random.default_rng(0).normal(size=(8, 8, 8)))
    draw(tmp_path, image, {"a": found(size, size, size, radius95=1.86 * size)})
    assert words[-1].startswith(f"belief 0.90, within {radius} mm in 95%, at {at} mm (LPS)")


def test_of_many_landmarks_the_least_sure_are_drawn_and_the_others_counted(tmp_path, words):
    image = Image(ImageFrame((8, 8, 8), np.eye(4)), np.random.default_rng(0).normal(size=(8, 8, 8)))
    sure = {f"p{n:03d}": found(4.0, 4.0, 4.0, belief=(n * 7 % 500 + 1) / 501) for n in range(500)}
    answers = sure | {f"q{n:03d}": LOST for n in range(100)}
    shown = least_sure(answers)
    assert len(shown) == 24 and shown == sorted(shown) and sum(name in sure for name in shown) == 12
    assert max(answers[n].belief for n in shown if n in sure) < min(a.belief for n, a in sure.items() if n not in shown)
    assert len(draw(tmp_path, image, answers)) < 12 * INCH * (EDGE + 1) + 12 * INCH
    assert words[1] == "500 of 600 landmarks found. 576 are not shown: these are the least sure."
    assert [line for line in words if line in answers] == shown


def test_a_name_in_letters_that_no_font_has_is_drawn_without_a_line_on_stderr(tmp_path, monkeypatch):
    monkeypatch.setattr(figure, "_families", lambda: ("sans-serif",))
    image = Image(ImageFrame((8, 8, 8), np.eye(4)), np.zeros((8, 8, 8), np.int16))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cut_answers(tmp_path, "患者", image, {"左": found(4.0, 4.0, 4.0)})()
    assert (tmp_path / "患者.png").is_file()


def test_further_fonts_are_asked_where_they_are_installed(monkeypatch):
    monkeypatch.setattr(figure, "FURTHER", ("No Such Font", "DejaVu Serif"))
    assert figure._families.__wrapped__() == ("sans-serif", "DejaVu Serif")


def test_a_name_that_is_longer_than_the_picture_is_wide_is_shortened(tmp_path, words):
    image = Image(ImageFrame((8, 8, 8), np.eye(4)), np.zeros((8, 8, 8), np.int16))
    cut_answers(tmp_path, "x" * 170, image, {"y" * 170: LOST})()
    assert (words[0], words[-2]) == ("x" * 79 + "…", "y" * 79 + "…")
