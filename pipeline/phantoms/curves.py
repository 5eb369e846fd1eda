"""Smooth curves through waypoints, and curves that lie down on a surface."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pipeline.phantoms.shapes import Shape


def spline(waypoints: Float[np.ndarray, "M D"], step: float) -> Float[np.ndarray, "K D"]:
    """Points about `step` mm apart on a smooth curve through all waypoints."""
    from scipy.interpolate import CubicSpline

    points = np.asarray(waypoints, np.float64)
    lengths = np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1))  # centripetal: no loops between close points
    parameter = np.concatenate([[0.0], np.cumsum(lengths)])
    curve = CubicSpline(parameter, points, bc_type="natural")
    dense = curve(np.linspace(0, parameter[-1], 20 * len(points)))
    return evenly(dense, step)


def evenly(points: Float[np.ndarray, "M D"], step: float) -> Float[np.ndarray, "K D"]:
    """The same polyline with knots about `step` apart; its two ends stay."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    wanted = np.linspace(0, length[-1], max(2, round(length[-1] / step) + 1))
    return np.stack([np.interp(wanted, length, points[:, a]) for a in range(points.shape[1])], axis=1)


def arc_length(points: Float[np.ndarray, "M D"]) -> Float[np.ndarray, " M"]:
    """Length of the polyline from its first knot to each."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def settle(
    points: Float[np.ndarray, "M D"], surface: Shape, height: float, hold: int, free: float
) -> Float[np.ndarray, "M D"]:
    """Lay a curve on a surface, `height` mm above it, smoothing as it goes.

    Args:
        points: The curve.
        surface: What it shall lie on.
        height: Distance of the middle of the vessel from the surface.
        hold: The first `hold` knots stay where they are.
        free: Up to this length (mm) the curve is only pushed out of the surface, never drawn to it.
    """
    curve = np.array(points, np.float64)
    loose = arc_length(curve) < free
    for _ in range(15):
        gap, up = _height_and_slope(surface, curve)
        gap -= height
        gap[loose] = np.minimum(gap[loose], 0)
        target = curve - 0.6 * np.clip(gap, -5, 5)[:, None] * up
        target[1:-1] += 0.25 * (target[:-2] + target[2:] - 2 * target[1:-1])
        curve[hold:] = target[hold:]
    return curve


def _height_and_slope(surface: Shape, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each point and the unit direction away from the surface; one call for all."""
    steps = np.concatenate(
        [np.zeros((1, points.shape[1])), 0.5 * np.eye(points.shape[1]), -0.5 * np.eye(points.shape[1])]
    )
    around = (points[None] + steps[:, None]).reshape(-1, points.shape[1])
    distance = surface.distance(around.T).reshape(len(steps), -1)
    slope = (distance[1 : 1 + points.shape[1]] - distance[1 + points.shape[1] :]).T
    return distance[0].copy(), slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-6)
