"""A folder of tiny scans as a user might have it, and settings that learn from it in seconds."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from crooked import storages, stored, upright_frame

from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.findings import Findings, write_findings

NAMES = ("bright", "dark")
PARTS = ("train",) * 12 + ("validation",) * 4 + ("test",) * 3


@dataclass(frozen=True)
class Scans:
    """Paths of a dataset, its findings and its scans; `world` holds the true positions."""

    folder: Path
    world: dict[str, np.ndarray]

    @property
    def dataset(self):
        return self.folder / "dataset.json"

    @property
    def findings(self):
        return self.folder / "findings.json"


def write_scan(path, voxels, frame):
    """NIfTI wants its world turned about: x and y are counted towards right and anterior."""
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-1.0, -1, 1, 1]) @ frame.affine), path)


def draw_scan(rng, centred=False):
    """int16 voxels in a scale like Hounsfield units, their upright frame and the two blobs."""
    from blobs import blobs

    steps = np.array([1.0, 0.9, 1.1])
    shape = np.array([32, 30, 28]) if centred else rng.integers(28, 34, 3)
    origin = (-(shape - 1) / 2 * steps)[::-1] if centred else rng.uniform(-60, 60, 3)
    frame = upright_frame(shape, steps, origin)
    voxels, world = blobs(rng, frame, margin=0.25, noise=0.02)
    return np.round(1000 * voxels - 500).astype(np.int16), frame, world


def facts_of(path):
    from pipeline.data.scan_facts import inspect_scan

    return inspect_scan(str(path))


def make_scans(folder, parts=PARTS, seed=0):
    """Scans in changing storage orders, a manifest with a split, and findings without a remark."""
    rng = np.random.default_rng(seed)
    cases, world = [], {}
    for number, part in enumerate(parts):
        name = f"c{number:02d}"
        voxels, frame, world[name] = draw_scan(rng)
        write_scan(folder / "images" / f"{name}.nii.gz", *stored(voxels, frame, *storages(3)[(7 * number) % 48]))
        landmarks = {n: tuple(float(v) for v in p) for n, p in zip(NAMES, world[name], strict=True)}
        cases.append(Case(name, name, f"images/{name}.nii.gz", landmarks, part))
    write_dataset(Dataset("tiny", folder, NAMES, tuple(cases)), folder / "dataset.json")
    facts = {c.id: facts_of(folder / c.image) for c in cases}
    write_findings(Findings((), facts), folder / "findings.json")
    return Scans(folder, world)


def tiny_settings(**changes):
    from pipeline.training.settings import LevelSettings, TrainingSettings

    coarse = LevelSettings(parameters={"stride": 4, "width": 8, "growth": 8, "depth": 1}, batch=4)
    fine = replace(coarse, crop=24, jitter=6.0, cut=0.0)
    made = TrainingSettings(
        minutes=None,
        steps=4,
        rate=1e-2,
        average=0.9,
        validations=2,
        gain=None,
        precision="float32",
        threads=1,
        coarse=coarse,
        fine=fine,
    )
    return replace(made, **changes)
