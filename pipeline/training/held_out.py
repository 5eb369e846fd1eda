"""Answers for every case from networks that never saw it: cross-validation over subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.tasks.found import Found
from pipeline.training.cascade import Cascade, answer_all
from pipeline.training.levels import TrainingCase


def held_out_answers(
    template: Cascade, cases: Sequence[TrainingCase], subjects: Mapping[str, str], folds: int
) -> dict[str, Found]:
    """Train `folds` times, each time without one part of the subjects, and answer that part.

    The part after it chooses the best weights; so neither the weights nor their choice depend on what is answered.

    Args:
        template: Settings and places of the runs; its cases are not looked at. Each fold resumes by itself.
        cases: All cases, with their truth.
        subjects: Whose each case is, by id.
        folds: At least three.
    """
    people = sorted(set(subjects.values()))
    fold_of = {person: number % folds for number, person in enumerate(people)}
    parts = [[c for c in cases if fold_of[subjects[c.id]] == fold] for fold in range(folds)]
    answers: dict[str, Found] = {}
    for fold, asked in enumerate(parts):
        chooser = (fold + 1) % folds
        learning = [c for number, part in enumerate(parts) if number not in (fold, chooser) for c in part]
        place = template.resume / f"fold{fold}"
        cascade = replace(template, learning=learning, validating=parts[chooser], resume=place)
        trained = cascade.train()
        answers |= answer_all(trained, cascade.task_of(len(trained)), asked)
    return answers
