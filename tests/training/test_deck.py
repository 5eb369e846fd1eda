"""Cases that lack what hardly any case lacks come more often."""

import numpy as np
import pytest
from crooked import DIMS, upright_frame

from pipeline.data.store import LevelArray
from pipeline.tasks.constellation import fit_constellation
from pipeline.tasks.landmarks import LandmarksTask
from pipeline.tasks.multi import MultiTask
from pipeline.training.deck import dealt as dealt_at
from pipeline.training.deck import deck_of
from pipeline.training.levels import TrainingCase

SHAPE = np.array([[20.0, 20, 20], [30, 20, 25], [20, 32, 20], [28, 28, 28]])


def cases(dims, count=40, missing=(), beyond=()):
    """Four landmarks that lie alike; `missing` cases lack the last, `beyond` ones end before it."""
    rng = np.random.default_rng(dims)
    made = []
    for number in range(count):
        world = SHAPE[:, :dims] + rng.normal(0, 0.3, (4, dims))
        size = 26 if number in beyond else 48
        if number in (*missing, *beyond):
            world[3] = np.nan
        level = LevelArray(upright_frame((size,) * dims), np.zeros((1, *(size,) * dims), np.float16))
        made.append(TrainingCase(f"c{number}", (level,), world, np.ones(4, bool)))
    return made


def dealt(made):
    return [c.id for c in deck_of(made, fit_constellation(np.stack([c.world for c in made]), 0.5))]


@pytest.mark.parametrize("dims", DIMS)
def test_the_one_case_that_lacks_a_landmark_is_a_tenth_of_the_deck(dims):
    names = dealt(cases(dims, missing=(7,)))
    assert names[:40] == [f"c{n}" for n in range(40)]
    assert names[40:] == ["c7"] * 3


def test_two_such_cases_share_the_tenth():
    names = dealt(cases(2, missing=(7, 9)))
    assert sorted(names[40:]) == ["c7", "c9"]


def test_a_scan_that_ends_before_the_landmark_lacks_nothing():
    assert len(dealt(cases(3, beyond=(3,)))) == 40


def test_what_nobody_annotated_is_not_missing():
    made = cases(2)
    made[5].world[3], made[5].known[3] = np.nan, False
    assert len(dealt(made)) == 40


def test_what_many_lack_is_not_rare():
    assert len(dealt(cases(2, missing=range(10)))) == 40


@pytest.mark.parametrize("dims", DIMS)
def test_a_case_of_which_no_landmark_is_known_is_dealt_where_more_is_asked(dims):
    made = cases(dims)
    made[5].world[:], made[5].known[:] = np.nan, False
    multi = MultiTask()
    assert dealt_at(made, multi, 0) == made
    for task, level in ((multi, 1), (LandmarksTask(), 0)):
        assert [c.id for c in dealt_at(made, task, level)] == [c.id for c in made if c.id != "c5"]
