"""The transform that brings points of one picture or scan onto points of another, in any dimension.

Letters: N points, D dimensions, E = D + 1.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pipeline.errors import GeometryError

FLAT = 1e-9  # of the largest: what rounding leaves of a singular value that is 0


def similarity(source: Float[np.ndarray, "N D"], target: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "E E"]:
    """Rotation, one scale and translation with the least squares between moved source and target; never a mirror.

    Umeyama 1991, IEEE PAMI 13(4). Needs D points in general position: two of a picture.

    Raises:
        GeometryError: Too few points, or all at one place; in three dimensions, all in one line.

    Examples:
        >>> turned = similarity(np.array([[0.0, 0], [1, 0]]), np.array([[5.0, 5], [5, 7]]))
        >>> turned.round(6).tolist()
        [[0.0, -2.0, 5.0], [2.0, 0.0, 5.0], [0.0, 0.0, 1.0]]
    """
    return _turned_and_moved(source, target, scaled=True)


def rigid(source: Float[np.ndarray, "N D"], target: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "E E"]:
    """The same without a scale: sizes stay what they are.

    Raises:
        GeometryError: Too few points, or all at one place; in three dimensions, all in one line.

    Examples:
        >>> turned = rigid(np.array([[0.0, 0], [1, 0]]), np.array([[5.0, 5], [5, 7]]))
        >>> turned.round(6).tolist()
        [[0.0, -1.0, 5.0], [1.0, 0.0, 5.5], [0.0, 0.0, 1.0]]
    """
    return _turned_and_moved(source, target, scaled=False)


def _turned_and_moved(source: np.ndarray, target: np.ndarray, scaled: bool) -> np.ndarray:
    dims = source.shape[1]
    _require(source, target, dims)
    middle, goal = source.mean(0), target.mean(0)
    left, values, right = np.linalg.svd((target - goal).T @ (source - middle))
    if dims > 1 and values[-2] <= FLAT * values[0]:  # only the last may be 0: no mirror is taken
        raise GeometryError(f"points {source.tolist()} lie in one line, about which any turn fits; choose others")
    signs = np.ones(dims)
    signs[-1] = np.sign(np.linalg.det(left) * np.linalg.det(right))
    scale = (values * signs).sum() / float(((source - middle) ** 2).sum()) if scaled else 1.0
    matrix = np.eye(dims + 1)
    matrix[:-1, :-1] = scale * (left * signs) @ right
    matrix[:-1, -1] = goal - matrix[:-1, :-1] @ middle
    return matrix


def affine(source: Float[np.ndarray, "N D"], target: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "E E"]:
    """Any linear map and translation, by least squares. Needs D + 1 points in general position: three of a picture.

    Raises:
        GeometryError: Too few points, or all on a line (in a plane).
    """
    dims = source.shape[1]
    _require(source, target, dims + 1)
    ones = np.ones((len(source), 1))
    solved, _, rank, _ = np.linalg.lstsq(np.hstack([source, ones]), target, rcond=FLAT)
    if rank <= dims:
        raise GeometryError(f"points {source.tolist()} lie in one line or plane; choose others, or a similarity")
    matrix = np.eye(dims + 1)
    matrix[:-1] = solved.T
    return matrix


def moved(matrix: Float[np.ndarray, "E E"], points: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
    """Points as a transform moves them."""
    return points @ matrix[:-1, :-1].T + matrix[:-1, -1]


def onto_their_mean(
    shapes: Float[np.ndarray, "C N D"], start: Float[np.ndarray, "N D"], rounds: int
) -> Float[np.ndarray, "C N D"]:
    """Shapes brought onto their mean, round after round: generalised Procrustes (Gower 1975, Psychometrika 40(1)).

    Sizes stay. The mean is smaller than the shapes, and a fit that may shrink them to it shrinks the next mean further.

    Args:
        start: What they are brought onto first.

    Raises:
        GeometryError: As `rigid` does.
    """
    mean, lying = start, shapes
    for _ in range(rounds):
        lying = np.stack([moved(rigid(shape, mean), shape) for shape in shapes])
        mean = lying.mean(0)
    return lying


def _require(source: np.ndarray, target: np.ndarray, least: int) -> None:
    if source.shape != target.shape or len(source) < least:
        raise GeometryError(f"points of shape {source.shape} and {target.shape}; the same number, at least {least}")
    if np.allclose(source, source[0]) or np.allclose(target, target[0]):
        raise GeometryError("all points lie at one place")
