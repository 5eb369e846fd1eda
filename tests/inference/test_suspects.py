"""Planted mistakes lead the list of suspects, with the mistake that explains them."""

import numpy as np
import pytest

from pipeline.inference.suspects import rank_suspects
from pipeline.tasks.found import Found

NAMES = ("a", "b", "c")
FLIP = {"LPS and RAS are mixed up": lambda p: p * [-1, -1, 1]}


def a_set(cases=20, noise=(0.3, 0.6, 2.0)):
    """Annotations and answers that agree but for noise of its own size for each landmark."""
    rng = np.random.default_rng(0)
    base = np.array([[10.0, 20, 30], [40, 20, 30], [25, 60, 10]])
    said = {f"c{n:02d}": base + rng.normal(0, 3, (1, 3)) for n in range(cases)}
    annotated = {c: p + rng.normal(size=p.shape) * np.array(noise)[:, None] / 1.7 for c, p in said.items()}
    return annotated, {c: answer(p) for c, p in said.items()}


def answer(world, belief=0.9):
    k = len(world)
    return Found(world, np.full(k, belief), np.ones(k), np.full(k, 9), np.ones(k, bool), np.ones(k))


def ranked(annotated, answers):
    return rank_suspects(annotated, answers, NAMES, "mm", {c: FLIP for c in annotated})


def test_planted_mistakes_come_first_with_their_reason():
    annotated, answers = a_set()
    annotated["c03"] = annotated["c03"][[1, 0, 2]]
    annotated["c07"] = annotated["c07"] + np.array([[8.0, 0, 0], [0, 0, 0], [0, 0, 0]])
    annotated["c11"] = annotated["c11"] * [-1, -1, 1]
    suspects = ranked(annotated, answers)
    assert {s.case for s in suspects[:3]} == {"c03", "c07", "c11"} and len(suspects) == 20
    reasons = {s.case: s.reason for s in suspects}
    assert reasons["c03"] in ("'a' and 'b' look exchanged", "'b' and 'a' look exchanged")
    assert reasons["c11"] == "all points of the case fit if LPS and RAS are mixed up"
    shifted = next(s for s in suspects if s.case == "c07")
    assert shifted.landmarks == ("a",) and "'a' is" in shifted.reason and shifted.error == pytest.approx(8, abs=1.5)


def test_each_landmark_is_measured_by_its_own_usual_error():
    """3 mm off is usual for c and much for a."""
    annotated, answers = a_set()
    annotated["c05"] = annotated["c05"] + np.array([[3.0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert ranked(annotated, answers)[0].case == "c05"


def test_an_answer_that_nobody_believes_accuses_nobody():
    annotated, answers = a_set()
    answers["c02"] = answer(answers["c02"].world + 50, belief=0.1)
    assert all(s.case != "c02" for s in ranked(annotated, answers))


@pytest.mark.filterwarnings("error")
def test_where_no_answer_is_believed_the_list_is_empty():
    annotated, answers = a_set()
    assert ranked(annotated, {c: answer(f.world, belief=0.1) for c, f in answers.items()}) == []


def test_landmarks_without_a_position_are_no_suspects():
    annotated, answers = a_set()
    annotated["c04"] = annotated["c04"].copy()
    annotated["c04"][1] = np.nan
    (suspect,) = (s for s in ranked(annotated, answers) if s.case == "c04")
    assert "b" not in suspect.landmarks
