"""Answers for every case from networks that never saw it: cross-validation over subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.errors import DataError
from pipeline.tasks.found import Found
from pipeline.training.cascade import Cascade
from pipeline.training.learnable import shows_a_landmark
from pipeline.training.levels import TrainingCase
from pipeline.training.trained_level import answer_all


def held_out_answers(
    template: Cascade, cases: Sequence[TrainingCase], subjects: Mapping[str, str], folds: int
) -> dict[str, Found]:
    """Train `folds` times, each time without one part of the subjects, and answer that part.

    The next part that shows a landmark chooses the best weights; so neither the weights nor their choice depend on what
    is answered.

    Args:
        template: Settings and places of the runs; its cases are not looked at. Each fold resumes by itself.
        cases: All cases, with their truth.
        subjects: Whose each case is, by id.
        folds: At least three.

    Raises:
        DataError: Fewer than three parts show a landmark.
    """
    people = sorted(set(subjects.values()))
    fold_of = {person: number % folds for number, person in enumerate(people)}
    parts = [[c for c in cases if fold_of[subjects[c.id]] == fold] for fold in range(folds)]
    showing = [fold for fold, part in enumerate(parts) if any(map(shows_a_landmark, part))]
    if len(showing) < 3:
        raise DataError(
            f"check.folds={folds}: {len(showing)} of so many parts of the subjects show a landmark, and 3 are needed:"
            " to learn from, to choose by and to judge. Annotate more cases, or give other check.folds."
        )
    answers: dict[str, Found] = {}
    for fold, asked in enumerate(parts):
        chooser = next(n % folds for n in range(fold + 1, fold + folds) if n % folds in showing)
        learning = [c for number, part in enumerate(parts) if number not in (fold, chooser) for c in part]
        place = template.resume / f"fold{fold}"
        cascade = replace(template, learning=learning, validating=parts[chooser], resume=place)
        trained = cascade.train()
        answers |= answer_all(trained, cascade.task_of(len(trained)), asked)
    return answers
