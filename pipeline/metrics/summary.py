"""The numbers that stand for a set of errors, overall and for each landmark. World units; None where nothing was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from pipeline.metrics.bootstrap import mean_interval, pooled_interval
from pipeline.metrics.errors import Outcomes

Numbers = dict[str, Any]


def summarise(
    outcomes: Outcomes,
    subjects: Sequence[str],
    landmarks: Sequence[str],
    radii: Sequence[float] = (2, 2.5, 3, 4),
    wrong_beyond: float | None = None,
    radius95: Float[np.ndarray, "C K"] | None = None,
    resamples: int = 1000,
) -> Numbers:
    """Overall numbers, and under "landmarks" the same for each name.

    Args:
        outcomes: From `compare`.
        subjects: Whose each of the C cases is.
        landmarks: K names.
        radii: Success is counted within each of these.
        wrong_beyond: Errors above this sit on a wrong neighbour (18 mm: another vertebra); None: not counted.
        radius95: Promised radius of each answer; NaN where none. None: coverage is not counted.
        resamples: Of the bootstrap.
    """
    radius = np.full(outcomes.error.shape, np.nan) if radius95 is None else radius95
    overall = _numbers(outcomes.status, outcomes.error, radius, radii, wrong_beyond)
    overall["ci95"] = _pair(pooled_interval(outcomes.error, subjects, resamples))
    intervals = mean_interval(outcomes.error, subjects, resamples)
    each = {}
    for k, name in enumerate(landmarks):
        each[name] = _numbers(outcomes.status[:, k], outcomes.error[:, k], radius[:, k], radii, wrong_beyond)
        each[name]["ci95"] = _pair(intervals[k])
    return overall | {"landmarks": each}


def spread_of(error: Float[np.ndarray, " N"]) -> Numbers:
    """Mean, SD (of a sample: n - 1), median, quartiles, 95th percentile and maximum.

    Examples:
        >>> spread_of(np.array([1.0, 2.0, 3.0]))["sd"], spread_of(np.array([]))["mean"]
        (1.0, None)
    """
    names = ("mean", "sd", "median", "q25", "q75", "p95", "max")
    if not len(error):
        return dict.fromkeys(names)
    sd = float(error.std(ddof=1)) if len(error) > 1 else None
    median, q25, q75, p95 = (float(v) for v in np.percentile(error, [50, 25, 75, 95]))
    return dict(zip(names, (float(error.mean()), sd, median, q25, q75, p95, float(error.max())), strict=True))


def _numbers(
    status: Shaped[np.ndarray, "*N"],
    error: Float[np.ndarray, "*N"],
    radius: Float[np.ndarray, "*N"],
    radii: Sequence[float],
    wrong_beyond: float | None,
) -> Numbers:
    measured = np.isfinite(error)
    values = error[measured]
    present = len(values) + int((status == "missed").sum())
    told = int((status == "told absent").sum())
    absent = told + int(np.isin(status, ("false alarm", "unanswered")).sum())
    promised = measured & np.isfinite(radius)
    return {
        "n": len(values),
        "n_present": present,
        "n_absent": absent,
        **spread_of(values),
        "success": {f"{r:g}": share(int((values <= r).sum()), present) for r in radii},
        "found_rate": share(len(values), present),
        "absent_told": share(told, absent),
        "wrong_rate": None if wrong_beyond is None else share(int((values > wrong_beyond).sum()), len(values)),
        "radius95_coverage": share(int((error[promised] <= radius[promised]).sum()), int(promised.sum())),
        "radius95_mean": float(radius[promised].mean()) if promised.any() else None,
    }


def macro_mean(landmarks: Mapping[str, Numbers]) -> float | None:
    """Mean of the mean errors of the landmarks, each counted alike, however often it was measured; None of nothing.

    Examples:
        >>> macro_mean({"a": {"mean": 1.0}, "b": {"mean": 4.0}, "never found": {"mean": None}})
        2.5
    """
    means = [numbers["mean"] for numbers in landmarks.values() if numbers["mean"] is not None]
    return float(np.mean(means)) if means else None


def share(part: int, whole: int) -> float | None:
    """`part / whole`; None of nothing."""
    return part / whole if whole else None


def _pair(interval: Float[np.ndarray, " 2"]) -> list[float] | None:
    return [float(v) for v in interval] if np.isfinite(interval).all() else None
