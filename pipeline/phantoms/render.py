"""Paint layers of shapes into the voxels of a frame, block by block.

A block that a shape cannot reach is skipped, one that it fills whole is filled; only blocks that a surface
crosses are worked out voxel by voxel. Partial volume is an edge one voxel wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from pipeline.geometry import ImageFrame
from pipeline.phantoms.pose import Space
from pipeline.phantoms.shapes import Shape

BLOCK = 20  # voxels along each edge: small enough for the fast caches, large enough that Python does not count
PARTS = 2  # a block is asked about in so many parts along each axis
SLACK = 1.4  # how far off a distance may be away from its surface

Texture = Callable[[Float[np.ndarray, "D N"]], Float[np.ndarray, " N"]]


@dataclass(frozen=True, eq=False)
class Layer:
    """A shape to paint over what is already there.

    Args:
        shape: What.
        value: HU, or a function from local points to HU.
        space: Name of the space that `shape` is written in.
        opacity: 1 hides what lies below.
        ghosts: Offsets (local mm) at which the shape is seen while the scan turns; their mean is painted.
    """

    shape: Shape
    value: float | Texture
    space: str
    opacity: float = 1.0
    ghosts: tuple[tuple[float, ...], ...] = ()

    @property
    def reach(self) -> float:
        return max((float(np.linalg.norm(g)) for g in self.ghosts), default=0.0)


def render(
    frame: ImageFrame, layers: Sequence[Layer], spaces: Mapping[str, Space], background: float, slack_mm: float = 0.0
) -> Float32[np.ndarray, "*S"]:
    """Paint `layers` in order.

    Args:
        frame: The voxels to paint.
        layers: First one at the bottom.
        spaces: The spaces that the layers name.
        background: Value where nothing is painted.
        slack_mm: Most that a space moves points beyond its similarity (slabs).

    Returns:
        Values of the layers at the voxels, without noise or blur.
    """
    voxels = np.full(frame.shape, background, np.float32)
    starts = _starts(frame.shape)
    edge = float(np.prod(frame.spacing) ** (1 / frame.dims))
    touched, filled = _cull(frame, layers, spaces, starts, edge, slack_mm)
    for start, touches, fills in zip(starts, touched.T, filled.T, strict=True):
        box = tuple(slice(s, s + BLOCK) for s in start)
        bottom = int(np.flatnonzero(fills)[-1]) if fills.any() else 0
        active = [layers[k] for k in range(bottom, len(layers)) if touches[k]]
        if len(active) == 1 and fills[bottom] and isinstance(active[0].value, float | int):
            voxels[box] = active[0].value
        elif active:
            _paint(voxels[box], frame, start, active, spaces, edge)
    return voxels


def _starts(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    ranges = [range(0, n, BLOCK) for n in shape]
    return [tuple(int(i) for i in s) for s in np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, len(shape))]


def _cull(
    frame: ImageFrame,
    layers: Sequence[Layer],
    spaces: Mapping[str, Space],
    starts: list[tuple[int, ...]],
    edge: float,
    slack_mm: float,
) -> tuple[np.ndarray, np.ndarray]:
    """For each layer and block: may it touch the block, and does it fill it; asked of every part of each block."""
    corners = np.stack(np.meshgrid(*[(0, 1)] * frame.dims, indexing="ij"), -1).reshape(-1, frame.dims)
    middles = np.array(starts)[:, None] + (corners + 0.5) * BLOCK / PARTS - 0.5
    centres = frame.voxel_to_world(middles.reshape(-1, frame.dims)).T.astype(np.float32)
    reach = float(np.linalg.norm(frame.spacing)) * BLOCK / PARTS / 2
    local = {name: spaces[name].to_local(centres) for name in {layer.space for layer in layers}}
    touched = np.zeros((len(layers), len(starts)), bool)
    filled = np.zeros_like(touched)
    for k, layer in enumerate(layers):
        scale = spaces[layer.space].scale
        distance = layer.shape.distance(local[layer.space]).reshape(len(starts), -1) * scale
        margin = SLACK * reach + edge + slack_mm + layer.reach * scale
        touched[k] = (distance < margin).any(axis=1)
        filled[k] = (distance < -margin).all(axis=1) & (layer.opacity == 1)
    return touched, filled


def _points(frame: ImageFrame, start: tuple[int, ...], shape: tuple[int, ...]) -> Float32[np.ndarray, "D N"]:
    points = np.empty((frame.dims, *shape), np.float32)
    for a in range(frame.dims):
        total = np.full((1,) * frame.dims, frame.affine[a, -1])
        for axis, (first, n) in enumerate(zip(start, shape, strict=True)):
            along = [1] * frame.dims
            along[axis] = n
            total = total + (frame.affine[a, axis] * np.arange(first, first + n)).reshape(along)
        points[a] = total
    return points.reshape(frame.dims, -1)


def _paint(
    block: np.ndarray,
    frame: ImageFrame,
    start: tuple[int, ...],
    layers: Sequence[Layer],
    spaces: Mapping[str, Space],
    edge: float,
) -> None:
    world = _points(frame, start, block.shape)
    local: dict[str, np.ndarray] = {}
    values = block.reshape(-1).copy()
    for layer in layers:
        if layer.space not in local:
            local[layer.space] = spaces[layer.space].to_local(world)
        points = local[layer.space]
        cover = _cover(layer, points, edge / spaces[layer.space].scale)
        if cover is None:
            continue
        value = layer.value(points) if callable(layer.value) else np.float32(layer.value)
        values += cover * (value - values)
    block[...] = values.reshape(block.shape)


def _cover(layer: Layer, points: np.ndarray, edge: float) -> np.ndarray | None:
    """How much of each voxel the layer hides, 0 to 1; None if nothing of any."""
    total: np.ndarray | None = None
    for seen in _ghosted(layer, points):
        distance = layer.shape.distance(seen)
        cover = np.clip(0.5 - distance / np.float32(edge), 0, 1)
        total = cover if total is None else total + cover
    assert total is not None
    if not total.any():
        return None
    return total * np.float32(layer.opacity / max(1, len(layer.ghosts)))


def _ghosted(layer: Layer, points: np.ndarray) -> Iterator[np.ndarray]:
    if not layer.ghosts:
        yield points
    for ghost in layer.ghosts:
        yield points - np.asarray(ghost, points.dtype)[:, None]
