"""Scans that seem to be filed under another patient's name."""

import numpy as np
import pytest

from pipeline.metrics.strangers import SAME, strangers


def at(**degrees):
    """Vectors by their direction; the subject is the first letter."""
    vectors = {name: np.array([np.cos(a), np.sin(a)]) for name, a in ((n, np.radians(d)) for n, d in degrees.items())}
    return vectors, {name: name[0] for name in degrees}


def named(threshold, **degrees):
    return {s.case: (s.nearest, s.copied) for s in strangers(*at(**degrees), threshold)}


def test_a_scan_far_from_its_own_and_nearer_to_anothers_is_named():
    assert named(0.5, a1=0, a2=10, b1=90, b2=20) == {"b2": ("a2", False)}


def test_a_scan_that_the_threshold_gives_to_its_own_is_not_named_for_a_nearer_neighbour():
    assert named(0.5, a1=0, a2=30, b1=15, b2=-20) == {}  # the nearest of a1 is b1


@pytest.mark.parametrize("own", [0, 20, 90])
def test_a_copy_of_anothers_scan_is_named_however_near_its_own_are(own):
    found = named(0.5, a1=0, b1=0, b2=own)
    assert found["b1"] == ("a1", True) and found["a1"][1]  # nobody knows which of the two is filed wrongly


def test_a_copy_is_named_though_it_is_the_only_scan_of_its_subject():
    assert named(0.5, a1=0, b1=0, b2=60)["a1"] == ("b1", True)
    assert named(0.5, a1=0, b1=90, b2=150) == {}  # else nothing can be said of one scan


def test_as_near_as_a_copy_is_as_near_as_identify_takes_for_one():
    apart = np.degrees(np.arccos(1 - SAME / 2))
    assert "b1" in named(0.5, a1=0, b1=0.9 * apart, b2=20)
    assert named(0.5, a1=0, b1=1.1 * apart, b2=20) == {}


def test_the_clearest_comes_first():
    vectors, subjects = at(a1=0, a2=1, b1=90, b2=20, c1=0, c2=120)
    assert next(iter(strangers(vectors, subjects, 0.5))).case == "c1"
