"""What the tests of many rooms share: frames that hide no mistake, every storage order, blobs to find again."""

from itertools import permutations, product

import numpy as np
from hypothesis import strategies as st

from pipeline.geometry import ImageFrame

DIMS = (1, 2, 3)


def rotation(rng, dims):
    """A random turn; either hand."""
    turn, _ = np.linalg.qr(rng.standard_normal((dims, dims)))
    return turn * rng.choice([-1, 1], dims)


def crooked_frame(rng, shape, spacing=None, shear=0.0):
    """A frame of random direction, hand and origin; unequal steps unless `spacing` is given."""
    dims = len(shape)
    steps = rng.uniform(0.3, 4, dims) if spacing is None else np.broadcast_to(spacing, (dims,))
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = (rotation(rng, dims) + shear * rng.uniform(-1, 1, (dims, dims))) * steps
    affine[:-1, -1] = rng.uniform(-300, 300, dims)
    return ImageFrame(tuple(int(n) for n in shape), affine)


def upright_frame(shape, spacing=1.0, origin=0.0):
    """A canonical frame: array axes along the reversed world axes. `spacing` in array, `origin` in world order."""
    dims = len(shape)
    affine = np.eye(dims + 1)
    affine[:-1, :-1] = np.diag(np.broadcast_to(np.asarray(spacing, float), (dims,)))[::-1]
    affine[:-1, -1] = origin
    return ImageFrame(tuple(int(n) for n in shape), affine)


@st.composite
def frames(draw, dims, largest=9, shear=0.1):
    """Oblique, anisotropic, sheared a little, either hand."""
    shape = draw(st.lists(st.integers(1, largest), min_size=dims, max_size=dims))
    return crooked_frame(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), shape, shear=shear)


def storages(dims):
    """All axis orders with all flips: 2, 8, 48."""
    return list(product(permutations(range(dims)), product((False, True), repeat=dims)))


def stored(voxels, frame, order, flips):
    """The same image kept another way: axis a of the result is axis `order[a]`, backwards where it flips."""
    moved = np.transpose(voxels, order)
    moved = np.flip(moved, [a for a, f in enumerate(flips) if f])
    affine = frame.affine.copy()
    for a, (old, flip) in enumerate(zip(order, flips, strict=True)):
        affine[:, a] = -frame.affine[:, old] if flip else frame.affine[:, old]
        if flip:
            affine[:, -1] += frame.affine[:, old] * (frame.shape[old] - 1)
    return moved, ImageFrame(moved.shape, affine, frame.unit)


def all_voxels(shape):
    """Index of every voxel in C order, (N, D)."""
    return np.stack(np.unravel_index(np.arange(int(np.prod(shape))), shape), -1)


def blob(frame, world, sigma):
    """A Gaussian of height 1 about a world position, float32."""
    distance = np.linalg.norm(frame.voxel_to_world(all_voxels(frame.shape)) - world, axis=1)
    return np.exp(-0.5 * (distance / sigma) ** 2).reshape(frame.shape).astype(np.float32)


def centroid(voxels, frame):
    """Mean world position, weighted by value."""
    weight = np.asarray(voxels, np.float64).ravel()
    return weight @ frame.voxel_to_world(all_voxels(frame.shape)) / weight.sum()
