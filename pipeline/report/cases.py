"""Errors case by case: the table of cases, and which of them to picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

T = TypeVar("T")
ErrorRow = Mapping[str, str]  # a line of errors.csv


@dataclass(frozen=True, eq=False)
class CaseErrors:
    """One case. `error` holds NaN where nothing was measured, `status` the words of `errors.csv`, one a landmark."""

    id: str
    subject: str
    error: Float[np.ndarray, " K"]
    status: tuple[str, ...]

    @property
    def measured(self) -> Float[np.ndarray, " N"]:
        return self.error[np.isfinite(self.error)]

    def count(self, status: str) -> int:
        return self.status.count(status)


def by_case(rows: Sequence[ErrorRow], landmarks: Sequence[str]) -> list[CaseErrors]:
    """Gather the lines of `errors.csv`, in the order of the file."""
    lines: dict[str, dict[str, ErrorRow]] = {}
    for row in rows:
        lines.setdefault(row["case"], {})[row["landmark"]] = row
    return [_case(case, found, landmarks) for case, found in lines.items()]


def _case(case: str, found: dict[str, ErrorRow], landmarks: Sequence[str]) -> CaseErrors:
    ordered = [found.get(name, {}) for name in landmarks]
    error = np.array([float(row.get("error") or "nan") for row in ordered])
    subject = next(iter(found.values()))["subject"]
    return CaseErrors(case, subject, error, tuple(row.get("status", "ignored") for row in ordered))


def best_median_worst(cases: Sequence[CaseErrors]) -> list[tuple[str, CaseErrors]]:
    """Up to three different cases by their mean error; a case without any error cannot be ranked."""
    return three_of(sorted((c for c in cases if len(c.measured)), key=lambda c: float(c.measured.mean())))


def three_of(ranked: Sequence[T]) -> list[tuple[str, T]]:
    """The best, the median and the worst of what is sorted so, each but once."""
    if not ranked:
        return []
    places = {"best": 0, "median": (len(ranked) - 1) // 2, "worst": len(ranked) - 1}
    chosen = {place: word for word, place in reversed(places.items())}  # of two words for one place the first stays
    return [(chosen[place], ranked[place]) for place in sorted(chosen)]


def typical_and_worst(case: CaseErrors) -> list[tuple[str, int]]:
    """Which landmarks of a case to picture: the one of median error and the worst, or the only one."""
    ranked = [int(k) for k in np.argsort(case.error)[: len(case.measured)]]
    typical, worst = ranked[(len(ranked) - 1) // 2], ranked[-1]
    return [("typical", typical), ("its worst", worst)] if typical != worst else [("typical", typical)]
