"""Frames and points: NumPy float64, frozen; no files, no torch."""

from pipeline.geometry.frame import ImageFrame
from pipeline.geometry.points import PointSet

__all__ = ["ImageFrame", "PointSet"]
