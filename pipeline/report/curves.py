"""The two curves of the page: how errors are spread, and how training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pipeline.metrics import cumulative
from pipeline.report.figure import COLOURS, INK, figure, label, svg
from pipeline.tasks.names import LENGTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 12


def error_curve(
    error: Float[np.ndarray, "C K"],
    missed: Sequence[int],
    landmarks: Sequence[str],
    radii: Sequence[float],
    unit: str,
) -> str | None:
    """Share of the landmarks within a distance, all together and each; SVG, or None without any error.

    Args:
        error: Errors in `unit`, NaN where there is none.
        missed: How many of each landmark were missed.
        landmarks: K names. Beyond 12 only the best and the worst three are drawn.
        radii: Marked on the distance axis.
        unit: Of `error`.
    """
    known = error[np.isfinite(error)]
    if not len(known):
        return None
    end = 1.15 * float(np.percentile(known, 98)) or 1.0
    with figure(8.5, 3.9) as made:
        axes = made.subplots()
        styles = cycle([(c, s) for s in ("-", "--") for c in COLOURS])
        for (k, suffix), (colour, style) in zip(_chosen(error), styles, strict=False):
            x, y = cumulative(error[:, k], missed[k])
            name = label(landmarks[k]) + suffix
            axes.step(*_to(x, y, end), where="post", color=colour, linestyle=style, linewidth=1.3, label=name)
        x, y = cumulative(known, sum(missed))
        axes.step(*_to(x, y, end), where="post", color=INK, linewidth=2.6, label="all landmarks")
        for radius in radii:
            axes.axvline(radius, color=INK, linewidth=0.7, linestyle=":", alpha=0.6)
        axes.set(
            xlim=(0, end), ylim=(0, 102), xlabel=f"distance to the reference, {unit}", ylabel="within, % of landmarks"
        )
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
        return svg(made)


def training_curve(history: Sequence[Mapping[str, str]], unit: str) -> str | None:
    """Loss and validation error of each level over time; SVG, or None if there is nothing to draw.

    Args:
        history: Rows of `history.csv`: level, step, seconds, loss_total, error, and the length in its place where there
            is one; further columns are not read.
        unit: Of the validation error.
    """
    levels = list(dict.fromkeys(row.get("level") or "" for row in history))
    timed = any(_float(row.get("seconds")) is not None for row in history)
    error = LENGTH if any(row.get(LENGTH) for row in history) else "error"
    drawn = 0
    with figure(8.5, 3.3) as made:
        panels = made.subplots(1, 2)
        for axes, key, title in zip(
            panels, ("loss_total", error), ("training loss", f"validation error, {unit}"), strict=True
        ):
            for level, colour in zip(levels, cycle(COLOURS)):
                points = _series([r for r in history if (r.get("level") or "") == level], timed, key)
                if points:
                    axes.plot(
                        *zip(*points, strict=True),
                        color=colour,
                        linewidth=1.6,
                        marker="o",
                        markersize=2.5,
                        label=_called(level),
                    )
                drawn += len(points)
            axes.set(xlabel="minutes" if timed else "step", title=title)
            _scale(axes)
        if panels[1].lines or panels[0].lines:
            (panels[1] if panels[1].lines else panels[0]).legend(fontsize=9)
        return svg(made) if drawn else None


def _chosen(error: Float[np.ndarray, "C K"]) -> list[tuple[int, str]]:
    """Landmarks to draw; beyond twelve the best and the worst three by mean."""
    counted = [k for k in range(error.shape[1]) if np.isfinite(error[:, k]).any()]
    if len(counted) <= MOST_LINES:
        return [(k, "") for k in counted]
    ordered = sorted(counted, key=lambda k: float(np.nanmean(error[:, k])))
    return [(k, " (best)") for k in ordered[:3]] + [(k, " (worst)") for k in ordered[-3:]]


def _to(x: np.ndarray, y: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """The steps up to the edge of the figure."""
    inside = x <= end
    return np.append(x[inside], end), np.append(y[inside], y[inside][-1]) * 100


def _called(level: str) -> str:
    """Counted from 1, as the progress of training is."""
    return f"level {int(level) + 1}" if level.isdecimal() else "level"


def _series(rows: list[Mapping[str, str]], timed: bool, key: str) -> list[tuple[float, float]]:
    pairs = [(_float(r.get("seconds" if timed else "step")), _float(r.get(key))) for r in rows]
    return [(x / 60 if timed else x, y) for x, y in pairs if x is not None and y is not None]


def _scale(axes: Axes) -> None:
    """Logarithmic where the values span more than a factor of ten and none is 0 or below."""
    values = np.concatenate([line.get_ydata() for line in axes.lines] or [[]])
    if len(values) and values.min() > 0 and values.max() > 10 * values.min():
        from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _float(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None
