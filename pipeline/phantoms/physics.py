"""From HU of the body to HU of a scan: kernel, noise, metal streaks, the range of the file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int16

LOWEST, HIGHEST = -1024, 3071  # twelve bits, as scanners store


@dataclass(frozen=True)
class Physics:
    """How one scan was taken and reconstructed.

    Args:
        noise: Standard deviation of HU in the finished image.
        blur: Gaussian sigma along each array axis, voxels.
        sharpen: Share of the second derivative taken off in plane: 0 soft kernel, 0.3 sharp.
        slice_axis: The array axis across slices, which the kernel does not sharpen.
    """

    noise: float
    blur: tuple[float, ...]
    sharpen: float
    slice_axis: int


def kernel(sigma: float, sharpen: float) -> Float[np.ndarray, " W"]:
    """Weights of the reconstruction kernel along one axis; they sum to 1."""
    reach = max(1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    return weights if sharpen == 0 else np.convolve(weights, [-sharpen, 1 + 2 * sharpen, -sharpen])


def acquire(rng: np.random.Generator, truth: Float32[np.ndarray, "*S"], physics: Physics) -> Int16[np.ndarray, "*S"]:
    """Add noise, then let one kernel blur both, so that the noise gets the grain of the image.

    Args:
        rng: Random numbers of this part.
        truth: HU without noise; is overwritten.
        physics: Kernel and dose.

    Returns:
        HU as stored.
    """
    from scipy.ndimage import correlate1d

    kernels = [kernel(s, 0.0 if a == physics.slice_axis else physics.sharpen) for a, s in enumerate(physics.blur)]
    kept = float(np.prod([np.sqrt((k * k).sum()) for k in kernels]))
    plane = _bulge(truth.shape[1:])
    for k, here in enumerate(_bulge(truth.shape[:1])):  # one slab at a time: noise of the whole scan doubles the memory
        noise = rng.standard_normal(truth.shape[1:], np.float32)
        noise *= np.float32(physics.noise / kept) * (1.05 - 0.3 * (here + plane))
        truth[k] += noise
    for axis, weights in enumerate(kernels):
        truth = correlate1d(truth, weights, axis, mode="nearest")
    np.rint(truth, out=truth)
    return np.clip(truth, LOWEST, HIGHEST, out=truth).astype(np.int16)


def _bulge(shape: tuple[int, ...]) -> Float32[np.ndarray, "*S"]:
    """0 in the middle, 1/3 on each outer face: noise rises towards the middle, where fewest photons arrive."""
    total: np.ndarray = np.zeros((1,) * len(shape), np.float32)
    for a, n in enumerate(shape):
        along = [1] * len(shape)
        along[a] = n
        total = total + (np.linspace(-1, 1, n, dtype=np.float32) ** 2).reshape(along) / 3
    return total


def draw_physics(rng: np.random.Generator, dims: int, slice_axis: int) -> Physics:
    """Dose, kernel and slice profile of one scan."""
    plane, across = rng.uniform(0.6, 0.95), rng.uniform(0.45, 0.8)
    blur = tuple(float(across if a == slice_axis else plane) for a in range(dims))
    noise = float(rng.uniform(10, 40) if rng.random() < 0.5 else rng.uniform(12, 25))
    sharp = float(rng.choice([0.0, 0.12, 0.25], p=[0.4, 0.4, 0.2]))
    return Physics(noise, blur, sharp, slice_axis)
