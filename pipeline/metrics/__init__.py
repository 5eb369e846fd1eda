"""Metrics in world units: NumPy, no files, no torch."""

from pipeline.metrics.baseline import mean_position_error
from pipeline.metrics.bootstrap import mean_interval, pooled_interval
from pipeline.metrics.curve import cumulative
from pipeline.metrics.errors import STATUSES, Outcomes, compare
from pipeline.metrics.normalised import normalised_errors
from pipeline.metrics.presence import area_under_roc
from pipeline.metrics.summary import macro_mean, spread_of, summarise

__all__ = [
    "STATUSES",
    "Outcomes",
    "area_under_roc",
    "compare",
    "cumulative",
    "macro_mean",
    "mean_interval",
    "mean_position_error",
    "normalised_errors",
    "pooled_interval",
    "spread_of",
    "summarise",
]
