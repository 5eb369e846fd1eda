"""Stick figures: what is there is where it is said to be, and what a limb hides is absent."""

import numpy as np
import pytest

from pipeline.phantoms.figures import EDGES, JOINTS, LIMBS, simulate_figure

FIGURES = [simulate_figure(seed) for seed in range(40)]


def test_the_same_seed_is_the_same_picture():
    again = simulate_figure(3)
    assert np.array_equal(again.voxels, FIGURES[3].voxels) and again.landmarks == FIGURES[3].landmarks


def test_a_figure_is_a_picture_in_colours_with_all_joints_told():
    for figure in FIGURES:
        assert (figure.frame.unit, figure.voxels.shape, figure.voxels.dtype) == ("px", (128, 128, 3), np.uint8)
        assert tuple(figure.landmarks) == JOINTS
        inside = [p for p in figure.landmarks.values() if p is not None]
        assert figure.frame.contains(np.array(inside)).all()


def test_some_joints_are_hidden_and_most_are_not():
    absent = np.mean([p is None for figure in FIGURES for p in figure.landmarks.values()])
    assert 0.05 < absent < 0.35


@pytest.mark.parametrize("limb", LIMBS)
def test_left_is_warm_and_right_is_cool_where_a_joint_is_seen(limb):
    middle = LIMBS[limb][1]
    for side, warm in (("left", True), ("right", False)):
        seen = [(f, f.landmarks[f"{side}_{middle}"]) for f in FIGURES if f.landmarks[f"{side}_{middle}"] is not None]
        red = [float(f.voxels[tuple(np.floor(np.array(p) + 0.5).astype(int))][0]) for f, p in seen]
        blue = [float(f.voxels[tuple(np.floor(np.array(p) + 0.5).astype(int))][2]) for f, p in seen]
        assert np.mean((np.array(red) > np.array(blue)) == warm) > 0.9


def test_bones_join_joints():
    assert {name for edge in EDGES for name in edge} == set(JOINTS)
