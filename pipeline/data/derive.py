"""Voxel sizes of the levels, derived from the scans when nobody states them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST = 112  # voxels along an axis at the first level: what its canvas holds, and its patches see of
COARSE_VOXELS = 80_000  # a whole scan at the first level: what two cores train on a dozen times a second
ONE_LEVEL = 1.25  # where the first level would be no more than this much coarser than the last, the last sees all
LARGEST_STEP = 4.0  # between levels: a coarser answer must land inside what the finer level looks at


def derive_spacings(shapes: Sequence[Sequence[int]], spacings: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Voxel sizes from coarse to fine, same along all axes, rounded to two digits.

    The finest is the scans' own (the median over scans of the finest axis); the coarsest lets the median scan fit into
    80,000 voxels, with 112 along its longest axis; between them as many steps as keep each below four times. Small
    scans have one level.

    Args:
        shapes: Voxels along each axis, a scan a row.
        spacings: World units, a scan a row.

    Examples:
        >>> derive_spacings([(400, 400, 400)], [(0.5, 0.5, 0.5)])
        (4.6, 1.5, 0.5)
        >>> derive_spacings([(35, 50, 36)], [(1.0, 1.0, 1.0)])
        (1.0,)
        >>> derive_spacings([(500, 420)], [(1.0, 1.0)])
        (4.5, 2.1, 1.0)
    """
    sizes = np.asarray(spacings, np.float64)
    extents = np.asarray(shapes, np.float64) * sizes
    fine = float(np.median(sizes.min(axis=1)))
    dims = sizes.shape[1]
    volume = float(np.median(extents.prod(axis=1)))
    longest = float(np.median(extents.max(axis=1)))
    coarse = max(fine, (volume / COARSE_VOXELS) ** (1 / dims), longest / LONGEST)
    if coarse <= ONE_LEVEL * fine:
        return (_two_digits(fine),)
    steps = max(1, int(np.ceil(np.log(coarse / fine) / np.log(LARGEST_STEP) - 1e-9)))
    return tuple(_two_digits(coarse * (fine / coarse) ** (i / steps)) for i in range(steps + 1))


def _two_digits(size: float) -> float:
    return float(f"{size:.2g}")
