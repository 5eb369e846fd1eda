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

BLOCK = 32  # voxels along each edge: few enough that Python does not count; a multiple of PARTS
PARTS = 4  # a block is asked about in so many parts along each axis
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
    for b, start in enumerate(starts):
        box = tuple(slice(s, s + BLOCK) for s in start)
        bottom = int(np.flatnonzero(filled[:, b])[-1]) if filled[:, b].any() else 0
        active = [(layers[k], _box(touched[k, b])) for k in range(bottom, len(layers)) if touched[k, b].any()]
        value = layers[bottom].value
        if len(active) == 1 and filled[bottom, b] and not callable(value):
            voxels[box] = value
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
    """For each layer and block: which parts of the block it may touch, (K, B, *P), and whether it fills the block."""
    corners = np.stack(np.meshgrid(*[range(PARTS)] * frame.dims, indexing="ij"), -1).reshape(-1, frame.dims)
    middles = np.array(starts)[:, None] + (corners + 0.5) * BLOCK / PARTS - 0.5
    centres = frame.voxel_to_world(middles.reshape(-1, frame.dims)).T.astype(np.float32)
    reach = float(np.linalg.norm(frame.spacing)) * BLOCK / PARTS / 2
    local = {name: spaces[name].to_local(centres) for name in {layer.space for layer in layers}}
    touched = np.zeros((len(layers), len(starts), *(PARTS,) * frame.dims), bool)
    filled = np.zeros(touched.shape[:2], bool)
    for k, layer in enumerate(layers):
        scale = spaces[layer.space].scale
        distance = layer.shape.distance(local[layer.space]).reshape(len(starts), -1) * scale
        margin = SLACK * reach + edge + slack_mm + layer.reach * scale
        touched[k] = (distance < margin).reshape(touched.shape[1:])
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


def _box(parts: np.ndarray) -> tuple[slice, ...]:
    """The voxels of a block around all parts that are true."""
    step, slices = BLOCK // PARTS, []
    for axis in range(parts.ndim):
        hit = np.flatnonzero(parts.any(axis=tuple(a for a in range(parts.ndim) if a != axis)))
        slices.append(slice(int(hit[0]) * step, (int(hit[-1]) + 1) * step))
    return tuple(slices)


def _paint(
    block: np.ndarray,
    frame: ImageFrame,
    start: tuple[int, ...],
    layers: Sequence[tuple[Layer, tuple[slice, ...]]],
    spaces: Mapping[str, Space],
    edge: float,
) -> None:
    """Paint each layer into its box of the block, in place."""
    world = _points(frame, start, block.shape)
    local: dict[str, np.ndarray] = {}
    for layer, box in layers:
        patch = block[box]
        if not patch.size:  # a part beyond the edge of the scan
            continue
        if layer.space not in local:
            local[layer.space] = spaces[layer.space].to_local(world).reshape(frame.dims, *block.shape)
        points = local[layer.space][(slice(None), *box)].reshape(frame.dims, -1)
        cover = _cover(layer, points, edge / spaces[layer.space].scale)
        if cover is not None:
            value = layer.value(points) if callable(layer.value) else np.float32(layer.value)
            patch += cover.reshape(patch.shape) * (
                np.reshape(value, patch.shape if callable(layer.value) else ()) - patch
            )


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
