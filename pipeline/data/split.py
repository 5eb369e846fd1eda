"""Train, validation and test parts: whole subjects, the same ones every time."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pipeline.data.dataset import PARTS, Dataset, Part
from pipeline.errors import DataError

Fractions = tuple[float, float, float]
PART_WORDS: dict[str, Part] = {p: p for p in PARTS} | {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "testing": "test",
}
USUAL: Fractions = (0.7, 0.15, 0.15)


def split_by_subject(dataset: Dataset, fractions: Fractions = USUAL, seed: int = 0) -> Dataset:
    """Give every case a part; a data set that comes with parts keeps them; if none is for validation,
    some of its training subjects become that.

    Subjects are ordered by a hash of seed and name, so the order of files does not matter and a new subject
    moves few others. Every part with a fraction above 0 has at least one subject.

    Raises:
        DataError: Fewer subjects than parts, fractions that are not shares of 1, or parts for some cases only.
    """
    given = [c for c in dataset.cases if c.split is not None]
    if given and len(given) < len(dataset.cases):
        lacking = next(c.id for c in dataset.cases if c.split is None)
        raise DataError(
            f"dataset {dataset.name}: case '{lacking}' has no part, others have. Name all cases in split.csv."
        )
    if given and ("validation" in {c.split for c in given} or not fractions[1]):
        return dataset
    if given:
        return _with_validation(dataset, fractions[1], seed)
    if min(fractions) < 0 or fractions[0] == 0 or abs(sum(fractions) - 1) > 1e-6:
        raise DataError(
            f"fractions = {fractions}; three shares for train, validation and test that add up to 1 are needed."
        )
    subjects = sorted({c.subject for c in dataset.cases}, key=lambda s: _hash(seed, s))
    parts = _parts(len(subjects), fractions)
    if parts.count("train") < 1:
        raise DataError(
            f"dataset {dataset.name}: {len(subjects)} subjects; at least 3 are needed for train, validation and test."
        )
    part = dict(zip(subjects, parts, strict=True))
    return dataset.with_cases(tuple(replace(c, split=part[c.subject]) for c in dataset.cases))


def _with_validation(dataset: Dataset, fraction: float, seed: int) -> Dataset:
    """Lists that only tell training from test: training subjects are set apart to choose the best model by."""
    subjects = sorted({c.subject for c in dataset.part("train")}, key=lambda s: _hash(seed, s))
    apart = set(subjects[: max(1, round(len(subjects) * fraction))]) if len(subjects) > 1 else set()
    moved = (replace(c, split="validation") if c.split == "train" and c.subject in apart else c for c in dataset.cases)
    return dataset.with_cases(tuple(moved))


def _parts(count: int, fractions: Fractions) -> list[Part]:
    test = max(1, round(count * fractions[2])) if fractions[2] else 0
    validation = max(1, round(count * fractions[1])) if fractions[1] else 0
    parts: list[Part] = []
    parts += ["test"] * test
    parts += ["validation"] * validation
    parts += ["train"] * (count - len(parts))
    return parts


def _hash(seed: int, subject: str) -> str:
    return hashlib.sha256(f"{seed}:{subject}".encode("utf-8", "surrogateescape")).hexdigest()
