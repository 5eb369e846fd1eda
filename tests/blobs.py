"""Tiny images whose landmarks a small network learns in seconds: a bright and a dark blob on noise."""

import numpy as np
from crooked import blob, upright_frame

from pipeline.data.store import LevelArray
from pipeline.tasks.asked import Asked
from pipeline.training.levels import TrainingCase

BLOBS = Asked(landmarks=("bright", "dark"))


def blobs(rng, frame, margin=0.2, noise=0.05):
    """Voxels of about 0..1, and the world positions of the bright and the dark blob; 2.5 spacings wide."""
    size = np.array(frame.shape)
    voxel = rng.uniform(margin * size, (1 - margin) * size, (2, len(size)))
    while np.linalg.norm(voxel[0] - voxel[1]) < 0.3 * size.min():
        voxel = rng.uniform(margin * size, (1 - margin) * size, (2, len(size)))
    world = frame.voxel_to_world(voxel)
    width = 2.5 * float(frame.spacing.mean())
    image = 0.5 + 0.5 * blob(frame, world[0], width) - 0.5 * blob(frame, world[1], width)
    return (image + noise * rng.standard_normal(frame.shape)).astype(np.float32), world


def blob_cases(dims, count, seed=0, size=32, spacings=(1.0,)):
    """Cases at all levels; the finest frame has `size` voxels of 1 mm along each axis."""
    rng = np.random.default_rng([seed, dims])
    fine = upright_frame((size,) * dims, 1.0, 5.0)
    cases = []
    for number in range(count):
        image, world = blobs(rng, fine)
        levels = tuple(_level(image, fine, s) for s in spacings)
        cases.append(TrainingCase(f"c{seed}-{number}", levels, world, np.array([True, True])))
    return cases


def _level(image, fine, spacing):
    from pipeline.data.resample import resample

    frame = fine.at_spacing(spacing)
    return LevelArray(frame, resample(image, fine, frame, 0.5)[None].astype(np.float16))
