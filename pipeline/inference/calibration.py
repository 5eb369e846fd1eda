"""What the validation cases say about the belief that counts as found, and about the error to expect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from pipeline.data.store import LevelArray
from pipeline.inference.cascade import locate, look, settled
from pipeline.inference.judging import Judgement, judged
from pipeline.inference.model import Model
from pipeline.inference.promises import always_known, known_beside
from pipeline.inference.radius import fit_margin, fit_radius
from pipeline.metrics.detection import matches
from pipeline.metrics.ranking import ranked
from pipeline.metrics.verification import confused, pair_distances, squared_distances, threshold_at
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.boxes import BoxesTask
from pipeline.tasks.boxes_found import box_ends
from pipeline.tasks.found import Found
from pipeline.tasks.multi import MultiTask

KEPT = 0.98  # of the landmarks that are there; the others are the price of telling what is absent
LARGEST = 0.5  # threshold that is asked for to tell the absent
WRONG = 0.02  # share of what is called found that may be wrong
TOLD = 0.92  # of the absent landmarks, where validation knows many
MANY = 50
PRICE = 0.1  # of the landmarks that are there, at most, for telling those
FAR = 5.0  # patches of the last level; an answer farther off is wrong, not inexact
ROUNDS = 2  # who is found judges the others, and so hangs on the threshold, which hangs on who is refused

ValidationCase = tuple[Sequence[LevelArray], Float[np.ndarray, "K D"], Bool[np.ndarray, " K"]]


def calibrate(
    model: Model,
    cases: Sequence[ValidationCase],
    seen: Sequence[Found] | None = None,
    subjects: Sequence[int] | None = None,
) -> Model:
    """The model with its threshold and radius, from validation cases. What counts as found is what predict would give.

    Args:
        cases: Levels, world positions (NaN = none), and whether each landmark is annotated or known to be absent.
        seen: What the networks say of them; None = they are asked.
        subjects: Number of the one whom each shows; None = each is a subject of its own.
    """
    seen = [look(model, levels) for levels, _, _ in cases] if seen is None else seen
    found, frames = [settled(model, said) for said in seen], [levels[-1].frame for levels, _, _ in cases]
    belief, spread, patch = (np.stack([getattr(f, name) for f in found]) for name in ("belief", "spread", "patch"))
    error = np.stack([np.linalg.norm(f.world - world, axis=1) for f, (_, world, _) in zip(found, cases, strict=True)])
    known = np.stack([known for _, _, known in cases])

    def judge(threshold: float) -> list[Judgement]:
        return [judged(model, f, frame, threshold) for f, frame in zip(found, frames, strict=True)]

    threshold = LARGEST
    for _ in range(ROUNDS):
        refused = np.stack([said.refused for said in judge(threshold)])
        findable = known & (~refused | np.isnan(error))  # one that is there and refused is found at no threshold
        threshold = choose_threshold((belief * ~refused)[findable], (error / patch)[findable])
    given = np.stack([said.given for said in judge(threshold)])
    who = _numbers_of(subjects, len(cases))
    radius = fit_radius(error, spread, given, who)
    behind = (given & np.isfinite(error)).any(1)
    inputs = always_known(known_beside(levels) for (levels, _, _), counts in zip(cases, behind, strict=True) if counts)
    counted = replace(model.calibration, cases=len(cases), subjects=len(np.unique(who)))
    return replace(model, calibration=replace(counted, threshold=threshold, radius=radius, radius_inputs=inputs))


def _numbers_of(subjects: Sequence[int] | None, cases: int) -> Int[np.ndarray, " C"]:
    """Of the subject of each case; where nobody says whom they show, each shows another."""
    return np.arange(cases) if subjects is None else np.array(subjects)


def choose_threshold(belief: Float[np.ndarray, " N"], error: Float[np.ndarray, " N"]) -> float:
    """The largest threshold, up to 0.5, that keeps 98% of the landmarks that are there; or a larger one, if without it
    more than 2% of what is called found would be wrong, or fewer than 92% of fifty or more absent ones be told.

    What is absent is believed less, so the first rule tells as much of it as that price allows. With fewer than 50
    landmarks none is lost. Beyond 0.5 few absent ones are left to tell, and a small validation set would refuse good
    answers. The second rule is for a model that has not learned enough: it says "not found" rather than guess. The
    third is for data in which landmarks are often hidden, so that telling it is half of the answer; it may cost a tenth
    of what is there, since what was called absent by mistake would cost all of it.

    Args:
        belief: Of every landmark of the validation cases of which anything is known.
        error: Distance from the truth in patches of the last level; NaN = absent, so any answer is wrong.

    Examples:
        >>> float(choose_threshold(np.array([0.9, 0.8]), np.array([0.2, 0.1])))
        0.5
        >>> float(choose_threshold(np.array([0.9, 0.8]), np.array([0.2, 30.0])))
        0.9
    """
    there = np.sort(belief[np.isfinite(error)])
    if not len(there):  # none is there, or all are refused; what is given all the same may still be wrong
        there = np.array([LARGEST])
    kept = min(LARGEST, float(there[int((1 - KEPT) * len(there) + 1e-9)]))
    absent = np.sort(belief[~np.isfinite(error)])
    if len(absent) >= MANY:
        telling = float(np.nextafter(absent[int(np.ceil(TOLD * len(absent))) - 1], 2.0))
        kept = max(kept, min(telling, float(there[int(PRICE * len(there))])))
    wrong = ~(error <= FAR)
    for threshold in (kept, *np.sort(belief[belief > kept])):
        called = belief >= threshold
        if wrong[called].sum() <= WRONG * called.sum():
            return float(threshold)
    return float(np.nextafter(1.0, 2.0))  # even the surest answer is wrong: nothing is found


BoxCase = tuple[Sequence[LevelArray], Float[np.ndarray, "V D"], Any]


def calibrate_boxes(model: Model, cases: Sequence[BoxCase]) -> Model:
    """The model with the belief that counts as found: where precision and recall balance best on validation cases.

    Args:
        cases: Levels, corners of the boxes in the world, and their classes.
    """
    task = model.task.boxes if isinstance(model.task, MultiTask) else model.task
    assert isinstance(task, BoxesTask)
    beliefs, hits, count = [], [], 0
    for levels, corners, labels in cases:
        said = locate(model, levels)
        found = (said.boxes if isinstance(model.task, MultiTask) else said).within(levels[-1].frame)
        truth = task.named(*box_ends(corners), labels)
        for label in task.classes:
            belief, right, there = matches(truth, task.named(found.low, found.high, found.label), found.belief, label)
            beliefs.append(belief)
            hits.append(right)
            count += there
    threshold = best_balance(np.concatenate(beliefs), np.concatenate(hits), count)
    if isinstance(model.task, MultiTask):
        return replace(model, calibration=replace(model.calibration, boxes=threshold))
    return replace(model, calibration=replace(model.calibration, threshold=threshold, cases=len(cases)))


ValueCase = tuple[Sequence[LevelArray], Mapping[str, Float[np.ndarray, " W"]]]


def calibrate_values(model: Model, cases: Iterable[ValueCase], subjects: Sequence[int] | None = None) -> Model:
    """The model with the margin of each number, by split conformal prediction: the error that 95% of the validation
    cases keep, one more counted as missing it (Vovk et al. 2005).

    Args:
        cases: Levels, and encoded values; NaN where one is not known.
        subjects: As of `calibrate`.
    """
    said = [(_values(model, locate(model, levels)), values, known_beside(levels)) for levels, values in cases]
    margins, inputs, who = {}, {}, _numbers_of(subjects, len(said))
    for name in said[0][0] if said else ():
        off = np.array([_off(s[name], values[name]) for s, values, _ in said])
        there = np.isfinite(off)
        margin = fit_margin(off[there], who[there])
        if margin is not None:
            margins[name] = margin
            inputs[name] = always_known(known for (_, _, known), counts in zip(said, there, strict=True) if counts)
    counted = replace(model.calibration, cases=len(said), subjects=len(np.unique(who)))
    return replace(model, calibration=replace(counted, margins=margins, margin_inputs=inputs))


def _off(said: Float[np.ndarray, " V"], true: Float[np.ndarray, " W"]) -> float:
    """How far a number is off; NaN where it is not known, or no number."""
    return float(np.abs(said - true).max()) if len(said) == len(true) == 1 else float("nan")


def _values(model: Model, found: Any) -> Mapping[str, np.ndarray]:
    said = model.task.values_of(found) if isinstance(model.task, MultiTask) else found
    values: Mapping[str, np.ndarray] = said.said
    return values


def calibrate_vectors(model: Model, cases: Iterable[ValueCase], far: float, ids: Sequence[str]) -> Model:
    """The model with the squared distance up to which two images are taken for one identity.

    Args:
        cases: Levels, and the number of the identity under "identity".
        far: Share of the pairs of two identities that may be taken for one.
        ids: Of the cases.
    """
    said = [(locate(model, levels).vector, str(int(values[IDENTITY][0]))) for levels, values in cases]
    vectors, who = np.stack([vector for vector, _ in said]), [name for _, name in said]
    distance = squared_distances(vectors, vectors)
    threshold = threshold_at(pair_distances(distance, who)[1], far)
    pairs = tuple((ids[one], ids[two]) for one, two in confused(distance, who, threshold))
    return replace(model, calibration=replace(model.calibration, threshold=threshold, cases=len(said), confused=pairs))


def best_balance(belief: Float[np.ndarray, " N"], right: Bool[np.ndarray, " N"], count: int) -> float:
    """The threshold with the largest F1, the harmonic mean of precision and recall; 0.5 where nothing is right.

    Examples:
        >>> best_balance(np.array([0.9, 0.6, 0.4]), np.array([True, True, False]), 2)
        0.6
    """
    beliefs, answers, hits = ranked(belief, right)
    if not len(hits) or not hits[-1]:
        return 0.5
    return float(beliefs[int((2 * hits / (answers + count)).argmax())])
