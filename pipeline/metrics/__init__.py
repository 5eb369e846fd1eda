"""Metrics in world units: NumPy, no files, no torch."""

from pipeline.metrics.baseline import mean_position_error
from pipeline.metrics.bootstrap import mean_interval, pooled_interval
from pipeline.metrics.curve import cumulative
from pipeline.metrics.errors import STATUSES, Outcomes, compare
from pipeline.metrics.summary import spread_of, summarise

__all__ = [
    "STATUSES",
    "Outcomes",
    "compare",
    "cumulative",
    "mean_interval",
    "mean_position_error",
    "pooled_interval",
    "spread_of",
    "summarise",
]
