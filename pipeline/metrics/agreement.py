"""How well two ways of measuring one length agree. Letters: N cases, K raters."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

LEAST = 3  # cases; of fewer nothing is told


def agreement(reference: Float[np.ndarray, " N"], answer: Float[np.ndarray, " N"]) -> dict[str, Any]:
    """Bias and limits of agreement (Bland & Altman 1986, Lancet 327, 307-310), and ICC(2,1).

    Args:
        reference: One length a case.
        answer: The same, measured by the program.

    Returns:
        "n"; the means "reference" and "answer"; "bias", the mean of answer minus reference; "sd" of these differences;
        "limits", bias -+ 1.96 SD; "icc" and its "icc_ci95". All but "n" are None of fewer than 3 cases.

    Examples:
        >>> found = agreement(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
        >>> found["bias"], found["limits"], round(found["icc"], 4)
        (1.0, [1.0, 1.0], 0.6667)
    """
    names = ("reference", "answer", "bias", "sd", "limits", "icc", "icc_ci95")
    if len(reference) < LEAST:
        return {"n": len(reference), **dict.fromkeys(names)}
    difference = answer - reference
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    limits = [bias - 1.96 * sd, bias + 1.96 * sd]
    means = float(reference.mean()), float(answer.mean())
    found = (*means, bias, sd, limits, *icc(np.stack([reference, answer], axis=1)))
    return {"n": len(reference), **dict(zip(names, found, strict=True))}


def icc(rated: Float[np.ndarray, "N K"]) -> tuple[float | None, list[float] | None]:
    """ICC(2,1), two-way random effects, absolute agreement, one rater, and its 95% interval.

    Shrout & Fleiss 1979, Psychological Bulletin 86, 420-428. The interval is that of ICC(A,1) in McGraw & Wong 1996,
    Psychological Methods 1, 30-46, with a and b there multiplied by n (1 - ICC), which leaves it as it is.

    Returns:
        None for the ICC where all numbers are the same, and for the interval where the raters agree in every case, or
        so little (an ICC below 0) that there is none around it.
    """
    if np.ptp(rated) <= 1e-9 * np.abs(rated).max():  # but for rounding
        return None, None
    n, k = rated.shape
    by_case, by_rater, mean = rated.mean(1, keepdims=True), rated.mean(0), rated.mean()
    cases = k * ((by_case - mean) ** 2).sum() / (n - 1)  # mean squares
    raters = n * ((by_rater - mean) ** 2).sum() / (k - 1)
    rest = ((rated - by_case - by_rater + mean) ** 2).sum() / ((n - 1) * (k - 1))
    value = (cases - rest) / (cases + (k - 1) * rest + k * (raters - rest) / n)
    return float(value), _interval(float(value), cases, raters, rest, n, k)


def _interval(value: float, cases: float, raters: float, rest: float, n: int, k: int) -> list[float] | None:
    from scipy.special import fdtri

    of_raters, of_rest = k * value * raters, (n * (1 - value) + k * value * (n - 1)) * rest
    other = k * raters + (k * n - k - n) * rest
    with np.errstate(all="ignore"):  # no degrees of freedom, as without disagreement: NaN
        below = of_raters**2 / (k - 1) + of_rest**2 / ((n - 1) * (k - 1))
        freedom = (of_raters + of_rest) ** 2 / below
        high, low = fdtri(n - 1, freedom, 0.975), fdtri(freedom, n - 1, 0.975)
        lower = n * (cases - high * rest) / (high * other + n * cases)
        upper = n * (low * cases - rest) / (other + n * low * cases)
    return [float(lower), float(upper)] if lower <= value <= upper else None
