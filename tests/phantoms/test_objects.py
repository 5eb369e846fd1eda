"""Pictures of one thing: its box is where it is."""

import numpy as np

from pipeline.phantoms.objects import KINDS, simulate_object

PICTURES = [simulate_object(seed) for seed in range(60)]


def test_most_show_one_thing_and_some_none():
    boxes = [p.description["box"] for p in PICTURES]
    assert 4 <= sum(b is None for b in boxes) <= 25
    assert {b["class"] for b in boxes if b} == set(KINDS)


def test_a_thing_lies_in_its_picture_and_its_middle_has_another_colour_than_its_surroundings():
    differ = []
    for picture in PICTURES:
        if (box := picture.description["box"]) is None:
            continue
        low, high = np.array(box["low"]), np.array(box["high"])
        assert (low > -0.6).all() and (high < np.array(picture.frame.shape) - 0.4).all()
        middle = np.round((low + high) / 2).astype(int)
        inside = picture.voxels[tuple(slice(m - 1, m + 2) for m in middle)].mean((0, 1))
        corner = picture.voxels[tuple(np.clip(np.round(low - 3).astype(int), 0, None))]
        differ.append(np.abs(inside - corner).max())
    assert np.median(differ) > 30


def test_the_same_seed_is_the_same_picture():
    assert np.array_equal(simulate_object(5).voxels, PICTURES[5].voxels)
