"""Boxes in scans are drawn as rectangles, where the planes cut them."""

import base64
import io

import numpy as np
import PIL.Image
import pytest

from pipeline.data.box_predictions import FoundBox
from pipeline.data.dataset import Box
from pipeline.data.image import Image
from pipeline.data.write_picture import COLOURS
from pipeline.geometry import ImageFrame
from pipeline.report.box_planes import draw_box_planes

PLANES = ((0, 1), (0, 2), (1, 2))  # axial, coronal, sagittal
WHITE = (255, 255, 255)
REFERENCE = Box("a", (-20.0, -24.0, -16.0), (20.0, 24.0, 16.0))


def scan(dims=3):
    """Black, oblique, 1 mm; of 200 mm, so that 15% of it are less than what is shown."""
    turn, _ = np.linalg.qr(np.eye(dims) + 0.2 * np.random.default_rng(3).normal(size=(dims, dims)))
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = turn
    affine[:-1, -1] = -turn @ np.full(dims, 50.0)
    return Image(ImageFrame((100,) * dims, affine), np.zeros((100,) * dims, np.uint8))


def drawn(reference, answers, classes=("a", "b")):
    content = draw_box_planes(scan(), reference, answers, classes).partition(",")[2]
    return np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")).astype(int)


def frames(pixels, ink):
    """Of each plane left, right, top and bottom of the long lines in that colour; None where there is no such line. The
    white bar of a length is shorter than any line of the reference."""
    least = 100 if ink == WHITE else 40
    found = []
    for panel in np.array_split(pixels, 3, axis=1):
        inked = np.abs(panel - ink).sum(-1) < 60
        columns, rows = (np.flatnonzero(inked.sum(axis) > least) for axis in (0, 1))
        found.append((columns[0], columns[-1], rows[0], rows[-1]) if len(rows) and len(columns) else None)
    return found


def test_each_plane_shows_the_rectangle_in_which_it_cuts_a_box():
    answer = Box("a", (-10.0, -12.0, -8.0), (10.0, 12.0, 8.0))
    pixels = drawn([REFERENCE], [FoundBox(answer, 0.9, True)])
    for axes, white, amber in zip(PLANES, frames(pixels, WHITE), frames(pixels, COLOURS[0]), strict=True):
        for axis, k in zip(axes, (0, 2), strict=True):
            size, half = white[k + 1] - white[k], amber[k + 1] - amber[k]
            assert half == pytest.approx(size / 2, abs=3)
            assert sum(white[k : k + 2]) == pytest.approx(sum(amber[k : k + 2]), abs=4)  # one middle
            assert size / (REFERENCE.high[axis] - REFERENCE.low[axis]) == pytest.approx(290 / (2 * 1.4 * 24), rel=0.06)


def test_the_head_is_above_and_the_left_to_the_right():
    corner = Box("b", (5.0, 6.0, 4.0), (20.0, 24.0, 16.0))  # towards L, P and S, not in any plane through the middle
    (left, right, top, bottom), *_ = frames(drawn([REFERENCE], []), WHITE)
    assert frames(drawn([REFERENCE], [FoundBox(corner, 0.9, True)]), COLOURS[1]) == [None] * 3
    long = Box("b", (5.0, -24.0, 4.0), (20.0, 24.0, 16.0))  # cut by the coronal plane alone
    axial, coronal, sagittal = frames(drawn([REFERENCE], [FoundBox(long, 0.9, True)]), COLOURS[1])
    assert axial is None and sagittal is None
    assert coronal[0] > (left + right) / 2 and coronal[3] < (top + bottom) / 2


def test_answers_without_a_reference_are_drawn_and_no_box_is_no_picture():
    assert frames(drawn([], [FoundBox(REFERENCE, 0.9, True)]), COLOURS[0])[0]
    assert draw_box_planes(scan(), [], [], ["a"]) is None


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_boxes_are_drawn_in_any_dimension(dims):
    box = Box("a", (-20.0,) * dims, (20.0,) * dims)
    assert draw_box_planes(scan(dims), [box], [FoundBox(box, 0.9, True)], ["a"]).startswith("data:image/png")
