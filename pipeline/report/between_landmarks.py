"""Distances between two landmarks, answers beside the reference: their table, and a figure a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.report.columns import between, number
from pipeline.report.figure import COLOURS, INK, figure, label, svg
from pipeline.report.page import Listing

COLUMNS = ("distance between", "n", "reference", "answer", "bias", "SD", "limits of agreement", "ICC", "95% CI of ICC")
NOTE = (
    "Lengths in {unit}. Bias: mean of answer minus reference; SD of these differences; limits of agreement: bias ± "
    "1.96 SD (Bland & Altman 1986); ICC(2,1): absolute agreement (Shrout & Fleiss 1979). Each case in which both ends "
    "are annotated and found counts, several of one subject alike; fewer than 3 tell nothing."
)


def agreement_listing(summary: Mapping[str, Any]) -> Listing:
    """One line a pair; `distances` of summary.json."""
    rows = tuple(_row(pair) for pair in summary.get("distances", ()))
    return Listing(COLUMNS, rows, NOTE.format(unit=summary["unit"]) if rows else "")


def _row(pair: Mapping[str, Any]) -> tuple[str, ...]:
    lengths = (number(pair[name]) for name in ("reference", "answer", "bias", "sd"))
    share = number(None) if pair["icc"] is None else f"{pair['icc']:.3f}"
    sure = "–" if pair["icc_ci95"] is None else "{:.3f} to {:.3f}".format(*pair["icc_ci95"])
    return (" and\n".join(pair["between"]), str(pair["n"]), *lengths, between(pair["limits"]), share, sure)


def agreement_curves(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """A figure of each pair of which enough is known."""
    drawn = (bland_altman(pair, summary["unit"]) for pair in summary.get("distances", ()))
    return tuple(one for one in drawn if one)


def bland_altman(pair: Mapping[str, Any], unit: str) -> str | None:
    """SVG of the differences over the means of both, case by case; None where there is nothing to tell."""
    if pair["limits"] is None:
        return None
    reference, answer = np.array(list(pair["cases"].values())).T
    with figure(8.5, 3.6) as made:
        axes = made.subplots()
        axes.scatter((reference + answer) / 2, answer - reference, s=14, color=COLOURS[0], alpha=0.7)
        axes.axhline(pair["bias"], color=INK, linewidth=1.2, label=f"bias {number(pair['bias'])} {unit}")
        low, high = pair["limits"]
        axes.axhline(low, color=INK, linewidth=1, linestyle="--", label=f"limits {between((low, high))} {unit}")
        axes.axhline(high, color=INK, linewidth=1, linestyle="--")
        names = " and ".join(map(label, pair["between"]))
        axes.set(title=names, xlabel=f"mean of answer and reference, {unit}", ylabel=f"answer - reference, {unit}")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
        return svg(made)
